"""A lakehouse: where its Delta tables are, what is read of them, and commits to them.

Knows delta-rs, addresses and the token; knows neither streams nor batches. Each change is one
commit, and a change that changes nothing makes none. Another writer's commit that comes in between
is met by doing the change anew on what is there then.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem

from loader_core import DestinationError, LoaderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from loader_core.clock import Clock

STORAGE_SCOPE = "https://storage.azure.com/.default"
"""What tokens for OneLake are for, in every cloud that has it."""
MOST_ATTEMPTS = 8
FIRST_WAIT_SECONDS = 0.5
ONE_TRY = CommitProperties(max_commit_retries=0)
"""A change that meets another is made anew from what it reads, never only committed anew."""
BATCH = "batchKey"
"""Under which a commit names its batch, in the table's history."""
_STAGING = "Files/target-powerbi"
_T = TypeVar("_T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lakehouse is.

    Attributes:
        address: Of the lakehouse, without a slash at the end.
        schema: Schema of its tables, if it has schemas.
        token: Gives a token that is good now; `None` where none is needed.
        options: Further options of the storage.
    """

    address: str
    schema: str | None = None
    token: Callable[[], str] | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def tables(self) -> str:
        """The folder of the tables."""
        ending = f"/{self.schema}" if self.schema else ""
        return f"{self.address}/Tables{ending}"

    def table(self, name: str) -> str:
        """The address of a table."""
        return f"{self.tables}/{name}"

    def staging(self, name: str) -> str:
        """The folder of what is to take the place of a table; no reader sees it as one."""
        return f"{self.address}/{self.staging_path(name)}"

    def staging_path(self, name: str) -> str:
        """The same, within the lakehouse."""
        return "/".join(filter(None, (_STAGING, self.schema, name)))

    def storage_options(self) -> dict[str, str]:
        """What the storage needs for the next calls."""
        token = {"bearer_token": self.token()} if self.token else {}
        return {**self.options, **token}


def onelake(
    url: str, workspace: str, lakehouse: str, schema: str | None, token: Callable[[], str]
) -> Place:
    """A lakehouse in OneLake.

    Args:
        url: OneLake's own address, `https://` and a host.
        workspace: Its id: names do not work in every tenant.
        lakehouse: Its id, as above.
        schema: Schema of the tables, for a lakehouse that has schemas.
        token: Gives a token for `STORAGE_SCOPE` that is good now.
    """
    host = urlsplit(url).netloc
    return Place(f"abfss://{workspace}@{host}/{lakehouse}", schema, token)


def folder(path: Path, schema: str | None = None) -> Place:
    """A folder of this machine in place of a lakehouse, made if it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    return Place(str(path.absolute()), schema)


class Lake:
    """The tables of one lakehouse.

    Args:
        place: Where it is.
        clock: For waiting.

    Attributes:
        place: As given.
    """

    def __init__(self, place: Place, clock: Clock) -> None:
        self.place = place
        self._clock = clock

    def open(self, address: str) -> DeltaTable | None:
        """A table as it is now, or `None` if there is none."""
        options = self.place.storage_options()
        try:
            return DeltaTable(address, storage_options=options)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            raise self.fault(f"opening {_short(address)}", error) from None

    def versions(self, names: list[str]) -> dict[str, int]:
        """The versions of those tables that are there."""
        found = {name: self.open(self.place.table(name)) for name in names}
        return {name: table.version() for name, table in found.items() if table is not None}

    def query(self, sql: str, **tables: DeltaTable) -> pa.Table:
        """The rows that a query of DataFusion gives.

        Args:
            sql: The query.
            tables: By the names that it has in the query.
        """
        with self._reading():
            return _reader(sql, tables).read_all()

    def parts(self, sql: str, **tables: DeltaTable) -> Iterator[pa.RecordBatch]:
        """The same, read while it is taken."""
        with self._reading():
            yield from _reader(sql, tables)

    def commit(self, what: str, change: Callable[[], _T]) -> _T:
        """Make a change; where another writer's commit came in between, make it anew.

        Args:
            what: What it is, as a clause.
            change: Opens the table, and makes one commit or none.
        """
        for attempt in range(MOST_ATTEMPTS):
            try:
                return change()
            except LoaderError:
                raise
            except CommitFailedError:
                logger.info("Another writer was first at %s; doing it anew", what)
                self._clock.sleep(FIRST_WAIT_SECONDS * 2**attempt)
            except (DeltaError, OSError, pa.ArrowException) as error:
                raise self.fault(what, error) from None
        raise DestinationError(
            f"other writers were first {MOST_ATTEMPTS} times at {what}",
            "Run again when they have ended",
        )

    def create(self, address: str, schema: pa.Schema) -> None:
        """Make a table, unless it is there."""
        self.commit(
            f"making {_short(address)}",
            lambda: DeltaTable.create(
                address,
                Schema.from_arrow(schema),
                mode="ignore",
                storage_options=self.place.storage_options(),
                commit_properties=ONE_TRY,
            ),
        )

    def staged(self, name: str) -> list[str]:
        """Names of the folders that are to take the place of a table, or were."""
        try:
            inside = FileSelector(self.place.staging_path(name), allow_not_found=True)
            found = self._files().get_file_info(inside)
        except (DeltaError, OSError) as error:
            raise self.fault("listing what was staged", error) from None
        return [each.base_name for each in found if each.type == FileType.Directory]

    def unstage(self, name: str, generation: str) -> None:
        """Remove such a folder: the log last, so that what is left is still known for a table."""
        files, path = self._files(), f"{self.place.staging_path(name)}/{generation}"
        try:
            found = files.get_file_info(FileSelector(path, recursive=True))
            paths = [each.path for each in found if each.type == FileType.File]
            for path in sorted(paths, key=lambda path: "/_delta_log/" in path):
                files.delete_file(path)
        except (DeltaError, OSError) as error:
            raise self.fault("removing what was staged", error) from None

    def fault(self, what: str, error: Exception) -> DestinationError:
        """What went wrong, without the message, which may quote addresses with a signature."""
        told = str(error).lower()
        for signs, cause, todo in _CAUSES:
            if re.search(rf"\b({signs})\b", told):
                return DestinationError(f"{what} failed: {cause}", todo)
        return DestinationError(
            f"{what} failed ({type(error).__name__})", "Run again; the next run begins with it"
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise self.fault("reading tables", error) from None

    def _files(self) -> PyFileSystem:
        return PyFileSystem(DeltaStorageHandler(self.place.address, self.place.storage_options()))


_CAUSES = (
    (
        "403|forbidden|permission|access denied",
        "OneLake does not let the service principal in",
        (
            "Make it Contributor of the workspace, and switch on 'Users can access data stored in "
            "OneLake with apps external to Fabric' in the tenant settings"
        ),
    ),
    (
        "401|unauthorized|unauthenticated",
        "OneLake does not accept the token",
        "See with 'target-powerbi doctor' whether the service principal gets one",
    ),
    (
        "404|not found|containernotfound|no such file",
        "there is no such lakehouse, or a file of the table is gone",
        (
            "See that 'workspace_id' and 'lakehouse_id' are ids, and that no vacuum removes files "
            "sooner than after a day"
        ),
    ),
    (
        "no space|quota",
        "there is no space left",
        "Make space, and run again",
    ),
)
"""What messages of the storage say, what that means, and what to do."""


def of_batch(key: str) -> CommitProperties:
    """A commit that names its batch, and is tried once as `ONE_TRY` is."""
    return CommitProperties(custom_metadata={BATCH: key}, max_commit_retries=0)


def _reader(sql: str, tables: Mapping[str, DeltaTable]) -> pa.RecordBatchReader:
    builder = QueryBuilder()
    for name, table in tables.items():
        builder.register(name, table)
    # `pa.table` would import pandas, to see whether it is given one of its frames
    return pa.RecordBatchReader.from_stream(builder.execute(sql))


def _short(address: str) -> str:
    """A table as a person knows it."""
    return f"the table '{address.rsplit('/', 1)[-1]}'"
