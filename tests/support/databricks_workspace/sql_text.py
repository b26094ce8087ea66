"""Statements as text: parameters put in, read as a tree, and pieces replaced in place.

The tree only tells what a statement is and where its names stand. What runs is the text as it was
written, with those names replaced, so the engine's own parser judges it too.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from databricks_workspace import type_table
from databricks_workspace.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DIALECT: Final = "databricks"
_BEFORE_A_PATH: Final = frozenset(
    {TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET}
)
"""A colon right after one of these asks for a field of JSON and begins no parameter."""

# The parser says on the console what it cannot read; here that is an error of the statement.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Piece(NamedTuple):
    """Characters of a text from `start` up to but not including `end`, and what is to be there."""

    start: int
    end: int
    text: str


def tokens_of(text: str) -> list[Token]:
    """Split a statement.

    Raises:
        SqlError: A quote or comment does not end.
    """
    try:
        return list(sqlglot.tokenize(text, read=DIALECT))
    except TokenError:
        raise SqlError("PARSE_SYNTAX_ERROR", "A quote or comment does not end.") from None


def replaced(text: str, pieces: Iterable[Piece]) -> str:
    """Replace pieces, which must not overlap."""
    for piece in sorted(pieces, reverse=True):
        text = text[: piece.start] + piece.text + text[piece.end :]
    return text


def literal(value: str) -> str:
    """Write a text as a SQL literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def bound(text: str, parameters: Mapping[str, tuple[str | None, str]]) -> str:
    """Put the values of named parameters, each with its type, where their markers stand.

    Raises:
        SqlError: A marker has no value, a value no castable type, or a marker no name.
    """
    tokens = tokens_of(text)
    if any(token.token_type == TokenType.PLACEHOLDER for token in tokens):
        raise SqlError("UNBOUND_SQL_PARAMETER", "Parameters must have names.")
    pieces = []
    for before, (colon, name) in zip([None, *tokens], pairwise(tokens), strict=False):
        glued = (
            before is not None
            and before.token_type in _BEFORE_A_PATH
            and before.end + 1 == colon.start
        )
        if colon.token_type != TokenType.COLON or glued or name.start != colon.end + 1:
            continue
        if name.text not in parameters:
            raise SqlError(
                "UNBOUND_SQL_PARAMETER", f"Found the unbound parameter: {name.text}. Give it."
            )
        value, type_ = parameters[name.text]
        pieces.append(Piece(colon.start, name.end + 1, _typed(value, type_)))
    return replaced(text, pieces)


def _typed(value: str | None, type_: str) -> str:
    word, _, digits = type_.replace(" ", "").rstrip(")").partition("(")
    delta = type_table.delta_of(word, tuple(int(each) for each in digits.split(",") if each))
    if value is not None and delta == "string":
        return literal(value)
    sql = "NULL" if value is None else literal(value)
    return f"CAST({sql} AS {type_table.sql_of(delta)})"


def tree_of(text: str) -> exp.Expression:
    """Read one statement.

    Raises:
        SqlError: It cannot be read, or there are several.
    """
    try:
        trees = [tree for tree in sqlglot.parse(text, read=DIALECT) if tree is not None]
    except (ParseError, TokenError):
        raise SqlError(
            "PARSE_SYNTAX_ERROR", "Syntax error, or syntax that this double does not know."
        ) from None
    if len(trees) != 1:
        raise SqlError("PARSE_SYNTAX_ERROR", "One statement is expected.")
    tree = trees[0]
    if not isinstance(tree, exp.Expression):
        raise SqlError("PARSE_SYNTAX_ERROR", "A statement is expected.")
    return tree


def first_words(text: str) -> str:
    """Give what kind of statement it is, as `MERGE` or `CREATE TABLE`, for the list of calls."""
    words = text.split(None, 3)[:2]
    two = words and words[0].upper() in {"CREATE", "DROP", "ALTER", "COMMENT"}
    return " ".join(words[: 2 if two else 1]).upper()


def span(table: exp.Table) -> tuple[int, int]:
    """Give where a table's name begins, and where it has ended."""
    parts = table.parts
    return int(parts[0].meta["start"]), int(parts[-1].meta["end"]) + 1


def parts_of(table: exp.Table) -> tuple[str, ...]:
    """Give the parts of a table's name as written."""
    return tuple(part.name for part in table.parts)


def closing(tokens: Sequence[Token], opening: int) -> int:
    """Give the index of the parenthesis that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += tokens[index].token_type == TokenType.L_PAREN
        depth -= tokens[index].token_type == TokenType.R_PAREN
        if depth == 0:
            return index
    raise SqlError("PARSE_SYNTAX_ERROR", "A parenthesis is not closed.")


def after(tokens: Sequence[Token], position: int) -> int:
    """Give the index of the first token at or after a position of the text."""
    return next(
        i for i, token in enumerate([*tokens, None]) if token is None or token.start >= position
    )
