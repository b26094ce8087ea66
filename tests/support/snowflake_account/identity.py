"""Who asks: key pairs and programmatic access tokens, checked as Snowflake checks them.

Knows JWTs, tokens and network policies; knows neither sessions nor SQL.

| refused with | if |
| --- | --- |
| 390144 | the JWT is not signed by a registered key, is about another user or account, or its time
is over or not yet come |
| 394400 | the programmatic access token is not known, disabled or expired |
| 390100 | name or password are wrong |
| 390101 | the user is disabled |
| 390422 | the network policy does not admit the address |
| 390189 | the role is not granted to the user |
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.hazmat.primitives import serialization

from snowflake_account.errors import LoginError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from snowflake_account.state import State

MOST_JWT_SECONDS: Final = 3600
MOST_SKEW_SECONDS: Final = 60


def fingerprint(key: PublicKeyTypes) -> str:
    """What `DESC USER` shows of a public key."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def public_key(text: str | None) -> PublicKeyTypes | None:
    """A registered key, with or without its frame of PEM."""
    if not text:
        return None
    inner = "".join(re.sub(r"-----[A-Z ]+-----", "", text).split())
    return serialization.load_der_public_key(base64.b64decode(inner))


def check_jwt(state: State, token: str) -> None:
    """Check a JWT of a key pair.

    Raises:
        LoginError: It is not good.
    """
    if not _is_good(state, token):
        raise LoginError("390144", f"JWT token is invalid. [{uuid.uuid4()}]")
    _check_user(state)


def check_token(state: State, secret: str) -> str | None:
    """Check a programmatic access token.

    Returns:
        The only role that it can be used with, if there is one.

    Raises:
        LoginError: It is not good.
    """
    for token in state.values["tokens"]:
        if token["secret"] == secret:
            expires = datetime.fromisoformat(token["expires_at"])
            expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
            if token.get("status", "ACTIVE") == "ACTIVE" and expires.timestamp() > state.now():
                _check_user(state)
                role = token.get("role_restriction")
                return None if role is None else str(role)
    raise LoginError("394400", "Programmatic access token is invalid.")


def is_token(state: State, secret: str) -> bool:
    """Whether a secret is one of the user's programmatic access tokens, good or not."""
    return any(token["secret"] == secret for token in state.values["tokens"])


def check_role(state: State, role: str | None) -> str:
    """The role of a session: the one asked for, or the user's own.

    Raises:
        LoginError: The user does not have it.
    """
    wanted = (role or state.values["user"]["default_role"]).upper()
    if wanted not in state.values["roles"]:
        raise LoginError(
            "390189",
            f"Role '{wanted}' specified in the connect string is not granted to this user. "
            "Contact your local system administrator, or attempt to login with another role.",
        )
    return str(wanted)


def policy(state: State) -> dict[str, Any] | None:
    """The network policy that counts: the user's own, else the account's."""
    name = state.values["user"]["network_policy"] or state.values["network_policy"]
    return next((each for each in state.values["network_policies"] if each["name"] == name), None)


def _is_good(state: State, token: str) -> bool:
    user = state.values["user"]
    subject = f"{state.values['account']}.{user['name']}".upper()
    for name in ("rsa_public_key", "rsa_public_key_2"):
        key = public_key(user[name])
        if key is None:
            continue
        try:
            claims = jwt.decode(
                token,
                key,  # type: ignore[arg-type] # whatever kind was registered: other kinds fail
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False, "require": ["iat", "exp"]},
            )
        except jwt.PyJWTError:
            continue
        issued, expires, now = float(claims["iat"]), float(claims["exp"]), state.now()
        return (
            claims.get("iss") == f"{subject}.{fingerprint(key)}"
            and claims.get("sub") == subject
            and issued <= now + MOST_SKEW_SECONDS
            and now < min(expires, issued + MOST_JWT_SECONDS)
        )
    return False


def _check_user(state: State) -> None:
    if state.values["user"]["disabled"]:
        raise LoginError("390101", "User access disabled. Contact your local system administrator.")
    counts = policy(state)
    if counts is None:
        return
    address = ipaddress.ip_address(state.values["ip_address"])

    def names(listed: str) -> bool:
        return any(
            address in ipaddress.ip_network(each, strict=False) for each in counts.get(listed, [])
        )

    if names("blocked_ip_list") or (counts.get("allowed_ip_list") and not names("allowed_ip_list")):
        raise LoginError(
            "390422",
            f"Incoming request with IP/Token {address} is not allowed to access Snowflake. "
            "Contact your account administrator.",
        )
