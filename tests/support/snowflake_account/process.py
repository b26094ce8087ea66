"""Starting an account as a process of its own, and steering it, for tests and demos.

Loads no engine; the process has it, in an environment of its own (`.venv-snowflake` in the root of
the repository, or that of the Python which `SNOWFLAKE_ACCOUNT_PYTHON` names).
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Self

from stand_in import RuledStandIn

_PYTHON = Path(__file__).parents[3] / ".venv-snowflake" / "bin" / "python"


class SnowflakeAccount(RuledStandIn):
    """An account that serves from `with` on until its block ends.

    What a client needs is in `ready`: `host`, `port`, `protocol`, `account`, `user`, `role`,
    `warehouse`, `database`.

    Args:
        state: What differs from a good account, see `state.py`.
    """

    package = "snowflake_account"
    controls = "__account"
    python = os.environ.get("SNOWFLAKE_ACCOUNT_PYTHON", str(_PYTHON))

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._state = state or {}
        self._file = ""

    def options(self) -> list[str]:
        """The file with its state."""
        return ["--state", self._file]

    def __enter__(self) -> Self:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self._state, file)
            file.flush()
            self._file = file.name
            return super().__enter__()

    def change(self, **state: object) -> None:
        """Change members of the account's state."""
        self.control("POST", "state", state)

    def statements(self) -> list[str]:
        """Texts of the statements that came, oldest first."""
        return [each["statement"] for each in self.control("GET", "calls") if each["statement"]]

    def query(self, sql: str) -> list[list[str | None]]:
        """Look into the database from outside: no warehouse, no fault rule; values are texts."""
        return list(self.control("POST", "query", {"sql": sql})["rows"])
