"""The keyring of the operating system, as a holder of the identity on a desktop.

Knows which keyrings encrypt what they hold. All others are refused by name: `keyring` takes what it
finds, and without a desktop that can be a file in clear or a hole that forgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_secrets.errors import IdentityError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

TRUSTED = ("macOS", "SecretService", "libsecret", "kwallet")
"""Modules below `keyring.backends` whose keyrings encrypt."""
_SERVICE, _NAME = "visma-secrets", "identity"


def is_installed() -> bool:
    """Whether the extra `keyring` is there."""
    try:
        import keyring  # noqa: F401, PLC0415 - an extra: most hosts have no keyring
    except ImportError:
        return False
    return True


def read() -> str | None:
    """The identity that the keyring holds, if one is in use and holds any.

    Raises:
        IdentityError: The keyring is locked.
    """
    if not is_installed():
        return None
    backend = _backend()
    if refusal(backend):
        return None
    try:
        return backend.get_password(_SERVICE, _NAME)
    except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
        raise _unusable(error) from None


def store(identity: str) -> str:
    """Put an identity into the keyring.

    Returns:
        The keyring's name.

    Raises:
        IdentityError: There is no keyring that encrypts, it is locked, or it holds an identity.
    """
    if not is_installed():
        raise IdentityError("keyring is not installed", "pip install 'visma-secrets[keyring]'")
    backend = _backend()
    if refused := refusal(backend):
        raise IdentityError(
            f"The keyring in use here is {refused}, which does not encrypt what it holds, or holds "
            "nothing",
            f"Use a keyring of the system ({', '.join(TRUSTED)}), or a file: visma-secrets init",
        )
    try:
        held = backend.get_password(_SERVICE, _NAME)
        if held is None:
            backend.set_password(_SERVICE, _NAME, identity)
    except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
        raise _unusable(error) from None
    if held is not None:
        raise IdentityError(
            "The keyring holds an identity already, and it is not overwritten",
            f"Remove the entry '{_NAME}' of '{_SERVICE}' if nothing is sealed for it any more",
        )
    return backend.name


def refusal(backend: KeyringBackend) -> str | None:
    """The name of the keyring that must not be used; a chain is as good as its worst link."""
    for link in getattr(backend, "backends", None) or [backend]:
        homes = {kind.__module__ for kind in type(link).__mro__}
        if homes.isdisjoint(f"keyring.backends.{name}" for name in TRUSTED):
            return f"{type(link).__module__}.{type(link).__qualname__}"
    return None


def _backend() -> KeyringBackend:
    import keyring  # noqa: PLC0415 - an extra

    return keyring.get_keyring()


def _unusable(error: Exception) -> IdentityError:
    return IdentityError(
        f"The keyring cannot be used ({type(error).__name__})",
        "Unlock it, or keep the identity in a file",
    )
