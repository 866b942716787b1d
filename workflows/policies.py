"""Timeouts and retries of every activity: named here, made of the waits that a tenant sets."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

from domain.messages import Waits

SILENCE = timedelta(seconds=15)
"""How long a run may say nothing before its worker counts as dead: a run that waits for a slow system says so."""


def _retries(waits: Waits) -> RetryPolicy:
    """As many attempts as fit into the tenant's patience.

    Patience counts from the first attempt and not from the schedule: an order that waits in a long queue for a healthy
    remote is not held for it.
    """
    attempts, waited, pause = 1, timedelta(0), waits.retry_first
    while waited < waits.patience:
        attempts, waited, pause = attempts + 1, waited + pause, min(pause * 2, waits.retry_longest)
    return RetryPolicy(
        initial_interval=waits.retry_first, maximum_interval=waits.retry_longest, maximum_attempts=attempts
    )


def bookkeeping(summary: str) -> LocalActivityConfig:
    """Short writes to the ledger: tried until it takes them."""
    return LocalActivityConfig(
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=10)),
        summary=summary,
    )


def remote_call(queue: str, waits: Waits, summary: str) -> ActivityConfig:
    """Calls to a remote system: tried for as long as the tenant's patience, then the order is held.

    A cancelled one is waited for, so that the workflow learns what became of the write.
    """
    return ActivityConfig(
        task_queue=queue,
        start_to_close_timeout=waits.call,
        retry_policy=_retries(waits),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )


def confirmation(queue: str, waits: Waits, left: timedelta, summary: str) -> ActivityConfig:
    """Waiting for the store's word, for as long as is `left`.

    One activity that fails benignly until the word comes, so that waiting adds no events.
    """
    return ActivityConfig(
        task_queue=queue,
        start_to_close_timeout=waits.call,
        schedule_to_close_timeout=max(left, timedelta(seconds=1)),
        retry_policy=RetryPolicy(initial_interval=waits.confirmation_poll, backoff_coefficient=1),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )


def feed_poll(queue: str, summary: str) -> ActivityConfig:
    """A poll of a feed: tried until it succeeds; the schedule skips the runs that this one outlasts."""
    return ActivityConfig(
        task_queue=queue,
        start_to_close_timeout=timedelta(hours=12),
        heartbeat_timeout=SILENCE,
        retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
        summary=summary,
    )
