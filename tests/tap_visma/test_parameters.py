"""Endpoints that want a ledger, a branch, a year or a period get them without being told."""

from __future__ import annotations

from typing import Any

import pytest

from tap_runs import Visma, of_entity


def asked(visma: Visma, path: str, parameter: str) -> list[str]:
    """The values of a parameter in the calls to an endpoint, in order, each once."""
    calls = (call["params"] for call in visma.calls() if call["path"] == path)
    return list(dict.fromkeys(params[parameter] for params in calls))


def numbers(visma: Visma, path: str) -> list[str]:
    return [row["number"] for row in visma.books(path)]


def test_every_combination_of_the_company_s_own_lists_is_read(visma: Visma) -> None:
    visma.sync(streams=of_entity("budgets"))

    assert asked(visma, "/v1/budget", "branch") == numbers(visma, "/v1/branch")
    assert asked(visma, "/v1/budget", "ledger") == numbers(visma, "/v1/ledger")
    assert asked(visma, "/v1/budget", "financialYear") == ["2025", "2026"]


def test_years_and_periods_that_ended_before_the_start_date_are_left_out(visma: Visma) -> None:
    visma.sync(streams=of_entity("budgets"), start_date="2026-01-01")
    visma.sync(streams=of_entity("supplier_period_balances"), start_date="2026-02-01")

    assert asked(visma, "/v1/budget", "financialYear") == ["2026"]
    periods = asked(visma, "/v2/supplier/balance", "fromFinPeriod")
    assert periods == [f"2026{month:02d}" for month in range(2, 13)]
    assert asked(visma, "/v2/supplier/balance", "toFinPeriod") == periods


@pytest.mark.parametrize(
    ("setting", "parameter"),
    [("ledgers", "ledger"), ("branches", "branch"), ("financial_years", "financialYear")],
)
def test_a_user_can_want_fewer(visma: Visma, setting: str, parameter: str) -> None:
    visma.sync(streams=of_entity("budgets"))
    chosen = asked(visma, "/v1/budget", parameter)[-1:]
    visma.forget_calls()

    settings: dict[str, Any] = {setting: chosen}
    visma.sync(streams=of_entity("budgets"), **settings)

    assert asked(visma, "/v1/budget", parameter) == chosen


def test_the_lists_are_read_once_per_run_and_only_where_they_are_needed(visma: Visma) -> None:
    visma.sync(streams=of_entity("budgets") | of_entity("general_ledger_transactions"))
    paths = [call["path"] for call in visma.calls()]

    assert paths.count("/v1/ledger") == paths.count("/v1/branch") == 1
    visma.forget_calls()
    visma.sync(streams=of_entity("suppliers"))
    assert [call["path"] for call in visma.calls()] == ["/v1/supplier"]
