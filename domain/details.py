"""What an operator reads in the Temporal Web UI: stage, since when, waiting for what, what to do. No personal data."""

from datetime import datetime

from domain.commands import CommandAnswer
from domain.messages import Assessment
from domain.po_messages import PoAssessment
from domain.purchase_order import PoStage
from domain.stages import Hold, Stage

ORDER_COMMANDS = "`cancel`, `force_invoice`, `resume`, `confirm`, `resend`"
PO_COMMANDS = "`resume`, `cancel`, `close`, `resend_receipt`"
_NO_MARKUP = str.maketrans({"[": r"\[", "]": r"\]", "<": "&lt;", "*": r"\*", "#": r"\#"})


def order_details(
    stage: Stage, since: datetime, hold: Hold | None, seen: Assessment | None, last: CommandAnswer | None
) -> str:
    """Markdown for the details of an order's workflow."""
    rows = [f"Order number {seen.order_no}"] if seen and seen.order_no else []
    if not hold and seen and seen.waiting_for:
        rows.append(seen.waiting_for)
    if seen and seen.store:
        rows.append(f"Invoicing store {seen.store} ({seen.reason})")
    return _details(stage, since, hold, rows, last, ORDER_COMMANDS)


def purchase_order_details(
    stage: PoStage, since: datetime, hold: Hold | None, seen: PoAssessment | None, last: CommandAnswer | None
) -> str:
    """Markdown for the details of a purchase order's workflow."""
    rows = [f"Purchase order number {seen.number}"] if seen and seen.number else []
    if seen and seen.waiting_for:
        rows.append(seen.waiting_for)
    return _details(stage, since, hold, rows, last, PO_COMMANDS)


def _details(
    stage: str, since: datetime, hold: Hold | None, rows: list[str], last: CommandAnswer | None, commands: str
) -> str:
    what = [f"**{stage}** since {since:%Y-%m-%d %H:%M:%SZ}"]
    if hold:
        what += [f"**HELD: {_as_words(hold.key)}**", _as_words(hold.evidence), f"What to do: {hold.next_action}"]
    more = [*rows, f"Last command: {last.message}"] if last else rows
    end = f"Commands: {commands}; each needs id, operator and reason."
    return "\n\n".join([*what, *map(_as_words, more), end])


def _as_words(text: str) -> str:
    """Text that may be a remote's own, in one line: it makes no line, link, picture or tag of its own."""
    return " ".join(text.split()).translate(_NO_MARKUP)
