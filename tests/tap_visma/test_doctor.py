"""The doctor: what works and what it takes, before a first load, for few calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_runs import BY_NAME, MovedClock, Visma, of_entity
from tap_visma import doctor
from tap_visma.entities import ENTITIES
from tap_visma.tap import TapVisma

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, dict[str, Any]]]

ROOT = Path(__file__).parents[2]
PATH = "/v1/supplierInvoice"
INVOICES = of_entity("supplier_invoices")


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs the doctor with these settings; gives its exit code and its report as JSON."""
    monkeypatch.setattr(TapVisma, "clock", MovedClock())

    def run(
        visma: Visma, streams: set[str] | None = None, **settings: Any
    ) -> tuple[int, dict[str, Any]]:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(visma.config | settings))
        arguments = ["--config", str(config), "--format", "json"]
        if streams is not None:
            catalog = tmp_path / "catalog.json"
            catalog.write_text(json.dumps(visma.catalog(streams)))
            arguments += ["--catalog", str(catalog)]
        code = doctor.main(arguments)
        return code, json.loads(capsys.readouterr().out)

    return run


def table(visma: Visma, tmp_path: Path, **settings: Any) -> int:
    """Run the doctor for its table."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(visma.config | settings))
    return doctor.main(["--config", str(config)])


def answers(company: dict[str, Any]) -> dict[str, str]:
    return {stream["stream"]: stream["answer"] for stream in company["streams"]}


def test_all_companies_and_streams_are_found_well(untouched: Visma, ask: Ask) -> None:
    code, report = ask(untouched)

    assert code == 0
    assert report["works"] is True
    for company in report["companies"]:
        assert company["token"] == "given"
        assert company["allowance"]["limit"] == 500
        assert answers(company).keys() == {e.name for e in ENTITIES if e.by_default}
        assert set(answers(company).values()) <= {"ok", "empty"}


def test_the_asking_takes_one_call_per_endpoint_and_list_of_values(visma: Visma, ask: Ask) -> None:
    visma.forget_calls()

    _, report = ask(visma)

    (company,) = report["companies"]
    assert company["lookup_calls"] == 4
    assert company["calls_made"] == len(visma.calls()) == len(company["streams"]) + 4
    assert {call["params"].get("pageSize", "1") for call in visma.calls()} == {"1"}


def test_calls_said_to_be_exact_are_those_of_the_first_load(visma: Visma, ask: Ask) -> None:
    caps = {PATH: 20, "/v1/customer": 7, "/v2/journaltransaction": 100, "/v1/supplier": 25}
    visma.control("settings", {"page_caps": caps})
    _, report = ask(visma)
    said = {
        stream["stream"]: stream["first_load_calls"] for stream in report["companies"][0]["streams"]
    }

    assert said["supplier_invoices"]["number"] == 7
    assert sum(figure["known"] == "exactly" for figure in said.values()) > 40
    visma.forget_calls()
    visma.sync()
    made = [call["path"] for call in visma.calls()]
    lookups = {"/v1/branch", "/v1/financialPeriod", "/v1/ledger"}
    for name, figure in said.items():
        path = BY_NAME[name].path.partition("{")[0]
        calls = sum(call.startswith(path) if path.endswith("/") else call == path for call in made)
        if figure["known"] == "exactly":
            assert figure["number"] == calls - (path in lookups), name
        elif figure["known"] == "at least":
            assert figure["number"] <= calls, name


def test_a_first_load_from_a_start_date_is_asked_for_as_it_will_be_read(
    visma: Visma, ask: Ask
) -> None:
    visma.control("settings", {"page_caps": {PATH: 5}})
    settings: dict[str, Any] = {"start_date": "2026-03-01", "refetch_periods": 2}

    _, report = ask(visma, INVOICES, **settings)

    visma.forget_calls()
    visma.sync(streams=INVOICES, **settings)
    calls = {"number": len(visma.calls()), "known": "exactly"}
    assert report["companies"][0]["first_load_calls"] == calls


def test_only_what_the_catalog_selects_is_asked(visma: Visma, ask: Ask) -> None:
    _, report = ask(visma, {"suppliers", "supplier_invoice_lines"})

    assert answers(report["companies"][0]) == {"suppliers": "ok", "supplier_invoices": "ok"}


def test_a_tenant_without_a_token_is_told_with_the_way_out(two_companies: Visma, ask: Ask) -> None:
    wrong, right = two_companies.config["companies"]
    unknown = wrong | {"tenant_id": "00000000-0000-4000-8000-000000000000"}

    code, report = ask(two_companies, INVOICES, companies=[unknown, right])

    assert code == 1
    first, second = report["companies"]
    assert first["token"] == "not given"
    assert "tenant_id" in first["problem"]
    assert answers(first) == {"supplier_invoices": "not asked"}
    assert answers(second) == {"supplier_invoices": "ok"}


def test_a_customers_tenant_is_recognised_at_the_first_call(visma: Visma, ask: Ask) -> None:
    (company,) = visma.config["companies"]

    code, report = ask(visma, companies=[company | {"tenant_id": visma.customer_tenant_id()}])

    assert code == 1
    assert report["companies"][0]["token"] == "refused"
    assert "not the customer's" in report["companies"][0]["problem"]
    assert set(answers(report["companies"][0]).values()) == {"not asked"}
    assert report["companies"][0]["calls_made"] == 2  # once more with a new token


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("forbidden", "does not give access to /v1/supplierInvoice (403)"),
        ({"status": 500}, "status 500, 5 times"),
        ("other_json", "not the list expected"),
    ],
)
def test_an_endpoint_that_fails_is_named_and_the_others_are_asked(
    visma: Visma, ask: Ask, fault: Any, what: str
) -> None:
    visma.faults({"path": PATH, "times": 0, "do": fault})

    code, report = ask(visma, INVOICES | {"suppliers"})

    assert code == 1
    (company,) = report["companies"]
    assert answers(company) == {"suppliers": "ok", "supplier_invoices": "error"}
    assert what in company["streams"][-1]["problem"]


def test_a_visma_that_is_down_is_not_asked_for_every_stream(visma: Visma, ask: Ask) -> None:
    visma.faults(*[{"path": e.path, "times": 0, "do": {"status": 503}} for e in ENTITIES])

    code, report = ask(visma)

    assert code == 1
    assert list(answers(report["companies"][0]).values()).count("error") == doctor.SILENCES
    assert "in a row did not answer" in report["companies"][0]["problem"]


def test_the_reserve_is_not_touched_and_what_was_not_asked_is_said(visma: Visma, ask: Ask) -> None:
    visma.control("settings", {"calls_per_window": 10})
    visma.forget_calls()

    code, report = ask(visma, quota_reserve=4, quota_exhausted="wait")

    assert code == 0
    (company,) = report["companies"]
    assert len(visma.calls()) == 6
    assert "used up (4 of 10 calls left)" in company["stopped"]
    assert list(answers(company).values()).count("not asked") == len(company["streams"]) - 6


def test_a_reserve_that_leaves_no_calls_is_a_problem(visma: Visma, ask: Ask) -> None:
    code, report = ask(visma, INVOICES, quota_reserve=500)

    assert code == 1
    assert "leaves none of the 500 calls" in report["companies"][0]["problem"]


def test_the_table_tells_people_the_same(
    visma: Visma, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visma.control("settings", {"calls_per_window": 62})
    visma.faults({"path": PATH, "times": 0, "do": "forbidden"})

    assert table(visma, tmp_path) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Sandkasse 1 AS ({visma.company_id()}), token given, 4 of 62 calls")
    rows = {line.split()[0]: line for line in lines}
    assert "(403)" in rows["supplier_invoices"]
    assert "lines" in rows["journal_transactions"]
    assert "~4" in rows["general_ledger_transactions"]
    assert "about 73 calls, not counting 1 stream without an answer" in rows["A"]
    assert "the allowance of 3 hours" in rows["A"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"client_secret": 12345678}, "Setting 'client_secret' must be a text"),
        ({"companies": None}, "Setting 'companies' is missing"),
        ({"stream_maps": {"suppliers": 12345678}}, "stream maps or flattening"),
    ],
)
def test_bad_settings_are_worded_as_by_the_tap(
    visma: Visma,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    config: dict[str, Any],
    message: str,
) -> None:
    visma.forget_calls()

    assert table(visma, tmp_path, **config) == 2

    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert "12345678" not in err
    assert visma.calls() == visma.token_calls() == []


def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"client_secret": "a-secret')

    assert doctor.main(["--config", str(broken)]) == 2
    assert doctor.main(["--config", "nowhere.json"]) == 2

    err = capsys.readouterr().err
    assert "A file given is not JSON" in err
    assert "nowhere.json" in err
    assert "a-secret" not in err


def test_nothing_said_holds_a_secret_or_what_an_answer_said(
    visma: Visma, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visma.faults(
        {"path": PATH, "times": 0, "do": "forbidden"},
        {"path": "/v1/supplier", "times": 0, "do": {"status": 400}},
        {"path": "/v1/customer", "times": 0, "do": "other_json"},
    )

    assert table(visma, tmp_path) == 1

    said = "".join(capsys.readouterr())
    assert visma.config["client_secret"] not in said
    for word in ("Bearer ", "unexpected", "permission", "Traceback"):
        assert word not in said


@pytest.mark.process
def test_meltano_invokes_the_doctor_with_its_settings(visma: Visma) -> None:
    settings = {
        f"TAP_VISMA_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in visma.config.items()
    }
    meltano = Path(sys.executable).parent / "meltano"

    done = subprocess.run(
        [meltano, "--log-level", "warning", "invoke", "tap-visma:doctor", "--format", "json"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["works"] is True
    assert visma.config["client_secret"] not in done.stdout + done.stderr
