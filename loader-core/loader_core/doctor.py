"""What the doctors of targets share: findings, how they are shown, and the command.

Knows settings and exit codes; the questions are each target's own.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec
from singer_sdk.exceptions import ConfigValidationError

from loader_core.errors import SettingsError
from loader_core.target import LoaderTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Target = TypeVar("Target", bound=LoaderTarget)
Result: TypeAlias = Literal["ok", "missing", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one question brought.

    Attributes:
        about: What was asked after.
        result: `ok`; `missing`, of a grant or an object; or `failed`.
        note: What to know or to do.
    """

    about: str
    result: Result
    note: str


def in_words(findings: Sequence[Finding]) -> list[str]:
    """Findings as a table."""
    width = max(len(finding.about) for finding in findings)
    return [
        f"{found.result:<8} {found.about:<{width}}  {found.note}".rstrip() for found in findings
    ]


def run(
    target: type[Target],
    ask: Callable[[Target], Iterable[Finding]],
    description: str,
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a doctor as a command, `<target>-doctor`.

    Args:
        target: Has the settings.
        ask: Asks all questions, in the order in which a load would meet them.
        description: For `--help`.
        arguments: In place of those of the command line.

    Returns:
        The exit code: 0; 1 when a load cannot work; 2 when settings are wrong.
    """
    parser = argparse.ArgumentParser(f"{target.name}-doctor", description=description)
    parser.add_argument(
        "--config", required=True, help="settings as a JSON file, or ENV for the environment"
    )
    parser.add_argument("--format", choices=["table", "json"], default="table")
    given = parser.parse_args(arguments)
    try:
        findings = list(ask(configured(target, given.config)))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return show(findings, as_json=given.format == "json")


def show(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print findings; gives the exit code."""
    works = all(finding.result == "ok" for finding in findings)
    if as_json:
        told = msgspec.json.format(msgspec.json.encode({"works": works, "findings": findings}))
        sys.stdout.write(told.decode() + "\n")
    else:
        sys.stdout.write("\n".join(in_words(findings)) + "\n")
    return 0 if works else 1


def configured(target: type[Target], config: str) -> Target:
    """A target with its settings: a JSON file, or ENV for the environment.

    Raises:
        SettingsError: They cannot be read, or are wrong.
    """
    values: dict[str, Any] = {}
    try:
        if config != "ENV":
            values = json.loads(Path(config).read_bytes())
        return target(config=values, parse_env_config=config == "ENV")
    except OSError as error:
        raise SettingsError(
            f"'{config}' cannot be read: {error.strerror}", "Name another"
        ) from None
    except ValueError:
        raise SettingsError(f"'{config}' is not JSON", "Correct it") from None
    except ConfigValidationError as error:
        raise SettingsError(" ".join(error.errors).rstrip("."), "Correct the settings") from None
