"""The floor of a tap: calls for every page, and does nothing with it, or no more than parse it.

`python floor.py API_URL RECORDS PARSER`, with the parser `orjson`, `msgspec` or `none`.
"""

from __future__ import annotations

import importlib
import sys
from math import ceil

import requests

PAGE_SIZE = 5000


def main(api_url: str, records: int, parser: str) -> None:
    """Read the list once.

    Raises:
        SystemExit: The pages did not hold that many records.
    """
    match parser:
        case "orjson":
            parse = importlib.import_module("orjson").loads
        case "msgspec":
            parse = importlib.import_module("msgspec.json").decode
        case _:
            parse = None
    session = requests.Session()
    seen = 0
    for number in range(1, ceil(records / PAGE_SIZE) + 1):
        params = {"pageNumber": str(number), "pageSize": str(PAGE_SIZE)}
        response = session.get(f"{api_url}/v1/supplierInvoice", params=params, timeout=60)
        response.raise_for_status()
        body = response.content
        if parse:
            seen += len(parse(body))
    if parse and seen != records:
        sys.exit(f"read {seen} records, not {records}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
