"""What would fail in a load into Snowflake, asked before the first one.

Needs no warehouse and starts none: everything is answered by `SHOW` and by functions of the
session. Changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from warehouse_checks import grants
from warehouse_checks.errors import CheckError, RefusedError
from warehouse_checks.findings import Finding, of_clock
from warehouse_checks.grants import quoted
from warehouse_checks.settings import folded

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from warehouse_checks.settings import Snowflake
    from warehouse_checks.snowflake_api import Row, SnowflakeApi

MOST_SKEW_SECONDS = 30
"""Half of what Snowflake allows the time in a token to be off."""
SOON = timedelta(days=14)
"""A token that ends sooner fails a run before somebody looks again."""

BAD_KEY, NO_USER, NOT_ADMITTED = "390144", "390101", "390422"
NO_ROLE = frozenset({"390186", "390189"})
"""Of a login as a role that is not there, or not the user's: also its default role."""
_UUID = re.compile(r"\[([0-9a-fA-F-]{36})\]")
_ADDRESS = re.compile(r"IP(?:/Token)? ([0-9A-Fa-f.:]+)")


class Preflight:
    """Asks one account.

    Args:
        api: The account.
        settings: What a load would use.
    """

    def __init__(self, api: SnowflakeApi, settings: Snowflake) -> None:
        self._api = api
        self._settings = settings
        self._user = folded(settings.user)
        self._role = settings.role

    def findings(self) -> Iterator[Finding]:
        """Ask all questions, in the order in which a load would meet them."""
        if self._api.key:
            note = f"fingerprint {self._api.key.fingerprint}"
            yield Finding("private key", "ok", note)
        try:
            [session] = self._api.rows("SELECT CURRENT_ROLE() AS ROLE, CURRENT_IP_ADDRESS() AS IP")
        except RefusedError as error:
            yield from self._clock()
            yield self._login_refused(error)
            return
        except CheckError as error:
            yield Finding("login", "failed", str(error))
            return
        yield from self._clock()
        yield Finding("login", "ok", f"as {self._user}, from {session['ip']}, which is admitted")
        if not self._api.key:
            yield from self._tokens()
        if self._role is None:
            self._role = session["role"]
        yield from self._of_role()

    def _clock(self) -> list[Finding]:
        return of_clock(self._api.caller.ahead_seconds, MOST_SKEW_SECONDS, "Snowflake")

    def _login_refused(self, error: RefusedError) -> Finding:
        if error.code == NOT_ADMITTED or "not allowed to access" in error.detail:
            return self._not_admitted(error)
        if error.code == NO_USER:
            sql = f"ALTER USER {quoted(self._user)} SET DISABLED = FALSE"
            return Finding("login", "failed", f"the user is disabled. Run: {sql}")
        if error.code in NO_ROLE:
            return self._no_role("its default role", error)
        if self._api.key:
            return self._key_refused(error)
        return Finding(
            "login",
            "failed",
            f"the access token is refused ({error.code}): it has expired, is disabled, is of "
            "another user or account, or the user has no network policy. Run: SHOW USER "
            f"PROGRAMMATIC ACCESS TOKENS FOR USER {quoted(self._user)}; and make a new one: ALTER "
            f"USER {quoted(self._user)} ADD PROGRAMMATIC ACCESS TOKEN ...",
        )

    def _no_role(self, role: str, error: CheckError) -> Finding:
        user = quoted(self._user)
        if not isinstance(error, RefusedError):
            return Finding(f"role {role}", "unknown", str(error))
        if role == self._role:
            sql = f"GRANT ROLE {quoted(role)} TO USER {user}"
        else:
            sql = f"ALTER USER {user} SET DEFAULT_ROLE = ... to a role that is granted to it"
        note = f"the user cannot take it ({error.code}). Run: {sql}"
        return Finding(f"role {role}" if role == self._role else "role", "missing", note)

    def _not_admitted(self, error: RefusedError) -> Finding:
        address = "this machine's address"
        if found := _ADDRESS.search(error.detail):
            with suppress(ValueError):
                address = str(ipaddress.ip_address(found[1].rstrip(".")))
        return Finding(
            "network policy",
            "failed",
            f"it does not admit {address}. Run: SHOW PARAMETERS LIKE 'NETWORK_POLICY' IN USER "
            f"{quoted(self._user)}; (or IN ACCOUNT); and add the address: ALTER NETWORK POLICY ... "
            "SET ALLOWED_IP_LIST = (...), or a network rule with it",
        )

    def _key_refused(self, error: RefusedError) -> Finding:
        key = self._api.key
        if key is None or error.code != BAD_KEY:
            return Finding("login", "failed", str(error))
        user = quoted(self._user)
        told = _UUID.search(error.detail)
        why = f"SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('{told[1]}') says why. " if told else ""
        return Finding(
            "login",
            "failed",
            f"the key is refused ({error.code}) for {self._api.subject}. {why}DESC USER {user} "
            f"must show {key.fingerprint} as RSA_PUBLIC_KEY_FP or RSA_PUBLIC_KEY_2_FP; if it does "
            f"not, run: ALTER USER {user} SET RSA_PUBLIC_KEY = '{key.public}'",
        )

    def _tokens(self) -> Iterator[Finding]:
        """Whether the access token ends soon. Which of the user's it is, Snowflake does not say."""
        try:
            rows = self._api.rows("SHOW USER PROGRAMMATIC ACCESS TOKENS")
        except CheckError as error:
            yield Finding("access token", "unknown", str(error))
            return
        good = [(row, _moment(row["expires_at"])) for row in rows if row["status"] == "ACTIVE"]
        if not good:
            yield Finding("access token", "unknown", "no active token of the user is shown")
            return
        last = max((ends for _row, ends in good if ends), default=None)
        soon = self._api.caller.clock.now() + SOON
        if last is None or last > soon:
            yield Finding("access token", "ok", f"good until {last:%Y-%m-%d}" if last else "")
            return
        names = ", ".join(sorted(str(row["name"]) for row, _ends in good))
        yield Finding(
            "access token",
            "failed",
            f"{names}: expires on {last:%Y-%m-%d %H:%M} UTC. Run: ALTER USER {quoted(self._user)} "
            "ROTATE PROGRAMMATIC ACCESS TOKEN ..., and set the new one",
        )

    def _of_role(self) -> Iterator[Finding]:
        """What the role sees and may do."""
        role = self._role
        if not role:
            yield Finding("role", "failed", "the user has no default role. Set 'role'")
            return
        try:
            self._api.rows("SELECT CURRENT_ROLE() AS ROLE", role=role)
        except CheckError as error:
            yield self._no_role(role, error)
            return
        yield Finding(f"role {role}", "ok")
        try:
            warehouse = yield from self._warehouse(role)
            database = yield from self._database(role)
            if database is None:
                return
            schema = self._settings.schema
            found = self._shown(
                f"SCHEMAS LIKE {_like(schema)} IN DATABASE {quoted(database)}", role
            )
            has_schema = any(row["name"] == schema for row in found)
            note = "" if has_schema else "not there, or not to be seen: a load makes it"
            yield Finding(f"schema {database}.{schema}", "ok", note)
            yield from self._grants(role, warehouse, database, schema, has_schema=has_schema)
        except CheckError as error:
            yield Finding("rights of the role", "unknown", str(error))

    def _warehouse(self, role: str) -> Generator[Finding, None, str]:
        """Whether statements will run. Returns the warehouse's name."""
        name = self._settings.warehouse
        about = f"warehouse {name}"
        found = self._shown(f"WAREHOUSES LIKE {_like(name)}", role)
        row = next((row for row in found if row["name"] == name), None)
        if row is None:
            sql = grants.Grant("USAGE", "WAREHOUSE", (name,)).sql(role)
            yield Finding(about, "missing", f"not there, or not to be seen. Run: {sql}")
        elif row["auto_resume"] != "true":
            sql = f"ALTER WAREHOUSE {quoted(name)} SET AUTO_RESUME = TRUE"
            state = "is suspended" if _is_suspended(row) else "will be suspended one day"
            note = f"it {state} and AUTO_RESUME is off, so statements fail. Run: {sql}"
            yield Finding(about, "failed", note)
        else:
            starts = "; the first statement starts it" if _is_suspended(row) else ""
            yield Finding(about, "ok", f"{row['state']}, AUTO_RESUME is on{starts}")
        return name

    def _database(self, role: str) -> Generator[Finding, None, str | None]:
        """Whether the database is there. Returns its name, or nothing."""
        given = self._settings.database
        about = f"database {given}"
        names = [row["name"] for row in self._shown(f"DATABASES LIKE {_like(given)}", role)]
        if given in names:
            yield Finding(about, "ok")
            return given
        other = next((name for name in names if name and name.upper() == given.upper()), None)
        if other:
            note = f"its name is {other}: set 'database' to that name in double quotes"
            yield Finding(about, "failed", note)
        else:
            sql = grants.Grant("USAGE", "DATABASE", (given,)).sql(role)
            yield Finding(about, "missing", f"not there, or not to be seen. Run: {sql}")
        return other

    def _grants(
        self, role: str, warehouse: str, database: str, schema: str, *, has_schema: bool
    ) -> Iterator[Finding]:
        """One finding for each privilege that a load needs."""
        held, unseen = self._held(role)
        for wanted in grants.needed(warehouse, database, schema, has_schema=has_schema):
            if grants.covers(held, wanted):
                yield Finding(wanted.about(), "ok")
            elif unseen:
                note = f"not granted to {role}; roles within it cannot be seen: {unseen}"
                yield Finding(wanted.about(), "unknown", note)
            else:
                yield Finding(wanted.about(), "missing", wanted.sql(role))

    def _held(self, role: str) -> tuple[set[grants.Grant], str]:
        """What a role and all roles within it are granted, and the roles that cannot be seen."""
        held: set[grants.Grant] = set()
        unseen = []
        seen, ahead = set(), {role, "PUBLIC"}
        while ahead:
            each = ahead.pop()
            seen.add(each)
            try:
                own = grants.held(self._shown(f"GRANTS TO ROLE {quoted(each)}", role))
            except RefusedError:
                unseen += [] if each == "PUBLIC" else [each]
                continue
            held |= own
            ahead |= grants.roles_in(own) - seen
        return held, ", ".join(unseen)

    def _shown(self, what: str, role: str) -> list[Row]:
        return self._api.rows(f"SHOW {what}", role=role)


def _is_suspended(row: Row) -> bool:
    return str(row["state"]).upper() in {"SUSPENDED", "SUSPENDING"}


def _like(name: str) -> str:
    """A name as a pattern; `_` stands for any letter, so what is found is compared once more."""
    return "'" + name.replace("\\", "\\\\").replace("'", "''") + "'"


def _moment(text: str | None) -> datetime | None:
    """A time of a result: seconds since 1970, or ISO 8601."""
    if text is None:
        return None
    try:
        return datetime.fromtimestamp(float(Decimal(text.split()[0])), tz=UTC)
    except InvalidOperation:
        pass
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
