"""Catalogs, schemas and volumes: making and dropping them, by statement or by call; COMMENT ON.

The engine knows no catalogs and volumes, so nothing here is its work but a schema of its own for
each of ours.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Final

from databricks_workspace import delta_log, sql_text, volumes
from databricks_workspace.engine import name_in_engine
from databricks_workspace.errors import SqlError
from databricks_workspace.objects import Entry, Table, shown
from databricks_workspace.privileges import METASTORE

if TYPE_CHECKING:
    from databricks_workspace.lakehouse import Context, Lakehouse
    from databricks_workspace.objects import Name

_NAME: Final = r"(?P<name>(?:`(?:[^`]|``)+`|\w+)(?:\.(?:`(?:[^`]|``)+`|\w+))*)"
_TEXT: Final = r"'(?P<text>(?:[^'\\]|\\.)*)'"
_CREATE: Final = re.compile(
    r"CREATE\s+(?P<kind>CATALOG|SCHEMA|DATABASE|VOLUME)\s+(?P<unless>IF\s+NOT\s+EXISTS\s+)?"
    rf"{_NAME}(?:\s+COMMENT\s+{_TEXT})?",
    re.IGNORECASE | re.DOTALL,
)
_DROP: Final = re.compile(
    r"DROP\s+(?P<kind>CATALOG|SCHEMA|DATABASE|VOLUME)\s+(?P<unless>IF\s+EXISTS\s+)?"
    rf"{_NAME}(?P<cascade>\s+CASCADE)?(?:\s+RESTRICT)?",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(
    rf"COMMENT\s+ON\s+(?P<kind>CATALOG|SCHEMA|DATABASE|VOLUME|TABLE|COLUMN)\s+{_NAME}\s+IS\s+"
    rf"(?:{_TEXT}|NULL)",
    re.IGNORECASE | re.DOTALL,
)
_LENGTH: Final = {"catalog": 1, "schema": 2, "volume": 3, "relation": 3}
_CREATE_PRIVILEGE: Final = {
    "catalog": "CREATE_CATALOG",
    "schema": "CREATE_SCHEMA",
    "volume": "CREATE_VOLUME",
}


def _parts(name: str) -> tuple[str, ...]:
    return tuple(
        quoted.replace("``", "`") or plain
        for quoted, plain in re.findall(r"`((?:[^`]|``)+)`|(\w+)", name)
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def create(lakehouse: Lakehouse, kind: str, name: Name, comment: str | None = None) -> Entry:
    """Make a catalog (with its schema `default`), a schema or a volume.

    Raises:
        SqlError: It is there, what it shall be in is not, or it is denied.
    """
    objects, inside = lakehouse.objects, name[:-1]
    if inside:
        objects.need("catalog" if kind == "schema" else "schema", inside)
    lakehouse.privileges.need(_CREATE_PRIVILEGE[kind], inside or METASTORE)
    objects.need_free(kind, name)
    entry = Entry(name=name, owner=lakehouse.privileges.principal, comment=comment)
    if kind == "catalog":
        objects.catalog[name] = entry
        create(lakehouse, "schema", (*name, "default"))
    elif kind == "schema":
        lakehouse.engine.run(f"CREATE DATABASE {name_in_engine(name)}")
        objects.schema[name] = entry
    else:
        volumes.folder_of(lakehouse, name).mkdir(parents=True)
        objects.volume[name] = entry
    return entry


def drop(lakehouse: Lakehouse, kind: str, name: Name, *, cascade: bool = False) -> None:
    """Drop an object and, with `cascade`, what is in it.

    Raises:
        SqlError: It is not there, holds something, or is denied.
    """
    objects = lakehouse.objects
    objects.need(kind, name)
    lakehouse.privileges.need("MANAGE", name)
    inside = [each for each in objects.inside(name) if kind in {"catalog", "schema"}]
    held = [each for each in inside if each != ("schema", (*name, "default"))]
    if held and not cascade:
        raise SqlError("SCHEMA_NOT_EMPTY", f"Cannot drop {shown(name)}: it is not empty.")
    for inner_kind, inner in reversed(inside):
        _remove(lakehouse, inner_kind, inner)
    _remove(lakehouse, kind, name)


def _remove(lakehouse: Lakehouse, kind: str, name: Name) -> None:
    objects, engine = lakehouse.objects, lakehouse.engine
    if kind == "relation":
        relation = objects.relation.pop(name)
        if isinstance(relation, Table):
            engine.run(f"DROP TABLE {name_in_engine(name)}")
            shutil.rmtree(relation.folder)
    elif kind == "volume":
        del objects.volume[name]
        volumes.remove(lakehouse, name)
    elif kind == "schema":
        engine.run(f"DROP DATABASE {name_in_engine(name)}")
        del objects.schema[name]
    else:
        del objects.catalog[name]


def _kind(word: str) -> str:
    word = word.lower()
    return {"database": "schema", "table": "relation"}.get(word, word)


def _comment(lakehouse: Lakehouse, found: re.Match[str], context: Context) -> None:
    text = found["text"]
    comment = None if text is None else _unescaped(text)
    parts = _parts(found["name"])
    if found["kind"].lower() == "column":
        table = lakehouse.objects.table(context.complete(parts[:-1]))
        lakehouse.privileges.need("MODIFY", table.name)
        by_name = {each.name.lower(): each.name for each in delta_log.columns(table)}
        if parts[-1].lower() not in by_name:
            raise SqlError(
                "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", f"A column {parts[-1]} cannot be resolved."
            )
        delta_log.set_comment(table, by_name[parts[-1].lower()], comment)
        return
    kind = _kind(found["kind"])
    name = context.complete(parts, _LENGTH[kind])
    lakehouse.objects.need(kind, name)
    lakehouse.privileges.need("MODIFY" if kind == "relation" else "MANAGE", name)
    lakehouse.objects.of(kind)[name].comment = comment


def execute(lakehouse: Lakehouse, text: str, context: Context) -> bool:
    """Run a statement of this file; says whether it was one.

    Raises:
        SqlError: It fails, or it is one with a clause that is not known here.
    """
    words = sql_text.first_words(text).split()
    if words[:1] == ["COMMENT"]:
        found = _COMMENT.fullmatch(text)
        if found is None:
            raise SqlError("PARSE_SYNTAX_ERROR", "COMMENT ON has no such form in this double.")
        _comment(lakehouse, found, context)
        return True
    kinds = {"CATALOG", "SCHEMA", "DATABASE", "VOLUME"}
    if len(words) != 2 or words[0] not in {"CREATE", "DROP"} or words[1] not in kinds:
        return False
    creates = words[0] == "CREATE"
    found = (_CREATE if creates else _DROP).fullmatch(text)
    if found is None:
        raise SqlError("PARSE_SYNTAX_ERROR", f"{' '.join(words)} has no such form in this double.")
    kind = _kind(found["kind"])
    name = context.complete(_parts(found["name"]), _LENGTH[kind])
    exists = name in lakehouse.objects.of(kind)
    if creates and not (found["unless"] and exists):
        comment = found["text"]
        create(lakehouse, kind, name, None if comment is None else _unescaped(comment))
    if not creates and (exists or not found["unless"]):
        drop(lakehouse, kind, name, cascade=bool(found["cascade"]))
    return True
