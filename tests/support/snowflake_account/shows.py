"""What the account says of itself: SHOW, DESC and the functions about the session.

Knows the state and the shapes of Snowflake's answers. What it does not know is the engine's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from snowflake_account import identity
from snowflake_account.errors import SqlError
from snowflake_account.results import Result, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from snowflake_account.state import State

_CREATED: Final = "2026-01-05 08:00:00.000 +0000"
_WAREHOUSE: Final = (
    "name",
    "state",
    "type",
    "size",
    "min_cluster_count",
    "max_cluster_count",
    "started_clusters",
    "running",
    "queued",
    "is_default",
    "is_current",
    "auto_suspend",
    "auto_resume",
    "available",
    "provisioning",
    "quiescing",
    "other",
    "created_on",
    "resumed_on",
    "updated_on",
    "owner",
    "comment",
    "enable_query_acceleration",
    "query_acceleration_max_scale_factor",
    "resource_monitor",
    "actives",
    "pendings",
    "failed",
    "suspended",
    "uuid",
    "scaling_policy",
    "budget",
    "owner_role_type",
    "resource_constraint",
)
_DATABASE: Final = (
    "created_on",
    "name",
    "is_default",
    "is_current",
    "origin",
    "owner",
    "comment",
    "options",
    "retention_time",
    "kind",
    "budget",
    "owner_role_type",
    "object_visibility",
)
_GRANT: Final = (
    "created_on",
    "privilege",
    "granted_on",
    "name",
    "granted_to",
    "grantee_name",
    "grant_option",
    "granted_by",
)
_GRANT_OF_USER: Final = (
    "created_on",
    "role",
    "granted_to",
    "grantee_name",
    "granted_by",
)
_POLICY: Final = (
    "created_on",
    "name",
    "comment",
    "entries_in_allowed_ip_list",
    "entries_in_blocked_ip_list",
    "entries_in_allowed_network_rules",
    "entries_in_blocked_network_rules",
)
_TOKEN: Final = (
    "name",
    "user_name",
    "role_restriction",
    "expires_at",
    "status",
    "comment",
    "created_on",
    "created_by",
    "mins_to_bypass_network_policy_requirement",
    "rotated_to",
)
_PARAMETER: Final = (
    "key",
    "value",
    "default",
    "level",
    "description",
    "type",
)
_PROPERTY: Final = (
    "property",
    "value",
    "default",
    "description",
)
_LIKE: Final = r"(?:\s+LIKE\s+'(?P<like>(?:[^']|'')*)')?"
_NETWORK_PARAMETER: Final = (
    r"SHOW\s+PARAMETERS\s+LIKE\s+'NETWORK_POLICY'\s+(?:IN|FOR)\s+"
    r"(?P<level>USER|ACCOUNT)(?:\s+(?P<name>\S+?))?"
)
_NAME: Final = r'(?P<name>"[^"]+"|[\w$]+)'


class Shows:
    """Answers statements about the account.

    Args:
        state: The account's state.
        databases: Names of the databases that statements have made.
    """

    def __init__(self, state: State, databases: Callable[[], Iterable[str]]) -> None:
        self._state = state
        self._databases = databases
        self._rules: list[tuple[re.Pattern[str], Callable[[re.Match[str], str], Result]]] = [
            (re.compile(pattern + r"\s*;?\s*", re.IGNORECASE | re.DOTALL), answer)
            for pattern, answer in (
                (r"SHOW\s+WAREHOUSES" + _LIKE, self._warehouses),
                (r"SHOW\s+(?:TERSE\s+)?DATABASES" + _LIKE, self._show_databases),
                (r"SHOW\s+GRANTS\s+TO\s+ROLE\s+" + _NAME, self._grants),
                (r"SHOW\s+GRANTS(?:\s+TO\s+USER\s+" + _NAME + ")?", self._roles),
                (r"SHOW\s+NETWORK\s+POLICIES" + _LIKE, self._policies),
                (r"DESC(?:RIBE)?\s+NETWORK\s+POLICY\s+" + _NAME, self._policy),
                (_NETWORK_PARAMETER, self._parameter),
                (r"DESC(?:RIBE)?\s+USER\s+" + _NAME, self._user),
                (
                    r"SHOW\s+USER\s+(?:PROGRAMMATIC\s+ACCESS\s+TOKENS|PATS)"
                    r"(?:\s+FOR\s+USER\s+" + _NAME + ")?",
                    self._tokens,
                ),
            )
        ]

    def answer(self, sql: str, role: str) -> Result | None:
        """Answer a statement, as a role sees it; none if it is not about the account.

        Raises:
            SqlError: What it names is not there.
        """
        for pattern, answer in self._rules:
            found = pattern.fullmatch(sql.strip())
            if found:
                return answer(found, role)
        return None

    def with_session(self, sql: str, role: str, warehouse: str | None) -> str:
        """A statement with what it asks of the session written into it."""
        values = {
            "CURRENT_IP_ADDRESS": self._state.values["ip_address"],
            "CURRENT_ROLE": role,
            "CURRENT_USER": self._state.values["user"]["name"],
            "CURRENT_ACCOUNT": self._state.values["account"],
            "CURRENT_ACCOUNT_NAME": self._state.values["account"],
            "CURRENT_ORGANIZATION_NAME": "NORDIC",
            "CURRENT_REGION": "AWS_EU_NORTH_1",
            "CURRENT_WAREHOUSE": warehouse,
        }

        def literal(found: re.Match[str]) -> str:
            value = values[found[1].upper()]
            return "NULL" if value is None else f"'{value}'"

        return re.sub(rf"\b({'|'.join(values)})\s*\(\s*\)", literal, sql, flags=re.IGNORECASE)

    def _warehouses(self, found: re.Match[str], _role: str) -> Result:
        rows = (
            {"type": "STANDARD", "is_current": "N", "is_default": "N", "created_on": _CREATED}
            | each
            for each in self._state.values["warehouses"]
        )
        return listed(_WAREHOUSE, _liked(rows, found["like"]))

    def _show_databases(self, found: re.Match[str], _role: str) -> Result:
        names = sorted({*self._state.values["databases"], *self._databases()})
        rows = (
            {"name": name, "created_on": _CREATED, "kind": "STANDARD", "retention_time": "1"}
            for name in names
        )
        return listed(_DATABASE, _liked(rows, found["like"]))

    def _grants(self, found: re.Match[str], _role: str) -> Result:
        role = _folded(found["name"])
        if role not in self._state.values["roles"]:
            raise _missing("Role", role)
        rows = (
            {
                "created_on": _CREATED,
                "granted_to": "ROLE",
                "grantee_name": role,
                "grant_option": "false",
                "granted_by": "SYSADMIN",
            }
            | each
            for each in self._state.values["roles"][role]
        )
        return listed(_GRANT, rows)

    def _roles(self, found: re.Match[str], _role: str) -> Result:
        user = self._named_user(found["name"])
        rows = (
            {
                "created_on": _CREATED,
                "role": role,
                "granted_to": "USER",
                "grantee_name": user,
                "granted_by": "SECURITYADMIN",
            }
            for role in self._state.values["roles"]
        )
        return listed(_GRANT_OF_USER, rows)

    def _policies(self, found: re.Match[str], _role: str) -> Result:
        rows = (
            {
                "created_on": _CREATED,
                "name": each["name"],
                "comment": "",
                "entries_in_allowed_ip_list": len(each.get("allowed_ip_list", [])),
                "entries_in_blocked_ip_list": len(each.get("blocked_ip_list", [])),
                "entries_in_allowed_network_rules": 0,
                "entries_in_blocked_network_rules": 0,
            }
            for each in self._state.values["network_policies"]
        )
        return listed(_POLICY, _liked(rows, found["like"]))

    def _policy(self, found: re.Match[str], _role: str) -> Result:
        name = _folded(found["name"])
        for each in self._state.values["network_policies"]:
            if each["name"] == name:
                return listed(
                    ["name", "value"],
                    [
                        {"name": listed_as.upper(), "value": ",".join(each[listed_as])}
                        for listed_as in ("allowed_ip_list", "blocked_ip_list")
                        if each.get(listed_as)
                    ],
                )
        raise _missing("Network Policy", name)

    def _parameter(self, found: re.Match[str], _role: str) -> Result:
        at_user = found["level"].upper() == "USER"
        if at_user and found["name"]:
            self._named_user(found["name"])
        own, of_all = self._state.values["user"]["network_policy"], self._state.values
        value = (own if at_user else None) or of_all["network_policy"]
        level = "" if value is None else "USER" if at_user and own else "ACCOUNT"
        row = {
            "key": "NETWORK_POLICY",
            "value": value or "",
            "default": "",
            "level": level,
            "description": "Network policy assigned for the given target.",
            "type": "STRING",
        }
        return listed(_PARAMETER, [row])

    def _user(self, found: re.Match[str], _role: str) -> Result:
        name = self._named_user(found["name"])
        user = self._state.values["user"]
        keys = {
            each: identity.public_key(user[each]) for each in ("rsa_public_key", "rsa_public_key_2")
        }
        prints = {name: identity.fingerprint(key) if key else "null" for name, key in keys.items()}
        rows = {
            "NAME": name,
            "TYPE": user["type"],
            "LOGIN_NAME": name,
            "DISABLED": user["disabled"],
            "DEFAULT_ROLE": user["default_role"],
            "RSA_PUBLIC_KEY": user["rsa_public_key"] or "null",
            "RSA_PUBLIC_KEY_FP": prints["rsa_public_key"],
            "RSA_PUBLIC_KEY_2": user["rsa_public_key_2"] or "null",
            "RSA_PUBLIC_KEY_2_FP": prints["rsa_public_key_2"],
        }
        return listed(
            _PROPERTY,
            ({"property": key, "value": value, "default": "null"} for key, value in rows.items()),
        )

    def _tokens(self, found: re.Match[str], _role: str) -> Result:
        user = self._named_user(found["name"])
        rows = (
            {"status": "ACTIVE", "created_on": _CREATED, "created_by": user}
            | {name: value for name, value in each.items() if name != "secret"}
            | {"user_name": user}
            for each in self._state.values["tokens"]
        )
        return listed(_TOKEN, rows)

    def _named_user(self, given: str | None) -> str:
        name = str(self._state.values["user"]["name"])
        if given and _folded(given) != name:
            raise _missing("User", _folded(given))
        return name


def _folded(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.upper()


def _missing(kind: str, name: str) -> SqlError:
    return SqlError(
        "002003",
        f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.",
        "02000",
    )


def _liked(rows: Iterable[dict[str, Any]], like: str | None) -> Iterable[dict[str, Any]]:
    """Rows whose name is like a pattern, which does not tell capitals from small letters."""
    if like is None:
        return rows
    parts = (".*" if at == "%" else "." if at == "_" else re.escape(at) for at in like)
    pattern = re.compile("".join(parts), re.IGNORECASE)
    return (row for row in rows if pattern.fullmatch(row["name"]))
