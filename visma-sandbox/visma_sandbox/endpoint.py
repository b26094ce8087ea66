"""What a list of the API can be like: how it is addressed, keyed, paged and filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ORDINARY_CAP: Final = 1000
STAMP: Final = "lastModifiedDateTime"


@dataclass(frozen=True)
class Selector:
    """A parameter that picks rows by one of their values."""

    parameter: str
    field: str
    """The field whose value is compared, dotted where it is nested."""
    comparison: Literal["==", ">=", "<="] = "=="


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One list: how it is addressed, keyed, paged and filtered."""

    path: str
    key: tuple[str, ...]
    """Fields that identify a record, dotted where they are nested."""
    order: tuple[str, ...] = ()
    """Fields that the list is sorted by; empty means the key."""
    page_cap: int | None = ORDINARY_CAP
    """The greatest page, which a greater `pageSize` is silently cut to; None: never paged."""
    page_unit: Literal["record", "line"] = "record"
    metadata: bool = True
    """Whether each record repeats `metadata: {totalCount, maxPageSize}`."""
    modified_filter: Literal["condition", "since"] | None = "condition"
    """`condition`: with `lastModifiedDateTimeCondition`; `since`: no condition, inclusive."""
    created_filter: bool = False
    needs: tuple[str, ...] = ()
    """Parameters that must all be given; without one of them the answer is 400."""
    needs_one_of: tuple[str, ...] = ()
    """Parameters of which one must be given; without any the answer is 400."""
    selectors: tuple[Selector, ...] = ()
    envelope: Literal["array", "records", "single", "texts"] = "array"
    """`records`: within `{pageNumber, pageSize, totalCount, records}`; `single`: one record by the
    last part of its path; `texts`: the first key part of each record, nothing else."""
    modified_field: str | None = STAMP
    lines_field: str | None = None
    """The list that pages are counted in, when the page unit is the line."""
    records_of: str = ""
    """The path whose records this list is about, when it has none of its own."""
    late: bool = False
    """Whether it repeats what other lists show, and is rendered only when it is first read."""
    periods_merge: bool = False
    """Whether a request for several periods gives one record for all of them."""
