"""Values: exact, and where that cannot be, changed and counted, or refused with their row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from loader_core import RejectedError
from target_powerbi import conversions
from target_powerbi.fields import roots
from target_powerbi.mapping import Column, TableMap, Type

EXACT = pa.decimal128(38, 9)


def table(field: str, of: Type) -> TableMap:
    """A table of one column."""
    column = Column(name="c", field=field, type=of)
    return TableMap(stream="s", name="t", kind="fact", columns=(column,))


def pushed(field: str, of: Type, *values: Any, arrow: pa.DataType | None = None) -> list[Any]:
    """What mode push sends of values of a field."""
    (root,) = roots(field)
    data = pa.table({root: pa.array(values, arrow)})
    return [row["c"] for row in conversions.rows(data, table(field, of)).rows]


def test_push_rounds_half_to_even_at_four_digits_and_counts_what_it_changed() -> None:
    values = [Decimal(text) for text in ("1.00005", "1.00015", "-1.00005", "1.0001", "2")]
    data = pa.table({"a": pa.array(values, EXACT)})

    found = conversions.rows(data, table("a", "Decimal"))

    texts = [str(row["c"]) for row in found.rows]
    assert texts == ["1.0000", "1.0002", "-1.0000", "1.0001", "2.0000"]
    assert found.rounded == {"c": 3}
    assert found.told() == ["column 'c': 3 values rounded to 4 digits"]


def test_onelake_keeps_every_digit_and_the_scale_of_the_batch() -> None:
    values = [Decimal("1.000050001"), None]
    data = pa.table({"a": pa.array(values, EXACT)})

    found = conversions.arrow(data, table("a", "Decimal"))

    assert found.schema.field("c").type == EXACT
    assert found["c"].to_pylist() == values


def test_numbers_inside_of_objects_never_become_floats() -> None:
    json = '{"amount":12345678901234567890.123456789}'

    data = pa.table({"nested": [json]})
    (value,) = conversions.arrow(data, table("nested.amount", "Decimal"))["c"].to_pylist()

    assert value == Decimal("12345678901234567890.123456789")


@pytest.mark.parametrize(
    "more", ["1" + "0" * 24, "9" * 24 + ".99995", "9" * 29 + ".999999999"], ids=len
)
def test_power_bi_takes_28_digits_and_a_row_with_more_is_refused(more: str) -> None:
    most = Decimal("9" * 24 + ".9999499")
    assert str(pushed("a", "Decimal", most, arrow=EXACT)[0]) == "9" * 24 + ".9999"
    data = pa.table({"a": pa.array([Decimal(1), Decimal(more)], EXACT)})

    with pytest.raises(RejectedError) as refused:
        conversions.rows(data, table("a", "Decimal"))

    assert list(refused.value.rows) == [1]
    assert "0" * 9 not in refused.value.rows[1]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_the_least_and_the_greatest_integer_are_refused_in_push_only(value: int) -> None:
    data = pa.table({"n": pa.array([value])})

    with pytest.raises(RejectedError):
        conversions.rows(data, table("n", "Int64"))

    assert conversions.arrow(data, table("n", "Int64"))["c"].to_pylist() == [value]


def test_times_have_whole_seconds_in_push_and_those_without_a_zone_keep_their_digits() -> None:
    utc = datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC)
    local = pa.array([datetime(2026, 3, 29, 2, 30)], pa.timestamp("us"))  # noqa: DTZ001 - the point

    assert pushed("t", "DateTime", utc, arrow=pa.timestamp("us", tz="UTC")) == [
        "2026-03-29T01:30:00Z"
    ]
    assert pushed("d", "DateTime", date(2026, 3, 29)) == ["2026-03-29T00:00:00Z"]
    found = conversions.arrow(pa.table({"t": local}), table("t", "DateTime"))
    assert found["c"].to_pylist() == [datetime(2026, 3, 29, 2, 30, tzinfo=UTC)]


def test_times_inside_of_objects_are_brought_to_utc() -> None:
    found = pushed("o.at", "DateTime", '{"at":"2026-01-02T03:04:05+02:00"}')

    assert found == ["2026-01-02T01:04:05Z"]


@pytest.mark.parametrize(("letter", "most"), [("x", 4000), ("🧾", 2000)])
def test_texts_are_cut_at_4000_characters_as_power_bi_counts_them(letter: str, most: int) -> None:
    data = pa.table({"s": [letter * most, letter * (most + 1)]})

    found = conversions.rows(data, table("s", "String"))

    assert [row["c"] for row in found.rows] == [letter * most] * 2
    assert found.cut == {"c": 1}
    assert conversions.arrow(data, table("s", "String"))["c"].to_pylist()[1] == letter * (most + 1)


def test_objects_become_json_and_their_fields_texts() -> None:
    json = '{"number":"3000","open":true,"rate":1.50,"tags":["a"]}'

    assert pushed("o", "String", json) == [json]
    assert pushed("o.rate", "String", json) == ["1.5"]
    assert pushed("o.open", "String", json) == ["true"]
    assert pushed("o.tags", "String", json) == ['["a"]']
    assert pushed("o.gone.further", "String", json, None) == [None, None]


def test_a_list_gives_the_object_that_is_asked_for() -> None:
    json = '[{"segmentId":1,"v":"A"},{"segmentId":2,"v":"B"}]'

    found = pushed("segments[segmentId=2].v", "String", json, "[]", None)

    assert found == ["B", None, None]


def test_texts_put_together_are_filled_up_and_null_where_a_part_is() -> None:
    data = pa.table(
        {"company": ["no", "no", None], "year": [2026, 2026, 2026], "p": ["1", "12", "1"]}
    )

    found = conversions.arrow(data, table("{company}:{year}{p:2}", "String"))
    numbers = conversions.arrow(data, table("{year}{p:2}", "Int64"))

    assert found["c"].to_pylist() == ["no:202601", "no:202612", None]
    assert numbers["c"].to_pylist() == [202601, 202612, 202601]


def test_a_value_of_another_kind_is_refused_with_its_row_and_not_told() -> None:
    data = pa.table({"o": ['{"n":1}', '{"n":"secret"}', "{}"]})

    with pytest.raises(RejectedError) as refused:
        conversions.arrow(data, table("o.n", "Int64"))

    assert list(refused.value.rows) == [1]
    assert "secret" not in refused.value.rows[1]


def test_a_field_that_the_stream_lacks_gives_an_empty_column() -> None:
    data = pa.table({"a": [1, 2]})

    found = conversions.arrow(data, table("gone.x", "Boolean"))

    assert found["c"].to_pylist() == [None, None]
    assert found["c"].type == pa.bool_()


def test_a_float_takes_all_digits_that_a_column_has() -> None:
    rates = pa.table({"rate": pa.array([Decimal("0.123456789012")], pa.decimal128(38, 12))})
    columns = (Column(name="rate", field="rate", type="Double"),)
    table = TableMap(stream="rates", name="rates", kind="fact", columns=columns)

    assert conversions.arrow(rates, table)["rate"].to_pylist() == [0.123456789012]
