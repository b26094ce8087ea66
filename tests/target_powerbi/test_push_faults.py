"""Lost answers, refusals and what a person has to mend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.errors import OutboxError
from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state
from powerbi_loads import MAPPING, Workspace
from target_powerbi.state import State

if TYPE_CHECKING:
    from powerbi_service import PowerBIService

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
LOST = {"drop": True}
DONE_AND_LOST = {"drop": True, "commit": True}
GATEWAY = {"status": 502, "commit": True, "body": "<html>"}
PAGE = {"status": 200, "body": "<html>"}
WIDER = MAPPING.replace(
    '{ name = "number", field',
    '{ name = "more", field = "more", type = "String" },\n  { name = "number", field',
)


def invoice(number: int, amount: int = 10, stamp: str = "10:00", read: int = 1) -> dict[str, Any]:
    return audited("invoices", str(number), stamp, read, amount=amount)


def amounts(workspace: Workspace) -> list[Any]:
    return [row["amount"] for row in workspace.rows("invoices")]


@pytest.mark.parametrize(
    "fault", [LOST, DONE_AND_LOST, GATEWAY, PAGE], ids=["lost", "done", "502", "page"]
)
@pytest.mark.parametrize(
    ("path", "method"),
    [("/datasets$", "POST"), ("/rows$", "POST"), ("/rows$", "DELETE"), ("/tables$", "GET")],
    ids=["making", "adding", "clearing", "looking"],
)
def test_no_row_is_there_twice_or_not_at_all_after_a_lost_answer(
    workspace: Workspace, fault: dict[str, Any], path: str, method: str
) -> None:
    if method in {"DELETE", "GET"}:
        workspace.load([INVOICES, invoice(1), state({"at": 1})])
        change = [{"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 1}]
        method_of_load = {"load_method": "overwrite"}
    else:
        change, method_of_load = [], {}
    workspace.service.fault(path, method=method, **fault)

    run = workspace.load(
        [INVOICES, invoice(1), invoice(2), *change, state({"at": 2})], **method_of_load
    )

    assert run.error is None
    assert [row["invoice_key"] for row in workspace.rows("invoices")] == ["no:1", "no:2"]


def test_rows_that_are_shown_late_are_waited_for(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.service.set(lag=8)
    workspace.service.fault("/rows$", method="POST", **DONE_AND_LOST)

    run = workspace.load([INVOICES, invoice(2), state({"at": 2})])

    assert run.error is None
    assert amounts(workspace) == [10, 10]


def test_rows_that_may_yet_show_are_looked_for_again_by_the_run_after_a_refusal(
    workspace: Workspace,
) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.service.set(lag=45)
    workspace.service.fault("/rows$", method="POST", **DONE_AND_LOST)
    refusal = {"status": 429, "headers": {"Retry-After": "86000"}}
    workspace.service.fault("/rows$", method="POST", **refusal)

    stopped = workspace.load([INVOICES, invoice(2), state({"at": 2})])
    resumed = workspace.load([INVOICES, invoice(2), state({"at": 2})])

    assert "for 86000 s" in str(stopped.error)
    assert resumed.error is None
    assert amounts(workspace) == [10, 10]


def test_a_table_of_which_a_request_came_in_part_is_sent_anew(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.service.fault("/rows$", method="POST", part=1, **DONE_AND_LOST)

    run = workspace.load([INVOICES, invoice(2), invoice(3), state({"at": 2})])

    assert run.error is None
    assert [row["invoice_key"] for row in workspace.rows("invoices")] == ["no:1", "no:2", "no:3"]


def test_a_revoked_token_is_asked_for_again(workspace: Workspace) -> None:
    workspace.service.fault("/rows$", method="POST", status=401)

    run = workspace.load([INVOICES, invoice(1), state({"at": 1})])

    assert run.error is None
    assert amounts(workspace) == [10]
    assert workspace.service.shown()["tokens_given"] == 2


def test_a_certificate_in_place_of_a_secret_and_a_token_in_time(workspace: Workspace) -> None:
    workspace.service.set(expires_in=200)  # msal renews what is good for less than five minutes
    settings = {"client_certificate_path": workspace.service.certificate}
    config = {name: value for name, value in workspace.config.items() if name != "client_secret"}

    run = workspace.load([INVOICES, invoice(1), state({"at": 1})], only=config | settings)

    assert run.error is None
    shown = workspace.service.shown()
    assert shown["tokens_given"] == sum(
        "/datasets" in call or "groups" in call for call in shown["calls"]
    )


def test_a_private_key_with_a_password_is_told_before_anything_is_called(
    workspace: Workspace,
) -> None:
    config = {name: value for name, value in workspace.config.items() if name != "client_secret"}
    file = workspace.folder / "locked.pem"
    locked = Path(workspace.service.certificate).read_text()
    file.write_text(locked.replace(" PRIVATE KEY", " ENCRYPTED PRIVATE KEY"))

    run = workspace.load([INVOICES], only=config | {"client_certificate_path": str(file)})

    assert "without a password" in str(run.error)
    assert workspace.service.shown()["calls"] == []


@pytest.mark.parametrize(
    ("given", "settings", "told"),
    [
        ({}, {"client_secret": "wrong"}, "AADSTS7000215. 'client_secret' is wrong"),
        ({}, {"client_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "AADSTS700016"),
        ({"tenant_switch": False}, {}, "Service principals can call Fabric public APIs"),
        ({"role": None}, {}, "is a Member of the workspace"),
        ({"role": "Viewer"}, {}, "making the dataset"),
        ({"creation": False}, {}, "set 'mode' to onelake"),
        ({"advance": 5 * 365 * 86_400}, {}, "set 'mode' to onelake"),
        ({}, {"create_if_missing": False}, "there is no dataset"),
    ],
    ids=["secret", "id", "switch", "no role", "viewer", "creation", "2031", "not to be made"],
)
def test_what_a_person_has_to_mend_is_said_with_what_to_do(
    workspace: Workspace, given: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    workspace.service.set(**given)
    try:
        run = workspace.load([INVOICES, invoice(1), state({"at": 1})], **settings)
    finally:
        if "advance" in given:
            workspace.service.set(advance=-given["advance"])

    assert told in str(run.error)
    assert run.states == []
    assert workspace.service.settings["client_secret"] not in str(run.error)


def test_a_dataset_that_is_no_push_dataset_or_of_two_is_refused(workspace: Workspace) -> None:
    workspace.service.set(dataset={"name": workspace.dataset, "push": False})
    imported = workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.service.set(dataset={"name": workspace.dataset})
    twice = workspace.load([INVOICES, invoice(1), state({"at": 1})])

    assert "is no push dataset" in str(imported.error)
    assert "2 datasets named" in str(twice.error)


def test_a_column_more_is_refused_or_added_as_the_policy_says(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.mapping = WIDER

    strict = workspace.load([INVOICES, invoice(2), state({"at": 2})])
    grown = workspace.load([INVOICES, invoice(2), state({"at": 2})], schema_policy="evolve")
    settled = workspace.load([INVOICES, invoice(3), state({"at": 3})])

    assert "column 'invoices'[more] is not in it" in str(strict.error)
    assert grown.error is None
    assert settled.error is None
    assert workspace.shown()["columns"]["invoices"]["more"] == "String"
    assert len(amounts(workspace)) == 3


def test_another_type_needs_the_model_to_be_made_anew(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    before = workspace.shown()["id"]
    workspace.mapping = MAPPING.replace('"number", type = "Int64"', '"number", type = "String"')

    grown = workspace.load([INVOICES, invoice(2), state({"at": 2})], schema_policy="evolve")
    anew = workspace.load([INVOICES, invoice(2), state({"at": 2})], schema_policy="recreate")

    assert "column 'invoices'[number] is Int64 in it, and String in the mapping" in str(grown.error)
    assert anew.error is None
    assert workspace.shown()["id"] != before
    assert amounts(workspace) == [10, 10]


def test_without_its_state_a_model_is_not_touched_unless_it_is_said(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    elsewhere = Workspace(
        workspace.service, workspace.folder / "elsewhere", dataset=workspace.dataset
    )

    refused = elsewhere.load([INVOICES, invoice(2), state({"at": 2})])
    adopted = elsewhere.load([INVOICES, invoice(2, 7), state({"at": 2})], adopt=True)

    assert "made elsewhere, or the state of this loader is lost" in str(refused.error)
    assert adopted.error is None
    assert amounts(elsewhere) == [7]


@pytest.mark.parametrize(("columns", "fits"), [(74, True), (75, False)])
def test_a_table_has_seventy_five_columns_with_the_one_of_its_own(
    service: PowerBIService, workspace: Workspace, *, columns: int, fits: bool
) -> None:
    wide = ",\n".join(
        f'{{ name = "c{number}", field = "record_id", type = "String" }}'
        for number in range(columns)
    )
    workspace.mapping = (
        f'[[table]]\nstream = "invoices"\nname = "wide"\nkind = "fact"\ncolumns = [{wide}]\n'
    )

    run = workspace.load([INVOICES, invoice(1), state({"at": 1})])

    assert (run.error is None) is fits
    assert bool(service.shown()["datasets"]) is fits
    assert fits or "75" in str(run.error)


def test_another_dataset_is_refreshed_after_rows_were_sent(workspace: Workspace) -> None:
    other = workspace.service.set(dataset={"name": "Reports", "push": False})["id"]
    settings = {"refresh_dataset_id": other, "refresh_wait_seconds": 60}

    run = workspace.load([INVOICES, invoice(1), state({"at": 1})], **settings)
    unchanged = workspace.load([INVOICES, invoice(1), state({"at": 1})], **settings)

    assert run.error is None
    assert unchanged.error is None
    (refreshes,) = (
        each["refreshes"]
        for each in workspace.service.shown()["datasets"]
        if each["name"] == "Reports"
    )
    assert [each["refreshType"] for each in refreshes] == ["ViaApi"]


def test_a_refresh_that_is_refused_leaves_the_rows_loaded_and_the_state_written(
    workspace: Workspace,
) -> None:
    run = workspace.load(
        [INVOICES, invoice(1), state({"at": 1})],
        refresh_dataset_id="00000000-0000-0000-0000-000000000000",
    )

    assert "refreshing the dataset" in str(run.error)
    assert run.last_state == {"at": 1}
    assert amounts(workspace) == [10]


def test_a_refresh_that_is_due_is_asked_for_by_a_run_without_rows(workspace: Workspace) -> None:
    other = workspace.service.set(dataset={"name": "Reports", "push": False})["id"]
    workspace.service.fault("/refreshes", method="POST", status=429)
    throttled = workspace.load(
        [INVOICES, invoice(1), state({"at": 1})], refresh_dataset_id=other, max_wait_seconds=0
    )

    again = workspace.load([state({"at": 2})], refresh_dataset_id=other)

    assert throttled.error is None
    assert again.error is None
    calls = workspace.service.shown()["calls"]
    assert sum(call.startswith("POST") and call.endswith("/refreshes") for call in calls) == 2


def test_a_page_in_the_place_of_a_token_is_no_token_yet(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.service.fault("/token$", method="POST", status=200, body="<html>sign in</html>")

    run = workspace.load([INVOICES, invoice(1), state({"at": 1})])

    assert run.error is None
    assert amounts(workspace) == [10]
    assert "sign in" not in caplog.text


def test_an_answer_that_is_lost_after_a_long_wait_is_asked_after_too(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.remember_posts(120)
    for _ in range(2):
        workspace.service.fault("/rows$", method="POST", **DONE_AND_LOST)
    done = {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 1}

    run = workspace.load(
        [INVOICES, invoice(2), done, state({"at": 2})], retry_seconds=1, load_method="overwrite"
    )

    assert run.error is None
    assert amounts(workspace) == [10]


def test_a_relationship_more_is_refused_since_it_cannot_be_added(workspace: Workspace) -> None:
    way = '\n[[relationship]]\nfrom = "journal.line_key"\nto = "suppliers.supplier_key"\n'
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.mapping = MAPPING + way

    refused = workspace.load([INVOICES, invoice(2), state({"at": 2})], schema_policy="evolve")

    assert "relationship from 'journal'[line_key] to 'suppliers'" in str(refused.error)
    assert amounts(workspace) == [10]


def test_a_model_whose_rows_would_not_fit_a_new_one_is_not_deleted(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.mapping = MAPPING.replace(
        '"invoice_key", field = "record_id", type = "String"',
        '"invoice_key", field = "number", type = "Int64"',
    )

    refused = workspace.load([INVOICES, invoice(2), state({"at": 2})], schema_policy="recreate")

    assert "values that were loaded into column 'invoice_key'" in str(refused.error)
    assert amounts(workspace) == [10]


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    remembered = State(tmp_path / "push.sqlite")
    remembered.note("before", "yes")
    ((pages,),) = remembered.ask("PRAGMA page_count")
    remembered.ask(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(OutboxError, match="SQLITE_FULL"), remembered.transaction():
        remembered.note("large", "x" * 100_000)

    assert remembered.noted("before") == "yes"
    assert remembered.noted("large") is None
