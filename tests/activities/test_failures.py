"""What went wrong becomes a failure that Temporal retries at the right time, and never a word too much."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from structlog.contextvars import get_contextvars
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.effects import InDoubtError, StillSendingError
from activities.failures import NOT_PROMISED, UNKNOWN_TENANT, tells_temporal, told_to_temporal
from activities.systems import UnknownTenantError
from connectors.errors import Ambiguous, Contract, Rejected, Throttled, Unauthorized, Unreachable
from domain.messages import EffectRequest
from ledger.budget import BudgetExhaustedError
from ledger.database import LedgerUnavailableError
from ledger.effects import NotPromisedError

BENIGN, LOUD = ApplicationErrorCategory.BENIGN, ApplicationErrorCategory.UNSPECIFIED


def told(error: Exception) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught, told_to_temporal():
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind", "category"),
    [
        (BudgetExhaustedError("pos: no place"), "BudgetExhaustedError", BENIGN),
        (Unreachable("pos", "create", "refused"), "Unreachable", LOUD),
        (Ambiguous("pos", "create", "lost"), "Ambiguous", LOUD),
        (Unauthorized("pos", "create", "401", 401), "Unauthorized", LOUD),
        (Rejected("pos", "create", "422"), "Rejected", LOUD),
        (Contract("oms", "read", place="orders[0]", expected="an order"), "Contract", LOUD),
        (InDoubtError("invoice/gt/1/0: lost"), "InDoubtError", LOUD),
        (LedgerUnavailableError("the ledger did not answer"), "LedgerUnavailableError", LOUD),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_get_better_is_retried_and_named(
    error: Exception, kind: str, category: ApplicationErrorCategory
) -> None:
    failure = told(error)
    assert (failure.type, failure.message, failure.category) == (kind, str(error), category)
    assert (failure.non_retryable, failure.next_retry_delay) == (False, None)


def test_a_remote_that_names_a_time_is_asked_again_then() -> None:
    failure = told(Throttled("pos", "create", "429", timedelta(seconds=7)))
    assert (failure.next_retry_delay, failure.category) == (timedelta(seconds=7), BENIGN)


def test_a_remote_that_names_no_time_is_not_asked_at_once() -> None:
    failure = told(Throttled("pos", "create", "429"))
    assert (failure.type, failure.category) == ("Throttled", BENIGN)
    assert failure.next_retry_delay is not None
    assert failure.next_retry_delay > timedelta(0)


def test_a_failure_tells_its_message_and_no_more() -> None:
    failure = told(LedgerUnavailableError("the ledger did not answer"))
    assert (failure.__cause__, failure.__suppress_context__) == (None, True)


@pytest.mark.parametrize(("left", "least"), [(30, 25.0), (-5, 0.1)])
def test_an_attempt_on_the_wire_is_waited_for_until_its_lease_ends(left: int, least: float) -> None:
    failure = told(StillSendingError("invoice/gt/1/0", datetime.now(UTC) + timedelta(seconds=left)))
    assert failure.next_retry_delay is not None
    assert least <= failure.next_retry_delay.total_seconds() <= max(left, 0.1)
    assert failure.category is BENIGN


def test_a_lost_promise_is_not_retried_but_planned_anew() -> None:
    failure = told(NotPromisedError("effect invoice/gt/1/0 was never promised"))
    assert (failure.type, failure.non_retryable) == (NOT_PROMISED, True)


def test_an_unknown_tenant_is_named_and_retried_once_it_is_configured() -> None:
    failure = told(UnknownTenantError("hn"))
    assert (failure.type, failure.non_retryable, "'hn'" in failure.message) == (UNKNOWN_TENANT, False, True)


@pytest.mark.parametrize("mistake", [ZeroDivisionError, KeyError, LookupError])
def test_our_own_mistakes_pass_as_they_are(mistake: type[Exception]) -> None:
    with pytest.raises(mistake), told_to_temporal():
        raise mistake


def test_every_log_line_of_an_activity_tells_what_it_is_about() -> None:
    seen: list[dict[str, object]] = []

    def work(request: EffectRequest) -> str:
        seen.append(get_contextvars())
        return request.key

    activity: Callable[[EffectRequest], str] = tells_temporal(work)
    assert activity(EffectRequest(tenant="gt", order_id="1001", key="invoice/gt/W1001/0")) == "invoice/gt/W1001/0"
    assert seen == [{"tenant": "gt", "order": "1001", "effect": "invoice/gt/W1001/0"}]
    assert get_contextvars() == {}
