"""The Singer SDK's own tests of a target, against SQLite."""

from __future__ import annotations

import tempfile
from pathlib import Path

from singer_sdk.testing import get_target_test_class

from loader_sqlite import SqliteTarget

_folder = tempfile.TemporaryDirectory()  # the suite wants the settings when it is collected

TestStandardSuite = get_target_test_class(
    SqliteTarget,
    config={
        "path": str(Path(_folder.name) / "books.sqlite"),
        "outbox_dir": str(Path(_folder.name) / "outbox"),
    },
)


def teardown_module() -> None:
    _folder.cleanup()
