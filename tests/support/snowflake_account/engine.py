"""The engine: sessions, and statements run on fakesnow, one at a time.

Knows SQL, stages and warehouses; knows no HTTP. fakesnow makes DuckDB's SQL of Snowflake's; what
it lacks is here: REMOVE, warehouses that are suspended, uploads through this server.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import snowflake.connector.errors as sf
from fakesnow import transforms
from fakesnow.converter import from_binding
from fakesnow.dialect import parse_one
from fakesnow.instance import FakeSnow
from fakesnow.rowtype import describe_as_rowtype
from fakesnow.statement_type import statement_type_id
from fakesnow.transforms import stage

from snowflake_account.copies import copied
from snowflake_account.errors import SqlError
from snowflake_account.results import Result, listed
from snowflake_account.shows import Shows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake_account.state import State

UPLOADS: Final = "/fs_bucket/"
_COMPUTES: Final = re.compile(
    r"\s*(COPY|MERGE|INSERT|UPDATE|DELETE|SELECT\b.*\bFROM|WITH|CREATE\b.*\bAS\s+SELECT)\b",
    re.IGNORECASE | re.DOTALL,
)
_USE: Final = re.compile(r"\s*USE\s+(ROLE|WAREHOUSE)\s+(\"[^\"]+\"|\w+)\s*;?\s*", re.IGNORECASE)
_ALTER: Final = re.compile(
    r"\s*ALTER\s+WAREHOUSE\s+(\w+)\s+(RESUME|SUSPEND)(?:\s+IF\s+SUSPENDED)?\s*;?\s*", re.IGNORECASE
)
_REMOVE: Final = re.compile(r"\s*(?:REMOVE|RM)\s+'?@([^\s';]+)'?\s*;?\s*", re.IGNORECASE)
_CREATES_DATABASE: Final = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?DATABASE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE
)
_DONE: Final = "Statement executed successfully."


@dataclass
class Session:
    """Who works in which place.

    Attributes:
        connection: fakesnow's, with the current database and schema.
        token: What a client shows to be this session.
        master: What it shows to get another token.
    """

    connection: Any
    role: str
    warehouse: str | None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    master: str = field(default_factory=lambda: secrets.token_urlsafe(24))


class Engine:
    """Runs statements.

    Args:
        state: The account's.

    Attributes:
        lock: Held while a statement runs.
    """

    def __init__(self, state: State) -> None:
        self.lock = threading.RLock()
        self._state = state
        self._made: set[str] = set()
        self._shows = Shows(state, lambda: self._made)
        self._bucket = tempfile.mkdtemp(prefix="snowflake-account-")
        stage.LOCAL_BUCKET_PATH = self._bucket
        transforms.numeric_agg_implicit_cast = _as_it_is
        self._fake = FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)
        self.make_databases()

    def close(self) -> None:
        """Remove the staged files."""
        shutil.rmtree(self._bucket, ignore_errors=True)

    def make_databases(self) -> None:
        """Make the databases of the account's state that are not there."""
        for name in self._state.values["databases"]:
            with self.lock:
                self._fake.create_database_on_connect = True
                self._fake.connect(name).close()
                self._fake.create_database_on_connect = False

    def open(
        self, role: str, warehouse: str | None, database: str | None, schema: str | None
    ) -> Session:
        """A new session; a place that is not there is no error, as in Snowflake."""
        with self.lock:
            connection = self._fake.connect(
                database and _folded(database), schema and _folded(schema)
            )
        return Session(connection, role, _folded(warehouse) if warehouse else None)

    def run(
        self,
        session: Session,
        sql: str,
        bindings: Mapping[str, Any] | None = None,
        address: str = "",
    ) -> Result:
        """Run a statement.

        Args:
            session: Where.
            sql: One statement.
            bindings: Its parameters, as the connector's protocol has them.
            address: Of this server, for uploads.

        Raises:
            SqlError: It fails.
        """
        with self.lock:
            told = self._of_the_account(session, sql)
            if told is not None:
                return told
            self._warm(session, sql)
            loaded = copied(session.connection, sql)
            if loaded is not None:
                return loaded
            text = self._shows.with_session(sql, session.role, session.warehouse)
            return self._of_fakesnow(session, text, bindings, address)

    def run_cold(self, session: Session, sql: str) -> Result:
        """Run a statement that needs no warehouse, whatever it does: for who looks from outside.

        Raises:
            SqlError: It fails.
        """
        with self.lock:
            return self._of_fakesnow(session, sql, None, "")

    def upload(self, path: str, content: bytes) -> None:
        """Keep an uploaded file.

        Args:
            path: In the bucket, as `PUT` told the client.
            content: Of the file.
        """
        target = (Path(self._bucket) / path).resolve()
        if not target.is_relative_to(Path(self._bucket).resolve()):
            raise SqlError("253003", "The path leaves the bucket.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def staged(self) -> list[str]:
        """Paths of all staged files, in the bucket."""
        bucket = Path(self._bucket)
        return sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())

    def _of_the_account(self, session: Session, sql: str) -> Result | None:
        used, altered = _USE.fullmatch(sql), _ALTER.fullmatch(sql)
        removed = _REMOVE.fullmatch(sql)
        if used:
            self._use(session, used[1].upper(), _folded(used[2]))
        elif altered:
            warehouse = self._warehouse(_folded(altered[1]))
            warehouse["state"] = "STARTED" if altered[2].upper() == "RESUME" else "SUSPENDED"
        elif removed:
            return self._remove(session, removed[1])
        else:
            return self._shows.answer(sql, session.role)
        return listed(["status"], [{"status": _DONE}])

    def _use(self, session: Session, kind: str, name: str) -> None:
        if kind == "ROLE":
            if name not in self._state.values["roles"]:
                raise SqlError(
                    "003013", f"Requested role '{name}' is not assigned to the executing user."
                )
            session.role = name
        else:
            session.warehouse = self._warehouse(name)["name"]

    def _warehouse(self, name: str) -> dict[str, Any]:
        warehouses: list[dict[str, Any]] = self._state.values["warehouses"]
        for each in warehouses:
            if each["name"] == name:
                return each
        raise SqlError(
            "002043",
            "SQL compilation error:\nObject does not exist, or operation cannot be performed.",
            "02000",
        )

    def _warm(self, session: Session, sql: str) -> None:
        """See that a warehouse runs, where a statement needs one."""
        if not _COMPUTES.match(sql):
            return
        for each in self._state.values["warehouses"]:
            if each["name"] == session.warehouse and (
                each["state"] == "STARTED" or each["auto_resume"]
            ):
                each["state"] = "STARTED"
                return
        raise SqlError(
            "000606",
            "No active warehouse selected in the current session.  Select an active warehouse "
            "with the 'use warehouse' command.",
            "57P03",
        )

    def _remove(self, session: Session, place: str) -> Result:
        name, _, path = place.partition("/")
        connection = session.connection
        parts = stage.parts_from_var(name, connection.database, connection.schema)
        folder = Path(stage.internal_dir(".".join(parts)))
        found = [each for each in folder.rglob("*") if each.is_file()]
        gone = [each for each in found if str(each.relative_to(folder)).startswith(path)]
        for each in gone:
            each.unlink()
        rows = [{"name": f"{parts[-1].lower()}/{each.name}", "result": "removed"} for each in gone]
        return listed(["name", "result"], rows)

    def _of_fakesnow(
        self, session: Session, sql: str, bindings: Mapping[str, Any] | None, address: str
    ) -> Result:
        params = (
            [from_binding(bindings[str(at + 1)]) for at in range(len(bindings))]
            if bindings
            else None
        )
        try:
            type_id = statement_type_id(parse_one(sql))
            cursor = session.connection.cursor()
            cursor.execute(sql, binding_params=params, server=True)
            transformed = cursor._last_transformed  # noqa: SLF001 - fakesnow's server does so too
            put = transformed.args.get("put_stage_data")
            if put:
                return Result(upload=_upload(put, transformed.args["put_stage_name"], address))
            columns = describe_as_rowtype(cursor._describe_last_sql())  # noqa: SLF001
            found = cursor._arrow_table  # noqa: SLF001
        except sf.Error as error:
            message = error.raw_msg or "no message"
            raise SqlError(f"{error.errno:06d}", message, error.sqlstate or "") from error
        except Exception as error:  # fakesnow fails in many ways on what it does not know
            what = f"The stand-in does not know this: {type(error).__name__}: {error}"
            raise SqlError("261000", what, "XX000") from error
        made = _CREATES_DATABASE.match(sql)
        if made:
            self._made.add(_folded(made[1]))
        rows = list(zip(*(each.to_pylist() for each in found.columns), strict=True))
        return Result([dict(each) for each in columns], rows, type_id, cursor.rowcount or 0)


def _as_it_is(expression: Any) -> Any:
    """In place of fakesnow's sums, which are of floats: a sum of numbers is a number."""
    return expression


def _upload(put: Mapping[str, Any], name: str, address: str) -> dict[str, Any]:
    """What the connector must know: to send the file by one PUT to a given address."""
    folder = put["stageInfo"]["location"]
    path = Path(folder).relative_to(stage.LOCAL_BUCKET_PATH) / Path(put["src_locations"][0]).name
    return {
        **put,
        "overwrite": True,
        "stageInfo": {
            "locationType": "GCS",
            "location": f"{name}/",
            "creds": {},
            "presignedUrl": f"{address}{UPLOADS}{quote(str(path))}",
        },
    }


def _folded(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.upper()
