"""Running a statement: which kinds there are, and who runs each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from databricks_workspace import changes, definitions, namespaces, queries, sql_text
from databricks_workspace.errors import not_in_the_double
from databricks_workspace.lakehouse import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from databricks_workspace.lakehouse import Context, Lakehouse

HANDLERS: Final = {**queries.HANDLERS, **changes.HANDLERS, **definitions.HANDLERS}


def execute(
    lakehouse: Lakehouse,
    text: str,
    parameters: Mapping[str, tuple[str | None, str]],
    context: Context,
) -> pa.Table | None:
    """Run a statement to its end, one at a time; gives its result, or nothing if it has none.

    Raises:
        SqlError: It fails.
    """
    text = sql_text.bound(text, parameters).strip().rstrip(";")
    with lakehouse.lock:
        if namespaces.execute(lakehouse, text, context):
            return None
        tree = sql_text.tree_of(text)
        handler = HANDLERS.get(type(tree))
        if handler is None:
            raise not_in_the_double(f"The statement {sql_text.first_words(text)}")
        return handler(Statement(text, tree, lakehouse, context))
