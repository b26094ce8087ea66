"""The rooms import only rooms that stand below them; the errors are one family."""

from __future__ import annotations

import pytest

import visma_secrets
from houses import imports, rooms
from visma_secrets import errors, identities, sealed

# Each floor may use those before it, and its own.
FLOORS = (
    {"__init__", "errors"},
    {"durable", "dotenv", "keyrings", "running", "run_folder"},
    {"identities"},
    {"sealed"},
    {"rotation"},
    {"command"},
    {"__main__"},
)
ROOMS = rooms(visma_secrets)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], visma_secrets) <= set().union(*FLOORS[: floor + 1])


def test_every_error_is_a_secrets_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 3
    assert all(issubclass(kind, errors.SecretsError) and kind.__doc__ for kind in kinds)


def test_an_object_that_holds_secrets_does_not_show_them() -> None:
    key = identities.new()
    identity = identities.Identity((key,), "a place")
    content = sealed.Content({}, {"NAME": "the value"})

    assert str(key) not in repr(identity)
    assert "the value" not in repr(content)
