"""The lists beside invoices, payments and journals: they tell of the same books."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from visma_sandbox.endpoints import DOCUMENT_KEY, ENDPOINTS

if TYPE_CHECKING:
    from sandbox_client import Client

JOURNALS = "/v2/journaltransaction"
HEADERS = {"AP": "/v1/supplierdocument", "AR": "/v1/customerdocument"}
OWED_BACK = {"DebitAdj", "CreditNote"}
PARTIES = {"AP": "supplier", "AR": "customer"}
UNAPPLIED = {
    "AP": ("/v1/supplierPayment", "unappliedBalance"),
    "AR": ("/v1/customerPayment", "availableBalance"),
}
INVOICED = {"AP": "purchases", "AR": "sales"}


def by_key(reader: Client, path: str) -> dict[tuple[str, ...], Any]:
    return {reader.key_of(record, DOCUMENT_KEY): record for record in reader.books(path)}


def posted(reader: Client, module: str) -> dict[str, list[Any]]:
    """The lines of a module's posted batches, by their reference number."""
    lines = defaultdict(list)
    for batch in reader.books(JOURNALS):
        if batch["module"] == f"Module{module}" and batch["status"] == "Posted":
            for line in batch["journalTransactionLines"]:
                lines[line["referenceNumber"]].append(line | {"batch": batch["batchNumber"]})
    return lines


def debits(lines: list[Any]) -> Decimal:
    return sum((line["debitAmount"] for line in lines), Decimal(0))


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/v1/supplierInvoice", {"Invoice", "CreditAdj", "DebitAdj"}),
        ("/v1/customerinvoice", {"Invoice", "DebitNote", "CreditNote"}),
        ("/v1/customerCreditNote", {"CreditNote"}),
        ("/v1/customerDebitNote", {"DebitNote"}),
        ("/v1/customerOverdueCharge", {"FinCharge"}),
        ("/v1/customerCreditWriteOff", {"SmallCreditWo"}),
        ("/v1/cashsale", {"CashSale", "CashReturn"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_all_documents_of_a_list_are_among_the_headers_with_the_same_figures(
    reader: Client, path: str, kinds: set[str]
) -> None:
    headers = by_key(reader, HEADERS["AP" if "supplier" in path else "AR"])
    documents = by_key(reader, path)
    assert {kind for kind, _ in documents} == kinds
    assert documents.keys() == {key for key in headers if key[0] in kinds}
    for key, document in documents.items():
        common = document.keys() & headers[key].keys() - {"timeStamp"}
        assert {"amount", "balance", "status", "lastModifiedDateTime"} <= common
        assert {name: document[name] for name in common} == {
            name: headers[key][name] for name in common
        }


@pytest.mark.parametrize("module", ["AP", "AR"])
def test_a_partys_balance_is_its_open_documents_less_unapplied_payments(
    reader: Client, module: str
) -> None:
    party = PARTIES[module]
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for document in reader.books(HEADERS[module]):
        if document["status"] not in {"Hold", "Balanced"}:
            sign = -1 if document["documentType"] in OWED_BACK else 1
            owed[document[party]["number"]] += sign * document["balance"]
    path, field = UNAPPLIED[module]
    for payment in reader.books(path):
        owed[payment[party]["number"]] -= payment[field]
    balances = {
        row[party]["number"]: row["balance"] for row in reader.books(f"/v1/{party}/balance")
    }
    assert balances.keys() == {each["number"] for each in reader.books(f"/v1/{party}")}
    assert balances == {number: owed[number] for number in balances}
    assert any(balances.values())


@pytest.mark.parametrize("module", ["AP", "AR"])
def test_period_balances_follow_on_each_other_up_to_the_balance(
    reader: Client, module: str
) -> None:
    party = PARTIES[module]
    ends: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rows = reader.books(f"/v2/{party}/balance")
    for row in sorted(rows, key=lambda row: str(row["__parameters"]["fromFinPeriod"])):
        branch = row["branch"] if module == "AP" else row["branchNumber"]["number"]
        key = (row[party]["number"], branch)
        assert row["beginBalance"] == ends[key]
        moved = row[INVOICED[module]] + row.get("overdueCharges", 0)
        moved -= row["paymentsAndPrepayments"] + row["adjustmentsAndDiscounts"]
        assert row["yearToDateBalance"] == ends[key] + moved
        ends[key] += moved
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (number, _), balance in ends.items():
        sums[number] += balance
    for row in reader.books(f"/v1/{party}/balance"):
        assert row["balance"] == sums[row[party]["number"]]


def test_drafts_are_what_a_supplier_balance_calls_unreleased(reader: Client) -> None:
    drafts = sum(
        -each["amount"] if each["documentType"] in OWED_BACK else each["amount"]
        for each in reader.books(HEADERS["AP"])
        if each["status"] in {"Hold", "Balanced"}
    )
    shown = [
        row["unreleasedPurchasesNotInApproval"] for row in reader.books("/v1/supplier/balance")
    ]
    assert sum(each["withVat"] for each in shown) == drafts != 0


def test_ledger_transactions_are_the_posted_lines_and_no_others(reader: Client) -> None:
    lines = {
        (batch["module"], batch["batchNumber"], line["lineNumber"]): (
            batch["financialPeriod"],
            line["accountNumber"],
            line["branch"],
            line["subaccount"]["subaccountNumber"],
            line["debitAmount"],
            line["creditAmount"],
            batch["lastModifiedDateTime"],
        )
        for batch in reader.books(JOURNALS)
        if batch["status"] == "Posted"
        for line in batch["journalTransactionLines"]
    }
    rows = {
        (row["module"], row["batchNumber"], row["lineNumber"]): (
            row["period"],
            row["account"]["number"],
            row["branch"]["number"],
            row["subaccount"],
            row["debitAmount"],
            row["creditAmount"],
            row["lastModifiedDateTime"],
        )
        for row in reader.books("/v1/GeneralLedgerTransactions")
    }
    assert rows == lines


def test_a_budget_is_the_sum_of_its_twelve_periods(reader: Client) -> None:
    for row in reader.books("/v1/budget"):
        year = row["financialYear"]
        assert [each["periodId"] for each in row["periods"]] == [
            f"{year}{month:02d}" for month in range(1, 13)
        ]
        assert row["amount"] == sum(each["amount"] for each in row["periods"])
        assert row["__parameters"] == {
            "ledger": "2",
            "branch": row["branchNumber"]["number"],
            "financialYear": year,
        }


def test_asset_transactions_are_posted_and_cost_less_depreciation_is_what_the_accounts_hold(
    reader: Client,
) -> None:
    batches = {
        batch["batchNumber"]: batch
        for batch in reader.books(JOURNALS)
        if batch["module"] == "ModuleFA"
    }
    sums: dict[str, Decimal] = defaultdict(Decimal)
    held: dict[str, Decimal] = defaultdict(Decimal)
    for each in reader.books("/v1/fixedAssetTransaction"):
        sums[each["batchNo"]] += each["transactionAmount"]
        held[each["accounts"]["debitAccountID"]] += each["transactionAmount"]
        held[each["accounts"]["creditAccountID"]] -= each["transactionAmount"]
    assert sums == {number: batch["debitTotal"] for number, batch in batches.items()}
    assets = reader.books("/v1/fixedAsset")
    kept = [each for each in assets if each["details"]["status"] != "Disposed"]
    assert held["1220"] == sum(each["bookBalance"]["acquisitionCost"] for each in kept)
    assert held["1290"] < 0


def test_a_cash_sale_is_paid_into_the_bank(reader: Client) -> None:
    lines = posted(reader, "AR")
    for document in reader.books("/v1/cashsale"):
        kind, number = document["documentType"], document["referenceNumber"]
        own = [line for line in lines[number] if line["transactionType"] == kind]
        bank = sum(
            line["debitAmount"] - line["creditAmount"]
            for line in own
            if line["accountNumber"] == "1920"
        )
        assert bank == (-1 if kind == "CashReturn" else 1) * document["amount"]
        assert (document["balance"], document["status"]) == (0, "Closed")


@pytest.mark.parametrize(
    ("path", "module", "number", "total"),
    [
        ("/v1/cashTransaction", "CA", "referenceNbr", "amount"),
        ("/v1/expenseClaim", "GL", "refNbr", "claimTotal"),
    ],
)
def test_what_is_released_is_posted_and_nothing_else(
    reader: Client, path: str, module: str, number: str, total: str
) -> None:
    lines = posted(reader, module)
    statuses = set()
    for document in reader.books(path):
        own = lines[document[number]]
        statuses.add(document["status"])
        assert debits(own) == (document[total] if document["status"] == "Released" else 0)
    assert len(statuses) == 2


def test_goods_leave_the_stock_when_their_shipment_is_confirmed(reader: Client) -> None:
    lines = posted(reader, "IN")
    for shipment in reader.books("/v1/shipment"):
        confirmed = shipment["status"] == "Confirmed"
        expected = 2 * len(shipment["shipmentDetailLines"]) if confirmed else 0
        assert len(lines[shipment["shipmentNumber"]]) == expected


def test_project_budgets_and_projects_sum_up_what_was_booked_on_them(reader: Client) -> None:
    used: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    spent: dict[str, Decimal] = defaultdict(Decimal)
    ids = set()
    for document in reader.books("/v1/projecttransaction"):
        for line in document["lines"]:
            ids.add(line["tranId"])
            project = line["project"]["id"]
            item = line["inventoryId"]["number"]
            used[project, line["projectTask"]["id"], line["accountGroup"]["number"], item] += line[
                "amount"
            ]
            spent[project] += line["amount"]
    lines = sum(len(each["lines"]) for each in reader.books("/v1/projecttransaction"))
    assert len(ids) == lines
    (budgets,) = (each for each in ENDPOINTS if each.path == "/v1/projectbudget")
    shown = {
        reader.key_of(row, budgets.key): row["actualAmount"] for row in reader.books(budgets.path)
    }
    assert {key: amount for key, amount in shown.items() if amount} == used
    for project in reader.books("/v1/project"):
        assert project["expenses"] == spent[project["projectID"]]


def test_hours_of_released_time_cards_are_booked_on_projects(reader: Client) -> None:
    booked = {
        each["origDocNbr"]: sum(line["quantity"] for line in each["lines"])
        for each in reader.books("/v1/projecttransaction")
        if each["origDocType"] == "Timecard"
    }
    for card in reader.books("/v1/timeCard"):
        weekdays = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        for line in card["summary"]:
            assert line["timeSpent"] == sum(line[day] for day in weekdays)
        minutes = card["timeSpent"] if card["status"] == "Released" else 0
        assert booked.get(card["refNbr"], 0) * 60 == minutes


def test_a_written_off_credit_settles_the_rest_of_a_payment(reader: Client) -> None:
    settled = {
        line["refNbr"]: payment
        for payment in reader.books("/v1/customerPayment")
        for line in payment["paymentLines"]
        if line["documentType"] == "SmallCreditWo"
    }
    for document in reader.books("/v1/customerCreditWriteOff"):
        payment = settled[document["referenceNumber"]]
        assert payment["customer"] == document["customer"]
        assert (payment["availableBalance"], payment["status"]) == (0, "Closed")


def test_rates_are_there_for_each_month_and_other_currency(reader: Client) -> None:
    rates = reader.books("/v2/currencyrate")
    pairs = {(each["fromCurrencyId"], each["effectiveDate"]) for each in rates}
    assert len(pairs) == len(rates)
    assert {currency for currency, _ in pairs} == {"EUR", "USD", "SEK", "DKK"}
    months = {f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)}
    assert {day[:7] for _, day in pairs} == {each for each in months if each <= "2026-04"}


@pytest.mark.parametrize(
    ("path", "fields", "other"),
    [
        ("/v1/supplierlocation", ("baccount", "number"), "/v1/supplier"),
        ("/v1/customerContract", ("customer", "number"), "/v1/customer"),
        ("/v1/project", ("customer", "number"), "/v1/customer"),
        ("/v1/shipment", ("customer", "number"), "/v1/customer"),
    ],
)
def test_what_points_at_a_party_finds_it(
    reader: Client, path: str, fields: tuple[str, str], other: str
) -> None:
    numbers = {each["number"] for each in reader.books(other)}
    assert {each[fields[0]][fields[1]] for each in reader.books(path)} <= numbers
