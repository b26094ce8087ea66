"""The private key of a key pair: read, unlocked, and in the form that the connector signs with.

Knows PEM and DER; knows no Snowflake. Nothing of a key is ever in a message.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from loader_core import SettingsError


def private_key(path: str | None, text: str | None, passphrase: str | None) -> bytes:
    """The key as DER (PKCS 8), unencrypted, for this process only.

    Args:
        path: File with it, as PEM or DER.
        text: In place of the file: PEM, or DER in base64.
        passphrase: If it is encrypted.

    Raises:
        SettingsError: There is no such key, or it cannot be unlocked.
    """
    secret = passphrase.encode() if passphrase else None
    setting = "private_key_path" if path else "private_key"
    data = _from_file(path) if path else _from_text(text or "")
    framed = data.lstrip().startswith(b"-----BEGIN")
    load = serialization.load_pem_private_key if framed else serialization.load_der_private_key
    try:
        key = load(data, password=secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(
            f"'{setting}' is not a private key that 'private_key_passphrase' opens",
            "Give the key whose public half is registered with the user, and its passphrase if "
            "it has one",
        ) from None
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _from_file(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise SettingsError(
            f"the file of 'private_key_path' cannot be read: {error.strerror}",
            "Give the path of the private key, and let this user read it",
        ) from None


def _from_text(text: str) -> bytes:
    if "-----BEGIN" in text:
        # Environment files often hold line ends as two letters
        return text.replace("\\n", "\n").encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise SettingsError(
            "'private_key' is neither PEM nor base64", "Give the text of the key's file"
        ) from None
