"""The single steps at Looker: each does one thing, or says what a person has to do about it.

Knows the SDK's methods and models; knows neither order nor load.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from looker_sdk import models40

from target_looker_stage.looker_client import Looker, LookerError, MissingError
from target_looker_stage.lookml import DATAGROUP, NEWEST

if TYPE_CHECKING:
    from looker_sdk.sdk.api40.methods import Looker40SDK

_TESTS = models40.DelimSequence(["connect", "query"])
_BEHIND_SECONDS = 2
"""By how much a trigger is dated back: Looker refuses a time that its clock has not reached."""


def deploy(looker: Looker, project: str, commit: str) -> None:
    """Deploy a commit of the project's repository to production.

    Raises:
        LookerError: Looker does not.
    """
    try:
        looker.call(lambda sdk: sdk.deploy_ref_to_production(project, ref=commit))
    except MissingError:
        raise LookerError(
            f"Looker has no project '{project}', or it may not be deployed",
            "See 'looker_project', and give the API key's user the permission 'deploy'",
        ) from None


def test_connection(looker: Looker, connection: str) -> str:
    """Let Looker test its connection; says what came of it.

    Users who may not test it are told the same as of one that is not there, so that is no fault:
    the query after it shows more.

    Raises:
        LookerError: It fails a test.
    """
    try:
        results = looker.call(lambda sdk: sdk.test_connection(connection, _TESTS))
    except MissingError:
        return "connection not tested"
    failed = [result for result in results if result.status != "success"]
    if failed:
        raise LookerError(
            f"Looker's connection '{connection}' fails {len(failed)} of its {len(results)} tests",
            "Test it in Looker (Admin, Database, Connections) to see why",
        )
    return "connection tested"


def find_datagroup(looker: Looker, model: str) -> str:
    """The id of the datagroup.

    Raises:
        LookerError: There is none, or it may not be seen.
    """
    groups = looker.call(lambda sdk: sdk.all_datagroups())
    wanted = (model, DATAGROUP)
    found = [group.id for group in groups if (group.model_name, group.name) == wanted]
    if not found or found[0] is None:
        raise LookerError(
            f"Looker has no datagroup '{DATAGROUP}' in the model '{model}'",
            "Deploy the generated LookML, and give the API key's user the permissions "
            "'see_datagroups' and 'update_datagroups' for the model",
        )
    return found[0]


def trigger(looker: Looker, datagroup: str) -> None:
    """Mark a datagroup as triggered just now.

    Raises:
        LookerError: Looker does not take it.
    """
    body = models40.WriteDatagroup(triggered_at=int(looker.now) - _BEHIND_SECONDS)
    looker.call(lambda sdk: sdk.update_datagroup(datagroup, body))


def compare(looker: Looker, model: str, load_id: int) -> None:
    """Ask Looker for the newest load, past its cache, and see that it is this one or a later one.

    Raises:
        LookerError: It is not, or Looker cannot say.
    """
    explore, field = NEWEST
    body = models40.WriteQuery(model=model, view=explore, fields=[field], limit="1")

    def ask(sdk: Looker40SDK) -> int | None:
        return _newest(sdk.run_inline_query("json", body, cache=False), field)

    try:
        newest = looker.call(ask)
    except MissingError:
        raise LookerError(
            f"Looker has no explore '{explore}' in the model '{model}'",
            "Deploy the generated LookML, and give the API key's user 'access_data' for the model",
        ) from None
    if newest is None or newest < load_id:
        seen = "no load" if newest is None else f"load {newest} as the newest"
        raise LookerError(
            f"Looker sees {seen}, but load {load_id} was committed",
            "See that Looker's connection reads the same database and schema, and no replica that "
            "lags behind",
        )


def _newest(answer: str | bytes, field: str) -> int | None:
    """The number in the answer of the query, `None` if there is no load.

    Raises:
        LookerError: The warehouse did not run the query.
    """
    row = json.loads(answer)[0]
    if field not in row:  # a fault of the query comes as a row too
        raise LookerError(
            "Looker could not run its query for the newest load",
            "Run it in Looker to see why; grants may be missing: 'grant_select_to' gives them",
        )
    return None if row[field] is None else int(row[field])


def run_plan(looker: Looker, plan: str) -> None:
    """Run a scheduled plan once.

    Raises:
        LookerError: Looker does not, or it is not known whether it did.
    """
    try:
        looker.call(lambda sdk: sdk.scheduled_plan_run_once_by_id(plan))
    except MissingError:
        raise LookerError(
            f"Looker has no scheduled plan '{plan}', or it may not be run",
            "See 'looker_scheduled_plans', and give the API key's user 'see_schedules'",
        ) from None
