"""Every stream against the sandbox's own books: complete, exact, and with the fewest calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_runs import Run, Visma, of_entity, visma_with
from tap_visma.entities import ENTITIES, LOOKUPS, Entity, Lines
from tap_visma.lineage import record_id
from tap_visma.stamps import back, fixed, of

if TYPE_CHECKING:
    from collections.abc import Iterator

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)


WITHOUT_TOTAL = {"cash_transactions", "project_tasks", "warehouses"}


@pytest.fixture(scope="session")
def first_sync(untouched: Visma) -> Run:
    run = untouched.sync(streams={name for entity in ENTITIES for name in of_entity(entity)})
    assert run.failures == []
    return run


@each_entity
def test_every_record_arrives_with_every_field_as_visma_has_it(
    entity: Entity, first_sync: Run, untouched: Visma
) -> None:
    expected = {}
    for number, company in enumerate(untouched.config["companies"]):
        for record in books(untouched, entity, number):
            key = record_id(company["company_id"], key_of(record, entity.key))
            expected[key] = without(record, entity)
    arrived = {row["record_id"]: own(row, set()) for row in first_sync.records(entity.name)}

    assert expected
    assert arrived == expected
    assert len(first_sync.records(entity.name)) == len(expected)


@pytest.mark.parametrize(
    ("entity", "lines"),
    [(entity, lines) for entity in ENTITIES for lines in entity.lists],
    ids=lambda row: row.name,
)
def test_every_line_arrives_in_a_stream_of_its_own(
    entity: Entity, lines: Lines, first_sync: Run, untouched: Visma
) -> None:
    columns = lines.parent_columns or entity.key
    added = {*columns, "line_position"}
    expected = {}
    for number, company in enumerate(untouched.config["companies"]):
        for record in books(untouched, entity, number):
            document = key_of(record, entity.key)
            for position, line in enumerate(lines_of(record, lines.path), 1):
                part = key_of(line, lines.key) if lines.key else (position,)
                key = record_id(company["company_id"], document + part)
                stamp = record[entity.stamp] if entity.stamp else None
                of_document = {"lastModifiedDateTime": fixed(stamp) if stamp else None}
                expected[key] = (document, pruned(line) | of_document)
    arrived = {
        row["record_id"]: (tuple(row[column] for column in columns), own(row, added))
        for row in first_sync.records(lines.name)
    }

    assert expected
    assert arrived == expected
    assert len(first_sync.records(lines.name)) == len(expected)


@each_entity
def test_a_list_costs_one_call_per_page_and_none_to_find_its_end(
    entity: Entity, visma: Visma
) -> None:
    path = entity.path.split("/{")[0]
    visma.control("settings", {"page_caps": {path: 50}, "calls_per_window": 10_000})
    visma.sync(streams=of_entity(entity))

    calls = [call for call in visma.calls() if call["path"].lower() == path.lower()]
    lists: dict[str, int] = {}  # how many records each list has, by its parameters
    for record in visma.books(path):
        name = str(record.get("__parameters") or (record["id"] if entity.one_record else ""))
        lists[name] = lists.get(name, 0) + (len(record[entity.counts]) if entity.counts else 1)
    if entity.one_record:
        assert len(visma.calls()) == 1 + len(lists)
        return
    requests = {frozenset(call["params"].items() - paging(call)) for call in calls}
    if entity.paged:
        # Without a total, only an empty page tells the end
        without_total = 1 if entity.name in WITHOUT_TOTAL else 0
        pages = sum(-(-units // 50) + without_total for units in lists.values())
        assert len(calls) == pages + len(requests) - len(lists)
    else:
        assert len(calls) == len(requests)
    lookups = len({LOOKUPS[parameter.values].path for parameter in entity.parameters})
    assert len(visma.calls()) == len(calls) + lookups


@dataclass
class Nights:
    """Three syncs of a company, with a business day between the first two.

    Attributes:
        changed: What that day changed, by endpoint: keys created, changed and deleted.
    """

    company_id: str
    first: Run
    second: Run
    third: Run
    changed: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def nights() -> Iterator[Nights]:
    with visma_with() as visma:
        visma.control("settings", {"calls_per_window": 10_000})
        streams = {name for entity in ENTITIES for name in of_entity(entity)}
        first = visma.sync(streams=streams)
        changed = visma.control("advance", {"days": 1})[visma.company_id()]
        second = visma.sync(first.state, streams=streams)
        third = visma.sync(second.state, streams=streams)
        yield Nights(visma.company_id(), first, second, third, changed)


@each_entity
def test_the_second_sync_brings_what_changed_and_the_third_nothing_new(
    entity: Entity, nights: Nights
) -> None:
    path = entity.path.split("/{")[0]
    changed = nights.changed.get(path, {"created": [], "changed": [], "deleted": []})
    keys = {
        record_id(nights.company_id, tuple(key)) for key in changed["created"] + changed["changed"]
    }
    before, after = nights.first.rows(entity.name), nights.second.rows(entity.name)
    really_new = {
        key for key, row in after.items() if own(row, set()) != own(before.get(key, {}), set())
    }
    assert really_new == keys

    for stream in of_entity(entity):
        held = nights.second.rows(stream, nights.first.rows(stream))
        newest = max((row["lastModifiedDateTime"] or "" for row in held.values()), default="")
        for key, row in nights.third.rows(stream).items():
            assert own(row, set()) == own(held[key], set())
            if entity.since and entity.stamp:
                assert row["lastModifiedDateTime"] >= of(back(newest, timedelta(minutes=6)))


def test_amounts_keep_every_digit_that_visma_sent(first_sync: Run) -> None:
    wire = b"".join(first_sync.lines)

    assert b":0.10," in wire
    assert b":1000000.00," in wire
    largest = max(
        (row["amount"] for row in first_sync.records("supplier_invoices")),
        key=lambda amount: amount,
    )
    assert len(str(largest)) > 13  # 11 digits before the point


def test_money_can_leave_as_text_with_the_same_digits(untouched: Visma, first_sync: Run) -> None:
    run = untouched.sync(streams=of_entity("supplier_invoices"), use_singer_decimal=True)

    schema = next(m["schema"] for m in run.messages if m["type"] == "SCHEMA")
    assert schema["properties"]["amount"] == {
        "type": ["string", "null"],
        "format": "x-singer.decimal",
    }
    as_number = {r["record_id"]: str(r["amount"]) for r in first_sync.records("supplier_invoices")}
    as_text = {r["record_id"]: r["amount"] for r in run.records("supplier_invoices")}
    assert as_text == as_number


def paging(call: dict[str, Any]) -> set[tuple[str, str]]:
    return {item for item in call["params"].items() if item[0].startswith("page")}


def books(visma: Visma, entity: Entity, company: int) -> list[dict[str, Any]]:
    """The sandbox's own list, with the values of parameters in the columns that take them."""
    records = visma.books(entity.path.split("/{")[0], company)
    for record in records:
        parameters = record.pop("__parameters", {})
        for parameter in entity.parameters:
            if parameter.column:
                record[parameter.column] = parameters[parameter.names[0]]
    return records


def own(row: dict[str, Any], added: set[str]) -> dict[str, Any]:
    """A record without what the tap adds; a document's stamp stays."""
    names = {"company_id", "record_id", *added}
    return {n: v for n, v in row.items() if n not in names and not n.startswith("_")}


def without(record: dict[str, Any], entity: Entity) -> dict[str, Any]:
    """A record of the books as its own stream should have it."""
    record = pruned(record)
    for lines in entity.lists:
        items: list[dict[str, Any]] = [record]
        for step in lines.path[:-1]:
            items = [item for one in items for item in one[step]]
        for item in items:
            item.pop(lines.path[-1])
    stamp = record[entity.stamp] if entity.stamp else None
    return record | {"lastModifiedDateTime": fixed(stamp) if stamp else None}


def pruned(value: Any) -> Any:
    """A value without paging metadata, which is no part of a record."""
    if isinstance(value, dict):
        return {name: pruned(item) for name, item in value.items() if name != "metadata"}
    return [pruned(item) for item in value] if isinstance(value, list) else value


def lines_of(record: dict[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for item in record[path[0]] or ():
        if len(path) == 1:
            yield item
        else:
            yield from lines_of(item, path[1:])


def key_of(record: dict[str, Any], names: tuple[str, ...]) -> tuple[str | int | None, ...]:
    values = []
    for name in names:
        value: Any = record
        for step in name.split("."):
            value = value[step]
        values.append(value)
    return tuple(values)
