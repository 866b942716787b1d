"""What is done at Retail Pro: invoices and transfer slips, each exactly once.

A worker that drains waits for a call and writes its answer down, however long the call takes: cancelling the thread
in between would throw away an answer that is there.
"""

from datetime import UTC, datetime

from temporalio import activity

from activities.effects import Effects, Writer
from activities.failures import tells_temporal
from activities.systems import Tenants
from domain.keys import retailpro_queue
from domain.messages import EffectRequest
from domain.outcomes import EffectResult
from ledger import orders


class RetailProActivities:
    """Activities on a tenant's Retail Pro queue."""

    def __init__(self, tenants: Tenants, effects: Effects) -> None:
        self._tenants, self._effects = tenants, effects

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def ensure_invoice(self, request: EffectRequest) -> EffectResult:
        """The promised invoice exists once, was refused, or is in doubt."""
        pos = self._tenants.get(request.tenant).pos
        writer = Writer(
            system=retailpro_queue(request.tenant),
            turn=pos.turn,
            send=pos.create_invoice,
            find=pos.find_invoice if pos.can_find else None,
            repeat_safe=pos.repeat.is_safe and not request.look_only,
        )
        return self._effects.ensure(request.key, writer)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def ensure_slip(self, request: EffectRequest) -> EffectResult:
        """The promised transfer slip exists once, was refused, or is in doubt."""
        pos, now = self._tenants.get(request.tenant).pos, datetime.now(UTC)
        writer = Writer(
            system=retailpro_queue(request.tenant),
            turn=pos.turn,
            send=pos.create_slip,
            find=pos.find_slip if pos.can_find else None,
            repeat_safe=pos.repeat.is_safe and not request.look_only,
            before=lambda session: orders.record_transferring(session, request.tenant, request.order_id, now),
        )
        return self._effects.ensure(request.key, writer)
