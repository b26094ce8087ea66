"""The contract of writers, over a push model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loader_core.testing import Destination, WriterContract
from powerbi_loads import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core import Writer
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
    marks = False  # a push model has no column for it: rows that are gone are gone

    @pytest.fixture
    def destination(self, service: PowerBIService, tmp_path: Path) -> Destination:
        return Pushed(Workspace(service, tmp_path, mapping=mapping_by("replace")))

    # Types and names are the mapping's: what becomes of values is shown with the conversions
    test_every_type_comes_back_as_it_went_in = None  # type: ignore[assignment] # as said above
    test_a_column_of_another_type_is_an_error_that_names_it = None  # type: ignore[assignment] # as above
    test_names_with_quotes_blanks_and_capitals_are_only_names = None  # type: ignore[assignment] # as above
