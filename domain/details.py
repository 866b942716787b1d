"""What an operator reads about an order in the Temporal Web UI: stage, since when, waiting for what, what to do."""

from datetime import datetime

from domain.commands import CommandAnswer
from domain.messages import Assessment
from domain.stages import Hold, Stage

COMMANDS = "Commands: `cancel`, `force_invoice`, `resume`, `confirm`, `resend`; each needs id, operator and reason."


def current_details(
    stage: Stage, since: datetime, hold: Hold | None, seen: Assessment | None, last: CommandAnswer | None
) -> str:
    """Markdown for the details of an order's workflow; it never has personal data."""
    rows = [f"**{stage}** since {since:%Y-%m-%d %H:%M:%SZ}"]
    if seen and seen.order_no:
        rows.append(f"Order number {seen.order_no}")
    if hold:
        rows += [f"**HELD: {hold.key}**", hold.evidence, f"What to do: {hold.next_action}"]
    elif seen and seen.waiting_for:
        rows.append(seen.waiting_for)
    if seen and seen.store:
        rows.append(f"Invoicing store {seen.store} ({seen.reason})")
    if last:
        rows.append(f"Last command: {last.message}")
    return "\n\n".join([*rows, COMMANDS])
