"""What the account refuses, with Snowflake's own codes."""

from __future__ import annotations


class AccountError(Exception):
    """A refusal.

    Args:
        code: Snowflake's, six digits.
        message: As Snowflake words it.
        sql_state: Of a statement's error.

    Attributes:
        code: As given.
        message: As given.
        sql_state: As given.
    """

    def __init__(self, code: str, message: str, sql_state: str = "08001") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.sql_state = sql_state


class SqlError(AccountError):
    """A statement fails."""


class LoginError(AccountError):
    """Who asks is not let in."""
