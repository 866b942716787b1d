"""Planning a purchase order of many lines and receipts is work that grows as they do, and not as their product."""

from collections.abc import Callable
from cProfile import Profile
from decimal import Decimal

import pytest

from domain.po_agreed import excess_key
from domain.po_plan import plan_po
from domain.purchase_order import PoMemory, PoPolicy, PurchaseOrder, ReceiptFact
from tests.domain.po_life import a_line
from tests.domain.test_po_receipts import a_po, in_hotwax, received

SMALL, TIMES = 20, 8
LINES_OF_EACH = 5


def receipts(count: int, made: Callable[[str, dict[str, Decimal]], ReceiptFact]) -> list[ReceiptFact]:
    """So many receipts, each of a few lines."""
    pieces = [{str(n * LINES_OF_EACH + i): Decimal(1) for i in range(LINES_OF_EACH)} for n in range(count)]
    return [made(f"R{n}", got) for n, got in enumerate(pieces)]


def passed_on(name: str, got: dict[str, Decimal]) -> ReceiptFact:
    return received(name, "created", pieces=got, sent=got)


def corrected(name: str, got: dict[str, Decimal]) -> ReceiptFact:
    return received(name, "created", pieces=got, sent=dict.fromkeys(got, 2))


def excess(name: str, got: dict[str, Decimal]) -> ReceiptFact:
    return received(name, pieces={f"gone-{line_id}": pieces for line_id, pieces in got.items()})


def unplanned(name: str, got: dict[str, Decimal]) -> ReceiptFact:
    return received(name, pieces={}, unplanned={f"HAT-{line_id}": pieces for line_id, pieces in got.items()})


def a_large_one(size: int, made: Callable[[str, dict[str, Decimal]], ReceiptFact]) -> tuple[PurchaseOrder, PoMemory]:
    """One with so many receipts, and lines for them; half of the excess is acknowledged."""
    po = a_po(*(a_line(str(n), 10, received=0) for n in range(size * LINES_OF_EACH)))
    held = receipts(size, made)
    said = (excess_key(r, i, pieces) for r in held[::2] for i, pieces in r.pieces.items())
    return po, in_hotwax(po, *held, acknowledged=frozenset(said))


def work(po: PurchaseOrder, memory: PoMemory) -> int:
    """How many calls planning it takes."""
    with Profile() as profile:
        plan_po(po, memory, PoPolicy())
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.parametrize("made", [passed_on, corrected, excess, unplanned])
def test_the_work_of_planning_grows_with_lines_and_receipts_and_not_with_their_product(
    made: Callable[[str, dict[str, Decimal]], ReceiptFact],
) -> None:
    few, many = (work(*a_large_one(size, made)) for size in (SMALL, SMALL * TIMES))
    assert many < few * TIMES * 1.2, (few, many)
