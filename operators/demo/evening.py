"""What a person reads in the evening: the cases and where they ended, stock per store and UPC, and the verdict."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operators.demo.goods import PRODUCTS
from operators.demo.orders import DayOrder
from operators.demo.picture import Picture
from operators.demo.verdict import Verdict

_NAMES = {product.upc: name for name, product in PRODUCTS.items()}


def tell(console: Console, orders: Sequence[DayOrder], now: Picture, verdict: Verdict) -> None:
    """Print everything that was found."""
    console.print(_cases(orders, now), "")
    console.print(_stock(verdict), "")
    for line in _summary(now, verdict):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for problem in verdict.problems:
        console.print(Text(f"  ✗ {problem}", style="red"), soft_wrap=True)


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


def _stock(verdict: Verdict) -> Table:
    """Per store and UPC: what the store shipped by HotWax's lines, and by how much Retail Pro's stock changed."""
    table = _table("Stock per store and UPC: what was shipped and invoiced, and what Retail Pro took off")
    table.add_column("store")
    table.add_column("UPC")
    table.add_column("product")
    for name in ("start", "must change by", "changed by", "now", "lowest in between"):
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
    negative = [f"{s} {_NAMES.get(u, u)} at {level:g}" for (s, u), level in verdict.lowest.items() if level < 0]
    holds = "; ".join(f"{group.orders} for {group.hold} ({group.next_action})" for group in now.holds)
    faults = "; ".join(f"{name} ({fired} calls)" for name, fired in verdict.faults.items())
    compared = ", ".join(f"{count} {name}" for name, count in verdict.proof.get("checked", {}).items())
    own = f"{len(verdict.check['orders'])} orders, {len(verdict.check['stock'])} stocks"
    return [
        f"Orders by stage: {stages}",
        f"Held on purpose: {holds or 'nothing'}",
        f"Negative until its slip was there: {', '.join(negative) or 'nothing'}",
        f"Went wrong on the way: {faults}; one worker was killed",
        f"waybill prove: {_holds(verdict.proof.get('ok'))} ({compared})",
        f"The sandbox's own check: {_holds(verdict.check['ok'])} ({own})",
    ]


def _holds(ok: object) -> str:
    return "holds" if ok else "DOES NOT HOLD"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), title_style="bold")


def _mark(right: bool) -> Text:
    return Text("✓", style="green") if right else Text("✗", style="red")
