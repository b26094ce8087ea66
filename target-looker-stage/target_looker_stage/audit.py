"""The audit tables: what was loaded when, what became visible together, and what sums it has.

Knows their SQL; runs nothing. `_looker_loads` has a row for each run. What Looker's datagroup asks
is the greatest `load_id` whose status is `committed`.
"""

# ruff: noqa: S608 - names are quoted, and values are not the user's

from __future__ import annotations

from target_looker_stage.statements import literal, quoted, whole

LOADS, STREAMS = "_looker_loads", "_looker_load_streams"
BATCHES, TABLES = "_looker_batches", "_looker_tables"
RUNNING, COMMITTED, FAILED = "running", "committed", "failed"
PERIODS = 24
"""How many of the latest periods control totals are kept of."""

_COLUMNS = {
    LOADS: {
        "load_id": (
            "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "Number of the load, as in `_load_id` of all tables",
        ),
        "run_id": ("text NOT NULL", "What the run calls itself in the log"),
        "publish": ("text NOT NULL", "All of a `run` became visible at once, or each `stream`"),
        "status": ("text NOT NULL", "running, committed or failed"),
        "started_at": ("timestamptz NOT NULL", "When the run began"),
        "committed_at": ("timestamptz", "When its rows became visible"),
        "looker_status": ("text", "What became of the step at Looker"),
        "looker_message": ("text", "The same, in words"),
        "looker_calls": ("integer", "How many calls it made"),
    },
    STREAMS: {
        "load_id": ("bigint NOT NULL", "The load"),
        "stream": ("text NOT NULL", "The stream"),
        "table_name": ("text NOT NULL", "The table that its rows went to"),
        "rows_received": ("bigint NOT NULL", "Rows that came"),
        "rows_merged": ("bigint NOT NULL", "Rows that were added or changed"),
        "rows_current": ("bigint NOT NULL", "Rows in the table, those marked as gone left out"),
        "first_extracted_at": ("timestamptz", "When the first row of the load was read"),
        "last_extracted_at": ("timestamptz", "When the last row of the load was read"),
        "last_modified": ("timestamp", "The newest change at the source among the load's rows"),
        "control_totals": (
            "jsonb NOT NULL",
            f"Rows and sums by period, of the latest {PERIODS} periods of the table",
        ),
    },
    TABLES: {
        "table_name": ("text PRIMARY KEY", "The table"),
        "stream": ("text NOT NULL", "The stream that is staged in it"),
        "key_column": ("text NOT NULL", "Its one physical key column"),
        "columns": ("jsonb NOT NULL", "Its columns, as the LookML needs to know them"),
    },
    BATCHES: {
        "batch_key": ("text PRIMARY KEY", "SHA-256 of the batch"),
        "load_id": ("bigint NOT NULL", "The load that it became visible with"),
        "stream": ("text NOT NULL", "The stream"),
        "row_count": ("bigint NOT NULL", "Its rows"),
        "committed_at": ("timestamptz NOT NULL", "When they became visible"),
    },
}


class Audit:
    """Writes statements about the audit tables of one schema.

    Args:
        schema: The schema.
    """

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._loads, self._streams, self._batches, self._tables = (
            whole(schema, name) for name in (LOADS, STREAMS, BATCHES, TABLES)
        )

    def create(self) -> list[str]:
        """Make the tables that are not there."""
        statements = []
        for name, columns in _COLUMNS.items():
            table = whole(self._schema, name)
            defined = [f"{quoted(column)} {sql}" for column, (sql, _) in columns.items()]
            if name == STREAMS:
                defined.append("PRIMARY KEY (load_id, stream)")
            statements.append(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(defined)})")
            statements += [
                f"COMMENT ON COLUMN {table}.{quoted(column)} IS {literal(told)}"
                for column, (_, told) in columns.items()
            ]
        return statements

    def give_up_others(self) -> str:
        """Note that runs which nobody ended have failed."""
        return f"UPDATE {self._loads} SET status = '{FAILED}' WHERE status = '{RUNNING}'"

    def begin(self) -> str:
        """Note that a run begins: its own name, and when rows become visible; gives its number."""
        return (
            f"INSERT INTO {self._loads} (run_id, publish, status, started_at) "
            f"VALUES (%s, %s, '{RUNNING}', now()) RETURNING load_id"
        )

    def commit(self, load_id: int) -> str:
        """Note that the rows of a load become visible."""
        return (
            f"UPDATE {self._loads} SET status = '{COMMITTED}', committed_at = now() "
            f"WHERE load_id = {load_id}"
        )

    def fail(self, load_id: int) -> str:
        """Note that a load has failed, if it has not been committed."""
        return (
            f"UPDATE {self._loads} SET status = '{FAILED}' "
            f"WHERE load_id = {load_id} AND status = '{RUNNING}'"
        )

    def note_looker(self, load_id: int) -> str:
        """Note what became of the step at Looker: status, message and calls."""
        return (
            f"UPDATE {self._loads} SET looker_status = %s, looker_message = %s, looker_calls = %s "
            f"WHERE load_id = {load_id}"
        )

    def note_stream(self) -> str:
        """Note what was loaded of a stream: the columns of the table, in their order."""
        columns = _COLUMNS[STREAMS]
        marks = ", ".join(["%s"] * len(columns))
        return f"INSERT INTO {self._streams} ({', '.join(columns)}) VALUES ({marks})"

    def note_batch(self) -> str:
        """Note a batch: key, load, stream and rows."""
        return (
            f"INSERT INTO {self._batches} (batch_key, load_id, stream, row_count, committed_at) "
            "VALUES (%s, %s, %s, %s, now()) ON CONFLICT DO NOTHING"
        )

    def note_table(self) -> str:
        """Note how a table is stored: table, stream, key and columns; earlier columns stay."""
        return (
            f"INSERT INTO {self._tables} AS t (table_name, stream, key_column, columns) "
            "VALUES (%s, %s, %s, %s::jsonb) ON CONFLICT (table_name) DO UPDATE "
            "SET stream = excluded.stream, key_column = excluded.key_column, "
            "columns = excluded.columns || coalesce((SELECT jsonb_agg(c) "
            "FROM jsonb_array_elements(t.columns) AS c WHERE NOT excluded.columns @> "
            "jsonb_build_array(jsonb_build_object('name', c -> 'name'))), '[]')"
        )

    def tables(self) -> str:
        """Tell of all tables: stream, table, key and columns."""
        return (
            f"SELECT stream, table_name, key_column, columns::text FROM {self._tables} "
            "ORDER BY table_name"
        )

    def has_batch(self) -> str:
        """Whether a batch is visible."""
        return f"SELECT 1 FROM {self._batches} WHERE batch_key = %s"
