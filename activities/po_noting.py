"""What every run for purchase orders writes down about itself: that it ended well, or why it cannot go on."""

from collections.abc import Callable
from datetime import UTC, datetime

from temporalio.exceptions import CancelledError

from activities.effects import InDoubtError, StillSendingError
from connectors.errors import ConnectorError, Contract, Rejected, Unauthorized
from connectors.sftp.errors import ChangedHostKey, StrangeFile, UnknownHostKey
from domain.po_messages import PoRunReport, PoRunRequest
from domain.stages import Hold, HoldCause
from ledger import po_runs, purchase_orders
from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger, LedgerUnavailableError
from ledger.po_files import SupersededError

CAUSES: tuple[tuple[type[Exception], HoldCause], ...] = (
    (UnknownHostKey, HoldCause.HOST_KEY_UNKNOWN),
    (ChangedHostKey, HoldCause.HOST_KEY_CHANGED),
    (StrangeFile, HoldCause.FILE_STRANGE),
    (Unauthorized, HoldCause.REMOTE_FORBIDS),
    (Contract, HoldCause.REMOTE_CONTRACT),
    (Rejected, HoldCause.REMOTE_CONTRACT),
    (ConnectorError, HoldCause.REMOTE_UNREACHABLE),
    (InDoubtError, HoldCause.REMOTE_UNREACHABLE),
    (BudgetExhaustedError, HoldCause.REMOTE_UNREACHABLE),
)
"""What holds a run, by the kind of trouble; the first that fits."""


def noted(ledger: Ledger, request: PoRunRequest, work: Callable[[], PoRunReport]) -> PoRunReport:
    """The work's report; how it went stands in the ledger, where operators look, with what it could not do.

    What the work raises goes on after it was noted. Another attempt at work is no trouble, and is not noted; nor is a
    worker that drains, or a ledger that takes nothing.
    """
    try:
        report = work()
    except (StillSendingError, SupersededError, LedgerUnavailableError, CancelledError):
        raise
    except Exception as error:
        with ledger.writing() as session:
            po_runs.went_wrong(session, request.tenant, request.run, hold_of(error), datetime.now(UTC))
        raise
    with ledger.writing() as session:
        po_runs.went_well(session, request.tenant, request.run, report.counts, datetime.now(UTC), report.trouble)
        has_news = bool(purchase_orders.with_news(session, request.tenant, after="", limit=1))
    return report.model_copy(update={"has_news": has_news})


def hold_of(error: Exception) -> Hold:
    """Why a run that met this error does not go on; of an error that nobody foresaw only its type is safe to tell."""
    cause = next((cause for kind, cause in CAUSES if isinstance(error, kind)), HoldCause.UNEXPECTED_ERROR)
    is_foreseen = cause is not HoldCause.UNEXPECTED_ERROR
    system = error.system if isinstance(error, ConnectorError) else ""
    return Hold(cause=cause, subject=system, evidence=str(error) if is_foreseen else type(error).__name__)
