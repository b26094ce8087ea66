"""OAuth of a service principal (M2M): a token, renewed before it expires.

Knows the token endpoint's form and time; who sends the calls decides when to ask again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from loader_core.clock import Clock

PATH = "/oidc/v1/token"
FORM = {"grant_type": "client_credentials", "scope": "all-apis"}
MARGIN_SECONDS = 300.0
"""A batch does not begin with a token that has less than this left."""
LEAST_SECONDS = 40.0
"""A call is not sent with a token that has less than this left: some clouds refuse it earlier."""


class Answer(msgspec.Struct):
    """What the token endpoint answers (RFC 6749, section 5.1)."""

    access_token: str
    expires_in: float = 3600.0


class Token:
    """The token, and until when it is good.

    Args:
        clock: For the age of the token.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._life = 0.0
        self._until = 0.0
        self.value = ""

    def take(self, answer: Answer) -> None:
        """Keep a new token."""
        self.value = answer.access_token
        self._life = answer.expires_in
        self._until = self._clock.monotonic() + answer.expires_in

    def is_due(self, margin_seconds: float) -> bool:
        """Whether it has less than a margin left; of a short-lived one, less than half its life."""
        margin = min(margin_seconds, self._life / 2)
        return not self.value or self._until - self._clock.monotonic() < margin
