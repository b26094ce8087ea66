"""What SQL and layouts are, where the stand-in cannot judge; loads show that they work."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from loader_core import SchemaError, Table
from loader_core.samples import keyed_table, lines_table, log_table, table_of
from target_bigquery_guarded.layout import (
    Layout,
    is_generation,
    layout,
    of_generation,
    stage_of,
    stored_column,
)
from target_bigquery_guarded.settings import Settings
from target_bigquery_guarded.statements import Dataset, literal, quoted
from target_bigquery_guarded.type_table import TYPES, bigquery_type

CONFIG = {"project": "books-4711", "dataset": "visma"}
SQL = Dataset("books-4711", "visma")


def laid_out(table: Table, **settings: Any) -> Layout:
    return layout(table, Settings.of(CONFIG | settings))


def test_names_are_quoted_and_texts_are_escaped() -> None:
    assert quoted("a `b`") == "`a \\`b\\``"
    assert literal("it's \\ a\nline") == "'it\\'s \\\\ a\\nline'"
    assert SQL.name("t") == "`books-4711`.`visma`.`t`"


def test_a_key_stays_out_of_what_is_printed() -> None:
    settings = Settings.of(CONFIG | {"credentials_json": {"type": "service_account", "k": "s3"}})

    assert "s3" not in repr(settings)


def test_a_merge_finds_rows_by_equal_keys_alone_so_that_none_is_added_twice() -> None:
    sql = SQL.merge(laid_out(keyed_table()), "stage")

    assert "AS s ON t.`id` = s.`id` WHEN MATCHED AND NOT (" in sql
    assert "*" not in sql


def test_rows_without_a_key_are_added_only_if_their_batch_is_not_there() -> None:
    sql = SQL.add(laid_out(log_table()), "stage", "abc")

    assert sql.startswith("INSERT INTO `books-4711`.`visma`.`log` (`text`, `_sdc_batch_key`)")
    assert sql.endswith("`visma`.`log` WHERE `_sdc_batch_key` = 'abc')")


def test_older_lines_are_marked_or_deleted() -> None:
    marked, deleted = (laid_out(lines_table(hard=hard)) for hard in (False, True))

    assert "UPDATE SET `_sdc_deleted_at` = CURRENT" in SQL.remove_older_lines(marked, "stage")
    assert SQL.remove_older_lines(deleted, "stage").endswith("WHEN MATCHED THEN DELETE")


def test_reserved_and_odd_names_get_a_prefix() -> None:
    names = {"_PARTITIONDATE": "x__PARTITIONDATE", "1a": "x_1a", "": "x_", "å": "_", "_id": "_id"}

    assert {name: stored_column(name) for name in names} == names


def test_generations_and_their_stages_are_known_by_name() -> None:
    name = of_generation("t", 12)

    assert is_generation(name, "t")
    assert is_generation(stage_of(name, "ab" * 32), "t")
    assert not is_generation(stage_of("t", "ab" * 32), "t")
    assert not is_generation(name, "tt")


def test_at_most_four_columns_cluster_and_long_names_are_refused() -> None:
    names = ["a", "b", "c", "d", "e"]
    stamps = [pa.field("_extracted_at", pa.int64())]
    long = table_of("t", ["x" * 301], load_method="append-only")

    assert laid_out(table_of("t", [*names, *stamps], key=names)).clustered == ("a", "b", "c", "d")
    with pytest.raises(SchemaError, match="more than 300 characters"):
        laid_out(long)


def test_dates_have_no_partitions_by_hour() -> None:
    table = table_of("t", [pa.field("day", pa.date32()), pa.field("at", pa.timestamp("us"))])
    wanted = {"partition_columns": ["day", "at"]}

    assert laid_out(table, **wanted, partition_granularity="hour").partitioned == "at"
    assert laid_out(table, **wanted, partition_granularity="day").partitioned == "day"


def test_a_type_without_a_row_is_refused_by_name_and_wide_decimals_stay_exact() -> None:
    assert all(bigquery_type("a", row.arrow) == row.bigquery for row in TYPES)
    assert bigquery_type("a", pa.decimal128(38, 2)) == "BIGNUMERIC"  # 36 digits before the point
    with pytest.raises(SchemaError, match="column 'a' is double"):
        bigquery_type("a", pa.float64())
