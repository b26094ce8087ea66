"""Two nights of three companies, from the sandbox into a PostgreSQL that this starts itself.

Runs `tap-visma | target-looker-stage`, kills the target within the second night, runs it again,
and compares the books of the sandbox with the tables as Looker's role reads them. The LookML is
written into `output/lookml`, and a stand-in of Looker is told of each load. Needs `tests/support`
on PYTHONPATH.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common
from common import AMOUNTS, BIN, STREAMS, compare, control, sandbox, say, table, write_files
from looker_service import LookerService
from postgres_server import READER, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = "target-looker-stage"
LOOKML = Path(__file__).parent.parent / "output" / "lookml"
SCHEMA = "visma_stage"
KILLED_AFTER = 2000
"""Lines of the tap after which the target is killed in the second night."""

night = partial(common.night, target=TARGET, shown="After load.*")


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    shutil.rmtree(LOOKML, ignore_errors=True)
    LOOKML.mkdir(parents=True)
    with (
        sandbox() as ready,
        PostgresServer() as server,
        LookerService(warehouse=server.url(READER).replace("+psycopg", "")) as looker,
        tempfile.TemporaryDirectory() as folder,
    ):
        target = settings(server, looker)
        files = write_files(folder, ready, target, use_singer_decimal=True)

        say("First night: everything. The LookML is written; Looker is to read it from there.")
        night(files)
        looker.set(lookml=str(LOOKML))  # as its user would have it, by git
        told = json.loads(files["target"].read_text()) | looker.settings
        files["target"].write_text(json.dumps(told))
        last = stored(server)
        wrong = compare(ready, last)

        control(ready, "advance", {"days": 1})
        say("A business day has passed. Second night: the target is killed on its way.")
        killed(files)
        stands = stored(server) == last
        print(f"Last night stands as it was: {'yes' if stands else 'NO'}")

        say("The second night again.")
        night(files)
        wrong += compare(ready, stored(server))
        audit = loads(server)
        head = ["load", "status", "rows received", "rows changed", "at Looker", "calls"]
        table(head, audit)
    found = sorted(path.name for path in LOOKML.rglob("*.lkml"))
    say(f"LookML: {len(found)} files in {LOOKML}. Differences: {wrong}.")
    steps = [row[4] for row in audit if row[1] == "committed"]
    if wrong or not stands or len(found) < len(STREAMS) or steps != ["ok", "ok"]:
        sys.exit("The tables are not what the books are, or a step after the load failed.")


def settings(server: PostgresServer, looker: LookerService) -> dict[str, object]:
    """What the target is told before there is LookML for Looker to read."""
    return {
        "sqlalchemy_url": server.url(),
        "default_target_schema": SCHEMA,
        "grant_select_to": [READER],
        "zoneless_columns": ["date", "*Date", "*DateTime"],
        "lookml_dir": str(LOOKML),
        "looker_connection": looker.settings["looker_connection"],
    }


def killed(files: Mapping[str, Path]) -> None:
    """Run the tap into a target that is killed when it has got some of it."""
    tap = [str(BIN / "tap-visma"), *common.tap_options(files)]
    with (
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reading,  # noqa: S603 - our own
        subprocess.Popen(  # noqa: S603 - our own
            [str(BIN / TARGET), "--config", str(files["target"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as loading,
    ):
        for number, line in enumerate(reading.stdout or ()):
            if number == KILLED_AFTER:
                break
            loading.stdin.write(line)  # type: ignore[union-attr] # it is a pipe
        loading.kill()
        reading.kill()


def ask(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, asked as Looker does."""
    with closing(server.connect(READER)) as opened:
        return opened.execute(sql.encode()).fetchall()


COLUMNS = {
    "journal_transaction_lines": ("debit_amount", "credit_amount"),
    "supplier_invoices": ("amount", "vat_amount"),
}
"""The columns of `AMOUNTS`, as the target names them."""


def stored(server: PostgresServer) -> dict[str, common.Rows]:
    """The current rows of the tables that are compared."""
    found: dict[str, common.Rows] = {}
    for name, columns in COLUMNS.items():
        what, table = f"record_id, {', '.join(columns)}", f"{SCHEMA}.{name}"
        rows = ask(server, f"SELECT {what} FROM {table} WHERE _sdc_deleted_at IS NULL")
        found[name] = {key: dict(zip(AMOUNTS[name], values, strict=True)) for key, *values in rows}
    return found


def loads(server: PostgresServer) -> list[list[Any]]:
    """What the audit says."""
    found = ask(
        server,
        "SELECT l.load_id::text, l.status, coalesce(sum(s.rows_received), 0), "
        "coalesce(sum(s.rows_merged), 0), coalesce(l.looker_status, ''), "
        f"coalesce(l.looker_calls, 0) FROM {SCHEMA}._looker_loads AS l "
        f"LEFT JOIN {SCHEMA}._looker_load_streams AS s USING (load_id) "
        "GROUP BY l.load_id ORDER BY l.load_id",
    )
    return [list(row) for row in found]


if __name__ == "__main__":
    main()
