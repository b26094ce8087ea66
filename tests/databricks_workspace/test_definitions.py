"""Defining schemas, tables and views, and how they are described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process
TABLE = """CREATE TABLE IF NOT EXISTS t (
    `record_id` STRING NOT NULL COMMENT 'company and key',
    `company` STRING COMMENT 'the company\\'s id',
    `amount` DECIMAL(38,9),
    CONSTRAINT `t_pk` PRIMARY KEY (`record_id`)
) USING DELTA CLUSTER BY (`company`) COMMENT 'ledger' TBLPROPERTIES ('owner' = 'finance')"""


def test_a_table_is_described_with_its_comments_and_clustering(client: Client) -> None:
    client.run(TABLE)
    assert client.run("DESCRIBE TABLE t") == [
        ["record_id", "string", "company and key"],
        ["company", "string", "the company's id"],
        ["amount", "decimal(38,9)", None],
        ["# Clustering Information", "", ""],
        ["# col_name", "data_type", "comment"],
        ["company", "string", "the company's id"],
    ]


def test_if_not_exists_leaves_what_is_there(client: Client) -> None:
    client.run(TABLE)
    client.run("INSERT INTO t (record_id) VALUES ('a')")
    client.run(TABLE)
    assert len(client.rows("t")) == 1
    message = client.failure(TABLE.replace("IF NOT EXISTS ", ""))
    assert message.startswith("[TABLE_OR_VIEW_ALREADY_EXISTS]")


def test_added_columns_are_there_at_once_and_null(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("INSERT INTO t VALUES (1)")
    client.run("ALTER TABLE t ADD COLUMNS (`project` STRING COMMENT 'code', rate DECIMAL(38,12))")
    assert client.run("DESCRIBE TABLE t")[1:] == [
        ["project", "string", "code"],
        ["rate", "decimal(38,12)", None],
    ]
    client.run(
        "MERGE INTO t USING (SELECT 2 AS n, 'P' AS p) AS s ON t.n = s.n "
        "WHEN NOT MATCHED THEN INSERT (n, project) VALUES (s.n, s.p)"
    )
    found = sorted(client.rows("t"), key=lambda row: int(row["n"]))
    assert found == [
        {"n": 1, "project": None, "rate": None},
        {"n": 2, "project": "P", "rate": None},
    ]


@pytest.mark.parametrize(
    ("clause", "error_class"),
    [
        ("(N STRING)", "FIELD_ALREADY_EXISTS"),
        ("(a STRING, A STRING)", "COLUMN_ALREADY_EXISTS"),
        ("(a STRING NOT NULL)", "DELTA_ADD_COLUMN_NOT_NULL"),
    ],
)
def test_a_column_that_cannot_be_added(client: Client, clause: str, error_class: str) -> None:
    client.run("CREATE TABLE t (n INT)")
    assert client.failure(f"ALTER TABLE t ADD COLUMNS {clause}").startswith(f"[{error_class}]")
    assert client.run("DESCRIBE TABLE t") == [["n", "int", None]]


@pytest.mark.parametrize(
    ("definition", "error_class"),
    [
        ("(a TEXT)", "UNSUPPORTED_DATATYPE"),
        ("(a DATETIME)", "UNSUPPORTED_DATATYPE"),
        ("(a DECIMAL(39,2))", "UNSUPPORTED_DATATYPE"),
        ("(a INT, A INT)", "COLUMN_ALREADY_EXISTS"),
        ("(`a b` INT)", "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES"),
        ("(a INT) CLUSTER BY (b)", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"),
        (
            "(a INT, b INT) PARTITIONED BY (a) CLUSTER BY (b)",
            "SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED",
        ),
        (
            "(a INT, b INT, c INT, d INT, e INT) CLUSTER BY (a, b, c, d, e)",
            "DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS",
        ),
        (
            f"({', '.join(f'c{n} INT' for n in range(33))}) CLUSTER BY (c32)",
            "DELTA_CLUSTERING_COLUMN_MISSING_STATS",
        ),
    ],
)
def test_a_table_that_cannot_be_made(client: Client, definition: str, error_class: str) -> None:
    assert client.failure(f"CREATE TABLE t {definition}").startswith(f"[{error_class}]")
    assert client.failure("DESCRIBE TABLE t").startswith("[TABLE_OR_VIEW_NOT_FOUND]")


def test_decimal_without_digits_has_no_decimals_as_on_databricks(client: Client) -> None:
    client.run("CREATE TABLE t (a DECIMAL, b DECIMAL(5))")
    types = [row[1] for row in client.run("DESCRIBE TABLE t")]
    assert types == ["decimal(10,0)", "decimal(5,0)"]


def test_comments_can_be_changed(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("COMMENT ON COLUMN t.N IS 'it\\'s a number'")
    client.run("COMMENT ON TABLE t IS 'numbers'")
    assert client.run("DESCRIBE TABLE t") == [["n", "int", "it's a number"]]
    path = f"/api/2.1/unity-catalog/tables/main.{client.schema}.t"
    assert client.call("GET", path).json()["comment"] == "numbers"


def test_a_view_unites_tables_and_follows_their_rows(client: Client) -> None:
    client.run("CREATE TABLE a (`Order` INT)")
    client.run("CREATE TABLE b (`Order` INT)")
    client.run("CREATE VIEW v AS SELECT `Order` FROM a UNION ALL SELECT `Order` FROM b")
    client.run("INSERT INTO a VALUES (1)")
    client.run("INSERT INTO b VALUES (2)")
    assert client.run("SELECT v.`Order` FROM v ORDER BY 1") == [["1"], ["2"]]
    assert client.run("SELECT sum(x.`Order`), count(*) FROM v AS x") == [["3", "2"]]
    client.run("CREATE OR REPLACE VIEW v AS SELECT max(`Order`) AS most FROM v")
    assert client.run("DESCRIBE TABLE v") == [["most", "int", None]]
    assert client.run("SELECT * FROM v") == [["2"]]


def test_a_view_of_all_columns_does_not_see_columns_that_are_added(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("CREATE VIEW v AS SELECT * FROM t")
    client.run("ALTER TABLE t ADD COLUMNS (m INT)")
    assert client.run("DESCRIBE TABLE v") == [["n", "int", None]]
    client.run("CREATE OR REPLACE VIEW v AS SELECT * FROM t")
    assert len(client.run("DESCRIBE TABLE v")) == 2


def test_a_view_takes_no_name_of_a_table_and_no_rows(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("CREATE VIEW v AS SELECT * FROM t")
    taken = client.failure("CREATE OR REPLACE VIEW t AS SELECT 1 AS n")
    assert taken.startswith("[TABLE_OR_VIEW_ALREADY_EXISTS]")
    assert client.failure("INSERT INTO v VALUES (1)").startswith("[EXPECT_TABLE_NOT_VIEW]")
    assert client.failure("DROP TABLE v").startswith("[WRONG_COMMAND_FOR_OBJECT_TYPE]")


def test_what_is_dropped_is_gone_and_can_be_made_anew(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("INSERT INTO t VALUES (1)")
    client.run("DROP TABLE t")
    assert client.failure("SELECT * FROM t").startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    client.run("DROP TABLE IF EXISTS t")
    client.run("CREATE TABLE t (s STRING)")
    assert client.run("SELECT count(*) FROM t") == [["0"]]


def test_a_schema_is_dropped_with_its_contents_only_if_told_so(client: Client) -> None:
    client.run("CREATE CATALOG IF NOT EXISTS other COMMENT 'another'")
    client.run("CREATE SCHEMA IF NOT EXISTS `other`.`a-b`")
    client.run("CREATE TABLE other.`a-b`.t (n INT)")
    assert client.failure("DROP SCHEMA other.`a-b`").startswith("[SCHEMA_NOT_EMPTY]")
    client.run("DROP SCHEMA other.`a-b` CASCADE")
    client.run("DROP CATALOG other")
    missing = client.failure("CREATE SCHEMA other.again")
    assert missing.startswith("[NO_SUCH_CATALOG_EXCEPTION]")


def test_names_are_the_same_in_any_case(client: Client) -> None:
    client.run("CREATE TABLE `T` (`lastModifiedDateTime` STRING)")
    insert = "INSERT INTO t (LASTMODIFIEDDATETIME) VALUES ('x')"
    client.run(insert, catalog="MAIN", schema=client.schema.upper())
    assert client.rows("t") == [{"lastModifiedDateTime": "x"}]


READ = "SELECT {} FROM read_files('{}', format => 'parquet')"
UNKNOWN = [
    "FROBNICATE t",
    "SELEC * FROM t",
    "SELECT 1; DELETE FROM t",
    "USE SCHEMA default",
    "OPTIMIZE t",
    "VACUUM t",
    "SHOW GRANTS ON TABLE t",
    "SHOW TABLES",
    "GRANT SELECT ON TABLE t TO someone",
    "BEGIN ATOMIC DELETE FROM t; END",
    "COPY INTO t FROM '/Volumes/main/default/v/' FILEFORMAT = PARQUET",
    "INSERT OVERWRITE t SELECT 2",
    "REPLACE TABLE t (n INT)",
    "CREATE OR REPLACE TABLE t (n INT)",
    "CREATE TABLE u AS SELECT 1 AS n",
    "CREATE TABLE u (n INT DEFAULT 1)",
    "CREATE TABLE u (n INT GENERATED ALWAYS AS IDENTITY)",
    "CREATE TABLE u (n INT) USING PARQUET",
    "CREATE TABLE u (n INT) CLUSTER BY AUTO",
    "CREATE TABLE u (n INT) LOCATION '/tmp/u'",
    "CREATE TABLE u LIKE t",
    "CREATE TABLE u (n ARRAY<INT>)",
    "CREATE TABLE u (n INT, CONSTRAINT c CHECK (n > 0))",
    "CREATE EXTERNAL VOLUME w LOCATION 's3://x'",
    "CREATE SCHEMA u MANAGED LOCATION 's3://x'",
    "CREATE MATERIALIZED VIEW u AS SELECT 1 AS n",
    "CREATE TEMPORARY VIEW u AS SELECT 1 AS n",
    "CREATE VIEW u (m) AS SELECT 1 AS n",
    "CREATE FUNCTION f() RETURNS INT RETURN 1",
    "ALTER TABLE t DROP COLUMN n",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
    "ALTER TABLE t ADD COLUMN m INT FIRST",
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS m INT",
    "DESCRIBE TABLE EXTENDED t",
    "DESCRIBE HISTORY t",
    "DESCRIBE TABLE t AS JSON",
    "COMMENT ON TABLE t 'x'",
    "DROP TABLE t PURGE",
    "TRUNCATE TABLE t PARTITION (n = 1)",
    "MERGE WITH SCHEMA EVOLUTION INTO t USING t AS s ON t.n = s.n WHEN MATCHED THEN DELETE",
    "DELETE FROM t WHERE n IN (SELECT 1)",
    "SELECT * FROM t@v0",
    "SELECT * FROM parquet.`/etc/passwd`",
    "SELECT * FROM read_files('/etc/passwd', format => 'parquet')",
    "SELECT * FROM information_schema.tables",
    "SELECT no_such_function(1)",
    "SELECT n FROM t TABLESAMPLE (10 PERCENT)",
]


def test_what_the_double_does_not_know_fails_and_changes_nothing(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("INSERT INTO t VALUES (1)")
    for statement in UNKNOWN:
        assert client.failure(statement).startswith("["), statement
    assert client.rows("t") == [{"n": 1}]
    assert client.run("DESCRIBE TABLE t") == [["n", "int", None]]
    assert client.failure("SELECT * FROM u").startswith("[TABLE_OR_VIEW_NOT_FOUND]")


def test_read_files_adds_the_column_that_inference_adds(client: Client) -> None:
    path = client.stage("a.parquet", pa.table({"n": [1]}))
    found = client.send(READ.format("*", path))
    names = [column["name"] for column in found["manifest"]["schema"]["columns"]]
    assert names == ["n", "_rescued_data"]


def test_read_files_takes_a_folder_and_sees_no_hidden_names(client: Client) -> None:
    client.stage("in/a.parquet", pa.table({"n": [1]}))
    client.stage("in/b.parquet", pa.table({"n": [2]}))
    client.stage("in/_c.parquet", pa.table({"n": [3]}))
    hidden = client.stage("in/.d/e.parquet", pa.table({"n": [4]}))
    found = client.run(READ.format("n", client.volume_path("in")))
    assert sorted(found) == [["1"], ["2"]]
    message = client.failure(READ.format("n", hidden))
    assert message.startswith("[CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE]")


def test_read_files_takes_its_path_from_a_parameter(client: Client) -> None:
    path = client.stage("a.parquet", pa.table({"n": [1]}))
    statement = "SELECT n FROM read_files(:path, format => 'parquet')"
    assert client.run(statement, parameters=[{"name": "path", "value": path}]) == [["1"]]


def test_read_files_of_what_is_not_there_or_not_whole_fails(client: Client) -> None:
    client.upload("cut.parquet", b"PAR1 and no more")
    missing = client.failure(READ.format("*", client.volume_path("none.parquet")))
    cut = client.failure(READ.format("*", client.volume_path("cut.parquet")))
    nowhere = client.failure(READ.format("*", "/Volumes/main/default/none/a.parquet"))
    assert missing.startswith("[PATH_NOT_FOUND]")
    assert cut.startswith("[FAILED_READ_FILE]")
    assert nowhere.startswith("[UC_VOLUME_NOT_FOUND]")
