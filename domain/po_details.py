"""What an operator reads about a purchase order in the Temporal Web UI."""

from datetime import datetime

from domain.commands import CommandAnswer
from domain.po_messages import PoAssessment
from domain.purchase_order import PoStage
from domain.stages import Hold

COMMANDS = "Commands: `resume`, `cancel`, `close`, `resend_receipt`; each needs id, operator and reason."


def current_details(
    stage: PoStage, since: datetime, hold: Hold | None, seen: PoAssessment | None, last: CommandAnswer | None
) -> str:
    """Markdown for the details of a purchase order's workflow."""
    rows = [f"**{stage}** since {since:%Y-%m-%d %H:%M:%SZ}"]
    if seen and seen.number:
        rows.append(f"Purchase order number {seen.number}")
    if hold:
        rows += [f"**HELD: {hold.key}**", hold.evidence, f"What to do: {hold.next_action}"]
    if seen and seen.waiting_for:
        rows.append(seen.waiting_for)
    if last:
        rows.append(f"Last command: {last.message}")
    return "\n\n".join([*rows, COMMANDS])
