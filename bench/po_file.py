"""The purchase order file that the bench measures with, in our own format (docs/purchase-order-files.md)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from connectors.po_files.formats import TRAILER, WAYBILL

NAME, WARM_NAME = "WB-PO-20261120T101500Z-1.csv", "WB-PO-20261120T100000Z-1.csv"
LINES_PER_PO = 50
WARM_LINES = 500
"""Of a file that each program works before it is timed: a worker runs for weeks, and its first file pays for modules
that are read and statements that are made once in a process."""
_FIRST_PO, _FIRST_WARM_PO = 4_000_000, 3_000_000
_SKUS = 20_000


def write_warm_file(path: Path) -> None:
    """A small file of the same shape, of other purchase orders."""
    write_file(path, WARM_LINES, _FIRST_WARM_PO)


def write_file(path: Path, lines: int, first_po: int = _FIRST_PO) -> None:
    """A file of so many lines, `LINES_PER_PO` of them in each purchase order, written without holding it."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for text in (f"{WAYBILL.header}\n", *_blocks(lines, first_po)):
            digest.update(text.encode())
            file.write(text.encode())
        file.write(f"{TRAILER},{lines},{digest.hexdigest()}\n".encode())


def _blocks(lines: int, first_po: int) -> Iterator[str]:
    for first in range(0, lines, LINES_PER_PO):
        numbers = range(1, min(LINES_PER_PO, lines - first) + 1)
        yield "".join(_row(first_po + first // LINES_PER_PO, number) for number in numbers)


def _row(po: int, line: int) -> str:
    sku, quantity, received = (po * 7 + line * 13) % _SKUS, line % 40 + 1, line % 3
    arrival, modified = f"2026-12-{po % 28 + 1:02}", f"2026-11-20T08:{po // 60 % 60:02}:{po % 60:02}Z"
    return (
        f"{po},PO{po},D,{line},{po}{line:03},SHOE-{sku:05}-BLK-42,{quantity},Case,12,{received},F,{17 + po % 8},"
        f"{arrival},{modified}\n"
    )


def rows_in(path: Path) -> list[str]:
    """The rows of such a file as text, without header and trailer."""
    return path.read_text(encoding="ascii").splitlines()[1:-1]
