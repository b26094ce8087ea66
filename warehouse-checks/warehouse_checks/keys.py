"""Private keys: read, named by their fingerprint, and used to sign a token.

Knows RSA and JWT; knows no warehouse. What a private key holds never leaves this file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from warehouse_checks.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_BITS = 2048
_TODO = "Make a key as the documentation of the service says, and name it in the settings"


class PrivateKey:
    """An RSA key.

    Args:
        text: PEM, DER, or base64 of DER.
        passphrase: What it is encrypted with, if it is.

    Raises:
        SettingsError: It is no such key, or the passphrase does not open it.
    """

    def __init__(self, text: bytes, passphrase: str | None = None) -> None:
        secret = passphrase.encode() if passphrase else None
        pem = text.strip().startswith(b"-----")
        load = serialization.load_pem_private_key if pem else serialization.load_der_private_key
        try:
            key = load(text if pem else _der(text), secret)
        except TypeError:
            what = "is not encrypted, but a passphrase is set" if secret else "is encrypted"
            raise SettingsError(
                f"the private key {what}", "Set 'private_key_passphrase' where it has one"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            what = ", or the passphrase is not its own" if secret else ""
            raise SettingsError(f"the private key cannot be read{what}", _TODO) from None
        if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
            raise SettingsError(f"the private key is not RSA of {LEAST_BITS} bits or more", _TODO)
        self._key = key

    @property
    def public(self) -> str:
        """The public key, as base64 of DER without line breaks: no secret."""
        return base64.b64encode(self._public()).decode()

    @property
    def fingerprint(self) -> str:
        """Of the public key, as Snowflake names it: `SHA256:...`."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self._public()).digest()).decode()

    def sign(self, claims: Mapping[str, Any], key_id: str | None = None) -> str:
        """A JSON Web Token, signed with RS256."""
        headers = {"kid": key_id} if key_id else None
        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers=headers)

    def _public(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def _der(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return text
