"""The demo's purchase orders: one entry for each kind. To show one more, add one more entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.purchase_order import PoStage
from domain.stages import HoldCause
from operators.demo.goods import CHAIR, LAMP, LOCATIONS, MUG, SKUS, STORES, VASE

FIRST_ID = 5501
MORNING, AFTERNOON = "morning", "afternoon"
"""When NetSuite has them: at the start, or once the morning's are imported."""


@dataclass(frozen=True)
class PoEnd:
    """Where a purchase order must be in the evening."""

    stage: PoStage
    hold: HoldCause | None = None

    def __str__(self) -> str:
        return f"{self.stage}, held: {self.hold}" if self.hold else str(self.stage)


SYNCED = PoEnd(PoStage.RECEIPT_SYNCED)


@dataclass(frozen=True)
class Item:
    """A line; `quantity` is in units of `rate` pieces each."""

    product: str
    quantity: float
    unit: str = "EA"
    rate: int = 1


@dataclass(frozen=True, eq=False)
class PoKind:
    """One kind of purchase order and how many of it there are.

    Attributes:
        name: What it shows, as the evening's table calls it.
        lines: What was ordered; NetSuite numbers the lines 1, 4, 7.
        ends: Where each of them must be in the evening.
        times: How many of this kind there are.
        wave: When NetSuite has them.
        visits: In how many visits at most associates receive all of it; 0: only what `deeds` say.
        deeds: What else associates do, in the sandbox's words (docs/sandbox.md), once HotWax has it.
        details: Any other fields of NetSuite's seed.
        located: Whether its lines say where the goods go.
    """

    name: str
    lines: tuple[Item, ...]
    ends: PoEnd = SYNCED
    times: int = 1
    wave: str = MORNING
    visits: int = 0
    deeds: tuple[Mapping[str, Any], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    located: bool = True


def _receive(after_s: float, **lines: Mapping[str, Any] | int) -> Mapping[str, Any]:
    """A visit: pieces by line, as `line_1=20`, or what else is said of the line."""
    rows = [
        {"line": name.removeprefix("line_"), **(what if isinstance(what, Mapping) else {"accepted": what})}
        for name, what in lines.items()
    ]
    return {"action": "receive", "items": rows, "after_s": after_s}


PARTLY = "received in part; the rest is still to come"
AMENDED = "amended after its import: more of one line, and a line added"
NOWHERE_TO_GO = "held: a line without a location, told by its file"
OVER = "received beyond the order; an operator goes on without the excess"
CLOSED = "closed in NetSuite after its import"
CANCELLED = "cancelled in NetSuite before anything came"
APPROVED = "approved only after its first file"

PURCHASES: tuple[PoKind, ...] = (
    PoKind("received in one visit", (Item(MUG, 24), Item(LAMP, 6)), times=6, visits=1),
    PoKind("received in up to three visits", (Item(CHAIR, 30), Item(VASE, 12), Item(MUG, 50)), times=8, visits=3),
    PoKind("ordered in packs of ten, received in pieces", (Item(MUG, 3, "PACK", 10),), times=4, visits=2),
    PoKind(
        "received short: some broken, and the line closed in the store",
        (Item(VASE, 20),),
        times=2,
        deeds=(_receive(4, line_1={"accepted": 17, "rejected": 3, "close": True}),),
    ),
    PoKind(OVER, (Item(LAMP, 20), Item(MUG, 10)), deeds=(_receive(2, line_1=23, line_4=10),)),
    PoKind(
        PARTLY,
        (Item(CHAIR, 40), Item(LAMP, 15)),
        PoEnd(PoStage.RECEIVED),
        deeds=(_receive(2, line_1=25), _receive(6, line_4=5)),
    ),
    PoKind(AMENDED, (Item(MUG, 36), Item(VASE, 8)), PoEnd(PoStage.IMPORTED)),
    PoKind(NOWHERE_TO_GO, (Item(CHAIR, 4),), PoEnd(PoStage.PENDING, HoldCause.BAD_ROWS), located=False),
    PoKind(CLOSED, (Item(LAMP, 12),), PoEnd(PoStage.CLOSED)),
    PoKind(CANCELLED, (Item(VASE, 5),), PoEnd(PoStage.CANCELLED)),
    PoKind(APPROVED, (Item(CHAIR, 10),), visits=1, details={"approval": "pending"}),
    PoKind("ordered while the day goes on", (Item(LAMP, 16), Item(CHAIR, 9)), times=6, wave=AFTERNOON, visits=2),
)


FIRST_BRANCH_ID = 6501

BRANCH_PURCHASES: tuple[PoKind, ...] = (
    PoKind("over REST: received in one visit", (Item(MUG, 12), Item(CHAIR, 4)), times=3, visits=1),
    PoKind("over REST: received in up to three visits", (Item(VASE, 18), Item(LAMP, 9)), times=3, visits=3),
    PoKind("over REST: ordered in packs of ten, received in pieces", (Item(MUG, 2, "PACK", 10),), times=2, visits=2),
    PoKind(
        "over REST: received short, and the line closed in the store",
        (Item(LAMP, 8), Item(MUG, 6)),
        deeds=(_receive(2, line_1={"accepted": 5, "close": True}, line_4=6),),
    ),
)
"""The second tenant's, whose NetSuite is reached over REST."""


@dataclass(frozen=True)
class DayPo:
    """One purchase order of the day: NetSuite's id and number, and what NetSuite is told about it."""

    po_id: str
    number: str
    kind: PoKind
    seed: Mapping[str, Any]


def purchases_of(day: Sequence[PoKind] = PURCHASES, first_id: int = FIRST_ID) -> tuple[DayPo, ...]:
    """All purchase orders of a day, in the order of its table; the same table gives the same day."""
    kinds = [kind for kind in day for _ in range(kind.times)]
    return tuple(_made(first_id + place, kind) for place, kind in enumerate(kinds))


def _made(serial: int, kind: PoKind) -> DayPo:
    store = list(STORES)[serial % len(STORES)]
    place = {"location": LOCATIONS[store]} if kind.located else {}
    lines = [
        {"item": SKUS[item.product], "quantity": item.quantity, "unit": item.unit, "unitRate": item.rate, **place}
        for item in kind.lines
    ]
    number = f"PO{serial}"
    return DayPo(str(serial), number, kind, {"poId": serial, "tranid": number, "lines": lines, **kind.details})
