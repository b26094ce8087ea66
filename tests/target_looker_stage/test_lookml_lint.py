"""The lint finds each fault, in the files as they would be delivered, and says where it is."""

from __future__ import annotations

import pytest

from looker_tables import SCHEMA, staged
from target_looker_stage.lookml import Options, faults, project

OPTIONS = Options(connection="warehouse", model="visma_net", schema=SCHEMA)
STREAMS = "accounts general_ledger_transactions supplier_documents suppliers"
BUDGETS = "general_ledger_balances budget_periods"
FILES = project(staged(*STREAMS.split(), *BUDGETS.split()), OPTIONS)
ACCOUNTS = "generated/views/accounts.view.lkml"
LEDGER = "generated/views/general_ledger_transactions.view.lkml"
EXPLORE = "generated/explores/general_ledger_transactions.explore.lkml"
AGEING = "generated/dashboards/supplier_ageing.dashboard.lookml"
SUPPLIERS = "generated/views/supplier_documents.view.lkml"
BUDGET = "generated/views/budget_against_actual.view.lkml"
MODEL = "generated/visma_net.model.lkml"

CASES = {
    "no primary key": (ACCOUNTS, "primary_key: yes", "", "has 0 primary keys"),
    "two primary keys": (
        ACCOUNTS,
        'label: "Account CD"',
        'label: "x" primary_key: yes',
        "has 2 primary keys",
    ),
    "a view without a table": (
        ACCOUNTS,
        f'sql_table_name: "{SCHEMA}"."accounts" ;;',
        "",
        "needs a table",
    ),
    "a view that is there twice": (
        LEDGER,
        "view: general_ledger_transactions",
        "view: accounts",
        "2 times",
    ),
    "a field that is there twice": (
        ACCOUNTS,
        "dimension: description",
        "dimension: currency",
        "accounts.currency: is there twice",
    ),
    "a type that Looker has not": (ACCOUNTS, "type: yesno", "type: boolean", "no type boolean"),
    "a timeframe that Looker has not": (ACCOUNTS, "quarter,", "qarter,", "no timeframe qarter"),
    "a datatype that Looker has not": (
        ACCOUNTS,
        "datatype: timestamp",
        "datatype: stamp",
        "no datatype stamp",
    ),
    "SQL that names no field": (LEDGER, "sql: ${net} ;;", "sql: ${gross} ;;", "no field gross"),
    "SQL that names another view's field": (
        LEDGER,
        "${accounts.account_class}",
        "${accounts.klass}",
        "no field accounts.klass",
    ),
    "a dimension without SQL": (ACCOUNTS, 'sql: ${TABLE}."account_cd" ;;', "", "has no SQL"),
    "a drill that leads nowhere": (
        LEDGER,
        "drill_fields: [detail*]",
        "drill_fields: [details*]",
        "no field details* to lead to",
    ),
    "an order that is not there": (
        SUPPLIERS,
        "order_by_field: ageing_order",
        "order_by_field: order",
        "no field order to lead to",
    ),
    "a set with an unknown member": (
        LEDGER,
        "      ref_number,",
        "      ref_no,",
        "no field ref_no",
    ),
    "an explore without a view": (
        EXPLORE,
        "explore: general_ledger_transactions",
        "explore: gl",
        "no view",
    ),
    "a join without a view": (EXPLORE, "join: accounts", "join: konti", "join konti: no view"),
    "a join that repeats lines": (EXPLORE, "many_to_one", "one_to_many", "must be many_to_one"),
    "a join that drops lines": (EXPLORE, "left_outer", "inner", "must be left_outer"),
    "a join on an unknown field": (
        EXPLORE,
        "${accounts.account_cd}",
        "${accounts.number}",
        "no field accounts.number",
    ),
    "a join on what is not joined": (
        EXPLORE,
        "${accounts.account_cd}",
        "${suppliers.number}",
        "suppliers is not joined yet",
    ),
    "a join that is not tied": (
        EXPLORE,
        "= ${accounts.",
        "= ${general_ledger_transactions.",
        "does not name it",
    ),
    "a filter on an unknown field": (
        EXPLORE,
        "${general_ledger_transactions.sdc_deleted_raw}",
        "${general_ledger_transactions.gone}",
        "no field general_ledger_transactions.gone",
    ),
    "a condition on no filter": (BUDGET, "filter: budget_ledger", "filter: other", "no filter"),
    "choices from an unknown field": (
        BUDGET,
        "budget_periods.ledger",
        "budget_periods.gone",
        "no field budget_periods.gone",
    ),
    "a model without a connection": (MODEL, 'connection: "warehouse"', "", "has no connection"),
    "a model without its datagroup": (MODEL, "persist_with: visma_load", "", "no datagroup None"),
    "a dashboard's unknown field": (
        AGEING,
        "- supplier_documents.ageing\n",
        "- supplier_documents.age\n",
        "no field supplier_documents.age",
    ),
    "a dashboard's field of another explore": (
        AGEING,
        "- supplier_documents.supplier_name\n",
        "- accounts.description\n",
        "accounts.description is not in its explore",
    ),
    "a dashboard's unknown explore": (
        AGEING,
        "explore: supplier_documents\n",
        "explore: payables\n",
        "no explore payables",
    ),
    "a dashboard that hears no filter": (
        AGEING,
        "      Company: ",
        "      Firma: ",
        "no filter Firma",
    ),
    "a visualisation that Looker has not": (
        AGEING,
        "type: looker_grid",
        "type: looker_gird",
        "no visualisation looker_gird",
    ),
    "a file that is not LookML": (
        ACCOUNTS,
        "view: accounts {",
        "view: accounts {{",
        "is not LookML",
    ),
    "SQL that does not end": (ACCOUNTS, ";;", "", "is not LookML"),
    "a dashboard that is not YAML": (AGEING, "title: Open balance", "title: 'Open", "is not YAML"),
}


def test_files_as_they_are_generated_have_no_faults() -> None:
    assert faults(FILES) == []


@pytest.mark.parametrize(("path", "text", "fault", "said"), CASES.values(), ids=CASES)
def test_a_fault_is_found(path: str, text: str, fault: str, said: str) -> None:
    assert text in FILES[path]

    found = faults(FILES | {path: FILES[path].replace(text, fault)})
    assert any(said in each for each in found), found
