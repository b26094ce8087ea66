"""The books: whatever else the sandbox does wrong on purpose, they balance."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from visma_sandbox import Sandbox
from visma_sandbox.answers import books_of
from visma_sandbox.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from sandbox_client import Client
    from visma_sandbox.endpoint import Endpoint


INVOICES, RECEIVABLES = "/v1/supplierInvoice", "/v1/customerinvoice"
JOURNALS, BALANCES = "/v2/journaltransaction", "/v2/generalLedgerBalance"


def lines_of(reader: Client) -> list[tuple[Any, Any]]:
    return [
        (batch, line)
        for batch in reader.books(JOURNALS)
        if batch["status"] == "Posted"
        for line in batch["journalTransactionLines"]
    ]


def test_every_batch_balances_and_states_its_total(reader: Client) -> None:
    for batch in reader.books(JOURNALS):
        lines = batch["journalTransactionLines"]
        debit = sum(line["debitAmount"] for line in lines)
        assert debit == sum(line["creditAmount"] for line in lines)
        assert debit == batch["debitTotal"] == batch["creditTotal"]


def test_every_balance_is_the_sum_of_the_posted_lines(reader: Client) -> None:
    sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for batch, line in lines_of(reader):
        key = (
            line["branch"],
            batch["ledger"],
            batch["financialPeriod"],
            line["accountNumber"],
            str(line["subaccount"]["subaccountId"]),
        )
        sums[key][0] += line["debitAmount"]
        sums[key][1] += line["creditAmount"]
    shown = {
        (
            row["branch"]["number"],
            row["ledger"]["id"],
            row["financialPeriod"],
            row["account"]["number"],
            row["subaccountId"],
        ): [row["periodToDateDebit"], row["periodToDateCredit"]]
        for row in reader.books(BALANCES)
    }
    assert shown == sums


def test_every_balance_begins_where_the_one_before_ended(reader: Client) -> None:
    ends: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in sorted(reader.books(BALANCES), key=lambda row: row["financialPeriod"]):
        kind = row["account"]["type"]
        year = "" if kind in {"Asset", "Liability"} else row["financialPeriod"][:4]
        key = (row["branch"]["number"], row["account"]["number"], row["subaccountId"], year)
        assert row["beginningBalance"] == ends[key]
        sign = 1 if kind in {"Asset", "Expense"} else -1
        moved = sign * (row["periodToDateDebit"] - row["periodToDateCredit"])
        assert row["yearToDateBalance"] == ends[key] + moved
        ends[key] += moved


@pytest.mark.parametrize(
    ("documents", "payments", "account", "credits_", "sign"),
    [
        (INVOICES, "/v1/supplierPayment", "2400", {"DebitAdj"}, -1),
        ("/v1/customerdocument", "/v1/customerPayment", "1500", {"CreditNote"}, 1),
    ],
    ids=["payable", "receivable"],
)
def test_open_documents_explain_the_control_account(  # noqa: PLR0917 - parameters
    reader: Client, documents: str, payments: str, account: str, credits_: set[str], sign: int
) -> None:
    owed = sum(
        -each["balance"] if each["documentType"] in credits_ else each["balance"]
        for each in reader.books(documents)
        if each["status"] not in {"Hold", "Balanced"}
    )
    unapplied = {
        "/v1/supplierPayment": "unappliedBalance",
        "/v1/customerPayment": "availableBalance",
    }
    owed -= sum(each[unapplied[payments]] for each in reader.books(payments))
    posted = sum(
        line["debitAmount"] - line["creditAmount"]
        for _, line in lines_of(reader)
        if line["accountNumber"] == account
    )
    assert posted == sign * owed
    assert owed


def test_what_was_received_and_not_billed_is_what_the_transit_account_holds(
    reader: Client,
) -> None:
    rest = sum(
        each["totalAmt"] for each in reader.books("/v2/PurchaseReceipt") if not each["createBill"]
    )
    posted = sum(
        line["creditAmount"] - line["debitAmount"]
        for _, line in lines_of(reader)
        if line["accountNumber"] == "1400"
    )
    assert posted == rest


@pytest.mark.parametrize(
    ("path", "lines"),
    [(INVOICES, "invoiceLines"), (RECEIVABLES, "invoiceLines")],
    ids=["payable", "receivable"],
)
def test_lines_and_vat_add_up_to_the_document_in_company_currency(
    reader: Client, path: str, lines: str
) -> None:
    name = "cost" if path == INVOICES else "amount"
    for document in reader.books(path):
        net = sum(line[name] for line in document[lines])
        assert net == document["detailTotal"]
        assert net + document["vatTotal"] == document["amount"]
        in_currency = document["detailTotalInCurrency"] + document["vatTotalInCurrency"]
        rounded = round(in_currency * document["exchangeRate"], 2)
        assert abs(document["amount"] - rounded) <= Decimal("0.01")


def test_a_document_that_is_settled_is_closed(reader: Client) -> None:
    for document in reader.books(INVOICES) + reader.books(RECEIVABLES):
        settled = document["balanceInCurrency"] == 0
        assert settled == (document["status"] == "Closed")
        assert settled == (document["closedFinancialPeriod"] is not None)


def test_documents_in_foreign_currency_have_rates_and_drafts_are_not_posted(reader: Client) -> None:
    documents = reader.books(INVOICES)
    assert {d["currencyId"] for d in documents} == {"NOK", "EUR", "USD"}
    assert all((d["exchangeRate"] == 1) == (d["currencyId"] == "NOK") for d in documents)
    drafts = {
        (each["documentType"], each["referenceNumber"])
        for each in documents
        if each["status"] in {"Hold", "Balanced"}
    }
    posted = {
        (line["transactionType"], line["referenceNumber"])
        for batch, line in lines_of(reader)
        if batch["module"] == "ModuleAP"
    }
    assert drafts
    assert drafts.isdisjoint(posted)


@pytest.mark.parametrize("digits", ["0.10", "1000000.00", "12345678901.25"])
def test_money_keeps_its_digits_on_the_wire(reader: Client, digits: str) -> None:
    text = reader.get(INVOICES, pageNumber=1, pageSize=1000).text
    assert f'"amount":{digits},' in text


def test_there_are_negative_amounts_and_awkward_texts(reader: Client) -> None:
    documents = reader.books(INVOICES)
    assert any(line["cost"] < 0 for d in documents for line in d["invoiceLines"])
    notes = "".join(d["note"] or "" for d in documents + reader.books(RECEIVABLES))
    assert set('æå"\\\t\n👍') <= set(notes + "".join(d["description"] for d in documents))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_the_whole_key_is_unique_and_no_shorter_one(reader: Client, endpoint: Endpoint) -> None:
    records = reader.books(endpoint.path)
    assert len({reader.key_of(record, endpoint.key) for record in records}) == len(records) > 0
    repeated = {"documentType", "module", "branch.number", "subaccountId", "year"}
    for left_out in repeated.intersection(endpoint.key):
        if len({reader.key_of(record, (left_out,)) for record in records}) == 1:
            continue
        shorter = tuple(name for name in endpoint.key if name != left_out)
        assert len({reader.key_of(record, shorter) for record in records}) < len(records)


def test_a_void_payment_has_the_number_of_the_payment_that_it_undoes() -> None:
    payments = books("/v1/supplierPayment", 2) + books("/v1/customerPayment", 2)
    voided = {p["refNbr"] for p in payments if p["status"] == "Voided"}
    undoing = {p["refNbr"] for p in payments if p["type"] == "VoidPayment"}
    assert voided == undoing != set()


def books(path: str, seed: int) -> list[Any]:
    sandbox = Sandbox(seed=seed, companies="SE,DK")
    return [
        record
        for company_id in sandbox.companies
        for record in msgspec.json.decode(books_of(sandbox.table(company_id, path)))
    ]


def test_the_same_seed_gives_the_same_books_and_another_seed_others() -> None:
    def text(seed: int) -> list[bytes]:
        company = next(iter(Sandbox(seed=seed, companies="DK").companies.values()))
        return [books_of(table) for table in company.tables.values()]

    assert text(5) == text(5)
    assert text(5) != text(6)
