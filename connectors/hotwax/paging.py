"""All rows of a list of HotWax's, page by page to the end, and keys by the batch."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from connectors.errors import Contract
from connectors.hotwax.session import Session

_PAGE = 1000
_MOST_PAGES = 1000
_SMALLEST_PAGE = 20
"""What a list gives when its page size is not understood (hotwax 2.2)."""


def pages(system: str, operation: str, name: str, page: Callable[[int, int], list[Any]]) -> Iterator[tuple[str, Any]]:
    """Every row, each with its place in the list `name`; `page` gives the rows of an index and a size.

    A page below the smallest size that HotWax has is the last one. A page that is merely shorter than asked for is not:
    a server may have a bound of its own.

    Raises:
        Contract: the pages do not end.
    """
    seen, before = 0, list[Any]()
    for index in range(_MOST_PAGES):
        rows = page(index, _PAGE)
        if rows and rows == before:
            raise Contract(system, operation, place=f"page {index}", expected="other rows", got="the same again")
        yield from ((f"{name}[{at}]", row) for at, row in enumerate(rows, seen))
        if len(rows) < _SMALLEST_PAGE:
            return
        seen, before = seen + len(rows), rows
    raise Contract(system, operation, place=name, expected="an end", got=f"{seen} rows and more")


def all_rows(session: Session, operation: str, entity: str, wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every row of an entity that is wanted, each with its place; `wanted` names the order, or pages would overlap."""

    def page(index: int, size: int) -> list[Any]:
        return session.entity_rows(operation, entity, {**wanted, "pageIndex": index, "pageSize": size})

    return pages(session.name, operation, "entityValueList", page)


def batches(keys: Collection[str], size: int) -> Iterator[list[str]]:
    """The keys, each once, in order, so many at a time."""
    ordered = sorted(set(keys))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
