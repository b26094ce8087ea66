"""Writes the tables that the code knows best into README files and meltano.yml, or checks them.

`python docs/tables.py --write` writes, without the flag it checks and names what differs.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loader_core import settings as loader_settings
from loader_core.type_table import TYPES
from tap_visma.entities import ENTITIES, Entity
from tap_visma.settings import SCHEMA
from tap_visma.tap import TapVisma
from target_bigquery_guarded import settings as bigquery_settings
from target_bigquery_guarded import type_table as bigquery_types
from target_bigquery_guarded.target import TargetBigQuery
from target_databricks import settings as databricks_settings
from target_databricks import type_table as databricks_types
from target_databricks.target import TargetDatabricks
from target_looker_stage import settings as looker_settings
from target_looker_stage import type_table as looker_types
from target_looker_stage.target import TargetLookerStage
from target_powerbi import settings as powerbi_settings
from target_powerbi.target import TargetPowerBI
from target_snowflake_guarded import settings as snowflake_settings
from target_snowflake_guarded import type_table as snowflake_types
from target_snowflake_guarded.target import TargetSnowflake
from warehouse_checks import settings as checks_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.plugin_base import PluginBase

ROOT = Path(__file__).parent.parent

MELTANO_KINDS = {"array": "array", "boolean": "boolean", "integer": "integer", "object": "object"}


def about(plugin: type[PluginBase]) -> dict[str, Any]:
    """The settings of a plugin as its `--about` shows them, those of the SDK included."""
    properties: dict[str, Any] = plugin._get_about_info().settings["properties"]  # noqa: SLF001
    return properties


def settings_table(schema: Mapping[str, Any] = SCHEMA) -> str:
    """Settings as a Markdown table: the tap's own, if no others are given."""
    rows = ["| setting | required | default | what it is |", "| --- | --- | --- | --- |"]
    for name, prop in schema["properties"].items():
        required = "yes" if name in schema.get("required", ()) else ""
        default = f"`{json.dumps(prop['default'])}`" if "default" in prop else ""
        rows.append(f"| `{name}` | {required} | {default} | {prop['description']} |")
    return "\n".join(rows)


def streams_table() -> str:
    """The streams as a Markdown table."""
    rows = [
        "| stream | endpoint | key | replication | paged | lists that are streams |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for entity in ENTITIES:
        lines = "<br>".join(
            f"`{x.name}` ({' + '.join(x.key or ('line_position',))})" for x in entity.lists
        )
        rows.append(
            f"| `{entity.name}` | `{entity.path}` | {' + '.join(entity.key)} "
            f"| {_replication(entity)} | {'yes' if entity.paged else 'no'} | {lines} |"
        )
    return "\n".join(rows)


def _replication(entity: Entity) -> str:
    kind = "incremental" if entity.since and entity.stamp else "full"
    return kind if entity.by_default else f"{kind}, selected on request"


def loader_settings_table() -> str:
    """The settings that all loaders share as a Markdown table."""
    return settings_table(loader_settings.SCHEMA)


def loader_types_table() -> str:
    """The types of columns that all loaders share as a Markdown table."""
    rows = ["| JSON type | format | Arrow type | value |", "| --- | --- | --- | --- |"]
    rows += [f"| {row.json_type} | {row.format} | `{row.arrow}` | {row.note} |" for row in TYPES]
    return "\n".join(rows).replace("| * |", "| any other |")


def databricks_settings_table() -> str:
    """The settings of target-databricks of its own as a Markdown table."""
    return settings_table(databricks_settings.SCHEMA)


def databricks_types_table() -> str:
    """The types of columns in Databricks as a Markdown table."""
    rows = ["| Arrow type | SQL type | note |", "| --- | --- | --- |"]
    rows += [f"| `{row.arrow}` | `{row.sql}` | {row.note} |" for row in databricks_types.TYPES]
    return "\n".join(rows)


def bigquery_settings_table() -> str:
    """The settings of target-bigquery-guarded of its own as a Markdown table."""
    return settings_table(bigquery_settings.SCHEMA)


def bigquery_types_table() -> str:
    """The types of columns in BigQuery as a Markdown table."""
    rows = ["| Arrow type | BigQuery type | note |", "| --- | --- | --- |"]
    rows += [f"| `{row.arrow}` | `{row.bigquery}` | {row.note} |" for row in bigquery_types.TYPES]
    return "\n".join(rows)


def looker_settings_table() -> str:
    """The settings of target-looker-stage of its own as a Markdown table."""
    return settings_table(looker_settings.SCHEMA)


def looker_types_table() -> str:
    """The types of columns in the warehouse as a Markdown table."""
    rows = ["| Arrow type | SQL type | note |", "| --- | --- | --- |"]
    rows += [f"| `{row.arrow}` | `{row.sql}` | {row.note} |" for row in looker_types.TYPES]
    return "\n".join(rows)


def powerbi_settings_table() -> str:
    """The settings of target-powerbi of its own as a Markdown table."""
    return settings_table(powerbi_settings.SCHEMA)


def snowflake_settings_table() -> str:
    """The settings of target-snowflake-guarded of its own as a Markdown table."""
    return settings_table(snowflake_settings.SCHEMA)


def snowflake_types_table() -> str:
    """The types of columns in Snowflake as a Markdown table."""
    rows = ["| Arrow type | SQL type | note |", "| --- | --- | --- |"]
    rows += [f"| `{row.arrow}` | `{row.sql}` | {row.note} |" for row in snowflake_types.TYPES]
    return "\n".join(rows)


def snowflake_checks_table() -> str:
    """The settings of the checks of Snowflake as a Markdown table."""
    return settings_table(checks_settings.SNOWFLAKE)


def bigquery_checks_table() -> str:
    """The settings of the checks of BigQuery as a Markdown table."""
    return settings_table(checks_settings.BIGQUERY)


def tap_in_meltano() -> str:
    """The settings of the tap as the YAML that stands in meltano.yml."""
    return _in_meltano(TapVisma)


def databricks_in_meltano() -> str:
    """The settings of target-databricks as the YAML that stands in meltano.yml."""
    return _in_meltano(TargetDatabricks)


def bigquery_in_meltano() -> str:
    """The settings of target-bigquery-guarded as the YAML that stands in meltano.yml."""
    return _in_meltano(TargetBigQuery)


def looker_in_meltano() -> str:
    """The settings of target-looker-stage as the YAML that stands in meltano.yml."""
    return _in_meltano(TargetLookerStage)


def powerbi_in_meltano() -> str:
    """The settings of target-powerbi as the YAML that stands in meltano.yml."""
    return _in_meltano(TargetPowerBI)


def snowflake_in_meltano() -> str:
    """The settings of target-snowflake-guarded as the YAML that stands in meltano.yml."""
    return _in_meltano(TargetSnowflake)


def checks_in_meltano() -> str:
    """The settings of warehouse-checks as the YAML that stands in meltano.yml.

    Their variables are those of the loaders, so that what is set once serves both.
    """
    titles = {"snowflake": "Snowflake", "bigquery": "BigQuery"}
    lines = []
    for warehouse, schema in checks_settings.SCHEMAS.items():
        for name, prop in schema["properties"].items():
            lines += [
                f"        - name: {warehouse}_{name}",
                f"          env: TARGET_{warehouse.upper()}_{name.upper()}",
                f"          kind: {MELTANO_KINDS.get(prop['type'][0], 'string')}",
                f'          label: "{titles[warehouse]}: {prop["title"]}"',
            ]
            if prop.get("secret"):
                lines.append("          sensitive: true")
            told = json.dumps(prop["description"], ensure_ascii=False)
            lines.append(f"          description: {told}")
    return "\n".join(lines)


def _in_meltano(plugin: type[PluginBase]) -> str:
    lines = []
    for name, prop in about(plugin).items():
        kinds = prop["type"] if isinstance(prop["type"], list) else [prop["type"]]
        kind = MELTANO_KINDS.get(kinds[0], "string")
        lines += [f"        - name: {name}", f"          kind: {kind}"]
        if title := prop.get("title"):
            lines.append(f"          label: {title}")
        if prop.get("secret"):
            lines.append("          sensitive: true")
        told = json.dumps(prop.get("description", ""), ensure_ascii=False)
        lines.append(f"          description: {told}")
    return "\n".join(lines)


BLOCKS = {
    ("README.md", "settings"): settings_table,
    ("README.md", "streams"): streams_table,
    ("tap-visma/README.md", "settings"): settings_table,
    ("tap-visma/README.md", "streams"): streams_table,
    ("loader-core/README.md", "settings"): loader_settings_table,
    ("loader-core/README.md", "types"): loader_types_table,
    ("target-databricks/README.md", "settings"): databricks_settings_table,
    ("target-databricks/README.md", "types"): databricks_types_table,
    ("target-bigquery-guarded/README.md", "settings"): bigquery_settings_table,
    ("target-bigquery-guarded/README.md", "types"): bigquery_types_table,
    ("target-looker-stage/README.md", "settings"): looker_settings_table,
    ("target-looker-stage/README.md", "types"): looker_types_table,
    ("target-powerbi/README.md", "settings"): powerbi_settings_table,
    ("target-snowflake-guarded/README.md", "settings"): snowflake_settings_table,
    ("target-snowflake-guarded/README.md", "types"): snowflake_types_table,
    ("warehouse-checks/README.md", "snowflake settings"): snowflake_checks_table,
    ("warehouse-checks/README.md", "bigquery settings"): bigquery_checks_table,
    ("meltano.yml", "tap-visma settings"): tap_in_meltano,
    ("meltano.yml", "target-databricks settings"): databricks_in_meltano,
    ("meltano.yml", "target-bigquery settings"): bigquery_in_meltano,
    ("meltano.yml", "target-looker-stage settings"): looker_in_meltano,
    ("meltano.yml", "target-powerbi settings"): powerbi_in_meltano,
    ("meltano.yml", "target-snowflake settings"): snowflake_in_meltano,
    ("meltano.yml", "warehouse-checks settings"): checks_in_meltano,
}
"""File and name of the block, and what writes it."""


def rendered(file: str) -> str:
    """A file with its blocks written anew. Blocks stand between `begin: NAME` and `end: NAME`."""
    text = (ROOT / file).read_text()
    for (of, name), write in BLOCKS.items():
        if of == file:
            block = re.search(rf"begin: {name}[^\n]*\n(.*?)\n[^\n]*end: {name}", text, re.DOTALL)
            if block is None:
                raise ValueError(f"{file} has no block named '{name}'")
            text = text[: block.start(1)] + write() + text[block.end(1) :]
    return text


def main() -> None:
    """Write or check all blocks."""
    stale = [
        file
        for file in sorted({f for f, _ in BLOCKS})
        if rendered(file) != (ROOT / file).read_text()
    ]
    if "--write" in sys.argv:
        for file in stale:
            (ROOT / file).write_text(rendered(file))
    elif stale:
        sys.exit(f"Not up to date: {', '.join(stale)}. Run `make docs`.")


if __name__ == "__main__":
    main()
