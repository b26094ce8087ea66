"""The authority: discovery and tokens by client credentials, for the real msal.

Takes a secret, or an assertion that is signed with the registered certificate's key. Makes the
certificates that are needed: one for its own https, one for the service principal.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from powerbi_service.state import State

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SIGNING_KEY = "the stand-in's own, for tokens that only it reads"
_BAD_SECRET = "AADSTS7000215: Invalid client secret provided."
_BAD_APPLICATION = "AADSTS700016: Application was not found in the directory."
_BAD_CERTIFICATE = "AADSTS700027: The certificate is not registered on application."


def discovery(base: str, tenant: str) -> dict[str, str]:
    """Where the endpoints are."""
    return {
        "issuer": f"{base}/{tenant}/v2.0",
        "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
        "jwks_uri": f"{base}/{tenant}/keys",
    }


def token(state: State, base: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Answer a request for a token with a status and a body."""
    if form.get("client_id") != state.client_id or form.get("grant_type") != "client_credentials":
        return 400, {"error": "unauthorized_client", "error_description": _BAD_APPLICATION}
    if form.get("client_assertion_type") == _ASSERTION:
        if not _is_ours(state, base, form.get("client_assertion", "")):
            return 401, {"error": "invalid_client", "error_description": _BAD_CERTIFICATE}
    elif form.get("client_secret") != state.client_secret:
        return 401, {"error": "invalid_client", "error_description": _BAD_SECRET}
    audience, _, scope = form.get("scope", "").split(" ")[0].rpartition("/")
    if scope != ".default":
        return 400, {"error": "invalid_scope", "error_description": "AADSTS1002012: bad scope"}
    state.tokens_given += 1
    now = state.now()
    given = jwt.encode(
        {
            "aud": audience,
            "iss": f"https://sts.windows.net/{state.tenant_id}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + state.expires_in),
            "tid": state.tenant_id,
            "oid": state.object_id,
            "n": state.tokens_given,
        },
        _SIGNING_KEY,
    )
    state.tokens[given] = (audience, now + state.expires_in)
    return 200, {"token_type": "Bearer", "expires_in": state.expires_in, "access_token": given}


def _is_ours(state: State, base: str, assertion: str) -> bool:
    certificate = x509.load_pem_x509_certificate(state.certificate.encode())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=["PS256", "RS256"],
            audience=discovery(base, state.tenant_id)["token_endpoint"],
            issuer=state.client_id,
        )
    except jwt.InvalidTokenError:
        return False
    return True


def certificate(*, for_host: bool) -> tuple[str, str]:
    """A certificate that signs itself, and its private key, both in PEM."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if for_host
        else rsa.generate_private_key(65537, 2048)
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
