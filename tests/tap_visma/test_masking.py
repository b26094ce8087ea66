"""Personal data does not leave the tap where the user does not want it."""

from __future__ import annotations

import json

import pytest

from tap_runs import Visma, of_entity
from tap_visma.checks import problems

STREAMS = of_entity("employees") | of_entity("contacts") | of_entity("time_cards")


@pytest.fixture(scope="module")
def names(untouched: Visma) -> set[str]:
    """Names, addresses and numbers that belong to persons, as the sandbox has them."""
    found = set()
    for number in range(3):
        for employee in untouched.books("/v1/employee", number):
            found |= {employee["employeeName"], employee["contact"]["email"]}
        for contact in untouched.books("/v1/contact", number):
            found |= {contact["displayName"], contact["email"], contact["phone1"]}
        for card in untouched.books("/v1/timeCard", number):
            found.add(card["employee"]["name"])
    return {json.dumps(name, ensure_ascii=False)[1:-1] for name in found if name}


def test_personal_data_is_marked_in_the_schemas(untouched: Visma) -> None:
    run = untouched.sync(streams=STREAMS)

    schemas = {m["stream"]: m["schema"] for m in run.messages if m["type"] == "SCHEMA"}
    assert schemas["employees"]["properties"]["employeeName"]["description"] == "Personal data"
    assert schemas["contacts"]["properties"]["email"]["description"] == "Personal data"
    card = schemas["time_cards"]["properties"]["employee"]["properties"]
    assert card["name"]["description"] == "Personal data"


def test_dropped_fields_are_neither_in_the_schema_nor_in_records(
    untouched: Visma, names: set[str]
) -> None:
    run = untouched.sync(streams=STREAMS, mask="drop")

    wire = b"\n".join(run.lines).decode()
    assert len(names) > 20
    assert not [name for name in names if f'"{name}"' in wire]
    assert '"employeeName"' not in wire
    assert run.counts == untouched.sync(streams=STREAMS).counts


def test_hashes_stand_in_place_of_the_data_and_are_the_same_everywhere(
    untouched: Visma, names: set[str]
) -> None:
    run = untouched.sync(streams=STREAMS, mask="hash", mask_key="a key")

    wire = b"\n".join(run.lines).decode()
    assert not [name for name in names if f'"{name}"' in wire]
    employee = {e["employeeNumber"]: e["employeeName"] for e in run.records("employees")}
    for card in run.records("time_cards"):
        assert card["employee"]["name"] == employee[card["employee"]["number"]]
        assert len(card["employee"]["name"]) == 64


def test_another_key_gives_other_hashes(untouched: Visma) -> None:
    one, other = (
        untouched.sync(streams={"employees"}, mask="hash", mask_key=key).own_rows("employees")
        for key in ("one", "other")
    )

    assert not {e["employeeName"] for e in one.values()} & {
        e["employeeName"] for e in other.values()
    }


def test_hashing_without_a_key_is_refused() -> None:
    assert any("mask_key" in problem for problem in problems({"mask": "hash"}))
