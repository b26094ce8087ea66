"""The contract of writers, over a push model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loader_core.samples import keyed_table, row
from loader_core.tables import VERSION
from loader_core.testing import Destination, WriterContract, by_id
from powerbi_loads import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core import Writer
    from loader_core.samples import Batches
    from powerbi_service import PowerBIService

_COLUMNS = {
    "keyed": ("id", "text"),
    "lines": ("id", "document", "text"),
    "documents": ("id", "document"),
    "log": ("text", "more"),
}


def mapping_by(load: str) -> str:
    """A mapping of the contract's tables."""
    tables = []
    for stream, names in _COLUMNS.items():
        of = ", ".join(
            f'{{ name = "{name}", field = "{name}", type = "String" }}' for name in names
        )
        of += ', { name = "count", field = "none", type = "Decimal" }'
        tables.append(
            f'[[table]]\nstream = "{stream}"\nname = "{stream}"\nkind = "fact"\nload = "{load}"\n'
            f"columns = [{of}]\n"
        )
    return "\n".join(tables)


class Pushed(Destination):
    """A dataset as the contract needs it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def connect(self) -> Writer:
        return self._workspace.writer()

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self._workspace.rows(table)
        return [{name: row[name] for name in row if name != "count"} for row in found]


class TestReplaced(WriterContract):
    @pytest.fixture
    def destination(self, service: PowerBIService, tmp_path: Path) -> Destination:
        return Pushed(Workspace(service, tmp_path, mapping=mapping_by("replace")))

    # Types and names are the mapping's: what becomes of values is shown with the conversions
    test_every_type_comes_back_as_it_went_in = None  # type: ignore[assignment] # as said above
    test_a_column_of_another_type_is_an_error_that_names_it = None  # type: ignore[assignment] # as above
    test_names_with_quotes_blanks_and_capitals_are_only_names = None  # type: ignore[assignment] # as above

    @pytest.mark.parametrize("hard", [False, True], ids=["marked", "deleted"])
    def test_activating_a_version_removes_rows_of_older_ones(
        self, destination: Destination, batches: Batches, *, hard: bool
    ) -> None:
        """A push model has no mark: rows that are gone are gone."""
        table = keyed_table(VERSION, hard=hard)
        rows = [{**row(str(n), "a", "10:00", 1), VERSION: n or None} for n in range(3)]

        writer = destination.connect()
        writer.prepare(table)
        writer.write(batches.of(table, rows))
        for _ in range(2):
            writer.activate(table, 2)
        writer.finish()
        writer.close()

        assert by_id(destination, "keyed") == {"2": "a"}
        assert len(destination.rows("keyed")) == 1
