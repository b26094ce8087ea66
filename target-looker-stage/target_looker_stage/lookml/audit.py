"""The views of the audit tables: which loads there were, and what each brought.

`DATAGROUP` is what makes Looker forget its cache: it reads here whether a load was added. The
Looker step asks `NEWEST` whether Looker sees the load that was just made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_looker_stage.lookml import views, words
from target_looker_stage.lookml.joins import Explore, Join
from target_looker_stage.lookml.tables import Column, Options, StagedTable

if TYPE_CHECKING:
    from target_looker_stage.lookml.tables import Kind
    from target_looker_stage.lookml.views import Node, View

LOADS, LOAD_STREAMS = "_looker_loads", "_looker_load_streams"
CONTROL_TOTALS = "looker_control_totals"
"""The stream name under which the view of the control totals is found."""

DATAGROUP = "visma_load"
NEWEST = ("looker_loads", "looker_loads.newest_load")
"""The explore and the field that give the id of the newest load that was committed."""

EXPLORES: tuple[Explore, ...] = (
    Explore(
        stream=LOADS,
        label="Loads",
        description="One row per load",
        joins=(),
        group="Visma.net, loads",
    ),
    Explore(
        stream=LOAD_STREAMS,
        label="Loads by stream",
        description="What each load read, merged and holds, by stream",
        joins=(Join(to=LOADS, on=(("load_id", "load_id"),), by_company=False),),
        group="Visma.net, loads",
    ),
    Explore(
        stream=CONTROL_TOTALS,
        label="Control totals",
        description="Rows and sums of each stream by period, as they were after each load",
        joins=(Join(to=LOADS, on=(("load_id", "load_id"),), by_company=False),),
        group="Visma.net, loads",
    ),
)

_COLUMNS: dict[str, dict[str, Kind]] = {
    LOADS: {
        "load_id": "integer",
        "run_id": "string",
        "publish": "string",
        "status": "string",
        "started_at": "timestamp",
        "committed_at": "timestamp",
        "looker_status": "string",
        "looker_message": "string",
        "looker_calls": "integer",
    },
    LOAD_STREAMS: {
        "load_id": "integer",
        "stream": "string",
        "table_name": "string",
        "rows_received": "integer",
        "rows_merged": "integer",
        "rows_current": "integer",
        "first_extracted_at": "timestamp",
        "last_extracted_at": "timestamp",
        "last_modified": "local_timestamp",
        "control_totals": "json",
    },
}
_COUNTS = ("rows_received", "rows_merged", "rows_current")
_TOTALS: dict[str, Kind] = {
    "control_id": "string",
    "load_id": "integer",
    "stream": "string",
    "period": "string",
    "name": "string",
    "amount": "decimal",
}
_TOTALS_SQL = """\
SELECT CONCAT_WS(':', s.load_id, s.stream, period.key, total.key) AS control_id,
  s.load_id, s.stream, period.key AS period, total.key AS name,
  (total.value #>> '{{}}')::numeric AS amount
FROM {streams} AS s
CROSS JOIN LATERAL jsonb_each(s.control_totals) AS period
CROSS JOIN LATERAL jsonb_each(period.value) AS total"""


def datagroup(options: Options) -> Node:
    """The datagroup whose trigger is the newest load."""
    loads = f"{words.quoted(options.schema)}.{words.quoted(LOADS)}"
    return {
        "name": DATAGROUP,
        "label": "Load of Visma.net",
        "description": "Triggered when a load was committed",
        "max_cache_age": "25 hours",  # a day and a little: if loads stop, so does the cache
        "sql_trigger": f"SELECT MAX(load_id) FROM {loads} WHERE status = 'committed'",  # noqa: S608 - quoted
    }


def audit_views(options: Options) -> dict[str, View]:
    """The views of both tables and of the control totals in one of them, by stream."""
    made = {name: _view(name, options) for name in (LOADS, LOAD_STREAMS)}
    made[CONTROL_TOTALS] = _control_totals(options)
    newest = {
        "name": "newest_load",
        "label": "Newest load",
        "description": "Id of the newest load that was committed",
        "type": "max",
        "sql": "CASE WHEN ${status} = 'committed' THEN ${load_id} END",
    }
    views.add_measure(made[LOADS], "newest_load", newest)
    key = {
        "name": "load_stream",
        "type": "string",
        "primary_key": "yes",
        "hidden": "yes",
        "sql": "${load_id}::text || ':' || ${stream}",
    }
    views.add_dimension(made[LOAD_STREAMS], "load_stream", key)
    for count in _COUNTS:
        node = views.total(count, f"Total {words.label(count).lower()}")
        whole = node | {"value_format_name": "decimal_0"}
        views.add_measure(made[LOAD_STREAMS], f"sum({count})", whole)
    return made


def _control_totals(options: Options) -> View:
    """The totals, one to a row, out of the JSON in which they are kept."""
    columns = tuple(Column(name=name, source=name, kind=kind) for name, kind in _TOTALS.items())
    table = StagedTable(
        stream=CONTROL_TOTALS, schema="", name=CONTROL_TOTALS, key="control_id", columns=columns
    )
    view = views.of_table(table, options)
    streams = f"{words.quoted(options.schema)}.{words.quoted(LOAD_STREAMS)}"
    view.source = {"derived_table": {"sql": _TOTALS_SQL.format(streams=streams)}}
    view.detail = ["load_id", "stream", "period", "name", "total_amount"]
    return view


def _view(name: str, options: Options) -> View:
    columns = tuple(
        Column(name=column, source=column, kind=kind) for column, kind in _COLUMNS[name].items()
    )
    key = "load_id" if name == LOADS else ""
    table = StagedTable(stream=name, schema=options.schema, name=name, key=key, columns=columns)
    view = views.of_table(table, options)
    if name == LOAD_STREAMS:
        view.detail = ["load_id", "stream", "table_name", *_COUNTS]
    return view
