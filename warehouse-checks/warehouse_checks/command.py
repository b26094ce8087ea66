"""`warehouse-checks`: `preflight` before the first load, `verify` after each run.

Both with `snowflake` or `bigquery`. Settings are the loader's, as a file or from its variables.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from warehouse_checks import bigquery_preflight, findings, settings, snowflake_preflight, told
from warehouse_checks.bigquery_api import BigQueryApi
from warehouse_checks.calls import Caller
from warehouse_checks.clock import Clock
from warehouse_checks.errors import CheckError, SettingsError
from warehouse_checks.findings import Finding
from warehouse_checks.snowflake_api import SnowflakeApi
from warehouse_checks.tables import BigQueryTables, SnowflakeTables
from warehouse_checks.verify import Scope, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse_checks.tables import Tables

GOOD, WRONG, NOT_CHECKED = 0, 1, 2


def main(arguments: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run `warehouse-checks`.

    Args:
        arguments: In place of those of the process.
        clock: In place of the system's.

    Returns:
        0; 1 when something would fail, or differs; 2 when it could not be checked.
    """
    given = _parser().parse_args(arguments)
    caller = Caller(clock or Clock())
    try:
        values = settings.read(given.warehouse, given.config, os.environ)
        if given.verb == "preflight":
            return _preflight(given, values, caller)
        return _verify(given, values, caller)
    except CheckError as error:
        sys.stderr.write(f"{error}\n")
        return NOT_CHECKED
    finally:
        caller.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "warehouse-checks", description="Check a warehouse before a load, and after it."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="preflight | verify")
    for verb, text in (
        ("preflight", "say what would fail in a load"),
        ("verify", "compare rows and sums with the ledger of sync batches"),
    ):
        own = verbs.add_parser(verb, help=text, description=f"{text.capitalize()}.")
        own.add_argument("warehouse", choices=sorted(settings.SCHEMAS))
        own.add_argument(
            "--config",
            action="append",
            required=True,
            help="the loader's settings as a JSON file, or ENV for its variables "
            "(TARGET_SNOWFLAKE_..., TARGET_BIGQUERY_...); can be given more than once",
        )
        own.add_argument("--format", choices=["table", "json"], default="table")
        if verb == "verify":
            own.add_argument("--company", action="append", help="company_id; more than once")
            own.add_argument("--stream", action="append", help="name; more than once")
    return parser


def _preflight(given: argparse.Namespace, values: dict[str, object], caller: Caller) -> int:
    found = list(_findings(given.warehouse, values, caller))
    code = findings.exit_code(found)
    if given.format == "json":
        _write_json({"works": code == GOOD, "findings": [asdict(finding) for finding in found]})
    else:
        _write(findings.in_words(found))
    return code


def _findings(warehouse: str, values: dict[str, object], caller: Caller) -> list[Finding]:
    """All findings. A key that cannot be used is one of them, since a load would meet it too."""
    about = "private key" if warehouse == "snowflake" else "key file"
    if warehouse == "snowflake":
        place = settings.snowflake(values)
        try:
            api = SnowflakeApi(place, caller)
        except SettingsError as error:
            return [Finding(about, "failed", str(error))]
        return list(snowflake_preflight.Preflight(api, place).findings())
    project = settings.bigquery(values)
    try:
        google = BigQueryApi(project, caller)
    except SettingsError as error:
        return [Finding(about, "failed", str(error))]
    return list(bigquery_preflight.Preflight(google, project).findings())


def _verify(given: argparse.Namespace, values: dict[str, object], caller: Caller) -> int:
    tables: Tables
    if given.warehouse == "snowflake":
        place = settings.snowflake(values)
        tables = SnowflakeTables(SnowflakeApi(place, caller), place)
    else:
        project = settings.bigquery(values)
        tables = BigQueryTables(BigQueryApi(project, caller), project)
    reports = list(Verification(tables, Scope(given.company, given.stream)).reports())
    if given.format == "json":
        _write_json(told.as_json(reports))
    else:
        _write(list(told.in_words(reports)))
    if not reports:
        sys.stderr.write("The ledger has no batch of what was asked for.\n")
        return NOT_CHECKED
    return told.exit_code(reports)


def _write_json(value: object) -> None:
    _write([json.dumps(value, indent=2, ensure_ascii=False)])


def _write(lines: Sequence[str]) -> None:
    """Write lines to stdout, if anybody reads it."""
    try:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer cannot be written; at exit Python would try, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
