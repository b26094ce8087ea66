"""Names and types of the warehouse: pure functions, row by row."""

from __future__ import annotations

import pyarrow as pa
import pytest

from target_looker_stage.names import MOST_BYTES, shortened, snake
from target_looker_stage.type_table import TYPES, holds, sql_type

NAMES = [
    ("lastModifiedDateTime", "last_modified_date_time"),
    ("_sdc_batched_at", "_sdc_batched_at"),
    ("VATRate", "vat_rate"),
    ("bAccountCd", "b_account_cd"),
    ("amount2Pay", "amount2_pay"),
    ("supplierID", "supplier_id"),
    ("Select", "select"),
    ('a "b" c', "a_b_c"),
    ("Årsak", "årsak"),
    ("1st", "_1st"),
    ("", "_"),
    ("xmin", "xmin_"),
    ("test:SpecialChars!in?attribute", "test_special_chars_in_attribute"),
]
HOLDS = [
    ("numeric(38,9)", "numeric(38,9)", True),
    ("numeric(38,9)", "numeric(38,12)", False),
    ("numeric(38,12)", "numeric(38,9)", False),
    ("numeric(50,12)", "numeric(38,9)", True),
    ("numeric", "numeric(38,9)", True),
    ("numeric(38,9)", "bigint", True),
    ("numeric(20,9)", "bigint", False),
    ("bigint", "numeric(38,9)", False),
    ("integer", "bigint", False),
    ("text", "jsonb", True),
    ("jsonb", "text", False),
    ("timestamp with time zone", "timestamp without time zone", False),
]


@pytest.mark.parametrize(("name", "wanted"), NAMES)
def test_a_name_is_snake_case(name: str, wanted: str) -> None:
    assert snake(name) == wanted
    assert snake(wanted) == wanted


@pytest.mark.parametrize("letter", ["a", "ø", "簡"])
def test_a_name_that_is_too_long_is_cut_and_still_its_own(letter: str) -> None:
    long, other = snake(letter * 70), snake(letter * 71)

    assert long != other
    assert len(long.encode()) <= MOST_BYTES
    assert shortened("a" * MOST_BYTES) == "a" * MOST_BYTES


@pytest.mark.parametrize(("there", "wanted", "fits"), HOLDS)
def test_a_column_takes_what_changes_in_no_digit(there: str, wanted: str, fits: bool) -> None:  # noqa: FBT001 - a row of the table
    assert holds(there, wanted) is fits


def test_no_money_is_a_float_and_no_type_is_twice() -> None:
    assert sql_type(pa.decimal128(38, 4)) == "numeric(38,4)"
    assert not [row for row in TYPES if "double" in row.sql or "real" in row.sql]
    assert len({row.sql for row in TYPES}) == len(TYPES)
