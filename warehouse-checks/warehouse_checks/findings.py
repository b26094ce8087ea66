"""What a preflight finds, and how it is told.

Knows sentences; knows no warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Result = Literal["ok", "missing", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one question brought.

    Attributes:
        about: What was asked after.
        result: `ok`; `missing`, of a grant or an object; `failed`, of what is wrong; `unknown`
            where there is no answer, and a load can show it only.
        note: What to know, or what to do.
    """

    about: str
    result: Result
    note: str = ""


def of_clock(ahead_seconds: float | None, most_seconds: int, whose: str) -> list[Finding]:
    """What is found of this machine's clock; nothing where it was not compared.

    Args:
        ahead_seconds: How far it is ahead of the service's.
        most_seconds: How far it may be off.
        whose: The service's name.
    """
    if ahead_seconds is None:
        return []
    if abs(ahead_seconds) <= most_seconds:
        return [Finding("clock", "ok", f"within {most_seconds} s of {whose}'s")]
    way = "ahead of" if ahead_seconds > 0 else "behind"
    note = (
        f"this machine's is {abs(ahead_seconds):.0f} s {way} {whose}'s, and the times in tokens "
        "with it. Let it be set by NTP"
    )
    return [Finding("clock", "failed", note)]


def in_words(findings: Sequence[Finding]) -> list[str]:
    """Findings as a table."""
    width = max(len(finding.about) for finding in findings)
    return [
        f"{found.result:<8} {found.about:<{width}}  {found.note}".rstrip() for found in findings
    ]


def exit_code(findings: Sequence[Finding]) -> int:
    """1 where something would fail, 2 where nothing is known to, but not all could be asked."""
    results = {finding.result for finding in findings}
    if results & {"missing", "failed"}:
        return 1
    return 2 if "unknown" in results else 0
