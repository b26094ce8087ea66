"""`target-looker-stage-doctor`: whether a load can work, before the first one.

Asks for a connection, the server's version, each right that a load needs, the roles that are to
read, the lock, the LookML folder and Looker. Changes nothing.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from loader_core import LoaderError
from loader_core.doctor import Finding, run
from target_looker_stage import looker
from target_looker_stage.session import Session
from target_looker_stage.statements import quoted
from target_looker_stage.target import TargetLookerStage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_looker_stage.looker_settings import LookerSettings, LookmlSettings
    from target_looker_stage.settings import Settings

_WHAT = "looking at rights"


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `target-looker-stage-doctor`; gives its exit code."""
    return run(TargetLookerStage, findings, "Ask a warehouse whether a load can work.", arguments)
