"""Walking a list to its end, whatever the server does with the paging parameters.

Knows pages and totals; knows no Singer. The rules, each for a trap of the API:

- A page size above the endpoint's cap is cut in silence, so a page shorter than asked for says
  nothing. The end is where as many have come as the answers' total says, else an empty page.
- A list that ignores paging gives its first page again and again: a page that begins with the same
  record as the first one ends the walk.
- The next page is fetched while the caller works on this one.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_visma.calls import Answer
    from tap_visma.records import Page


def walk(
    fetch: Callable[[int], Answer],
    read: Callable[[bytes], Page],
    *,
    pages: int | None = None,
    first: int = 1,
    seen: int = 0,
) -> Iterator[tuple[int, Answer, Page]]:
    """Fetch the pages of a list in order.

    Args:
        fetch: Calls for the page with that number, from 1.
        read: Opens the body of an answer.
        pages: How many pages there are, where that is known beforehand.
        first: The page to begin with, when a walk goes on where another one stopped.
        seen: How many records (or lines) the pages before that held.

    Yields:
        Page number, answer and opened page. The last page can be empty.

    Raises:
        VismaError: What `fetch` and `read` raise.
    """
    number = first
    coming = _ahead(fetch, number)
    opening = None
    while True:
        answer = coming.result()
        page = read(answer.body)
        if number > first and page.first is not None and page.first == opening:
            return
        opening = page.first if number == first else opening
        seen += page.units
        if pages is not None:
            more = number < pages
        else:
            more = bool(page.rows) and (page.total is None or seen < page.total)
        if more:
            coming = _ahead(fetch, number + 1)
        yield number, answer, page
        if not more:
            return
        number += 1


def _ahead(fetch: Callable[[int], Answer], number: int) -> Future[Answer]:
    """Start a fetch that does not keep the process from ending, should no one want it any more."""
    coming: Future[Answer] = Future()

    def run() -> None:
        try:
            coming.set_result(fetch(number))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
            coming.set_exception(error)

    threading.Thread(target=run, name=f"page-{number}", daemon=True).start()
    return coming
