"""What a person reads in the evening: the cases and where they ended, stock per store and UPC, and the verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operators.demo.goods import PRODUCTS
from operators.demo.orders import DayOrder
from operators.demo.picture import Picture
from operators.demo.purchases import DayPo
from operators.demo.screen import say
from operators.demo.verdict import Verdict

_NAMES = {product.upc: name for name, product in PRODUCTS.items()}


def tell(console: Console, orders: Sequence[DayOrder], pos: Sequence[DayPo], now: Picture, verdict: Verdict) -> None:
    """Print everything that was found."""
    console.print(_cases(orders, now), "")
    console.print(_purchases(pos, now), "")
    console.print(_stock(verdict), "")
    for line in _summary(now, verdict):
        say(console, line)
    for problem in verdict.problems:
        say(console, f"✗ {problem}", "red")


def conclusion(verdict: Verdict, orders: int, pos: int, seconds: float) -> str:
    """The last word, on a day of so many orders and purchase orders."""
    if count := len(verdict.problems):
        return f"NOT PROVEN: {count} thing{'s' if count > 1 else ''} not as it should be, after {seconds:.0f} s"
    return (
        f"PROVEN from both sides after {seconds:.0f} s: every shipped unit of {orders} orders "
        f"and every received piece of {pos} purchase orders is where it must be, once"
    )


def _cases(orders: Sequence[DayOrder], now: Picture) -> Table:
    table = _table("The day's cases")
    table.add_column("case", overflow="fold")
    table.add_column("orders", justify="right")
    table.add_column("each ended as", overflow="fold")
    table.add_column("")
    for case in dict.fromkeys(order.case for order in orders):
        mine = [order for order in orders if order.case is case]
        right = all(now.orders.get(order.order_id) == case.ends for order in mine)
        table.add_row(case.name, str(len(mine)), str(case.ends) if right else "(see below)", _mark(right))
    return table


def _purchases(pos: Sequence[DayPo], now: Picture) -> Table:
    table = _table("The day's purchase orders")
    table.add_column("kind", overflow="fold")
    table.add_column("POs", justify="right")
    table.add_column("each ended as", overflow="fold")
    table.add_column("")
    for kind in dict.fromkeys(po.kind for po in pos):
        mine = [now.pos.get(po.po_id) for po in pos if po.kind is kind]
        right = all(po is not None and po.end == kind.ends for po in mine)
        table.add_row(kind.name, str(len(mine)), str(kind.ends) if right else "(see below)", _mark(right))
    return table


def _stock(verdict: Verdict) -> Table:
    """Per store and UPC: the change that what the store shipped makes due, and the one that Retail Pro shows."""
    table = _table("Stock: the change due for what was shipped, and Retail Pro's")
    for name in ("store", "UPC", "product"):
        table.add_column(name, no_wrap=True)
    for name in ("start", "due", "change", "now", "lowest"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in verdict.check["stock"]:
        lowest = verdict.lowest.get((row["store"], row["upc"]), row["quantity"])
        numbers = [f"{row[name]:g}" for name in ("start", "expected", "change", "quantity")]
        low = Text(f"{lowest:g}", style="yellow" if lowest < 0 else "")
        product = _NAMES.get(row["upc"], "")
        table.add_row(row["store"], row["upc"], product, *numbers, low, _mark(row["expected"] == row["change"]))
    return table


def _summary(now: Picture, verdict: Verdict) -> list[str]:
    stages = ", ".join(f"{count} {stage}" for stage, count in sorted(now.stages.items()))
    negative = [f"{_NAMES.get(u, u)} at {s} ({level:g})" for (s, u), level in verdict.lowest.items() if level < 0]
    own = f"{len(verdict.check['orders'])} orders, {len(verdict.check['stock'])} stocks"
    po_stages = ", ".join(f"{count} {stage}" for stage, count in sorted(now.po_stages.items()))
    files = ", ".join(f"{count} {state}" for state, count in sorted(_by_state(now).items()))
    holds = verdict.check["ok"] and verdict.po_check["ok"]
    return [
        f"Orders by stage: {stages}",
        f"Purchase orders by stage: {po_stages}; their files: {files}",
        f"Received, in pieces: {_pieces(verdict)}",
        f"Below zero until the slip was there: {', '.join(negative) or 'nothing'}",
        *(f"Held on purpose: {group.orders} for {group.hold}: {group.next_action}" for group in now.holds),
        *(f"Went wrong: {name} ({_times(fired)})" for name, fired in verdict.faults.items()),
        f"Waybill's proof {_holds(verdict.proof.get('ok'))}: {_flat(verdict.proof.get('checked', {}))}",
        f"The sandbox's own check {_holds(holds)}: {own}, {len(verdict.po_check['lines'])} purchase order lines",
    ]


def _by_state(now: Picture) -> Counter[str]:
    states: Counter[str] = Counter()
    for (_, state), count in now.files.items():
        states[state] += count
    return states


def _pieces(verdict: Verdict) -> str:
    """What the proof's lines come to on each side."""
    lines = verdict.proof.get("purchase_order_lines", [])
    sides = ("ordered", "imported", "received_in_hotwax", "received_in_netsuite")
    sums = {side: sum(Decimal(line[side] or 0) for line in lines) for side in sides}
    return ", ".join(f"{total:f} {side.replace('_', ' ')}" for side, total in sums.items())


def _times(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _flat(counts: Mapping[str, Any]) -> str:
    """Counts in one line; those of each tenant come in a table of their own."""
    leaves = ({k: v} if not isinstance(v, Mapping) else v for k, v in counts.items())
    pairs = [(name, count) for leaf in leaves for name, count in leaf.items()]
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in pairs if isinstance(count, int))


def _holds(ok: object) -> str:
    return "holds" if ok else "DOES NOT HOLD"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), title_style="bold")


def _mark(right: bool) -> Text:
    return Text("✓", style="green") if right else Text("✗", style="red")
