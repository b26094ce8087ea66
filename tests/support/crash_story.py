"""What a tap writes of a document whose lines change: the story that loaders are killed in."""

from __future__ import annotations

from typing import Any

from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, lines, schema, state

STREAM = "invoice_lines"
LINES = schema(
    STREAM,
    AUDITED | {"document": {"type": "string"}, "amount": AMOUNT},
    KEY,
    **{
        "x-document": {
            "stream": "invoices",
            "key": ["document"],
            "version": "lastModifiedDateTime",
        }
    },
)


def line(number: int, stamp: str, read: int = 1, document: str = "A") -> dict[str, Any]:
    """A line of a document."""
    return audited(STREAM, f"{document}:{number}", stamp, read, document=document, amount=number)


RECORDS: list[dict[str, Any]] = [
    line(1, "10:00"),
    line(2, "10:00"),
    line(1, "10:00", document="B"),
    state({"at": 4}),
    line(1, "11:00", 2),  # the other line of the document is gone
    line(4, "11:00", 2),
    state({"at": 7}),
    activate(STREAM, 1),
    state({"at": 9}),
]
SETTINGS: dict[str, dict[str, Any]] = {
    "merged": {"batch_size_rows": 3},
    "only added": {"batch_size_rows": 3, "load_method": "append-only"},
    "replaced": {"batch_size_rows": 10, "load_method": "overwrite"},
}


def tap(from_state: Any) -> str:
    """What the tap writes when it is started from a STATE: at least the last one again."""
    rest = RECORDS[from_state["at"] if from_state else 0 :]
    return lines([LINES, *(rest or RECORDS[-1:])])
