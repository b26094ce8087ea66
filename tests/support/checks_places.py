"""Schemas in the stand-ins of both warehouses, filled as the loaders fill them, for the checks."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from warehouse_checks import command
from warehouse_checks.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from bigquery_service import BigQueryService
    from snowflake_account import SnowflakeAccount


class HastyClock(Clock):
    """A clock that moves on instead of waiting.

    Attributes:
        ahead: Seconds by which it is ahead of the machine's.
        waits: Seconds of each wait.
    """

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self.waits: list[float] = []

    def now(self) -> datetime:
        """The time, UTC."""
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return super().monotonic() + sum(self.waits)

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.waits.append(seconds)


AUDIT = {"company_id": "text", "record_id": "text", "_batch_id": "text"}
INVOICES = AUDIT | {"amount": "decimal", "quantity": "decimal"}
LINES = AUDIT | {"cost": "decimal"}
LEDGER = AUDIT | {
    "stream": "text",
    "since": "text",
    "finished_at": "text",
    "status": "text",
    "records": "integer",
    "line_records": "integer",
    "control_totals": "text",
}


LARGE = "12345678901234567890.123456789"
"""An amount that no float holds."""
SNOWFLAKE_TYPES = {
    "text": "VARCHAR",
    "decimal": "NUMBER(38,9)",
    "integer": "NUMBER(38,0)",
    "float": "FLOAT",
}
BIGQUERY_TYPES = {"text": "STRING", "decimal": "NUMERIC", "integer": "INTEGER", "float": "FLOAT"}


class KeyPair:
    """An RSA key as a user has it: in private, and as it is registered."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def private(self, passphrase: str | None = None) -> str:
        """As PEM."""
        encryption = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        ).decode()

    def public(self) -> str:
        """As PEM."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )


@dataclass
class SnowflakePlace:
    """A new schema in the account."""

    account: SnowflakeAccount
    private_key: str
    schema: str = field(default_factory=lambda: f"S_{uuid.uuid4().hex[:8].upper()}")
    warehouse = "snowflake"

    def __post_init__(self) -> None:
        self.run(f"CREATE SCHEMA VISMA.{self.schema}")

    @property
    def config(self) -> dict[str, Any]:
        """Settings, as for the loader."""
        return {
            "account": "vismatest",
            "user": "loader",
            "private_key": self.private_key,
            "role": "loader_role",
            "warehouse": "loading",
            "database": "VISMA",
            "default_target_schema": self.schema,
            "host": self.account.url,
            "load_method": "upsert",
        }

    def table(self, name: str) -> str:
        """Its whole name."""
        return f"VISMA.{self.schema}.{name.upper()}"

    def make(self, name: str, columns: Mapping[str, str]) -> None:
        """Make a table."""
        of = ", ".join(
            f"{column.upper()} {SNOWFLAKE_TYPES[kind]}" for column, kind in columns.items()
        )
        self.run(f"CREATE TABLE {self.table(name)} ({of})")

    def run(self, sql: str) -> None:
        """Run a statement behind the loader's back."""
        self.account.query(sql)


@dataclass
class BigQueryPlace:
    """A new dataset in the project."""

    service: BigQueryService
    token: str
    dataset: str = field(default_factory=lambda: f"s_{uuid.uuid4().hex[:8]}")
    warehouse = "bigquery"

    @staticmethod
    def key_file(service: BigQueryService) -> bytes:
        """The key file of the service's account."""
        return json.dumps(service.key).encode()

    def __post_init__(self) -> None:
        self.service.set(datasets={self.dataset: "EU"})

    @property
    def config(self) -> dict[str, Any]:
        """Settings, as for the loader."""
        return {
            "project": self.service.project,
            "dataset": self.dataset,
            "location": "EU",
            "credentials_json": json.dumps(self.service.key),
            "api_endpoint": self.service.url,
            "labels": {"team": "books"},
        }

    def table(self, name: str) -> str:
        """Its whole name."""
        return f"{self.dataset}.{name}"

    def make(self, name: str, columns: Mapping[str, str]) -> None:
        """Make a table."""
        place = {"projectId": self.service.project, "datasetId": self.dataset, "tableId": name}
        fields = [
            {"name": column, "type": BIGQUERY_TYPES[kind]} for column, kind in columns.items()
        ]
        self._call("POST", "/tables", {"tableReference": place, "schema": {"fields": fields}})

    def share(self, access: list[dict[str, str]]) -> None:
        """Say who may do what in the dataset."""
        self._call("PATCH", "", {"access": access})

    def _call(self, method: str, path: str, body: object) -> None:
        project = self.service.project
        url = f"{self.service.url}/bigquery/v2/projects/{project}/datasets/{self.dataset}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, url, headers=headers, json=body, timeout=60)
        answer.raise_for_status()

    def run(self, sql: str) -> None:
        """Run a statement behind the loader's back."""
        self.service.tamper(sql)


Place = SnowflakePlace | BigQueryPlace


def batch_id(number: int) -> str:
    """An id of a batch; greater numbers are later ones."""
    return f"01990000-0000-7000-8000-{number:012d}"


class Desk:
    """Where the command is run against a place.

    Attributes:
        clock: Of the command.
    """

    def __init__(self, place: Place, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.place = place
        self.clock = HastyClock()
        self._folder = folder
        self._capsys = capsys

    def write(self, name: str, text: str) -> str:
        """Write a file; gives its path."""
        path = self._folder / name
        path.write_text(text)
        return str(path)

    def told(self, verb: str, *options: str, **settings: object) -> tuple[int, str]:
        """Run a command; gives its exit code and what it wrote. No secret may be in that."""
        config = self.place.config | settings
        given = {name: value for name, value in config.items() if value is not None}
        path = self.write("config.json", json.dumps(given))
        arguments = [verb, self.place.warehouse, "--config", path, *options]
        code = command.main(arguments, self.clock)
        shown = self._capsys.readouterr()
        told = shown.out + shown.err
        assert not [secret for secret in secrets_of(config) if secret in told]
        return code, told

    def findings(self, **settings: object) -> tuple[int, dict[str, dict[str, str]]]:
        """Run preflight; gives its exit code, and its findings by what they are about."""
        code, told = self.told("preflight", "--format", "json", **settings)
        report = json.loads(told)
        assert report["works"] is (code == 0)
        return code, {each["about"]: each for each in report["findings"]}


def secrets_of(config: Mapping[str, Any]) -> list[str]:
    """What of some settings must not be seen: each line of keys, and tokens."""
    texts = [str(config.get(name) or "") for name in ("private_key", "programmatic_access_token")]
    if key := config.get("credentials_json"):
        texts.append(json.loads(key)["private_key"])
    lines = (line for text in texts for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("-----")]


class Books(Desk):
    """What a tap has read and a loader has loaded, and verify is asked about."""

    def __init__(self, place: Place, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(place, folder, capsys)
        self._rows: dict[str, list[tuple[object, ...]]] = {}

    def add(self, table: str, *rows: tuple[object, ...]) -> None:
        """Keep rows for a table."""
        self._rows.setdefault(table, []).extend(rows)

    def batch(
        self,
        company: str,
        number: int,
        totals: Mapping[str, object] | None,
        *,
        status: str = "complete",
        since: str | None = None,
        records: int = 0,
        lines: int = 0,
    ) -> None:
        """Keep a row of the ledger, of a batch of supplier_invoices."""
        finished = None if status == "killed" else "2026-11-20T02:00:00Z"
        told = None if totals is None else json.dumps(totals)
        name = batch_id(number)
        row = (company, f"{company}:{name}:{status}", name, "supplier_invoices", since, finished)
        told_status = "partial" if status == "killed" else status
        self.add("sync_batches", (*row, told_status, records, lines, told))

    def load(self, invoices: Mapping[str, str] = INVOICES, *, without: str = "") -> None:
        """Make all tables, or all but one, and put the rows into them."""
        shapes = {
            "supplier_invoices": invoices,
            "supplier_invoice_lines": LINES,
            "sync_batches": LEDGER,
        }
        shapes.pop(without, None)
        for table, columns in shapes.items():
            self.place.make(table, columns)
            if rows := self._rows.get(table):
                values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
                self.place.run(f"INSERT INTO {self.place.table(table)} VALUES {values}")

    def change(self, sql: str) -> None:
        """Run a statement; `{table}` stands for that of invoices."""
        self.place.run(sql.format(table=self.place.table("supplier_invoices")))

    def verify(self, *options: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
        """Run verify; gives its exit code, and its reports by company and stream."""
        code, told = self.told("verify", "--format", "json", *options)
        reports = json.loads(told)["reports"]
        return code, {(each["company_id"], each["stream"]): each for each in reports}


def standard(books: Books) -> None:
    """Two companies. One had a full pass and a later batch, the other a full pass only."""
    first, second = batch_id(1), batch_id(2)
    books.add(
        "supplier_invoices",
        ("1001", "1001:1", first, "100.25", "1"),
        ("1001", "1001:2", first, "4", "2"),
        ("1001", "1001:3", second, "-0.1", "3"),
        ("1001", "1001:4", second, "0.3", None),
        ("1002", "1002:1", batch_id(3), LARGE, "0.000000001"),
    )
    books.add(
        "supplier_invoice_lines",
        ("1001", "1001:1:1", first, "100.25"),
        ("1001", "1001:3:1", second, "-0.1"),
    )
    of_first = {"amount": "104.15", "quantity": "6"}
    books.batch("1001", 1, _totals(3, of_first, 2, "104.25"), records=3, lines=2)
    of_second = {"amount": "0.2", "quantity": "3"}
    books.batch("1001", 2, _totals(2, of_second, 1, "-0.10"), since="2026-11-01", records=2)
    books.batch("1002", 3, _totals(1, {"amount": LARGE, "quantity": "0.000000001"}, 0, "0"))


def _totals(rows: int, sums: Mapping[str, str], lines: int, cost: str) -> dict[str, object]:
    return {
        "supplier_invoices": {"records": rows, "sums": sums},
        "supplier_invoice_lines": {"records": lines, "sums": {"cost": cost}},
    }


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return text if _is_number(text) else "'" + text.replace("'", "''") + "'"


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isdecimal() and len(text) != len("1001")


def lines_with(told: str, *parts: str) -> list[str]:
    """The lines of an output that have all of some texts in them."""
    return [line for line in told.splitlines() if all(part in line for part in parts)]
