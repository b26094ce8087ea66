"""A target that loads into an account, its key pair, and what is there afterwards."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from loader_core.testing import Destination
from loader_runs import NEVER_EQUAL, PatientClock, Run, lines, watched
from target_snowflake_guarded.layout import ROW_KEY, stored_name
from target_snowflake_guarded.session import Session
from target_snowflake_guarded.settings import Settings
from target_snowflake_guarded.target import TargetSnowflake
from target_snowflake_guarded.writer import SnowflakeWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from loader_core import Writer
    from loader_core.clock import Clock
    from snowflake_account import SnowflakeAccount

TOKEN = "pat-of-the-loader"
PASSPHRASE = "a passphrase"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class KeyPair:
    """A key pair of a user.

    Attributes:
        private: PEM.
        locked: PEM that `PASSPHRASE` opens.
        public: PEM, as a user registers it.
    """

    private: str
    locked: str
    public: str

    @classmethod
    def new(cls) -> Self:
        """A key pair that nobody else has."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

        def pem(how: serialization.KeySerializationEncryption) -> str:
            form = serialization.PrivateFormat.PKCS8
            return key.private_bytes(serialization.Encoding.PEM, form, how).decode()

        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(
            pem(serialization.NoEncryption()),
            pem(serialization.BestAvailableEncryption(PASSPHRASE.encode())),
            public.decode(),
        )


@dataclass
class Books:
    """A schema in an account, and how a target is set to load into it."""

    account: SnowflakeAccount
    keys: KeyPair
    schema: str
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        ready = self.account.ready
        return {
            "account": ready["account"],
            "host": self.account.url,
            "user": ready["user"],
            "private_key": self.keys.private,
            "database": ready["database"],
            "warehouse": ready["warehouse"],
            "default_target_schema": self.schema,
            "outbox_dir": str(self.folder / "outbox"),
            "retry_seconds": 20,
        }

    def load(
        self,
        messages: Iterable[dict[str, Any] | str],
        *,
        clock: Clock | None = None,
        without: str = "",
        **settings: Any,
    ) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome."""
        config = {name: value for name, value in self.config.items() if name != without}

        def run() -> None:
            target = TargetSnowflake(config=config | settings)
            target.clock = clock or PatientClock()
            target.listen(io.StringIO(lines(messages)))

        return watched(run)

    def writer(self, **settings: Any) -> SnowflakeWriter:
        """A writer, as a run has it."""
        place = Settings.of(self.config | settings)
        return SnowflakeWriter(Session(place, PatientClock()), place)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in an order of their own; none without it."""
        try:
            told = self.account.control("POST", "query", {"sql": f"SELECT * FROM {self.of(table)}"})
        except requests.HTTPError as error:
            if "does not exist" not in error.response.text:
                raise
            return []
        columns = [(column["name"], READ.get(column["type"])) for column in told["columns"]]
        found = [
            {
                name: value if value is None or not read else read(value)
                for (name, read), value in zip(columns, row, strict=True)
            }
            for row in told["rows"]
        ]
        return sorted(found, key=lambda row: str(sorted(row.items())))

    def current(self, table: str) -> list[dict[str, Any]]:
        """Rows that are not marked as deleted, without what differs from run to run."""
        return [
            {name: value for name, value in row.items() if name.lower() not in NEVER_EQUAL}
            for row in self.rows(table)
            if row.get("_SDC_DELETED_AT") is None
        ]

    def comparable(self, table: str) -> list[dict[str, Any]]:
        """Rows without what differs from run to run, such as when one was marked as deleted."""
        found = [
            {
                name: value is not None if name == "_SDC_DELETED_AT" else value
                for name, value in row.items()
                if name.lower() not in NEVER_EQUAL
            }
            for row in self.rows(table)
        ]
        return sorted(found, key=lambda row: str(sorted(row.items())))

    def of(self, table: str) -> str:
        """The whole name of a table."""
        return f'"{self.account.ready["database"]}"."{self.schema}"."{stored_name(table)}"'

    def types(self, table: str) -> dict[str, str]:
        """The types of a table's columns."""
        rows = self.account.query(f"DESCRIBE TABLE {self.of(table)}")
        return {str(name): str(of) for name, of, *_ in rows}


@dataclass
class Emptied(Destination):
    """A schema as the contract of writers needs it, with the names that the contract gives."""

    books: Books

    def connect(self) -> Writer:
        return self.books.writer()

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [
            {
                name.lower() if name.startswith("_SDC") else SPELT.get(name, name.lower()): value
                for name, value in row.items()
                if name != ROW_KEY
            }
            for row in self.books.rows(table)
        ]


SPELT = {
    "LASTMODIFIEDDATETIME": "lastModifiedDateTime",
    "SELECT": "Select",
    "A__B__C": 'a "b" c',
}
"""Names of the contract that are not small letters."""
READ: dict[str, Callable[[str], Any]] = {
    "fixed": lambda text: Decimal(text) if "." in text else int(text),
    "boolean": lambda text: text == "true",
    "date": lambda text: date(1970, 1, 1) + timedelta(days=int(text)),
    "timestamp_ntz": lambda text: _moment(text).replace(tzinfo=None),
    "timestamp_tz": lambda text: _moment(text.partition(" ")[0]),
}


def _moment(text: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(Decimal(text) * 10**6))
