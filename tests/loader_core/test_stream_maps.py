"""Stream maps and flattening: another way, the same typed rows."""

from __future__ import annotations

from typing import Any

import pytest

from loader_core.errors import SettingsError
from loader_runs import Loader, record, schema, state, types

THINGS = schema(
    "things",
    {
        "id": {"type": "integer"},
        "amount": {"type": "number"},
        "at": {"type": "string", "format": "date-time"},
        "who": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "limit": {"type": "number"}},
        },
    },
)
LONG = '"limit": 12345678901234567890.123456789'
ROW = (
    '{"type": "RECORD", "stream": "things", "version": 3, "record": {"id": 1, "amount": 0.10, '
    f'"at": "2026-03-01T00:00:00+01:00", "who": {{"name": "æ", {LONG}}}}}}}'
)
STORED: dict[str, Any] = {
    "id": 1,
    "amount": "0.100000000",
    "at": "2026-02-28T23:00:00.000000",
    "who": '{"name":"æ","limit":12345678901234567890.123456789}',
}


def test_a_map_that_changes_nothing_gives_the_same_rows(loader: Loader) -> None:
    loader.load([THINGS, ROW])
    fast = loader.rows("things")

    loader.load([THINGS, ROW], stream_maps={"things": {}})

    assert loader.current("things") == [STORED]
    assert {k: v for k, v in loader.rows("things")[0].items() if k != "_sdc_sequence"} == {
        k: v for k, v in fast[0].items() if k != "_sdc_sequence"
    }


def test_flattened_columns_have_types_of_their_own_and_every_digit(loader: Loader) -> None:
    loader.load([THINGS, ROW], flattening_enabled=True, flattening_max_depth=1)

    (row,) = loader.current("things")
    assert row["who__name"] == "æ"
    assert row["who__limit"] == "12345678901234567890.123456789"
    assert types(loader.folder / "books.sqlite", "things")["who__limit"] == "DECIMAL_TEXT_38_9"


def test_a_stream_can_be_renamed_copied_filtered_and_left_out(loader: Loader) -> None:
    maps = {
        "things": {"__alias__": "renamed", "twice": "str(amount * 2)"},
        "copy": {"__source__": "things", "__filter__": "id > 1", "__else__": None, "id": "id"},
        "others": None,
    }
    others = schema("others", {"id": {"type": "integer"}})

    run = loader.load(
        [THINGS, ROW, others, record("others", {"id": 1}), state(1)], stream_maps=maps
    )

    assert run.states == ["1"]
    assert loader.current("renamed") == [STORED | {"twice": "0.20"}]
    assert loader.current("copy") == []
    assert loader.rows("things") == loader.rows("others") == []


def test_a_map_that_fails_is_a_fault_of_the_settings_and_quotes_no_record(loader: Loader) -> None:
    run = loader.load([THINGS, ROW], stream_maps={"things": {"x": "int(who['name'])"}})

    assert isinstance(run.error, SettingsError)
    assert "'things'" in str(run.error)
    assert "æ" not in str(run.error)


@pytest.mark.parametrize(
    "wrong",
    [{"x": "foo("}, {"__alias__": "nothing(x)"}, {"__key_properties__": ["none"]}],
    ids=["no expression", "no function", "no such key"],
)
def test_a_map_that_cannot_be_is_a_fault_of_the_settings(
    loader: Loader, wrong: dict[str, Any]
) -> None:
    run = loader.load([THINGS, ROW], stream_maps={"things": wrong})

    assert isinstance(run.error, SettingsError)
    assert "'things'" in str(run.error)


def test_two_streams_of_one_name_are_refused_before_a_record_is_read_as_the_other(
    loader: Loader,
) -> None:
    others = schema("others", {"id": {"type": "integer"}, "more": {"type": "string"}})
    maps = {name: {"__alias__": "all"} for name in ("things", "others")}

    run = loader.load([THINGS, others, ROW, state(1)], stream_maps=maps)

    assert isinstance(run.error, SettingsError)
    assert "'things' and 'others'" in str(run.error)
    assert run.states == []


def test_record_metadata_is_added_where_it_is_asked_for(loader: Loader) -> None:
    row = ROW.replace('"version": 3', '"version": 3, "time_extracted": "2026-03-01T10:00:00Z"')

    loader.load([THINGS, row], add_record_metadata=True)

    (found,) = loader.rows("things")
    assert found["_sdc_extracted_at"] == "2026-03-01T10:00:00.000000"
    assert found["_sdc_table_version"] == 3
    assert found["_sdc_deleted_at"] is None
    assert found["_sdc_received_at"] >= found["_sdc_batched_at"] > "2026"
    assert found["_sdc_sequence"] >= found["_sdc_sync_started_at"] > 1_700_000_000_000
