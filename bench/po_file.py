"""The purchase order file that the bench measures with, in our own format (docs/purchase-order-files.md)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from connectors.po_files.formats import TRAILER, WAYBILL

NAME = "WB-PO-20261120T101500Z-1.csv"
LINES_PER_PO = 50
_FIRST_PO = 4_000_000
_SKUS = 20_000


def write_file(path: Path, lines: int) -> None:
    """A file of so many lines, `LINES_PER_PO` of them in each purchase order, written without holding it."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for text in (f"{WAYBILL.header}\n", *_blocks(lines)):
            digest.update(text.encode())
            file.write(text.encode())
        file.write(f"{TRAILER},{lines},{digest.hexdigest()}\n".encode())


def _blocks(lines: int) -> Iterator[str]:
    for first in range(0, lines, LINES_PER_PO):
        numbers = range(1, min(LINES_PER_PO, lines - first) + 1)
        yield "".join(_row(_FIRST_PO + first // LINES_PER_PO, number) for number in numbers)


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
