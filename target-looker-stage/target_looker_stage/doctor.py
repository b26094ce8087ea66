"""`target-looker-stage-doctor`: whether a load can work, before the first one.

Asks for a connection, the server's version, each right that a load needs, the roles that are to
read, the lock, the LookML folder and Looker. Changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk.exceptions import ConfigValidationError

from loader_core import LoaderError, SettingsError
from target_looker_stage import looker
from target_looker_stage.session import Session
from target_looker_stage.statements import quoted
from target_looker_stage.target import TargetLookerStage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_looker_stage.looker_settings import LookerSettings, LookmlSettings
    from target_looker_stage.settings import Settings

Result = Literal["ok", "missing", "failed"]
_WHAT = "looking at rights"


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


def findings(target: TargetLookerStage) -> Iterator[Finding]:
    """Ask all questions, in the order in which a load would meet them."""
    try:
        session = Session(target.place)
    except LoaderError as error:
        yield Finding("connection", "failed", str(error))
    else:
        with closing(session):
            yield Finding("connection", "ok", target.place.place)
            major = session.version // 10_000
            yield Finding("server", "ok", f"PostgreSQL {major}")
            yield from _rights(session, target.place)
            yield _lock(session, target.place)
    if target.after_load.lookml:
        yield _folder(target.after_load.lookml)
    if target.after_load.looker:
        yield _looker(target.after_load.looker)


def _rights(session: Session, settings: Settings) -> Iterator[Finding]:
    """One finding for each right and each role."""
    schema = settings.schema
    ((user, database),) = session.run(
        "SELECT current_user::text, current_database()::text", what=_WHAT
    )
    to = quoted(user)
    there = session.run("SELECT to_regnamespace(%s)", [quoted(schema)], what=_WHAT) != [(None,)]
    wanted = [("TEMPORARY", "DATABASE", database, "has_database_privilege")]
    if there:
        wanted += [(of, "SCHEMA", schema, "has_schema_privilege") for of in ("USAGE", "CREATE")]
    else:
        wanted.append(("CREATE", "DATABASE", database, "has_database_privilege"))
    for privilege, kind, name, function in wanted:
        about = f"{privilege} on {kind.lower()} {name}"
        if session.run(f"SELECT {function}(%s, %s)", [name, privilege], what=_WHAT) == [(True,)]:
            yield Finding(about, "ok", "")
        else:
            grant = f"GRANT {privilege} ON {kind} {quoted(name)} TO {to}"
            yield Finding(about, "missing", grant)
    if not there:
        yield Finding(f"schema {schema}", "ok", "will be made")
    for role in settings.grant_select_to:
        found = session.run("SELECT 1 FROM pg_roles WHERE rolname = %s", [role], what=_WHAT)
        note = "" if found else f"CREATE ROLE {quoted(role)} LOGIN PASSWORD '...'"
        yield Finding(f"role {role}", "ok" if found else "missing", note)


def _lock(session: Session, settings: Settings) -> Finding:
    about = f"lock on schema {settings.schema}"
    try:
        session.lock()
    except LoaderError as error:
        return Finding(about, "failed", str(error))
    return Finding(about, "ok", "no other run loads into it")


def _folder(settings: LookmlSettings) -> Finding:
    about, folder = "LookML folder", settings.folder
    if not folder.is_dir():
        return Finding(about, "missing", f"Make the folder {folder}")
    if not os.access(folder, os.W_OK):
        return Finding(about, "failed", f"{folder} may not be written by this user")
    if settings.git != "none" and not any(
        (parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents)
    ):
        return Finding(about, "failed", f"{folder} is in no working copy of git")
    return Finding(about, "ok", str(folder))


def _looker(settings: LookerSettings) -> Finding:
    outcome = looker.check(settings)
    return Finding("Looker", outcome.status, outcome.message)


def in_words(found: Sequence[Finding]) -> list[str]:
    """Findings as a table."""
    width = max(len(finding.about) for finding in found)
    return [f"{one.result:<8} {one.about:<{width}}  {one.note}".rstrip() for one in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `target-looker-stage-doctor`.

    Returns:
        0; 1 when a load cannot work; 2 when settings are wrong.
    """
    parser = argparse.ArgumentParser(
        "target-looker-stage-doctor", description="Ask a warehouse whether a load can work."
    )
    parser.add_argument(
        "--config", required=True, help="settings as a JSON file, or ENV for the environment"
    )
    parser.add_argument("--format", choices=["table", "json"], default="table")
    given = parser.parse_args(arguments)
    try:
        target = _target(given.config)
        found = list(findings(target))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    works = all(finding.result == "ok" for finding in found)
    if given.format == "json":
        told = msgspec.json.format(msgspec.json.encode({"works": works, "findings": found}))
        sys.stdout.write(told.decode() + "\n")
    else:
        sys.stdout.write("\n".join(in_words(found)) + "\n")
    return 0 if works else 1


def _target(config: str) -> TargetLookerStage:
    """The target with these settings.

    Raises:
        SettingsError: They cannot be read, or are wrong.
    """
    values: dict[str, Any] = {}
    try:
        if config != "ENV":
            values = json.loads(Path(config).read_bytes())
        return TargetLookerStage(config=values, parse_env_config=config == "ENV")
    except OSError as error:
        raise SettingsError(
            f"'{config}' cannot be read: {error.strerror}", "Name another"
        ) from None
    except ValueError:
        raise SettingsError(f"'{config}' is not JSON", "Correct it") from None
    except ConfigValidationError as error:
        raise SettingsError(" ".join(error.errors).rstrip("."), "Correct the settings") from None
