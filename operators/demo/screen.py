"""What a person sees while the day goes on: one live picture on a terminal, plain lines anywhere else."""

import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from domain.purchase_order import PoStage, ReceiptState
from domain.stages import EffectKind, EffectState, Stage
from operators.demo.picture import Picture

SCENES, ENTRIES = 6, 4
"""How many lines of the script, and of the audit trail, are shown."""
_PLAIN_EVERY_S = 3.0
_BAR = 20
_COLORS = {
    Stage.AWAITING_LINES: "cyan",
    Stage.INVOICING: "yellow",
    Stage.TRANSFERRING: "magenta",
    Stage.DONE: "green",
    Stage.CANCELLED: "bright_black",
    Stage.SKIPPED: "bright_black",
}


class Screen:
    """Shows the day. What the script does is announced; the rest comes from the ledger.

    Args:
        console: Where to.
        total: How many orders the day has.
        total_pos: How many purchase orders.
        ui: The address of the Temporal Web UI.
    """

    def __init__(self, console: Console, total: int, total_pos: int, ui: str | None) -> None:
        self._console, self._total, self._total_pos, self._ui = console, total, total_pos, ui
        self._began = self._told_at = time.monotonic()
        self._scenes: deque[Text] = deque(maxlen=SCENES)
        self._entries: deque[Text] = deque(maxlen=ENTRIES)
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.__exit__(kind, error, at)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the day began."""
        return time.monotonic() - self._began

    def announce(self, words: str) -> None:
        """Say what the script does."""
        self._scenes.append(self._line(words))
        if not self._live:
            say(self._console, f"{self.elapsed_s:5.1f} s  {words}")

    def show(self, picture: Picture, news: Sequence[str]) -> None:
        """Show the day as it is now; on no terminal, a line every few seconds."""
        if self._live:
            self._entries.extend(self._line(words) for words in news[-ENTRIES:])
            self._live.update(self._render(picture), refresh=True)
        elif time.monotonic() - self._told_at >= _PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            say(self._console, f"{self.elapsed_s:5.1f} s  {_in_one_line(picture)}")

    def _line(self, words: str) -> Text:
        return Text(f"{self.elapsed_s:5.1f} s  {words}", no_wrap=True, overflow="ellipsis")

    def _render(self, picture: Picture) -> RenderableType:
        head = Text.assemble(
            ("Waybill", "bold"),
            f"  {self.elapsed_s:4.0f} s   {picture.seen} of {self._total} orders, "
            f"{len(picture.pos)} of {self._total_pos} purchase orders seen   Temporal UI ",
            (self._ui or "that of your server", "underline"),
        )
        tables = Columns([_stages(picture), _po_stages(picture), _effects(picture), _holds(picture)], padding=(0, 3))
        scenes = _panel("Operator, faults, power cuts", self._scenes, SCENES)
        return Group(head, "", tables, scenes, _panel("From the audit trail", self._entries, ENTRIES))


def _panel(title: str, lines: Iterable[Text], height: int) -> Panel:
    return Panel(Group(*lines), title=title, title_align="left", height=height + 2, padding=(0, 1))


def _stages(picture: Picture) -> Table:
    table = _table("Orders", "")
    table.add_column("")
    for stage in Stage:
        count = picture.stages.get(stage, 0)
        bar = "█" * min(_BAR, (count + 2) // 3)
        table.add_row(str(stage), str(count), Text(bar.ljust(_BAR), style=_COLORS[stage]))
    return table


def _po_stages(picture: Picture) -> Table:
    """Purchase orders by stage, then their receipts by state."""
    table = _table("Purchase orders", "")
    for stage in PoStage:
        table.add_row(str(stage), str(picture.po_stages.get(stage, 0)))
    for state in ReceiptState:
        if count := picture.receipts.get(state):
            table.add_row(Text(f"receipts {state}", style="dim"), str(count))
    return table


def _effects(picture: Picture) -> Table:
    """Remote writes by kind; what is promised, on the wire or in doubt stands apart from what is done."""
    table = _table("Remote writes", "done", "under way", "in doubt")
    under_way = (EffectState.PLANNED, EffectState.SENDING)
    for kind in EffectKind:
        of_kind = Counter({state: count for (k, state), count in picture.effects.items() if k is kind})
        in_doubt = of_kind[EffectState.UNKNOWN] + of_kind[EffectState.REJECTED]
        waiting = sum(of_kind[state] for state in under_way)
        table.add_row(kind.replace("_", " "), str(of_kind[EffectState.DONE]), str(waiting), str(in_doubt))
    return table


def _holds(picture: Picture) -> Table:
    table = _table("Held", "")
    for group in picture.holds:
        table.add_row(Text(group.hold, style="red"), str(group.orders))
    if not picture.holds:
        table.add_row(Text("nothing", style="dim"), "")
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(first, header_style="bold")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _in_one_line(picture: Picture) -> str:
    stages = ", ".join(f"{count} {stage}" for stage, count in sorted(picture.stages.items()))
    done = sum(count for (_, state), count in picture.effects.items() if state is EffectState.DONE)
    holds = ", ".join(f"{group.orders} {group.hold}" for group in picture.holds) or "nothing"
    pos = ", ".join(f"{count} {stage}" for stage, count in sorted(picture.po_stages.items()))
    return (
        f"{picture.seen} orders: {stages or 'none'}; {len(picture.pos)} purchase orders: {pos or 'none'}; "
        f"{done} remote writes done; held: {holds}"
    )


def say(console: Console, words: str, style: str = "") -> None:
    """Print a line as it is: wrapped between words on a terminal, whole anywhere else."""
    console.print(words, style=style, highlight=False, markup=False, soft_wrap=not console.is_terminal)
