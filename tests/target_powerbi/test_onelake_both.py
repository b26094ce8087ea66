"""Two destinations at once: both have the same rows, whatever ends between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lake_loads import EmptyLake, LakeBooks
from loader_core import DestinationError
from loader_core.testing import Destination, WriterContract
from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state
from target_powerbi.both import BothWriter
from target_powerbi.lake import folder
from target_powerbi.onelake import OneLakeWriter

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core import Batch, Writer
    from powerbi_loads import Workspace


@dataclass
class Two(Destination):
    first: Destination
    second: Destination

    def connect(self) -> Writer:
        return BothWriter(self.first.connect(), self.second.connect())

    def rows(self, table: str) -> list[dict[str, Any]]:
        found, other = ([*each.rows(table)] for each in (self.first, self.second))
        assert sorted(map(_settled, found)) == sorted(map(_settled, other))
        return found


def _settled(row: dict[str, Any]) -> str:
    """What a row is, but for when it was marked: that is another moment in each."""
    gone = row.get("_sdc_deleted_at") is not None
    return str(row | {"_sdc_deleted_at": gone})


class TestBoth(WriterContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        names = {"a__b__c": 'a "b" c'}
        places = (folder(tmp_path / name) for name in ("first", "second"))
        return Two(*(EmptyLake(LakeBooks(place), names) for place in places))


@pytest.mark.process
def test_a_batch_that_only_the_model_has_is_not_acknowledged(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lakehouse"
    settings = {
        "mode": "both",
        "lakehouse_id": workspace.service.settings["workspace_id"],
        "onelake_url": f"file://{lake}",
    }
    invoices = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
    with monkeypatch.context() as patch:
        patch.setattr(OneLakeWriter, "write", refuses)
        broken = workspace.load(
            [invoices, audited("invoices", "1", "10:00", amount=7), state({"at": 1})], **settings
        )

    after = workspace.load([state({"at": 0})], **settings)

    assert "no room" in str(broken.error)
    assert broken.states == []
    assert after.error is None
    assert [row["amount"] for row in workspace.rows("invoices")] == [7]
    assert [row["amount"] for row in LakeBooks(folder(lake)).rows("invoices")] == [7]


def refuses(_: OneLakeWriter, __: Batch) -> None:
    """As a lakehouse into which nothing can be written."""
    raise DestinationError("no room", "Make room")


@pytest.mark.process
def test_a_refresh_that_fails_is_told_and_holds_nothing_back(
    workspace: Workspace, tmp_path: Path
) -> None:
    unknown = workspace.service.settings["workspace_id"]
    settings = {
        "mode": "both",
        "lakehouse_id": unknown,
        "onelake_url": f"file://{tmp_path / 'lakehouse'}",
        "refresh_dataset_id": unknown,
    }
    suppliers = schema("suppliers", AUDITED, KEY)  # which the model is sent at the end of a run

    run = workspace.load(
        [suppliers, audited("suppliers", "1", "10:00"), state({"at": 1})], **settings
    )

    assert "refreshing the dataset" in str(run.error)
    assert run.last_state == {"at": 1}
    assert not list((workspace.folder / "outbox" / "batches").iterdir())
