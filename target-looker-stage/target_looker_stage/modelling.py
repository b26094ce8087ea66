"""What follows a load that is committed: the LookML of what is staged, and a word to Looker.

Knows the order, and that nothing here can harm the load: whatever fails becomes an outcome, which
is written into the audit row.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import msgspec

from loader_core import LoaderError
from target_looker_stage import looker, lookml
from target_looker_stage.audit import Audit
from target_looker_stage.layout import Column
from target_looker_stage.session import Session
from target_looker_stage.statements import quoted

if TYPE_CHECKING:
    from target_looker_stage.looker_settings import LookerSettings, LookmlSettings
    from target_looker_stage.settings import Settings

_COLUMNS = msgspec.json.Decoder(list[Column])

logger = logging.getLogger(__name__)


class ModellingError(LoaderError):
    """The load stands, but the LookML or Looker is not as it should be."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What is to follow a load.

    Attributes:
        lookml: Where the LookML is written, if anywhere.
        looker: Which Looker is told, if any.
    """

    lookml: LookmlSettings | None
    looker: LookerSettings | None


def follow(load_id: int, settings: Settings, steps: Steps) -> str | None:
    """Do what is to follow a load, and note in its audit row what became of it.

    Args:
        load_id: The load, which is committed.
        settings: Of the staging.
        steps: What is to follow.

    Returns:
        What went wrong, if anything did.
    """
    if not steps.lookml and not steps.looker:
        return None
    try:
        with closing(Session(settings)) as session:
            return _follow(load_id, settings, steps, session)
    except LoaderError as error:
        logger.warning("After load %d: %s", load_id, error)
        return str(error)


def _follow(load_id: int, settings: Settings, steps: Steps, session: Session) -> str | None:
    told, wrong, calls, commit = list[str](), list[str](), 0, None
    if steps.lookml:
        try:
            delivered = write_lookml(settings, steps.lookml, session)
        except LoaderError as error:
            wrong.append(str(error))
        else:
            commit = delivered.commit
            told.append("LookML written" if delivered.changed else "LookML is as it was")
    if steps.looker:
        outcome = looker.announce(load_id, steps.looker, commit=commit)
        calls = outcome.calls
        (told if outcome.status == "ok" else wrong).append(outcome.message)
        if outcome.deployed and steps.lookml:
            try:
                lookml.mark_deployed(steps.lookml.folder, outcome.deployed)
            except LoaderError as error:
                wrong.append(str(error))
    message = "; ".join([*wrong, *told])
    logger.log(logging.WARNING if wrong else logging.INFO, "After load %d: %s", load_id, message)
    values = ["failed" if wrong else "ok", message, calls]
    sql = Audit(settings.schema).note_looker(load_id)
    session.run(sql, values, what="noting the step at Looker")
    return "; ".join(wrong) or None


def write_lookml(settings: Settings, wanted: LookmlSettings, session: Session) -> lookml.Delivery:
    """Write the LookML of all tables that have ever been loaded, once it has been checked.

    Raises:
        LoaderError: It has faults, the warehouse does not answer it, or it cannot be delivered.
    """
    found = session.run(Audit(settings.schema).tables(), what="looking at the tables")
    tables = [
        lookml.StagedTable(
            stream=stream,
            schema=settings.schema,
            name=name,
            key=key,
            columns=tuple(_column(column) for column in _COLUMNS.decode(columns)),
        )
        for stream, name, key, columns in found
    ]
    options = lookml.Options(
        connection=wanted.connection,
        model=wanted.model,
        schema=settings.schema,
        fiscal_month_offset=wanted.fiscal_month_offset,
        week_start_day=wanted.week_start_day,
        segments=wanted.segments,
        with_model=wanted.with_model,
    )
    files = lookml.project(tables, options)
    if faults := lookml.faults(files):
        raise ModellingError(
            f"the LookML has {len(faults)} faults, of which the first is: {faults[0]}",
            "Rename columns with a stream map, or report it; the LookML stays as it was",
        )
    _probe(lookml.probes(files), settings, session)
    return lookml.deliver(files, wanted.folder, git=wanted.git, author=wanted.author)


def _probe(statements: dict[str, str], settings: Settings, session: Session) -> None:
    """Ask the warehouse all that the LookML will, as the role that Looker has, where we may."""
    roles = settings.grant_select_to[:1]
    may = "SELECT pg_has_role(%s, 'MEMBER')"
    if roles and session.run(may, list(roles), what="looking at roles") == [(True,)]:
        session.run(f"SET ROLE {quoted(roles[0])}", what="asking as Looker does")
    try:
        for name, sql in statements.items():
            session.run(sql, what=f"asking the LookML's {name}")
    finally:
        session.run("RESET ROLE", what="asking as ourselves again")


def _column(column: Column) -> lookml.Column:
    return lookml.Column(
        name=column.name,
        source=column.source or column.name,
        kind=cast("lookml.Kind", column.kind),
        title=column.title,
        description=column.description,
    )
