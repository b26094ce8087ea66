"""Ways to log in, and logins that are refused; settings that are wrong."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.errors import SettingsError
from loader_runs import TEXT, record, schema, state
from snowflake_loads import PASSPHRASE, TOKEN, Books, KeyPair
from target_snowflake_guarded.errors import AccessError
from target_snowflake_guarded.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = [schema("log", {"id": TEXT}), record("log", {"id": "1"}), state(1)]


def ways(keys: KeyPair, folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "key.p8"
    path.write_text(keys.locked)
    inner = "".join(line for line in keys.private.splitlines() if "-----" not in line)
    return {
        "PEM": {"private_key": keys.private},
        "PEM in one line": {"private_key": keys.private.replace("\n", "\\n")},
        "DER in base64": {"private_key": inner},
        "locked file": {"private_key_path": str(path), "private_key_passphrase": PASSPHRASE},
        "token": {"programmatic_access_token": TOKEN},
    }


@pytest.mark.parametrize("way", ["PEM", "PEM in one line", "DER in base64", "locked file", "token"])
def test_each_way_to_log_in_loads(books: Books, way: str) -> None:
    given = ways(books.keys, books.folder)[way]

    run = books.load(MESSAGES, without="private_key", **given)

    assert run.error is None
    assert [row["ID"] for row in books.rows("log")] == ["1"]


def stranger() -> dict[str, Any]:
    return {"private_key": KeyPair.new().private}


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a key that is not registered": (stranger(), {}, "390144"),
    "this machine's clock is wrong": ({}, {"clock_offset_seconds": -7200}, "390144"),
    "another account": ({"account": "OTHER"}, {}, "390144"),
    "a role that is not granted": ({"role": "ACCOUNTADMIN"}, {}, "390189"),
    "a disabled user": ({}, {"user": {"disabled": True}}, "390101"),
    "an address that is not admitted": (
        {},
        {
            "network_policies": [{"name": "OFFICE", "allowed_ip_list": ["198.51.100.0/24"]}],
            "network_policy": "OFFICE",
        },
        "390422",
    ),
}


@pytest.mark.parametrize(("settings", "changed", "told"), REFUSED.values(), ids=REFUSED)
def test_a_login_that_is_refused_is_told_with_what_to_do(
    books: Books, settings: dict[str, Any], changed: dict[str, Any], told: str
) -> None:
    books.account.change(**changed)

    run = books.load(MESSAGES, **settings)

    assert isinstance(run.error, AccessError)
    assert told in str(run.error)
    assert run.states == []


@pytest.mark.parametrize("token", [{"status": "DISABLED"}, {"expires_at": "2026-01-01"}, {}])
def test_a_token_that_is_no_longer_good_is_told(books: Books, token: dict[str, str]) -> None:
    known = {"name": "LOADER", "secret": TOKEN, "expires_at": "2100-01-01"} | token
    books.account.change(tokens=[known] if token else [])

    run = books.load(MESSAGES, without="private_key", programmatic_access_token=TOKEN)

    assert isinstance(run.error, AccessError)
    assert TOKEN not in str(run.error)


WRONG: dict[str, Any] = {
    "host": "http://far.example.com",
    "account": "https://my account",
    "database": "a.b",
    "warehouse": "",
    "private_key": base64.b64encode(b"no key").decode(),
    "private_key_path": "/nowhere/key.p8",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_is_wrong_is_told_without_its_value(books: Books, name: str) -> None:
    config = books.config
    if name == "account":
        del config["host"]
    if name == "private_key_path":
        del config["private_key"]

    with pytest.raises(SettingsError, match=f"'{name}'") as error:
        Settings.of(config | {name: WRONG[name]})

    assert not WRONG[name] or WRONG[name] not in str(error.value)


def test_there_is_one_way_to_log_in(books: Books) -> None:
    with pytest.raises(SettingsError, match="one way to log in"):
        Settings.of(books.config | {"programmatic_access_token": TOKEN})


def test_an_account_has_its_address_and_a_private_link_another(books: Books) -> None:
    config = books.config
    del config["host"]
    private = "nordic-books.privatelink.snowflakecomputing.com"

    usual = Settings.of(config | {"account": "NORDIC-MY_BOOKS"})
    linked = Settings.of(config | {"host": private})

    assert (usual.protocol, usual.host, usual.port) == (
        "https",
        "nordic-my-books.snowflakecomputing.com",
        443,
    )
    assert (linked.protocol, linked.host) == ("https", private)
    assert config["private_key"] not in repr(usual)


def test_names_are_folded_unless_they_are_quoted(books: Books) -> None:
    place = Settings.of(books.config | {"database": "visma", "default_target_schema": '"Raw"'})

    assert (place.database, place.schema) == ("VISMA", "Raw")
