"""The JSON Schema of each stream's own fields, one file per stream, as Visma names them.

Numbers are amounts, quantities or rates and are exact: read them as decimals. Values of format
`date-time` carry no zone, as Visma sends them.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def load(stream: str) -> dict[str, Any]:
    """The schema of the fields that Visma sends for a stream, without the audit columns.

    Args:
        stream: The stream's name.

    Returns:
        A new JSON Schema object with `properties`.
    """
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{stream}.json").read_text())
    return schema
