"""The order feed's run: one poll of a tenant's OMS, started by a schedule or, for a backfill, by an operator."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.feed import FeedActivities
    from domain.keys import ORDER_FEED_WORKFLOW, hotwax_queue
    from domain.messages import FeedReport, FeedRequest
    from workflows import policies


@workflow.defn(name=ORDER_FEED_WORKFLOW)
class OrderFeedWorkflow:
    """One poll: read from the cursor to now, keep what is new, tell the orders' workflows."""

    @workflow.run
    async def run(self, request: FeedRequest) -> FeedReport:
        """Poll once; a remote that is out of reach is waited for."""
        return await workflow.execute_activity_method(
            FeedActivities.poll_order_feed,
            request,
            **policies.feed_poll(hotwax_queue(request.tenant), "read status events, tell the orders"),
        )
