"""`.env` files, read as Meltano reads them.

Knows the syntax: comments, `export`, values that are bare, in single or double quotes, over several
lines, and `${NAME}` or `${NAME:-default}` in them. Knows nothing of what the variables are for.
Lines that mean nothing are errors here, not warnings: a secret that is skipped in silence would be
missed in the first run, and shredded before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from visma_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BINDING = re.compile(
    r"""
    (?:export[^\S\r\n]+)?
    (?:'(?P<quoted_name>[^']+)'|(?P<name>[^=\#\s]+))
    [^\S\r\n]*
    (?:=(?P<space>[^\S\r\n]*)
        (?:'(?P<single>(?:\\.|[^'\\])*)'
          |"(?P<double>(?:\\.|[^"\\])*)"
          |(?P<bare>[^'"\r\n][^\r\n]*)?
        )
    )?
    (?:[^\S\r\n]*\#[^\r\n]*)?
    [^\S\r\n]*(?:\r\n|\n|\r|$)
    """,
    re.VERBOSE | re.DOTALL,
)
_NOTHING = re.compile(r"(?:\s+|\#[^\r\n]*)*")
_IN_SINGLE = re.compile(r"\\([\\'])")
_IN_DOUBLE = re.compile(r"\\([\\'\"abfnrtv])")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REFERENCE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")


def parse(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Read the variables of a `.env` file; names without `=` are left out.

    Args:
        text: What is in the file.
        environment: Where `${NAME}` is looked for when the file has not set it before.

    Raises:
        UsageError: A line is not understood; only its number is told.
    """
    text = text.removeprefix("\ufeff")
    found: dict[str, str] = {}
    place = _after_nothing(text, 0)
    while place < len(text):
        binding = _BINDING.match(text, place)
        if binding is None:
            line = len(re.findall(r"\r\n|\n|\r", text[:place])) + 1
            raise UsageError(
                f"Line {line} of the file is not understood",
                "Write NAME=value, with the value in quotes if it has blanks, quotes or lines",
            )
        if (value := _value(binding)) is not None:
            name = binding["quoted_name"] or binding["name"]
            found[name] = _resolved(value, {**environment, **found})
        place = _after_nothing(text, binding.end())
    return found


def _after_nothing(text: str, place: int) -> int:
    nothing = _NOTHING.match(text, place)
    return nothing.end() if nothing else place


def _value(binding: re.Match[str]) -> str | None:
    if binding["space"] is None:
        return None
    if binding["single"] is not None:
        return _IN_SINGLE.sub(r"\1", binding["single"])
    if binding["double"] is not None:
        return _IN_DOUBLE.sub(lambda at: _ESCAPES.get(at[1], at[1]), binding["double"])
    bare = binding["bare"] or ""
    if binding["space"] and bare.startswith("#"):
        return ""
    return re.sub(r"\s+#.*", "", bare).rstrip()


def _resolved(value: str, known: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda at: known.get(at["name"], at["default"] or ""), value)
