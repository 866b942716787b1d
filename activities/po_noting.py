"""What every run for purchase orders writes down about itself: that it ended well, or why it cannot go on."""

from collections.abc import Callable
from datetime import UTC, datetime

from connectors.errors import ConnectorError, Contract, Rejected
from connectors.sftp.errors import ChangedHostKey, UnknownHostKey
from domain.po_messages import PoRunReport, PoRunRequest
from domain.stages import Hold, HoldCause
from ledger import po_runs
from ledger.database import Ledger

CAUSES: tuple[tuple[type[ConnectorError], HoldCause], ...] = (
    (UnknownHostKey, HoldCause.HOST_KEY_UNKNOWN),
    (ChangedHostKey, HoldCause.HOST_KEY_CHANGED),
    (Contract, HoldCause.REMOTE_CONTRACT),
    (Rejected, HoldCause.REMOTE_CONTRACT),
)
"""What holds a run, by the kind of trouble; anything else is a system out of reach."""


def noted(ledger: Ledger, request: PoRunRequest, work: Callable[[], PoRunReport]) -> PoRunReport:
    """The work's report; how it went stands in the ledger, where operators look.

    Raises:
        ConnectorError: the work's own, after it was noted.
    """
    try:
        report = work()
    except ConnectorError as error:
        with ledger.writing() as session:
            po_runs.went_wrong(session, request.tenant, request.run, hold_of(error), datetime.now(UTC))
        raise
    with ledger.writing() as session:
        po_runs.went_well(session, request.tenant, request.run, report.counts, datetime.now(UTC))
    return report


def hold_of(error: ConnectorError) -> Hold:
    """Why a run that met this error does not go on."""
    cause = next((cause for kind, cause in CAUSES if isinstance(error, kind)), HoldCause.REMOTE_UNREACHABLE)
    return Hold(cause=cause, subject=error.system, evidence=str(error))
