"""What is sealed opens for its recipients, for nobody else, and by the command `age` too."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pyrage
import pytest

from secrets_vault import VALUE
from visma_secrets import identities
from visma_secrets.errors import SealedError

if TYPE_CHECKING:
    from secrets_vault import Vault

AGE = shutil.which("age")
needs_age = pytest.mark.skipif(AGE is None, reason="the command `age` is not installed")


def another(vault: Vault) -> identities.Identity:
    """An identity that has been made a recipient."""
    key = identities.new()
    vault.run("recipients", "add", str(key.to_public()), "--name", "break-glass")
    return identities.Identity((key,), "a test")


def test_each_recipient_opens_the_file_and_nobody_else(vault: Vault) -> None:
    other = another(vault)

    assert vault.file.read(other) == vault.content()
    with pytest.raises(SealedError, match="sealed for others, or damaged"):
        vault.file.read(identities.Identity((identities.new(),), "a test"))


def test_a_removed_recipient_opens_the_file_no_more_and_what_he_knows_is_told(vault: Vault) -> None:
    other = another(vault)

    code, said = vault.run("recipients", "remove", "break-glass")

    assert code == 0
    assert "still knows the values" in said
    assert vault.content().variables == {"KEY": VALUE}
    with pytest.raises(SealedError):
        vault.file.read(other)


def test_nobody_removes_himself(vault: Vault) -> None:
    code, said = vault.run("recipients", "remove", vault.identity().public)

    assert (code, vault.content().variables) == (2, {"KEY": VALUE})
    assert "your own public key" in said


def test_a_key_slipped_into_the_list_in_clear_gets_nothing(vault: Vault) -> None:
    stranger = identities.new()
    listed = vault.file.recipients_path
    listed.write_text(f"{listed.read_text()}# operations\n{stranger.to_public()}\n")

    code, said = vault.run("set", "KEY", piped="next")

    assert code == 1
    assert str(stranger.to_public()) in said
    assert vault.content().variables == {"KEY": VALUE}
    assert vault.run("recipients", "remove", str(stranger.to_public()))[0] == 0
    assert vault.run("set", "KEY", piped="next")[0] == 0
    with pytest.raises(SealedError):
        vault.file.read(identities.Identity((stranger,), "a test"))


def test_a_list_in_clear_without_its_sealed_file_gets_nothing(vault: Vault) -> None:
    stranger = identities.new()
    keys = f"# me\n{vault.identity().public}\n# operations\n{stranger.to_public()}\n"
    vault.file.recipients_path.write_text(keys)
    vault.file.path.unlink()

    code, said = vault.run("set", "KEY", piped="next")

    assert code == 1
    assert "lists others" in said
    assert not vault.file.path.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"recipients": {}, "variables": {"PORT": 5}},
        {"recipients": [], "variables": {}},
        {"variables": {}},
    ],
    ids=["a number", "a list", "no recipients"],
)
def test_what_is_sealed_by_hand_and_is_no_text_is_told(
    vault: Vault, content: dict[str, object]
) -> None:
    key = pyrage.x25519.Recipient.from_str(vault.identity().public)
    vault.file.path.write_bytes(pyrage.encrypt(json.dumps(content).encode(), [key]))

    code, said = vault.run("list")

    assert code == 1
    assert "does not hold variables and recipients" in said


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_damaged_file_is_told_and_not_used(vault: Vault, place: float) -> None:
    sealed = bytearray(vault.file.path.read_bytes())
    at = int(len(sealed) * place)
    sealed[at] = ord("A") if sealed[at] != ord("A") else ord("B")
    vault.file.path.write_bytes(sealed)

    code, said = vault.run("list")

    assert code == 1
    assert "dev.age does not open" in said


def test_the_file_is_text_of_the_age_format_in_short_lines(vault: Vault) -> None:
    lines = vault.file.path.read_text().splitlines()

    assert lines[0] == "-----BEGIN AGE ENCRYPTED FILE-----"
    assert max(map(len, lines)) <= 64
    opened = pyrage.decrypt(vault.file.path.read_bytes(), list(vault.identity().keys))
    assert json.loads(opened)["variables"] == {"KEY": VALUE}


@needs_age
@pytest.mark.process
def test_the_command_age_opens_what_we_seal(vault: Vault) -> None:
    opened = subprocess.run(
        ["age", "-d", "-i", vault.identity_file, vault.file.path], check=True, capture_output=True
    )

    assert json.loads(opened.stdout)["variables"] == {"KEY": VALUE}


@needs_age
@pytest.mark.process
def test_we_open_what_the_command_age_seals_for_our_list(vault: Vault) -> None:
    other = another(vault)
    public = vault.identity().public
    whole = {"recipients": {public: "host"}, "variables": {"KEY": "theirs"}}
    seal = ["age", "-a", "-R", str(vault.file.recipients_path), "-o", str(vault.file.path)]
    subprocess.run(seal, input=json.dumps(whole).encode(), check=True)

    assert vault.content().variables == {"KEY": "theirs"}
    assert vault.file.read(other).variables == {"KEY": "theirs"}


def test_values_of_all_kinds_come_back_as_they_were(vault: Vault) -> None:
    values = {
        "PEM": "-----BEGIN PRIVATE KEY-----\nMIIE==\n-----END PRIVATE KEY-----",
        "ODD": " 'x' \"y\" $z ${w} \\n # å€😀\t",
        "LONG": "x" * 200_000,
    }
    for name, value in values.items():
        assert vault.run("set", name, piped=value + "\n")[0] == 0

    assert vault.content().variables == {"KEY": VALUE, **values}
