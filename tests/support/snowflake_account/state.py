"""What a script can say of the account: one JSON object, whose defaults are a good account.

Knows the object and nothing of what is done with it. `GET` and `POST /__account/state` show and
change it: what is given takes the place of what was there, member by member of the outer object.

| member | what it says |
| --- | --- |
| `account` | the account's name, as in the issuer of a JWT: `VISMATEST` |
| `user` | `name`, `disabled`, `default_role`, `type`; `rsa_public_key`, `rsa_public_key_2` in PEM,
with its frame or without; `network_policy`: the name of the user's own |
| `roles` | those granted to the user, each with its grants: `privilege`, `granted_on`, `name` |
| `warehouses` | each with `name`, `state` (`STARTED`, `SUSPENDED`), `auto_resume`, `auto_suspend`
(seconds), `size` |
| `databases` | names of those that the role sees beside the ones that statements make |
| `network_policies` | each with `name`, `allowed_ip_list`, `blocked_ip_list` |
| `network_policy` | the name of the account's |
| `ip_address` | where clients seem to come from |
| `tokens` | programmatic access tokens, each with `name`, `secret`, `expires_at` (ISO 8601),
`status` (`ACTIVE`, `EXPIRED`, `DISABLED`), `role_restriction` |
| `clock_offset_seconds` | how far the account's clock is from this machine's |
"""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any, Final

_EXAMPLE_ROLE: Final = "LOADER_ROLE"


def _grant(privilege: str, granted_on: str, name: str) -> dict[str, str]:
    return {"privilege": privilege, "granted_on": granted_on, "name": name}


DEFAULT: Final[dict[str, Any]] = {
    "account": "VISMATEST",
    "user": {
        "name": "LOADER",
        "disabled": False,
        "default_role": _EXAMPLE_ROLE,
        "type": "SERVICE",
        "rsa_public_key": None,
        "rsa_public_key_2": None,
        "network_policy": None,
    },
    "roles": {
        _EXAMPLE_ROLE: [
            _grant("USAGE", "WAREHOUSE", "LOADING"),
            _grant("USAGE", "DATABASE", "VISMA"),
            _grant("CREATE SCHEMA", "DATABASE", "VISMA"),
            _grant("USAGE", "SCHEMA", "VISMA.RAW"),
            _grant("CREATE TABLE", "SCHEMA", "VISMA.RAW"),
            _grant("CREATE STAGE", "SCHEMA", "VISMA.RAW"),
        ]
    },
    "warehouses": [
        {
            "name": "LOADING",
            "state": "SUSPENDED",
            "auto_resume": True,
            "auto_suspend": 60,
            "size": "X-Small",
        }
    ],
    "databases": ["VISMA"],
    "network_policies": [],
    "network_policy": None,
    "ip_address": "203.0.113.7",
    "tokens": [],
    "clock_offset_seconds": 0,
}


class State:
    """The object, and the account's clock.

    Args:
        given: What differs from the default.

    Attributes:
        values: The whole object.
    """

    def __init__(self, given: dict[str, Any] | None = None) -> None:
        self.values = deepcopy(DEFAULT)
        self.change(given or {})

    def change(self, given: dict[str, Any]) -> None:
        """Put members in the place of those that are there; those of `user` one by one.

        Raises:
            ValueError: A member is not known.
        """
        unknown = set(given) - set(DEFAULT)
        if unknown:
            raise ValueError(f"unknown in the account's state: {', '.join(sorted(unknown))}")
        for name, value in given.items():
            old = self.values[name]
            self.values[name] = {**old, **value} if name == "user" else value

    def now(self) -> float:
        """Seconds since 1970, by the account's clock."""
        return time.time() + float(self.values["clock_offset_seconds"])
