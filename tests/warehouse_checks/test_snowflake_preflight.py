"""Preflight of Snowflake: each fault that fails a load is found before it, with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks_places import Desk, KeyPair

if TYPE_CHECKING:
    from pathlib import Path

    from checks_places import SnowflakePlace


@pytest.fixture
def desk(snowflake: SnowflakePlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The command, and an account in which nothing is wrong."""
    rights = ("USAGE", "CREATE TABLE", "CREATE STAGE")
    grants = [
        _grant("USAGE", "WAREHOUSE", "LOADING"),
        _grant("USAGE", "DATABASE", "VISMA"),
        *(_grant(right, "SCHEMA", f"VISMA.{snowflake.schema}") for right in rights),
    ]
    snowflake.account.change(roles={"LOADER_ROLE": grants})
    return Desk(snowflake, tmp_path, capsys)


def _grant(privilege: str, kind: str, name: str) -> dict[str, str]:
    return {"privilege": privilege, "granted_on": kind, "name": name}


def _warehouse(**differs: object) -> dict[str, Any]:
    usual = {"name": "LOADING", "state": "SUSPENDED", "auto_resume": True, "auto_suspend": 60}
    return {"warehouses": [usual | {"size": "X-Small"} | differs]}


def _account(desk: Desk) -> Any:
    return desk.place.account  # type: ignore[union-attr] # this folder's desk is at Snowflake's


def test_a_sound_account_has_no_fault_and_its_warehouse_stays_suspended(desk: Desk) -> None:
    code, found = desk.findings()

    assert code == 0
    assert {each["result"] for each in found.values()} == {"ok"}
    assert "the first statement starts it" in found["warehouse LOADING"]["note"]
    assert _account(desk).control("GET", "state")["warehouses"][0]["state"] == "SUSPENDED"


@pytest.mark.parametrize(
    ("state", "about", "told"),
    [
        (
            _warehouse(auto_resume=False),
            "warehouse LOADING",
            "ALTER WAREHOUSE LOADING SET AUTO_RESUME = TRUE",
        ),
        (
            _warehouse(auto_resume=False, state="STARTED"),
            "warehouse LOADING",
            "AUTO_RESUME is off",
        ),
        ({"warehouses": []}, "warehouse LOADING", "GRANT USAGE ON WAREHOUSE LOADING"),
        (
            {"network_policies": [{"name": "OFFICE", "allowed_ip_list": ["198.51.100.0/24"]}]}
            | {"network_policy": "OFFICE"},
            "network policy",
            "it does not admit 203.0.113.7",
        ),
        ({"user": {"rsa_public_key": None}}, "login", "ALTER USER LOADER SET RSA_PUBLIC_KEY"),
        ({"user": {"disabled": True}}, "login", "the user is disabled"),
        (
            {"roles": {"OTHER": []}, "user": {"default_role": "OTHER"}},
            "role LOADER_ROLE",
            "GRANT ROLE LOADER_ROLE TO USER LOADER",
        ),
        ({"roles": {"OTHER": []}}, "role", "ALTER USER LOADER SET DEFAULT_ROLE"),
        ({"clock_offset_seconds": -40}, "clock", "ahead of Snowflake's"),
        ({"clock_offset_seconds": 7200}, "clock", "behind Snowflake's"),
    ],
)
def test_a_fault_of_the_account_is_found(
    desk: Desk, state: dict[str, Any], about: str, told: str
) -> None:
    _account(desk).change(**state)

    code, found = desk.findings()

    assert code == 1
    assert found[about]["result"] in {"failed", "missing"}
    assert told in found[about]["note"]


@pytest.mark.parametrize(
    ("settings", "about", "told"),
    [
        ({"database": '"visma"'}, "database visma", "its name is VISMA"),
        ({"database": "NOWHERE"}, "database NOWHERE", "GRANT USAGE ON DATABASE NOWHERE"),
        ({"account": "other"}, "login", "for OTHER.LOADER"),
        ({"user": "somebody"}, "login", "for VISMATEST.SOMEBODY"),
        ({"warehouse": "other"}, "warehouse OTHER", "not there, or not to be seen"),
        ({"private_key": "no key"}, "private key", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_found(
    desk: Desk, settings: dict[str, Any], about: str, told: str
) -> None:
    code, found = desk.findings(**settings)

    assert code == 1
    assert told in found[about]["note"]


def test_each_grant_that_is_missing_is_named_with_its_statement(desk: Desk) -> None:
    schema = f"VISMA.{desk.place.config['default_target_schema']}"
    only = [_grant("USAGE", "DATABASE", "VISMA"), _grant("USAGE", "SCHEMA", schema)]
    _account(desk).change(roles={"LOADER_ROLE": only})

    code, found = desk.findings()

    assert code == 1
    missing = {about: each["note"] for about, each in found.items() if each["result"] == "missing"}
    assert missing == {
        "USAGE on warehouse LOADING": "GRANT USAGE ON WAREHOUSE LOADING TO ROLE LOADER_ROLE",
        **{
            f"{right} on schema {schema}": f"GRANT {right} ON SCHEMA {schema} TO ROLE LOADER_ROLE"
            for right in ("CREATE TABLE", "CREATE STAGE")
        },
    }


def test_a_schema_that_a_load_is_to_make_needs_the_right_to_make_it(desk: Desk) -> None:
    code, found = desk.findings(default_target_schema="new")

    assert code == 1
    assert found["CREATE SCHEMA on database VISMA"]["result"] == "missing"
    assert found["schema VISMA.NEW"]["result"] == "ok"


def test_what_a_role_within_the_role_is_granted_counts(desk: Desk) -> None:
    account = _account(desk)
    own = account.control("GET", "state")["roles"]["LOADER_ROLE"]
    within = [_grant("USAGE", "ROLE", "BASE"), _grant("USAGE", "ROLE", "LOADER_ROLE")]
    account.change(roles={"LOADER_ROLE": within, "BASE": own})

    code, _ = desk.findings()

    assert code == 0


def test_another_key_is_shown_by_its_fingerprint_beside_the_one_to_register(desk: Desk) -> None:
    other = KeyPair()

    code, told = desk.told("preflight", private_key=other.private())

    assert code == 1
    assert told.count("SHA256:") == 2
    assert "".join(other.public().splitlines()[1:-1]) in told


def test_a_key_with_a_passphrase_is_opened_and_a_wrong_one_is_told(desk: Desk) -> None:
    key = KeyPair()
    _account(desk).change(user={"rsa_public_key": key.public()})
    locked = key.private("open sesame")

    assert desk.findings(private_key=locked, private_key_passphrase="open sesame")[0] == 0
    for wrong in ("barley", None):
        code, found = desk.findings(private_key=locked, private_key_passphrase=wrong)
        assert (code, list(found)) == (1, ["private key"])


@pytest.mark.parametrize(("days", "code", "told"), [(60, 0, "good until"), (3, 1, "ROTATE")])
def test_an_access_token_that_ends_soon_is_found(
    desk: Desk, days: int, code: int, told: str
) -> None:
    ends = datetime.now(UTC) + timedelta(days=days)
    token = {"name": "LOADS", "secret": "pat-1", "expires_at": ends.isoformat()}
    _account(desk).change(tokens=[token])

    ended, found = desk.findings(private_key=None, programmatic_access_token="pat-1")

    assert ended == code
    assert told in found["access token"]["note"]


def test_an_access_token_that_is_over_is_told(desk: Desk) -> None:
    code, found = desk.findings(private_key=None, programmatic_access_token="pat-0")

    assert code == 1
    assert "it has expired" in found["login"]["note"]


def test_a_token_that_cannot_be_sent_is_told_and_not_shown(desk: Desk) -> None:
    code, found = desk.findings(private_key=None, programmatic_access_token="pat-7\nrest-of-it")

    assert code == 1
    assert "cannot be sent" in found["login"]["note"]


def test_a_host_that_is_no_snowflake_is_told(desk: Desk) -> None:
    nobody = {"host": "http://127.0.0.1:9"}

    code, found = desk.findings(**nobody)

    assert code == 1
    assert "no answer from 127.0.0.1:9" in found["login"]["note"]
    assert sum(desk.clock.waits) > 7  # the pauses are spread by chance


def test_a_page_of_a_gateway_is_no_answer_of_snowflake(desk: Desk) -> None:
    code, found = desk.findings(host=f"{_account(desk).url.replace('127.0.0.1', 'localhost')}")
    assert code == 0

    _account(desk).fault({"status": 404}, statement="CURRENT_ROLE")
    code, found = desk.findings()

    assert code == 1
    assert "not as Snowflake does" in found["login"]["note"]


def test_a_statement_in_progress_is_asked_after_with_growing_pauses(desk: Desk) -> None:
    _account(desk).fault({"running": 6}, statement="SHOW WAREHOUSES")

    code, _ = desk.findings()

    assert code == 0
    waits = desk.clock.waits
    assert len(waits) == 6
    assert waits[-1] > 4 * waits[0]


def test_a_statement_that_does_not_end_is_cancelled(desk: Desk) -> None:
    _account(desk).fault({"running": 1000}, statement="SHOW WAREHOUSES")

    code, found = desk.findings(statement_seconds=60)

    assert code == 2
    assert "not done in 60 seconds" in found["rights of the role"]["note"]


def test_a_role_within_the_role_that_cannot_be_seen_leaves_its_grants_open(desk: Desk) -> None:
    _account(desk).change(roles={"LOADER_ROLE": [_grant("USAGE", "ROLE", "HIDDEN")]})

    code, found = desk.findings()

    assert code == 2
    assert "cannot be seen: HIDDEN" in found["USAGE on database VISMA"]["note"]
