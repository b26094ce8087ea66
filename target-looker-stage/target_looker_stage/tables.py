"""The tables of the schema: made, added to, commented, indexed and granted.

Knows what is there and what is wanted; loads no rows.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from loader_core import SchemaError, SettingsError
from target_looker_stage import statements
from target_looker_stage.layout import LOAD_ID
from target_looker_stage.statements import TEMPORARY, quoted, whole
from target_looker_stage.type_table import holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_looker_stage.layout import Layout
    from target_looker_stage.session import Session
    from target_looker_stage.settings import Settings

_OURS_NOT_GRANTED = (
    "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE') "
    "AND NOT has_table_privilege(%s, c.oid, 'SELECT')"
)

logger = logging.getLogger(__name__)


class Tables:
    """The tables of one schema.

    Args:
        session: The connection.
        settings: Which schema, and who may read it.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._generations: dict[tuple[str, int], str] = {}

    def place(self, stored: Layout) -> str:
        """The whole name of a table, or of what is to take the place of its rows, quoted."""
        if stored.generation:
            return whole(TEMPORARY, self._generations[stored.table, stored.generation])
        return whole(self._settings.schema, stored.table)

    def set_up(self, audit: Iterable[str]) -> None:
        """See that the schema and the audit tables are there, and granted.

        Args:
            audit: Statements that make the audit tables.

        Raises:
            SettingsError: A role that is to read them is not there.
        """
        schema, session = self._settings.schema, self._session
        with session.transaction("setting up the schema"):
            what = f"making the schema '{schema}'"
            # Asked first: to make it "if not exists" takes the right to make it
            if session.run("SELECT to_regnamespace(%s)", [quoted(schema)], what=what) == [(None,)]:
                session.run(f"CREATE SCHEMA {quoted(schema)}", what=what)
            found = session.run(
                "SELECT to_regclass(%s)", [whole(schema, "_looker_batches")], what=what
            )
            if found == [(None,)]:
                for sql in audit:
                    session.run(sql, what="making the audit tables")
            for role in self._settings.grant_select_to:
                self._grant(role)

    def fit(self, stored: Layout) -> None:
        """Make a table, or add the columns that it lacks.

        Raises:
            SchemaError: A column is there with a type that cannot hold the new values, or with
                another key.
        """
        schema = self._settings.schema
        with self._session.transaction(f"making the table '{stored.table}' ready"):
            self._fit(stored, whole(schema, stored.table))
            if not stored.generation:
                return
            known = (stored.table, stored.generation)
            if known not in self._generations:
                name = f"_generation_{len(self._generations) + 1}"
                place = whole(TEMPORARY, name)
                sql = statements.create_generation(place, whole(schema, stored.table))
                self._session.run(sql, what=f"making the table '{name}'")
                self._generations[known] = name
            else:
                self._fit(stored, whole(TEMPORARY, self._generations[known]))

    def make_indexes(self, layouts: Sequence[Layout]) -> None:
        """Make indexes that are not there; best when the rows are in."""
        schema = self._settings.schema
        found = self._session.run(statements.INDEXES, [schema], what="looking at the indexes")
        there = {name for (name,) in found}
        for stored in layouts:
            for index in stored.indexes:
                if statements.index_name(index, stored.table) not in there:
                    sql = statements.create_index(index, schema, stored.table)
                    self._session.run(sql, what=f"making an index of '{stored.table}'")

    def _fit(self, stored: Layout, table: str) -> None:
        what = f"looking at '{stored.table}'"
        found = self._session.run(statements.COLUMNS, [table], what=what)
        there = {name: kind for name, kind, _ in found}
        if not found:
            what = f"making the table '{stored.table}'"
            self._session.run(statements.create_table(stored, table), what=what)
            self._session.run(statements.comment_table(table, stored.stream), what=what)
        else:
            self._check(stored, table, there)
            missing = [column for column in stored.columns if column.name not in there]
            if missing:
                what = f"adding columns to '{stored.table}'"
                self._session.run(statements.add_columns(table, missing), what=what)
        told = {name: comment for name, _, comment in found}
        for column in stored.columns:
            if statements.described(column) != (told.get(column.name) or ""):
                sql = statements.comment_column(table, column)
                self._session.run(sql, what=f"commenting '{stored.table}'")

    def _check(self, stored: Layout, table: str, there: dict[str, str]) -> None:
        for column in stored.columns:
            kind = there.get(column.name, column.sql)
            if not holds(kind, column.sql):
                raise SchemaError(
                    f"column '{column.source}' is {kind} in the table '{stored.table}', and "
                    f"{column.sql} in the SCHEMA",
                    "Rename one of them with a stream map, or begin a new table",
                ).at(stored.stream)
        keys = self._session.run(
            statements.KEYS, [table], what=f"looking at the key of '{stored.table}'"
        )
        if keys != [(stored.key,)] or LOAD_ID not in there:
            raise SchemaError(
                f"the table '{stored.table}' has another key than '{stored.key}', or was not made "
                "by this target",
                "Rename the stream with a stream map, or begin a new table",
            ).at(stored.stream)

    def _grant(self, role: str) -> None:
        """Let a role read all tables that are ours, and those that will be."""
        what, schema = f"granting SELECT to '{role}'", quoted(self._settings.schema)
        if not self._session.run("SELECT 1 FROM pg_roles WHERE rolname = %s", [role], what=what):
            raise SettingsError(
                f"there is no role '{role}' for 'grant_select_to'", "Make it, or correct its name"
            )
        to = quoted(role)
        self._session.run(f"GRANT USAGE ON SCHEMA {schema} TO {to}", what=what)
        default = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {to}"
        self._session.run(default, what=what)
        lacking = self._session.run(_OURS_NOT_GRANTED, [self._settings.schema, role], what=what)
        for (name,) in lacking:
            table = whole(self._settings.schema, name)
            self._session.run(f"GRANT SELECT ON {table} TO {to}", what=what)
