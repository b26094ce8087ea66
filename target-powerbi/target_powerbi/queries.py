"""Figures of a model, asked for in DAX.

Knows the call and what its answer looks like; knows no tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_powerbi.errors import RefusedError

if TYPE_CHECKING:
    from target_powerbi.client import Client


def row(client: Client, dataset: str, query: str, what: str) -> dict[str, Any]:
    """The one row that a query gives.

    Args:
        client: Power BI.
        dataset: Path of the dataset below the workspace.
        query: DAX, such as `EVALUATE ROW("n", COUNTROWS('invoices'))`.
        what: What is asked, as a clause for errors.

    Raises:
        RefusedError: Power BI does not let the model be asked, or gives no row.
    """
    body = {"queries": [{"query": query}], "serializerSettings": {"includeNulls": True}}
    answer = client.call("POST", f"{dataset}/executeQueries", what, body)
    try:
        (result,) = answer.value["results"]
        ((found,),) = (table["rows"] for table in result["tables"])
        return dict(found)
    except (KeyError, TypeError, ValueError):  # a refusal can come with status 200
        raise RefusedError(
            f"{what} has no result (request {answer.request_id})",
            "Switch on 'Dataset Execute Queries REST API' in the tenant settings, and see that the "
            "service principal may build on the model",
        ) from None
