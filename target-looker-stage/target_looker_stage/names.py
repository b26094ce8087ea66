"""Names as the warehouse has them: small letters, digits and `_`, of at most 63 bytes.

Knows letters only. A name is a function of the stream's or column's own name, so it never hangs on
what else is there; where two names come out as one, `layout` refuses them.
"""

from __future__ import annotations

import hashlib
import re

MOST_BYTES = 63
_MARK_DIGITS = 8
_SYSTEM = frozenset({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"})
"""Names that every table has already."""


def snake(name: str) -> str:
    """A name in snake_case: `lastModifiedDateTime` is `last_modified_date_time`.

    A run of capitals is one word (`VATRate` is `vat_rate`), other signs are `_`, a digit does not
    come first, and what is too long is cut and gets the first digits of its SHA-256.
    """
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    words = re.sub(r"([^\W_A-Z])([A-Z])", r"\1_\2", words)
    found = re.sub(r"\W+", "_", words).lower()
    if not found or found[0].isdigit():
        found = f"_{found}"
    if found in _SYSTEM:
        found += "_"
    return shortened(found)


def shortened(name: str) -> str:
    """A name, cut to what the warehouse takes where it is too long, and still its own."""
    if len(name.encode()) <= MOST_BYTES:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK_DIGITS]
    kept = name.encode()[: MOST_BYTES - _MARK_DIGITS - 1]
    return f"{kept.decode(errors='ignore')}_{mark}"
