"""Two nights of three companies, from the sandbox into a stand-in of BigQuery, with a failed job.

Checks the account first (`warehouse-checks preflight`), runs `tap-visma | target-bigquery-guarded`,
lets a business day pass, and lets a merge fail in the second night: that run must end with an exit
code other than 0, and the next one mends it. Then compares the books of the sandbox with the
tables, and lets `warehouse-checks verify` compare the batches. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import common
from bigquery_service import BigQueryService
from common import AMOUNTS, STREAMS, check, compare, control, current, sandbox, say, write_files

DATASET = "visma"
NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""Google's library asks a public service for regions; so it asks no one."""

night = partial(common.night, target="target-bigquery-guarded", shown=".* failed with .*")


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    os.environ |= NO_WAY_OUT
    with (
        sandbox() as ready,
        BigQueryService(state={"datasets": {DATASET: "EU"}}) as service,
        tempfile.TemporaryDirectory() as folder,
    ):
        target = settings(folder, service)
        files = write_files(folder, ready, target, (*STREAMS, "sync_batches"))
        say("Before the first run: would it work?")
        check("preflight", "bigquery", files)

        say("First night: everything.")
        night(files)
        wrong = compare(ready, stored(service))

        control(ready, "advance", {"days": 1})
        say("A business day has passed. Second night: what changed, and a merge fails at its end.")
        service.fault({"fail": "invalid"}, statement="^MERGE.*_lines`", method="POST")
        night(files, fails=True)

        say("The next run begins with what is left.")
        night(files)
        wrong += compare(ready, stored(service))
        say("After the run: is all there that was read?")
        check("verify", "bigquery", files)
        say(f"Jobs that failed: {sum(service.hits())}. Differences: {wrong}.")
    if wrong:
        sys.exit("The tables are not what the books are.")


def settings(folder: str, service: BigQueryService) -> dict[str, str]:
    """What the target is told; writes the key file."""
    key = Path(folder, "key.json")
    key.write_text(json.dumps(service.key))
    return {
        "project": service.project,
        "dataset": DATASET,
        "location": "EU",
        "credentials_path": str(key),
        "api_endpoint": service.url,
    }


def stored(service: BigQueryService) -> dict[str, common.Rows]:
    """The current rows of the tables that are compared."""
    return {name: current(service.rows(f"{DATASET}.{name}")) for name in AMOUNTS}


if __name__ == "__main__":
    main()
