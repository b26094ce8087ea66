"""Measures what it costs to stage journal lines for Looker beside a bare COPY of the same rows.

`python bench/staging_cases.py [LINES]` prints a table. Both the client and the server are counted:
the client's own CPU while it works, and that of all processes of a real PostgreSQL server, which it
starts itself (so it needs `tests/support`, and Linux). Starting Python is not part of it.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from loader_core.target import LoaderTarget  # noqa: E402 - needs the line above
from loader_core.writer import Outcome, Writer  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from target_looker_stage import rows, statements  # noqa: E402
from target_looker_stage.layout import layout  # noqa: E402
from target_looker_stage.session import Session  # noqa: E402
from target_looker_stage.settings import Settings  # noqa: E402
from target_looker_stage.target import TargetLookerStage  # noqa: E402
from target_looker_stage.writer import StagingWriter  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loader_core import Batch, Table

LINES = 200_000
ROUNDS = 3
LINES_OF_A_JOURNAL = 4
SCHEMAS = ROOT / "tap-visma" / "tap_visma" / "schemas"
STREAM = "journal_transaction_lines"
TICKS = os.sysconf("SC_CLK_TCK")
BAR = 3.0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a piece of work.

    Attributes:
        client: Of this process.
        server: Of the server's processes.
    """

    client: float
    server: float

    @property
    def both(self) -> float:
        """All of it."""
        return self.client + self.server


def messages(lines: int) -> Iterator[dict[str, Any]]:
    """What the tap writes of so many journal lines."""
    properties = json.loads((SCHEMAS / f"{STREAM}.json").read_text())["properties"]
    text = {"type": "string"}
    stamp = {"type": ["string", "null"], "format": "date-time"}
    audited = {"company_id": text, "record_id": text, "lastModifiedDateTime": stamp}
    audited |= {"_batch_id": text, "_audit_id": text, "_extracted_at": stamp}
    audited |= {"module": text, "batchNumber": text}
    schema = {
        "type": "object",
        "properties": {**properties, **audited},
        "x-document": {
            "stream": "journal_transactions",
            "key": ["company_id", "module", "batchNumber"],
            "version": "lastModifiedDateTime",
        },
    }
    key = ["company_id", "record_id"]
    yield {"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": key}
    for number in range(lines):
        yield {"type": "RECORD", "stream": STREAM, "record": line(number), "version": 1}
    yield {"type": "ACTIVATE_VERSION", "stream": STREAM, "version": 1}
    yield {"type": "STATE", "value": {"lines": lines}}


def line(number: int) -> dict[str, Any]:
    """A journal line, alike a real one."""
    journal, place = divmod(number, LINES_OF_A_JOURNAL)
    batch = f"{journal:08d}"
    amount, account = f"{number % 99_991}.{number % 100:02d}", str(1000 + number % 400 * 20)
    is_debit = place % 2 == 0
    sub = f"{number % 40:03d}-{number % 7:02d}"
    return {
        "lineNumber": place + 1,
        "accountNumber": account,
        "description": f"Konto {account}, østre avdeling",
        "subaccount": {
            "subaccountNumber": sub,
            "subaccountId": number % 280,
            "description": f"Avdeling {sub}",
            "segments": [{"segmentId": 1, "segmentValue": sub[:3]}],
        },
        "referenceNumber": f"REF{journal:07d}",
        "debitAmount": amount if is_debit else "0.0",
        "debitAmountInCurrency": amount if is_debit else "0.0",
        "creditAmount": "0.0" if is_debit else amount,
        "creditAmountInCurrency": "0.0" if is_debit else amount,
        "transactionDescription": f"Faktura {journal} fra leverandør {number % 900}",
        "vatCode": {"id": "1", "description": "Inngående mva, høy sats"},
        "branch": "1",
        "customerSupplier": f"{10_000 + number % 900}",
        "transactionType": "INV",
        "module": "AP",
        "quantity": "1.0",
        "company_id": "1001237",
        "record_id": f"1001237:AP:{batch}:{place + 1}",
        "lastModifiedDateTime": f"2026-{1 + journal % 12:02d}-03T10:11:12.345678",
        "batchNumber": batch,
        "_batch_id": "01a1fc1d-87f2-7660-8822-e40d67605fbf",
        "_audit_id": f"01a1fc1d-87f2-7660-8822-e40d67605fbf/{number // 1000}/{number % 1000}",
        "_extracted_at": "2026-11-20T02:00:00.000000+00:00",
    }


class _Kept(Writer):
    """Keeps the batches that the core makes, as it hands them on, to be loaded in several ways."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def prepare(self, table: Table) -> None:
        pass

    def write(self, batch: Batch) -> Outcome:
        self.batches.append(batch)
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        pass

    def replace(self, table: Table) -> None:
        pass


def batches_of(text: str, folder: Path) -> list[Batch]:
    """The batches that the core makes of messages, with its settings as they are by default."""
    kept = _Kept()

    class Target(LoaderTarget):
        name = "target-kept"
        destination = "kept"

        def make_writer(self) -> Writer:
            return kept

    with redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        target = Target(config={"outbox_dir": str(folder / "kept")})
        target.listen(io.StringIO(text))
    return kept.batches


def server_seconds(server: PostgresServer) -> float:
    """CPU of all processes of a server until now, those that have ended included."""
    parents: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents.setdefault(int(stat[1]), []).append(int(process.name))
        used[int(process.name)] = sum(map(int, stat[11:15]))
    waiting, found = [server.pid], 0
    while waiting:
        of = waiting.pop()
        found += used.get(of, 0) if of != server.pid else 0
        waiting += parents.get(of, [])
    return found / TICKS


def cost(server: PostgresServer, work: Callable[[], None]) -> Cost:
    """What a piece of work costs."""
    client, of_server = time.process_time(), server_seconds(server)
    work()
    time.sleep(0.3)  # so that the server has reaped the session's process
    return Cost(time.process_time() - client, server_seconds(server) - of_server)


class Bench:
    """The ways to bring the same rows into the same server.

    Args:
        server: The server.
        text: What the tap wrote.
        folder: For outboxes.
    """

    def __init__(self, server: PostgresServer, text: str, folder: Path) -> None:
        self._server = server
        self._text = text
        self._folder = folder
        self._batches = batches_of(text, folder)
        self._stored = layout(self._batches[0].table, self._settings("any"))
        self._lines = [
            bytes(block)
            for batch in self._batches
            for block in rows.copied(batch.read(), self._stored, batch.key)
        ]
        self.rows = sum(batch.rows for batch in self._batches)

    def _settings(self, schema: str) -> Settings:
        return Settings.of(self._config(schema))

    def _config(self, schema: str) -> dict[str, Any]:
        return {"sqlalchemy_url": self._server.url(), "default_target_schema": schema}

    def bare_copy(self, schema: str, *, keyed: bool) -> None:
        """COPY of lines that are ready, into a table of the same columns."""
        table = statements.whole(schema, "lines")
        made = statements.create_table(self._stored, table)
        if not keyed:
            made = made.replace(f", PRIMARY KEY ({statements.quoted(self._stored.key)})", "")
        names = statements.listed(column.name for column in self._stored.columns)
        with closing(self._server.connect("loader")) as opened:
            opened.execute(f"CREATE SCHEMA {schema}")
            opened.execute(made)
            with opened.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as of:
                for block in self._lines:
                    of.write(block)

    def stage(self, schema: str) -> None:
        """Batches as the core hands them on, staged and published."""
        settings = self._settings(schema)
        writer = StagingWriter(Session(settings), settings)
        writer.prepare(self._batches[0].table)
        for batch in self._batches:
            writer.write(batch)
        writer.finish()
        writer.close()

    def load(self, schema: str, outbox: str) -> None:
        """The whole target, from the tap's lines to the published tables."""
        config = self._config(schema) | {"outbox_dir": str(self._folder / outbox)}
        with redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            TargetLookerStage(config=config).listen(io.StringIO(self._text))


def measured(server: PostgresServer, bench: Bench, number: int) -> dict[str, Cost]:
    """One round of all cases, each into a schema of its own but the last."""
    night = f"night_{number}"
    found = {
        "bare COPY": cost(server, lambda: bench.bare_copy(f"bare_{number}", keyed=False)),
        "COPY, with the key": cost(server, lambda: bench.bare_copy(f"keyed_{number}", keyed=True)),
        "**staged and published**": cost(server, lambda: bench.stage(f"staged_{number}")),
        "whole target, first night": cost(server, lambda: bench.load(night, night)),
    }
    with closing(server.connect()) as opened:
        for schema in (f"staged_{number}", night):
            there = opened.execute(f"SELECT count(*) FROM {schema}.{STREAM}").fetchone()  # noqa: S608
            if there != (bench.rows,):
                sys.exit(f"{schema} has {there} rows, not {bench.rows}")
        for schema in (f"bare_{number}", f"keyed_{number}", f"staged_{number}", night):
            opened.execute(f"DROP SCHEMA {schema} CASCADE")
        opened.execute("CHECKPOINT")
    return found


def table(rounds: Sequence[dict[str, Cost]], lines: int) -> str:
    """The cheapest round of each case, and its range."""
    told = [
        f"| {lines:,} journal lines | CPU s | client | server | times bare COPY | range |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    floor = sorted(one["bare COPY"].both for one in rounds)[len(rounds) // 2]
    for name in rounds[0]:
        costs = sorted((one[name] for one in rounds), key=lambda cost: cost.both)
        middle = costs[len(costs) // 2]
        told.append(
            f"| {name} | {middle.both:.2f} | {middle.client:.2f} | {middle.server:.2f} "
            f"| {middle.both / floor:.2f} | {costs[0].both:.2f} to {costs[-1].both:.2f} |"
        )
    return "\n".join(told)


def main() -> None:
    """Measure, and print."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in messages(lines))
    with PostgresServer() as server, tempfile.TemporaryDirectory() as name:
        bench = Bench(server, text, Path(name))
        rounds = [measured(server, bench, number) for number in range(ROUNDS)]
    sys.stdout.write(table(rounds, lines) + "\n")


if __name__ == "__main__":
    main()
