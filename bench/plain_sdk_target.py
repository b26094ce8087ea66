"""A Singer target written the usual way with the Meltano SDK, which throws its batches away.

One sink, everything else the SDK's default.
"""

from __future__ import annotations

import sys
from typing import Any

from singer_sdk import BatchSink, Target
from singer_sdk import typing as th


class PlainSink(BatchSink):
    """Takes batches and throws them away."""

    rows = 0

    def process_batch(self, context: dict[str, Any]) -> None:
        """Count the rows."""
        PlainSink.rows += len(context["records"])


class PlainTarget(Target):
    """The target around the sink."""

    name = "target-plain"
    config_jsonschema = th.PropertiesList(
        th.Property("records", th.IntegerType, required=True)
    ).to_dict()
    default_sink_class = PlainSink

    def process_endofpipe(self) -> None:
        """Write what is left, and tell whether all came.

        Raises:
            SystemExit: They did not.
        """
        super().process_endofpipe()
        if PlainSink.rows != self.config["records"]:
            sys.exit(f"{PlainSink.rows} rows came, not {self.config['records']}")


if __name__ == "__main__":
    PlainTarget.cli()
