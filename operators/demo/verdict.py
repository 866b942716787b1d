"""The evening: is every order where it must be, did every fault strike, and does the proof hold from both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.proof_report import VERIFIED
from operators.demo.orders import DayOrder
from operators.demo.picture import Picture
from operators.demo.purchases import DayPo

Row = Mapping[str, Any]

SIDES = ("retailpro", "stock", "netsuite")
"""What `waybill prove` may leave uncompared; here it may not."""


@dataclass(frozen=True)
class Verdict:
    """What was found in the evening; `problems` has one sentence for whatever is not as it should be."""

    deviations: Sequence[str]
    faults: Mapping[str, int]
    proof: Row
    check: Row
    lowest: Mapping[tuple[str, str], float]
    failed_plans: Sequence[str] = field(default_factory=list)
    po_check: Row = field(default_factory=lambda: {"ok": True, "differences": [], "lines": []})

    @property
    def problems(self) -> list[str]:
        """Everything that keeps the demo from being a success."""
        proof = [f"waybill prove: {_told(found)}" for found in self.proof.get("differences", [])]
        if not self.proof.get("ok") and not proof:
            proof = [f"waybill prove does not hold: {self.proof.get('error', 'it gives no reason')}"]
        proof += [
            f"waybill prove: {side} {self.proof[side]}" for side in SIDES if self.proof.get(side, VERIFIED) != VERIFIED
        ]
        own = (*self.check["differences"], *self.po_check["differences"])
        check = [f"the sandbox's own check: {_told(found)}" for found in own]
        faults = [f"fault without effect: {name}" for name, fired in self.faults.items() if not fired]
        plans = [f"an associate could not do this: {plan}" for plan in self.failed_plans]
        return [*self.deviations, *proof, *check, *faults, *plans]


def deviations(orders: Sequence[DayOrder], now: Picture) -> list[str]:
    """One sentence for each order that is not where the day's table says it must be."""
    found = []
    for order in orders:
        stands = now.orders.get(order.order_id)
        if stands != order.case.ends:
            found.append(
                f"order {order.number} ({order.case.name}) is {stands or 'unknown to the ledger'}; "
                f"it should be {order.case.ends}"
            )
    return found


def po_deviations(pos: Sequence[DayPo], now: Picture) -> list[str]:
    """One sentence for each purchase order that is not where the day's table says it must be."""
    found = []
    for po in pos:
        stands = now.pos.get(po.po_id)
        if stands is None or stands.end != po.kind.ends:
            told = stands.end if stands else "unknown to the ledger"
            found.append(f"{po.number} ({po.kind.name}) is {told}; it should be {po.kind.ends}")
    return found


def pos_left_out(pos: Sequence[DayPo]) -> str:
    """NetSuite's ids that the sandbox's check leaves out: held in the evening, as the day's table says."""
    return ",".join(po.po_id for po in pos if po.kind.ends.hold)


def together(*checks: Row) -> Row:
    """The checks of several sandboxes as one."""
    return {
        "ok": all(check["ok"] for check in checks),
        **{part: [row for check in checks for row in check[part]] for part in ("differences", "lines")},
    }


def meant_to_be_unfinished(orders: Sequence[DayOrder]) -> str:
    """The HotWax ids that the sandbox's check leaves out: held in the evening, as the day's table says."""
    return ",".join(order.order_id for order in orders if order.case.ends.hold)


def lowest_stock(stock: Sequence[Row], invoices: Sequence[Row], slips: Sequence[Row]) -> dict[tuple[str, str], float]:
    """The lowest stock of each (store, UPC) while documents came in, from their order in Retail Pro.

    An invoice takes all units from the invoicing store; only the slips after it take them from who shipped. What no
    document explains was sold at a till, before anything else.
    """
    moves = [(row["at"], row["id"], move) for row in (*invoices, *slips) for move in _moves(row)]
    moves.sort(key=lambda entry: entry[:2])
    by_documents: dict[tuple[str, str], float] = {}
    for _, _, (key, quantity) in moves:
        by_documents[key] = by_documents.get(key, 0) + quantity
    now = {_key(row): row["start"] + row["change"] - by_documents.get(_key(row), 0) for row in stock}
    lowest = dict(now)
    for _, _, (key, quantity) in moves:
        now[key] = now.get(key, 0) + quantity
        lowest[key] = min(lowest.get(key, 0), now[key])
    return {key: level for key, level in lowest.items() if key in {_key(row) for row in stock}}


def _key(row: Row) -> tuple[str, str]:
    return row["store"], row["upc"]


def _moves(document: Row) -> list[tuple[tuple[str, str], float]]:
    """What a document does to stock: down at its store, and up at the store that a slip goes to."""
    moves = [((document["store"], line["upc"]), -line["quantity"]) for line in document["lines"]]
    if to_store := document.get("toStore"):
        moves += [((to_store, line["upc"]), line["quantity"]) for line in document["lines"]]
    return moves


def _told(difference: Row) -> str:
    rest = ", ".join(f"{name} {value}" for name, value in difference.items() if name not in {"kind", "key", "tenant"})
    return f"{difference.get('kind')} {difference.get('key')}: {rest}"
