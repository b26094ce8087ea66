"""Where in a record a column's value is: paths into nested objects, and texts put together.

Knows the notation and values as JSON has them; knows neither tables nor destinations.

| notation | value |
| --- | --- |
| `amount` | the field |
| `account.number` | a field of an object |
| `segments[segmentId=1].segmentValue` | a field of the first object in a list with such a value |
| `{company_id}:{account.number}` | texts put together; none if one of them has no value |
| `{year}{period:2}` | the same, filled up with zeros to two characters |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"(\w+)(?:\[(\w+)=([^\[\]]*)\])?", re.ASCII)
_PART = re.compile(r"\{([^{}:]+)(?::([1-9]))?\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step down.

    Attributes:
        name: The field of an object.
        chosen: Where the field is a list: the name and value, as text, of the object to take.
    """

    name: str
    chosen: tuple[str, str] | None = None

    def take(self, value: object) -> Any:  # noqa: ANN401 - of any type that JSON has
        """What is there, or `None`."""
        if self.name:
            value = value.get(self.name) if isinstance(value, dict) else None
        if self.chosen is None:
            return value
        name, wanted = self.chosen
        found = value if isinstance(value, list) else []
        fitting = (
            each for each in found if isinstance(each, dict) and str(each.get(name)) == wanted
        )
        return next(fitting, None)


@dataclass(frozen=True, slots=True)
class Path:
    """A value's place.

    Attributes:
        root: The field of the record.
        steps: From there.
        width: Characters to which its text is filled up, 0 for none.
    """

    root: str
    steps: tuple[Step, ...] = ()
    width: int = 0

    def take(self, value: object) -> Any:  # noqa: ANN401 - as above
        """What is there in the value of the root, or `None`."""
        for step in self.steps:
            value = step.take(value)
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """Texts put together.

    Attributes:
        parts: Paths, and what stands between them.
    """

    parts: tuple[Path | str, ...]


def parse(notation: str) -> Path | Text:
    """Read the notation.

    Raises:
        ValueError: It is none; the message says where.
    """
    if "{" not in notation:
        return _path(notation)
    parts: list[Path | str] = []
    end = 0
    for found in _PART.finditer(notation):
        parts += [notation[end : found.start()], _path(found[1], int(found[2] or 0))]
        end = found.end()
    parts.append(notation[end:])
    between = [part for part in parts if isinstance(part, str)]
    if any("{" in part or "}" in part for part in between):
        raise ValueError(f"the braces in '{notation}' do not fit")
    return Text(tuple(part for part in parts if part))


def roots(notation: str) -> frozenset[str]:
    """The fields of the record that a notation reads."""
    found = parse(notation)
    paths = found.parts if isinstance(found, Text) else (found,)
    return frozenset(path.root for path in paths if isinstance(path, Path))


def _path(notation: str, width: int = 0) -> Path:
    steps = []
    for part in re.split(r"\.(?![^\[]*\])", notation):
        found = _STEP.fullmatch(part)
        if found is None:
            raise ValueError(f"'{part}' in '{notation}' is no field")
        steps.append(Step(found[1], (found[2], found[3]) if found[2] else None))
    first, *others = steps
    choice = (Step("", first.chosen),) if first.chosen else ()
    return Path(first.name, (*choice, *others), width)
