"""The identity comes from places where only its owner can read it; all others are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.backends.SecretService
import pytest
from keyring.backend import KeyringBackend

from visma_secrets import identities
from visma_secrets.errors import SecretsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from secrets_vault import Vault


class Wallet(keyring.backends.SecretService.Keyring):
    """A keyring that encrypts, without the desktop behind it."""

    name = "Wallet"
    held: dict[tuple[str, str], str]

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


class PlaintextKeyring(KeyringBackend):
    """A keyring that is a file in clear."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError(f"asked for {service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError(f"given {service} {username} of {len(password)} letters")


def made(kind: Any) -> Any:
    """A keyring of a kind; the package leaves their types out."""
    return kind()


@pytest.mark.parametrize("spoil", [b"\xff\xfe", None], ids=["no text", "not to be read"])
def test_a_credential_that_cannot_be_used_is_told(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: bytes | None
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / identities.CREDENTIAL).write_bytes(spoil or b"")
    if spoil is None:

        def refuse(_self: Path) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.read_text", refuse)

    code, said = vault.run("list")

    assert code == 1
    assert "systemd's credential" in said


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    before = keyring.get_keyring()
    wallet: Wallet = made(Wallet)
    wallet.held = {}
    keyring.set_keyring(wallet)
    yield wallet
    keyring.set_keyring(before)


@pytest.fixture
def key(vault: Vault) -> str:
    """The identity, whose file is gone."""
    text = str(vault.identity().keys[0])
    vault.identity_file.unlink()
    return text


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_an_identity_file_that_others_can_use_is_refused(vault: Vault, mode: int) -> None:
    vault.identity_file.chmod(mode)

    code, said = vault.run("list")

    assert code == 1
    assert f"mode {mode:04o}" in said
    assert "chmod 600" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_identity_file_of_another_user_is_refused(vault: Vault) -> None:
    os.chown(vault.identity_file, 12345, -1)

    code, said = vault.run("list")

    assert code == 1
    assert "belongs to another user (uid 12345)" in said


def test_the_first_place_that_has_an_identity_counts_and_is_told(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wallet: Wallet
) -> None:
    text = vault.identity_file.read_text()
    wallet.set_password("visma-secrets", "identity", text)
    named = tmp_path / "named"
    named.touch(0o600)
    (tmp_path / identities.CREDENTIAL).touch()
    places = []
    for add in (
        vault.identity_file.unlink,
        lambda: named.with_name("identity").touch(0o600),
        lambda: monkeypatch.setenv(identities.VARIABLE, text),
        lambda: (tmp_path / identities.CREDENTIAL).write_text(text),
        lambda: monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path)),
        lambda: named.write_text(text),
        lambda: monkeypatch.setenv(identities.FILE_VARIABLE, str(named)),
    ):
        add()
        places.append(identities.find(None, os.environ).place)

    assert list(dict.fromkeys(places)) == [
        "the keyring",
        f"the variable {identities.VARIABLE}",
        f"systemd's credential {identities.CREDENTIAL}",
        f"the file {named}",
    ]
    code, said = vault.run("list")
    assert code == 0
    assert f"identity: the file {named}" in said


def test_no_identity_anywhere_is_told_with_all_places(vault: Vault, key: str) -> None:
    code, said = vault.run("list")

    assert code == 1
    assert all(name in said for name in (identities.VARIABLE, identities.FILE_VARIABLE, "keyring"))
    assert key not in said


def test_a_keyring_that_encrypts_holds_an_identity(vault: Vault, key: str, wallet: Wallet) -> None:
    code, said = vault.run("init", "--keyring")

    assert code == 0
    (held,) = wallet.held.values()
    assert held not in said
    assert vault.run("init", "--keyring")[0] == 1  # what is there is not overwritten
    assert vault.run("set", "-e", "prod", "KEY", piped="x")[0] == 0
    assert key not in wallet.held.values()


REFUSED = {
    "null": made(keyring.backends.null.Keyring),
    "fail": made(keyring.backends.fail.Keyring),
    "plain text": made(PlaintextKeyring),
}


@pytest.mark.parametrize("backend", REFUSED.values(), ids=REFUSED)
def test_a_keyring_that_does_not_encrypt_is_refused_by_name(
    vault: Vault,
    key: str,
    backend: KeyringBackend,
    wallet: Wallet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for used in (backend, _chain(monkeypatch, wallet, backend)):
        keyring.set_keyring(used)

        code, said = vault.run("init", "--keyring")

        assert code == 1
        assert f"{type(backend).__module__}.{type(backend).__qualname__}" in said
        assert not wallet.held
        with pytest.raises(SecretsError, match="There is no identity"):
            identities.find(None, os.environ)
    assert key


def _chain(monkeypatch: pytest.MonkeyPatch, *links: KeyringBackend) -> KeyringBackend:
    """A chain of keyrings, which asks one after the other."""
    monkeypatch.setattr(keyring.backends.chainer.ChainerBackend, "backends", list(links))
    chain: KeyringBackend = made(keyring.backends.chainer.ChainerBackend)
    return chain
