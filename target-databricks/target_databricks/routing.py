"""The ledger, routed: which table each account's rows go to, and what columns say of them.

Knows the rules and rows in memory; knows no SQL. Rules are checked when the target starts, as far
as they can be without rows; columns when the stream's SCHEMA is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from loader_core import DestinationError, SchemaError, SettingsError
from target_databricks.accounts import Accounts, PatternError, gaps
from target_databricks.layout import MOST_NAME_CHARACTERS, ROUTE, stored_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STOP = "stop"
_TODO = "Correct 'gl_routing'"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where rows go.

    Attributes:
        table: The table.
        set: Values of columns.
    """

    table: str
    set: dict[str, str] = {}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule.

    Attributes:
        accounts: Sets of account codes, see `accounts`.
        table: The table that their rows go to.
        set: Values of columns.
        name: What errors call it; by default its table.
    """

    accounts: list[str]
    table: str
    set: dict[str, str] = {}
    name: str = ""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of one stream, as a person writes them.

    Attributes:
        stream: The stream.
        account: Its column with the account code, or with an object that has it: `account.number`.
        rules: No account is in two of them.
        unmatched: Where rows of other accounts, and of none, go; or `stop`, to end the run.
        columns: Names of the columns that rules set.
        covers: A range of codes of which each must be in a rule; without it, none must.
        view: Name of the view over all tables; by default the stream's.
    """

    stream: str
    account: str
    rules: list[Rule]
    unmatched: Target | str = STOP
    columns: list[str] = []
    covers: str = ""
    view: str = ""


@dataclass(frozen=True)
class Routing:
    """Checked rules.

    Attributes:
        stream: The stream.
        columns: Names of the columns that rules set.
        tables: Stored tables, in the order of the rules.
        view: Name of the view over them, if it is not the stream's.
    """

    stream: str
    columns: tuple[str, ...]
    tables: tuple[str, ...]
    view: str
    _account: str
    _rules: tuple[tuple[tuple[Accounts, ...], Target], ...]
    _unmatched: Target | None

    def check(self, schema: pa.Schema) -> None:
        """See that the columns are there that the rules speak of.

        Raises:
            SchemaError: One is not, or one that rules set is there already.
        """
        self._path(schema)
        taken = {name.lower() for name in schema.names}
        for name in self.columns:
            if name.lower() in taken:
                raise SchemaError(
                    f"'gl_routing' sets the column '{name}', which the stream has already", _TODO
                ).at(self.stream)

    def routed(self, rows: pa.Table, places: Sequence[str]) -> pa.Table:
        """Rows with the table of each in `ROUTE`, and with the columns that rules set.

        Args:
            rows: A batch.
            places: What the tables are called this time, in the order of `tables`.

        Raises:
            DestinationError: Rows have an account that no rule takes, and the run is to stop then.
        """
        column, path = self._path(rows.schema)
        codes = rows[column].combine_chunks().dictionary_encode()
        targets = [self._target(_code(text, path)) for text in codes.dictionary.to_pylist()]
        which = [len(targets) if at is None else at for at in codes.indices.to_pylist()]
        targets.append(self._unmatched)
        lost = sum(targets[at] is None for at in which)
        if lost:
            raise DestinationError(
                f"{lost} rows have an account that no rule of 'gl_routing' takes",
                "Add a rule, or name a table in 'unmatched': its rows then show the accounts",
            ).at(self.stream)
        place_of = dict(zip(self.tables, places, strict=True))
        routes = [place_of[stored_name(target.table)] if target else None for target in targets]
        rows = rows.append_column(ROUTE, pa.array([routes[at] for at in which], pa.string()))
        for name in self.columns:
            values = [target.set.get(name) if target else None for target in targets]
            rows = rows.append_column(name, pa.array([values[at] for at in which], pa.string()))
        return rows

    def _target(self, code: str | None) -> Target | None:
        if code is None:
            return self._unmatched
        for sets, target in self._rules:
            if any(accounts.takes(code) for accounts in sets):
                return target
        return self._unmatched

    def _path(self, schema: pa.Schema) -> tuple[str, tuple[str, ...]]:
        """The column of the account, and where in its JSON the code is."""
        column, *path = (
            [self._account] if self._account in schema.names else self._account.split(".")
        )
        if column not in schema.names:
            raise SchemaError(
                f"'gl_routing' looks for the account in the column '{column}', which is not there",
                f"{_TODO}, or select the column in the tap",
            ).at(self.stream)
        field = schema.field(column)
        holds_codes = pa.types.is_string(field.type) or pa.types.is_integer(field.type)
        if not holds_codes or bool(path) != (b"json" in (field.metadata or {})):
            raise SchemaError(
                f"'gl_routing' looks for the account in '{self._account}', and the column "
                f"'{column}' is no text, whole number or object that has it so",
                f"{_TODO}: a column of codes, or one of objects and the name in it",
            ).at(self.stream)
        return column, tuple(path)


def read(setting: object) -> dict[str, Routing]:
    """The routing of each stream, from the setting: the rules, a list of them, or their file.

    Raises:
        SettingsError: They cannot be read, or contradict each other; names the rule.
    """
    if isinstance(setting, str):
        try:
            setting = msgspec.json.decode(Path(setting).expanduser().read_bytes())
        except OSError as error:
            raise SettingsError(
                f"the file of 'gl_routing' cannot be read: {error.strerror}", _TODO
            ) from None
        except msgspec.DecodeError:
            raise SettingsError("the file of 'gl_routing' is not JSON", _TODO) from None
    try:
        given = msgspec.convert(setting if isinstance(setting, list) else [setting], list[Rules])
    except msgspec.ValidationError as error:
        raise SettingsError(f"'gl_routing' is not as it should be: {error}", _TODO) from None
    found: dict[str, Routing] = {}
    for rules in given:
        if rules.stream in found:
            raise SettingsError(f"'gl_routing' has stream '{rules.stream}' twice", _TODO)
        found[rules.stream] = _checked(rules)
    tables = [table for routing in found.values() for table in routing.tables]
    for table in tables:
        if tables.count(table) > 1:
            raise SettingsError(f"'gl_routing' has two streams for the table '{table}'", _TODO)
    return found


def _checked(rules: Rules) -> Routing:
    try:
        return _routing(rules)
    except PatternError as error:
        raise SettingsError(f"stream '{rules.stream}' in 'gl_routing': {error}", _TODO) from None


def _routing(rules: Rules) -> Routing:
    """Check rules against each other.

    Raises:
        PatternError: They are wrong; says which.
    """
    sets = [_sets(rule, rules) for rule in rules.rules]
    _check_sets(rules, sets)
    if isinstance(rules.unmatched, str) and rules.unmatched != STOP:
        raise PatternError(f"'unmatched' is a table, as an object, or '{STOP}'")
    unmatched = rules.unmatched if isinstance(rules.unmatched, Target) else None
    targets = [Target(rule.table, rule.set) for rule in rules.rules]
    if unmatched:
        _check_target("unmatched", unmatched, rules)
    every = [*targets, unmatched] if unmatched else targets
    tables = tuple(dict.fromkeys(stored_name(target.table) for target in every))
    view = stored_name(rules.view or rules.stream)
    if len(tables) > 1 and view in tables:
        raise PatternError(f"the view over all tables would have the name of table '{view}'")
    return Routing(
        stream=rules.stream,
        columns=tuple(rules.columns),
        tables=tables,
        view=rules.view,
        _account=rules.account,
        _rules=tuple(zip(sets, targets, strict=True)),
        _unmatched=unmatched,
    )


def _sets(rule: Rule, rules: Rules) -> tuple[Accounts, ...]:
    """The accounts of a rule, and that all else in it is right."""
    name = _called(rule)
    if not rule.accounts:
        raise PatternError(f"rule '{name}' has no accounts")
    _check_target(name, Target(rule.table, rule.set), rules)
    try:
        return tuple(map(Accounts.of, rule.accounts))
    except PatternError as error:
        raise PatternError(f"rule '{name}': {error}") from None


def _called(rule: Rule) -> str:
    return rule.name or rule.table


def _check_sets(rules: Rules, sets: list[tuple[Accounts, ...]]) -> None:
    """See that no account is in two rules, and each in one where that is wanted."""
    if not sets:
        raise PatternError("there are no rules")
    for (rule, ours), (other, theirs) in combinations(zip(rules.rules, sets, strict=True), 2):
        for one, two in product(ours, theirs):
            if one.overlaps(two):
                raise PatternError(
                    f"the rules '{_called(rule)}' and '{_called(other)}' overlap: "
                    f"'{one.text}' and '{two.text}'"
                )
    if rules.covers:
        left = gaps(Accounts.of(rules.covers), [one for ours in sets for one in ours])
        if left:
            raise PatternError(f"no rule takes {', '.join(left)} of '{rules.covers}'")


def _check_target(name: str, target: Target, rules: Rules) -> None:
    if not 0 < len(target.table) <= MOST_NAME_CHARACTERS:
        raise PatternError(f"rule '{name}': a table's name has 1 to 255 characters")
    for column in target.set:
        if column not in rules.columns:
            raise PatternError(f"rule '{name}' sets '{column}', which is not in 'columns'")


def _code(value: Any, path: tuple[str, ...]) -> str | None:  # noqa: ANN401 - JSON
    """The account code in a value of the account's column."""
    if path and value is not None:
        value = msgspec.json.decode(value)
    for name in path:
        found: Mapping[str, Any] = value if isinstance(value, dict) else {}
        value = found.get(name)
    return None if value is None else str(value).strip()
