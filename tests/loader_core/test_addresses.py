"""An address in a setting is one of a service, and nothing more."""

from __future__ import annotations

import pytest

from loader_core import SettingsError
from loader_core.settings import https_address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("books.example", "https://books.example"),
        ("https://books.example:8443/", "https://books.example:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("adb-1.2.Azure_X.net", "https://adb-1.2.Azure_X.net"),
    ],
)
def test_what_is_the_address_of_a_service_is_taken(given: str, address: str) -> None:
    assert https_address("host", given, "a service", "Correct it") == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "http://books.example",
        "https://books.example/path",
        "https://books.example?secret",
        "https://:secret@books.example",
        "https://books.example:secret",
        "https://[secret",
        "the secret.example",
        "*.secret.example",
        ".secret.example",
        f"{'secret' * 11}.example",
    ],
)
def test_what_is_more_or_less_is_refused_and_not_quoted(given: str) -> None:
    with pytest.raises(SettingsError, match="'host' is not the https address of a service") as told:
        https_address("host", given, "a service", "Correct it")

    assert "secret" not in str(told.value)
