"""What the README shows is what the code does."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from loader_runs import lines, record, schema, state

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[2] / "loader-core" / "README.md"


def test_the_target_that_is_shown_loads_rows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(source, "README.md", "exec"), names)  # noqa: S102 - the page's own
    config = {"folder": str(tmp_path / "files"), "outbox_dir": str(tmp_path / "outbox")}
    things = schema("things", {"id": {"type": "integer"}})

    target = names["TargetFolder"](config=config)
    target.listen(io.StringIO(lines([things, record("things", {"id": 1}), state({"at": 1})])))

    (path,) = (tmp_path / "files" / "things").iterdir()
    assert pq.read_table(path)["id"].to_pylist() == [1]
    assert json.loads(capfd.readouterr().out) == {"at": 1}


def test_every_promise_names_a_test_that_is_there() -> None:
    promised = re.findall(r"\]\((\.\./tests/[a-z_/]+\.py|docs/[a-z]+\.md)\)", README.read_text())

    assert len(promised) > 8
    assert all((README.parent / path).exists() for path in promised)
