"""What a walk has seen: how many different records, and whether their key tells them apart.

Knows keys and stamps; keeps 16 bytes per record, so that a list of a million costs little.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Raw

    from tap_visma.lineage import Key

_BUCKETS = 256
_64_BITS, _32_BITS = (1 << 64) - 1, (1 << 32) - 1


class Census:
    """Counts the records of one list."""

    def __init__(self) -> None:
        self._keys = [array("Q") for _ in range(_BUCKETS)]
        self._stamps = [array("I") for _ in range(_BUCKETS)]
        self._contents = [array("I") for _ in range(_BUCKETS)]
        self._page: dict[int, int] = {}

    def begin_page(self) -> None:
        """Say that the records from now on come from another answer."""
        self._page.clear()

    def add(self, key: Key, stamp: str | None, raw: Raw | bytes) -> bool:
        """Take in a record.

        Args:
            key: Its key.
            stamp: Its stamp.
            raw: Its JSON, or nothing where its content is not to be compared.

        Returns:
            Whether it is another record than one with its key in the same answer. Rows that move
            or change while a list is read cannot be the reason, so it is not their key.
        """
        number = hash(key) & _64_BITS
        content = crc32(raw)
        bucket = number % _BUCKETS
        self._keys[bucket].append(number)
        self._stamps[bucket].append(hash(stamp) & _32_BITS)
        self._contents[bucket].append(content)
        return self._page.setdefault(number, content) != content

    def count(self) -> int:
        """How many records there were, those that came twice counted twice."""
        return sum(map(len, self._keys))

    def distinct(self) -> int:
        """How many different keys there were."""
        return sum(len(set(keys)) for keys in self._keys)

    def clashes(self) -> int:
        """How many keys came again with the same stamp, but with other content."""
        return sum(
            len({(key, stamp, content) for key, stamp, content in rows})
            - len({(key, stamp) for key, stamp, _content in rows})
            for rows in self._rows()
        )

    def _rows(self) -> Iterator[list[tuple[int, int, int]]]:
        for columns in zip(self._keys, self._stamps, self._contents, strict=True):
            yield list(zip(*columns, strict=True))
