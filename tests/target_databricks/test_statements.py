"""The SQL, where the stand-in cannot judge it; that the rest works is shown by loads."""

from __future__ import annotations

import pyarrow as pa
import pytest

from loader_core import SchemaError, SettingsError, Table
from loader_core.samples import keyed_table, log_table, table_of
from target_databricks.layout import Layout, layout
from target_databricks.settings import Settings
from target_databricks.statements import Schema, literal, quoted
from target_databricks.type_table import TYPES, sql_type

CONFIG = {
    "host": "example.cloud.databricks.com",
    "http_path": "/sql/1.0/warehouses/abc123",
    "client_id": "a",
    "client_secret": "b",
    "catalog": "Main",
    "default_target_schema": "Books",
}
SCHEMA = Schema("main", "books")


def laid_out(table: Table, **settings: object) -> Layout:
    return layout(table, None, Settings.of(CONFIG | settings))


def test_names_are_quoted_and_texts_are_escaped() -> None:
    assert quoted("a `b`") == "`a ``b```"
    assert literal("it's \\ a\nline") == "'it\\'s \\\\ a\\nline'"
    assert SCHEMA.name("t") == "`main`.`books`.`t`"


def test_settings_take_names_and_paths_as_people_have_them() -> None:
    settings = Settings.of(CONFIG)

    assert settings.url == "https://example.cloud.databricks.com"
    assert settings.warehouse_id == "abc123"
    assert (settings.catalog, settings.schema) == ("main", "books")
    assert "client_secret" not in repr(settings)


def test_more_tags_than_a_statement_takes_are_refused() -> None:
    tags = {str(number): "x" for number in range(21)}

    with pytest.raises(SettingsError, match="'query_tags'"):
        Settings.of(CONFIG | {"query_tags": tags})


def test_json_becomes_a_variant_where_that_is_wanted() -> None:
    stored = laid_out(keyed_table(), variant_columns=["te*", "id"])

    assert "`text` VARIANT" in SCHEMA.create_table(stored, "t")
    assert "`id` STRING NOT NULL" in SCHEMA.create_table(stored, "t")
    assert "parse_json(`text`) AS `text`" in SCHEMA.merge(stored, "t", "/Volumes/x")


def test_a_merge_names_every_column_and_casts_it() -> None:
    sql = SCHEMA.merge(laid_out(keyed_table()), "t", "/Volumes/x")

    assert "*" not in sql
    assert all(f"CAST(`{name}` AS " in sql for name in keyed_table().schema.names)


def test_rows_without_a_key_are_only_added() -> None:
    sql = SCHEMA.merge(laid_out(log_table()), "log", "/Volumes/x")

    assert "WHEN MATCHED" not in sql
    assert "ON t.`_sdc_row_key` = s.`_sdc_row_key` WHEN NOT MATCHED THEN INSERT" in sql


def test_columns_of_the_layout_come_first_and_partitions_exclude_clustering() -> None:
    table = table_of("t", ["a", "b", "c", "id", pa.field("_extracted_at", pa.int64())], key=["id"])
    clustered = laid_out(table, cluster_by=["c", "none"])
    partitioned = laid_out(table, cluster_by=["c"], partition_by=["b"])

    assert [column.name for column in clustered.columns[:2]] == ["id", "c"]
    assert " CLUSTER BY (`c`)" in SCHEMA.create_table(clustered, "t")
    assert " PARTITIONED BY (`b`) COMMENT" in SCHEMA.create_table(partitioned, "t")


def test_a_type_without_a_row_is_refused_by_name() -> None:
    assert sql_type("a", pa.decimal128(38, 12)) == "DECIMAL(38,12)"
    assert all(sql_type("a", row.arrow) == row.sql for row in TYPES)
    with pytest.raises(SchemaError, match="column 'a' is double"):
        sql_type("a", pa.float64())
