"""The command: the SDK's, and the verbs that are not a run of a tap's output.

| command | does |
| --- | --- |
| `target-powerbi --config FILE` | loads what a tap writes |
| `target-powerbi --config FILE --replay [BATCH]` | sends what was not acknowledged, and a batch |
| `target-powerbi doctor --config FILE` | says whether a load can work, and what to click |
| `target-powerbi mapping [--config FILE]` | prints the mapping |
| `target-powerbi compare --config FILE` | counts and sums of both modes side by side |
"""

from __future__ import annotations

import argparse
import io
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from loader_core import LoaderError, SettingsError, run
from loader_core.doctor import configured, show
from target_powerbi import compare, doctor, mapping
from target_powerbi.lake import Lake
from target_powerbi.model import Model
from target_powerbi.store import Store
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_powerbi.compare import Side

WRONG_SETTINGS = 2


def main() -> int:
    """Run `target-powerbi`; gives the exit code."""
    arguments = sys.argv[1:]
    verb = _VERBS.get(arguments[0]) if arguments else None
    if verb is None and "--replay" not in arguments:
        run(TargetPowerBI)
        return 0
    try:
        return verb(arguments[1:]) if verb else _replay(arguments)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except LoaderError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _replay(arguments: Sequence[str]) -> int:
    parser = _parser("--replay", "Send what was not acknowledged, and a batch of before.")
    parser.add_argument(
        "--replay", nargs="?", const="", metavar="BATCH", help="the beginning of a batch's key"
    )
    given = parser.parse_args(arguments)
    target = configured(TargetPowerBI, given.config)
    target.replayed = given.replay.rpartition("-")[2]
    target.listen(io.StringIO(""))
    return 0


def _doctor(arguments: Sequence[str]) -> int:
    parser = _parser("doctor", "Ask Power BI whether a load can work.")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    parser.add_argument(
        "--try-creation",
        action="store_true",
        help="make a dataset of one table and delete it, to see whether that is allowed",
    )
    given = parser.parse_args(arguments)
    found = list(
        doctor.findings(configured(TargetPowerBI, given.config), tries_creation=given.try_creation)
    )
    return show(found, as_json=given.format == "json")


def _mapping(arguments: Sequence[str]) -> int:
    parser = _parser("mapping", "Print the mapping.", needs_config=False)
    given = parser.parse_args(arguments)
    path = configured(TargetPowerBI, given.config).place.mapping_file if given.config else None
    sys.stdout.write(mapping.text(path))
    mapping.load(path)
    return 0


def _compare(arguments: Sequence[str]) -> int:
    given = _parser("compare", "Counts and sums of both modes.").parse_args(arguments)
    target = configured(TargetPowerBI, given.config)
    place, client = target.place, target.make_client()
    if place.mode == "onelake":
        raise SettingsError("'mode' is onelake, so there is one side only", "Set it to both")
    tables = mapping.load(place.mapping_file)
    target.disk.make_folder(target.folder)
    with closing(target.make_state()) as state:
        sides: dict[str, Side] = {"batches": compare.in_batches(Store(state))}
        found = Model(client, state, tables, place).find()
        if found is None:
            raise SettingsError(
                f"there is no dataset '{place.dataset}' in the workspace", "Load it first"
            )
        sides["push"] = compare.in_model(client, found["id"])
        if place.mode == "both":
            lake = Lake(target.make_lake_place(client), target.clock)
            sides["onelake"] = compare.in_lake(lake)
        lines = list(compare.compare(tables, list(sides.values())))
    sys.stdout.write(compare.shown(lines, list(sides)) + "\n")
    return 0 if all(line.equal for line in lines) else 1


_VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "compare": _compare,
    "doctor": _doctor,
    "mapping": _mapping,
}


def _parser(verb: str, told: str, *, needs_config: bool = True) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"target-powerbi {verb}", description=told)
    parser.add_argument(
        "--config",
        required=needs_config,
        help="settings as a JSON file, or ENV for the environment",
    )
    return parser
