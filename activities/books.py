"""What is only written down: stages and holds, by local activities."""

from datetime import UTC, datetime

from temporalio import activity

from activities.failures import tells_temporal
from domain.messages import StageRecord
from ledger import orders
from ledger.database import Ledger


class LedgerActivities:
    """Local activities of the orders queue."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def record_stage(self, record: StageRecord) -> bool:
        """The ledger shows this stage and hold; False when a newer assessment made the record void."""
        with self._ledger.writing() as session:
            return orders.record_stage(session, record, datetime.now(UTC))
