"""What the tap does with events: deletions, what is read first, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import Loader
from tap_runs import BY_NAME, of_entity, same_rows, visma_with
from tap_visma import events
from tap_visma.remembered import Memory
from webhook_inbox import Inbox
from webhook_server import SECRET, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Run, Visma

ACCOUNTS = "/v1/account"
HINTED = {"accounts", "suppliers", "customers"}
STREAMS = HINTED | of_entity("supplier_payments") | {"currencies"}


@pytest.fixture
def inbox(visma: Visma, tmp_path: Path) -> Inbox:
    """A sandbox with one company, and an inbox that is there and empty."""
    inbox = Inbox(visma, tmp_path / "inbox.sqlite")
    inbox.note("Nothing Known")
    return inbox


def deleted(run: Run, stream: str = "accounts") -> dict[str, str]:
    """Ids of records that a run says were deleted, and when."""
    rows = run.records(stream)
    return {r["record_id"]: r["_sdc_deleted_at"] for r in rows if r.get("_sdc_deleted_at")}


def asked(visma: Visma) -> list[str]:
    paths = [call["path"] for call in visma.calls()]
    visma.forget_calls()
    return paths


@pytest.mark.process
@pytest.mark.parametrize("envelope", ["older", "portal"])
def test_an_account_deleted_in_visma_arrives_as_deleted(tmp_path: Path, envelope: str) -> None:
    with visma_with() as visma, serving(tmp_path) as server:
        inbox = Inbox(visma, server.inbox)
        to = {"url": f"{server.url}/webhooks", "secret": SECRET, "envelope": envelope}
        visma.control("webhooks", to)
        first = inbox.sync({"accounts"})

        ((key,),) = inbox.change(ACCOUNTS, "delete")
        second = inbox.sync({"accounts", "webhook_events"}, first)

        record_id = f"{visma.company_id()}:{key}"
        assert set(deleted(second)) == {record_id}
        was = first.rows("accounts")[record_id]
        assert second.rows("accounts")[record_id] == was | {
            "_extracted_at": second.rows("accounts")[record_id]["_extracted_at"],
            "_sdc_deleted_at": deleted(second)[record_id],
        }
        assert [m["stream"] for m in second.messages if m["type"] == "ACTIVATE_VERSION"] == [
            "accounts"
        ]
        (event,) = second.records("webhook_events")
        assert (event["outcome"], event["streams"]) == ("deletion", "accounts")
        (subscription,) = visma.control("webhooks", None, "GET")
        assert subscription["sent"] == 1


@pytest.mark.process
def test_a_day_of_business_is_told_and_hinted_runs_read_all_of_it(tmp_path: Path) -> None:
    told = {"accounts", "suppliers", "customers", "purchase_orders"}
    told |= of_entity("supplier_invoices") | of_entity("customer_invoices")
    with visma_with() as visma, serving(tmp_path) as server:
        inbox = Inbox(visma, server.inbox)
        visma.control("webhooks", {"url": f"{server.url}/webhooks", "secret": SECRET})
        visma.control("webhooks", {"url": f"{server.url}/elsewhere", "secret": SECRET})
        first = inbox.hinted(told)

        visma.control("advance", {"days": 1})
        second = inbox.hinted(told, first)

        assert sum(second.counts.values()) > len(told)
        undisturbed = visma.sync(first.state, streams=told)
        for stream in told:
            before = first.rows(stream)
            assert own(second.rows(stream, before)) == own(undisturbed.rows(stream, before))
        taken, lost = visma.control("webhooks", None, "GET")
        assert taken["sent"] == lost["failed"] > 0
        assert (taken["failed"], lost["sent"]) == (0, 0)


@pytest.mark.parametrize("settings", [{}, {"hard_delete": True}], ids=["marked", "removed"])
@pytest.mark.parametrize("versions", [True, False], ids=["versions", "no versions"])
def test_a_loader_takes_the_deletion_with_and_without_versions(
    inbox: Inbox, tmp_path: Path, settings: dict[str, Any], *, versions: bool
) -> None:
    loader = Loader(tmp_path)
    how = settings | {"process_activate_version_messages": versions}
    first = inbox.sync({"accounts"})
    loader.load((m for m in first.messages), **how)
    ((key,),) = inbox.change(ACCOUNTS, "delete")
    inbox.note("Account Deleted")

    second = inbox.sync({"accounts"}, first)
    loader.load((m for m in second.messages), **how)

    record_id = f"{inbox.visma.company_id()}:{key}"
    rows = {row["record_id"]: row for row in loader.rows("accounts")}
    if versions and settings:
        assert record_id not in rows
    else:
        assert rows[record_id]["_sdc_deleted_at"] is not None
        assert rows[record_id]["description"] == first.rows("accounts")[record_id]["description"]
    alive = {name for name, row in rows.items() if row.get("_sdc_deleted_at") is None}
    assert alive == set(first.rows("accounts")) - {record_id}


def test_a_deletion_that_is_none_deletes_nothing(inbox: Inbox) -> None:
    first = inbox.sync({"accounts"})
    inbox.note("Account Deleted", resource="https://api.finance.visma.net/v1/account/1")

    second = inbox.sync({"accounts"}, first)

    assert deleted(second) == {}
    assert same_rows(first, second, {"accounts"})  # the list was read whole to see


def test_a_deletion_that_a_killed_loader_lost_comes_again(inbox: Inbox) -> None:
    first = inbox.sync({"accounts"})
    inbox.change(ACCOUNTS, "delete")
    inbox.note("Account Deleted")

    lost = inbox.sync({"accounts"}, first)
    again = inbox.sync({"accounts"}, first)

    assert deleted(lost)
    assert deleted(again) == deleted(lost)


def test_a_record_that_comes_back_is_no_longer_deleted(inbox: Inbox) -> None:
    first = inbox.sync({"accounts"})
    ((key,),) = inbox.change(ACCOUNTS, "insert")
    grown = inbox.sync({"accounts"}, first)
    body = {"company_id": inbox.visma.company_id(), "path": ACCOUNTS, "keys": [[key]]}
    inbox.visma.control("change", body | {"operation": "delete"})
    inbox.note("Account Deleted")
    gone = inbox.sync({"accounts"}, grown)
    inbox.visma.control("change", body | {"operation": "insert"})
    inbox.note("Account Created")

    back = inbox.sync({"accounts"}, gone)
    inbox.note("Account Deleted")
    later = inbox.sync({"accounts"}, back)

    record_id = f"{inbox.visma.company_id()}:{key}"
    assert set(deleted(gone)) == {record_id}
    assert back.rows("accounts")[record_id].get("_sdc_deleted_at") is None
    assert deleted(later) == {}


def test_a_deletion_stays_due_until_a_certain_full_pass_has_looked_for_it(inbox: Inbox) -> None:
    inbox.visma.control("settings", {"page_caps": {"/v1/shipment": 2}})
    streams = of_entity("shipments")
    inbox.hinted(streams)
    first = inbox.hinted(streams)
    inbox.change("/v1/shipment", "delete")
    inbox.note("Shipment Deleted")
    delete = {"company_id": inbox.visma.company_id(), "path": "/v1/shipment", "count": 1}
    change = delete | {"operation": "delete"}
    inbox.visma.faults({"path": "/v1/shipment", "page": 2, "do": {"change": change}})

    uncertain = inbox.hinted(streams, first)
    soon = inbox.hinted(streams, uncertain)
    inbox.visma.control("advance", {"days": 1})
    later = inbox.hinted(streams, soon, hours=2)
    after = inbox.hinted(streams, later, hours=2)

    assert [len(deleted(run, "shipments")) for run in (uncertain, soon, later)] == [0, 0, 2]
    assert len(soon.records("shipments")) < len(uncertain.records("shipments"))  # no full pass
    assert after.counts == {}


def test_lines_alone_are_told_as_deleted_and_not_read_whole_in_every_run(inbox: Inbox) -> None:
    first = inbox.sync({"shipment_lines"})
    inbox.change("/v1/shipment", "delete")
    inbox.note("Shipment Deleted")

    second = inbox.sync({"shipment_lines"}, first)
    third = inbox.sync({"shipment_lines"}, second)

    assert deleted(second, "shipment_lines")
    versions = [run.state["bookmarks"]["shipments"]["version"] for run in (first, second, third)]
    assert versions[0] < versions[1] == versions[2]


def test_an_older_pass_beside_a_newer_one_makes_no_row_look_gone(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "not there yet" / "inbox.sqlite.rows")
    row = ("accounts", "no:1", b"{}")

    memory.keep("no", 200, [row])
    memory.keep("no", 150, [row])  # of another pipeline, which began before

    assert memory.gone("accounts", "no", 200, "now", "now") == []
    assert memory.count("accounts", "no", 200) == 1
    memory.close()


def test_deletions_of_shipments_are_told_without_personal_data(inbox: Inbox) -> None:
    streams = of_entity("shipments")
    first = inbox.sync(streams)
    ((key,),) = inbox.change("/v1/shipment", "delete")
    inbox.note("Shipment Deleted")

    second = inbox.sync(streams, first)

    record_id = f"{inbox.visma.company_id()}:{key}"
    assert set(deleted(second, "shipments")) == {record_id}
    lines = {r["record_id"] for r in first.records("shipment_lines") if key in r["record_id"]}
    assert lines
    assert set(deleted(second, "shipment_lines")) == lines
    (row,) = (r for r in second.records("shipments") if r["record_id"] == record_id)
    assert "email" not in str(row)
    assert "email" in str(first.rows("shipments")[record_id])


def test_streams_with_hints_are_read_first(inbox: Inbox) -> None:
    first = inbox.sync(STREAMS)
    inbox.visma.forget_calls()
    inbox.note("Customer Updated")

    inbox.sync(STREAMS, first)

    paths = asked(inbox.visma)
    assert paths[0] == "/v1/customer"
    assert len(set(paths)) == 5


def test_a_hinted_run_reads_only_what_is_hinted_at(inbox: Inbox) -> None:
    first = inbox.hinted(STREAMS)
    assert len(asked(inbox.visma)) >= 5
    inbox.change("/v1/supplier", "touch")
    inbox.note("Supplier Changed")

    second = inbox.hinted(STREAMS, first)
    asked_second = asked(inbox.visma)
    inbox.hinted(STREAMS, second)

    assert asked_second == ["/v1/supplier"]
    assert len(second.records("suppliers")) >= 1
    assert asked(inbox.visma) == []


def test_hinted_runs_lose_nothing_beyond_the_maximum_age(inbox: Inbox) -> None:
    first = inbox.hinted(STREAMS)
    inbox.visma.control("advance", {"days": 3})
    inbox.note("Supplier Changed")  # the only one of all these changes that is told
    inbox.change("/v1/supplier", "touch")

    second = inbox.hinted(STREAMS, first, hours=23)
    third = inbox.hinted(STREAMS, second, hours=24.1)

    undisturbed = inbox.visma.sync(streams=STREAMS)
    for stream in STREAMS:
        held = first.rows(stream) | second.rows(stream) | third.rows(stream)
        assert own(held) == own(undisturbed.rows(stream))


def own(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        key: {name: value for name, value in row.items() if not name.startswith("_")}
        for key, row in rows.items()
    }


def test_a_turn_of_a_clock_that_was_ahead_holds_nothing_up(inbox: Inbox) -> None:
    first = inbox.hinted(HINTED, hours=24 * 365)
    inbox.visma.forget_calls()

    inbox.hinted(HINTED, first)

    assert len(asked(inbox.visma)) == len(HINTED)


def test_a_hint_stands_until_the_state_that_covers_it_is_kept(inbox: Inbox) -> None:
    first = inbox.hinted(HINTED)
    inbox.note("Customer Updated")
    inbox.hinted(HINTED, first)  # its loader is killed
    inbox.visma.forget_calls()

    inbox.hinted(HINTED, first)

    assert asked(inbox.visma) == ["/v1/customer"]


def test_what_failed_is_due_in_the_next_run(inbox: Inbox) -> None:
    inbox.visma.faults({"path": "/v1/customer", "do": "forbidden"})
    first = inbox.hinted(HINTED)
    assert len(first.failures) == 1
    inbox.visma.forget_calls()

    inbox.hinted(HINTED, first)

    assert asked(inbox.visma) == ["/v1/customer"]


def test_a_hint_is_for_its_company_alone_and_for_all_if_it_names_none(
    two_companies: Visma, tmp_path: Path
) -> None:
    inbox = Inbox(two_companies, tmp_path / "inbox.sqlite")
    inbox.note("Customer Updated", 1)
    first = inbox.hinted(HINTED)

    def companies_asked() -> list[str]:
        two_companies.forget_calls()
        inbox.hinted(HINTED, first)
        return [call["company_id"] for call in two_companies.calls()]

    inbox.note("Customer Updated", 1)
    assert companies_asked() == [two_companies.company_id(1)]
    inbox.note("Customer Updated", None)
    assert companies_asked() == [two_companies.company_id(0), two_companies.company_id(1)]


def test_lists_without_stamps_are_still_activated_when_hints_come_at_different_times(
    two_companies: Visma, tmp_path: Path
) -> None:
    inbox = Inbox(two_companies, tmp_path / "inbox.sqlite")
    inbox.note("Dimension Changed", 0)
    streams = of_entity("dimensions")
    first = inbox.hinted(streams)
    inbox.note("Dimension Changed", 1)

    second = inbox.hinted(streams, first, hours=1)
    third = inbox.hinted(streams, second, hours=25)

    def activated(run: Run) -> set[str]:
        return {m["stream"] for m in run.messages if m["type"] == "ACTIVATE_VERSION"}

    assert activated(first) == activated(third) == streams
    assert activated(second) == set()
    assert {r["company_id"] for r in second.records("dimensions")} == {two_companies.company_id(1)}


def test_without_a_readable_inbox_everything_is_read(inbox: Inbox, tmp_path: Path) -> None:
    first = inbox.hinted(HINTED)
    inbox.visma.forget_calls()

    missing = Inbox(inbox.visma, tmp_path / "nothing-here.sqlite").hinted(HINTED, first)
    assert len(asked(inbox.visma)) == 3
    assert missing.failures == []
    (tmp_path / "broken.sqlite").write_text("no database, but long enough to be taken for one " * 9)
    broken = Inbox(inbox.visma, tmp_path / "broken.sqlite").hinted(HINTED, first)

    assert len(asked(inbox.visma)) == 3
    assert "broken.sqlite cannot be used" in broken.failures[0]


def test_without_what_was_remembered_the_lists_are_read_all_the_same(inbox: Inbox) -> None:
    first = inbox.sync({"accounts"})
    for file in inbox.path.parent.glob("*.rows*"):
        file.write_bytes(b"no database, but long enough to be taken for one " * 90)
    inbox.change(ACCOUNTS, "insert")

    second = inbox.sync({"accounts"}, first)

    assert "inbox.sqlite.rows, where rows are remembered, cannot be used" in second.failures[0]
    assert len(second.rows("accounts", first.rows("accounts"))) == first.counts["accounts"] + 1


def test_an_inbox_that_is_set_later_learns_what_it_must_remember(inbox: Inbox) -> None:
    first = inbox.visma.sync(streams={"accounts"})
    second = inbox.sync({"accounts"}, first)
    third = inbox.sync({"accounts"}, second)
    versions = [run.state["bookmarks"]["accounts"]["version"] for run in (first, second, third)]
    assert versions[0] < versions[1] == versions[2]  # read whole once more, and not again

    inbox.change(ACCOUNTS, "delete")
    inbox.note("Account Deleted")

    assert len(deleted(inbox.sync({"accounts"}, third))) == 1


def test_each_event_is_written_once_with_what_became_of_it(inbox: Inbox) -> None:
    inbox.note("Account Deleted")
    inbox.note(None, resource="https://api.finance.visma.net/v1/supplier/7")
    first = inbox.sync({"webhook_events"})
    inbox.note("Customer Updated")
    second = inbox.sync({"webhook_events"}, first)

    assert [r["outcome"] for r in first.records("webhook_events")] == [
        "unknown",
        "deletion",
        "change",
    ]
    assert [r["kind"] for r in second.records("webhook_events")] == ["Customer Updated"]
    assert inbox.visma.calls() == []


def test_every_subject_hints_at_streams_that_there_are() -> None:
    for subject in events.SUBJECTS:
        assert BY_NAME.keys() >= {*subject.streams}


@pytest.mark.parametrize(
    ("kind", "resource", "stream"),
    [
        ("Account Identity Changed", None, "accounts"),
        ("AP Invoice Status Changed", None, "supplier_invoices"),
        ("ARInvoiceChanged", None, "customer_invoices"),
        ("Customer Created", None, "customers"),
        ("Updated", "https://x/API/controller/api/v1/customerInvoice/100", "customer_invoices"),
        ("PM Project Updated", None, "projects"),
        ("Segment Value Changed", None, "dimensions"),
        ("Background API Response Ready", None, None),
        (None, None, None),
    ],
)
def test_an_event_is_known_by_its_name_or_its_resource(
    kind: str | None, resource: str | None, stream: str | None
) -> None:
    subject = events.subject(kind, resource)

    assert (subject.streams[0] if subject else None) == stream
