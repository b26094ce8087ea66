"""The files of the generated part of a Looker project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lkml

from target_looker_stage.lookml import audit, budget, fields, joins, views
from target_looker_stage.lookml.dashboards import dashboards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_looker_stage.lookml.references import Views
    from target_looker_stage.lookml.tables import Options, StagedTable
    from target_looker_stage.lookml.views import Node

FOLDER = "generated"
"""The folder that is ours; what stands beside it is the user's."""

MARK = "# Generated"
"""How all of these files begin."""

_HEAD = f"{MARK} by target-looker-stage from the staged tables; the next load writes it anew.\n"

_README = """\
# Generated: do not edit

target-looker-stage writes this folder after each load that changed a table, and removes what is no
longer staged. It touches nothing outside of it.

Refine beside it. A file of your own, such as `/refinements/accounts.view.lkml`:

```lookml
include: "/generated/views/accounts.view.lkml"

view: +accounts {{
  dimension: account_class {{ label: "Kontoklass" }}
}}
```

and a model of your own, `/{model}.model.lkml`, that has both:

```lookml
connection: "{connection}"
include: "/generated/{datagroups}"
include: "/generated/views/*.view.lkml"
include: "/generated/explores/*.explore.lkml"
include: "/generated/dashboards/*.dashboard.lookml"
include: "/refinements/*.view.lkml"
persist_with: {datagroup}
```

Then set `lookml_model_file: false`, so that no model of that name is written here.
"""
_DATAGROUPS = "datagroups.lkml"


def project(tables: Sequence[StagedTable], options: Options) -> dict[str, str]:
    """Write the LookML of the staged tables and of the audit tables.

    Args:
        tables: What Looker may read, without the audit tables.
        options: What the user says about it.

    Returns:
        Texts by paths, all of them below `generated/`.
    """
    all_views = _views(tables, options)
    explores = list(joins.explores(all_views, (*joins.EXPLORES, *audit.EXPLORES)))
    files = {
        f"views/{view.name}.view.lkml": _text({"views": [view.node()]})
        for view in all_views.values()
    }
    files |= {
        f"explores/{node['name']}.explore.lkml": _text({"explores": [node]}) for node in explores
    }
    files |= {
        f"dashboards/{name}.dashboard.lookml": _HEAD + text
        for name, text in dashboards(all_views, options.model).items()
    }
    files[_DATAGROUPS] = _text({"datagroups": [audit.datagroup(options)]})
    if options.with_model:
        files[f"{options.model}.model.lkml"] = _text(_model(options))
    files["README.md"] = _README.format(
        connection=options.connection,
        datagroups=_DATAGROUPS,
        datagroup=audit.DATAGROUP,
        model=options.model,
    )
    return {f"{FOLDER}/{path}": text for path, text in sorted(files.items())}


def _views(tables: Sequence[StagedTable], options: Options) -> Views:
    """All views by stream, complete."""
    made = {table.stream: views.of_table(table, options) for table in tables}
    compared = budget.budget_view({table.stream: table for table in tables})
    if compared:
        made[joins.BUDGET] = compared
    made |= audit.audit_views(options)
    fields.add(made, options)
    return made


def _model(options: Options) -> Node:
    model: Node = {
        "connection": options.connection,
        "label": "Visma.net",
        "week_start_day": options.week_start_day,
        "includes": [
            _DATAGROUPS,
            "views/*.view.lkml",
            "explores/*.explore.lkml",
            "dashboards/*.dashboard.lookml",
        ],
        "persist_with": audit.DATAGROUP,
    }
    if options.fiscal_month_offset:
        model["fiscal_month_offset"] = str(options.fiscal_month_offset)
    return model


def _text(node: Node) -> str:
    return f"{_HEAD}\n{lkml.dump(node)}\n"
