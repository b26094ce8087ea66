"""The same list through dlt's REST API source into Parquet files, nested values kept as JSON.

`python dlt_source.py API_URL RECORDS`; what it writes is gone when it ends.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt  # type: ignore[import-not-found] # it has an environment of its own
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

NAME = "supplier_invoices"


def config(api_url: str) -> dict[str, Any]:
    """The source, as dlt's documentation describes one with numbered pages and no page total."""
    return {
        "client": {
            "base_url": f"{api_url}/v1/",
            "paginator": {
                "type": "page_number",
                "base_page": 1,
                "page_param": "pageNumber",
                "total_path": None,
                "stop_after_empty_page": True,
            },
        },
        "resources": [
            {
                "name": NAME,
                "primary_key": ["documentType", "referenceNumber"],
                "endpoint": {"path": "supplierInvoice", "params": {"pageSize": 5000}},
            }
        ],
    }


def main(api_url: str, records: int) -> None:
    """Load the list once.

    Raises:
        SystemExit: Another number of rows came out of it.
    """
    with TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=str(Path(folder, "pipelines")),
            destination=dlt.destinations.filesystem(Path(folder, "files").as_uri()),
            dataset_name="visma",
        )
        source = rest_api_source(config(api_url), max_table_nesting=0)
        pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()
        rows = pipeline.last_trace.last_normalize_info.row_counts[NAME]
    if rows != records:
        sys.exit(f"loaded {rows} rows, not {records}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
