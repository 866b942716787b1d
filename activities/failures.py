"""From what went wrong to what Temporal does about it: one place that says what is retried, and when."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.effects import InDoubtError, StillSendingError
from activities.systems import NoPurchasingError, UnknownTenantError
from connectors.errors import ConnectorError, Throttled
from ledger.budget import BudgetExhaustedError
from ledger.database import LedgerUnavailableError
from ledger.effects import NotPromisedError
from ledger.po_files import SupersededError

Params = ParamSpec("Params")
Result = TypeVar("Result")

NOT_PROMISED = "NotPromised"
"""The ledger lost a promise (a restored backup): the workflow assesses the order anew."""

UNKNOWN_TENANT = "UnknownTenant"


@contextmanager
def told_to_temporal() -> Iterator[None]:
    """Turn Waybill's own errors into failures that Temporal retries at the right time; none has personal data.

    Causes stay behind: with their stack traces a failure passes the size that Temporal shows of a pending activity.
    """
    try:
        yield
    except StillSendingError as error:
        raise _again(error, error.until - datetime.now(UTC), benign=True) from None
    except Throttled as error:
        raise _again(error, max(error.retry_after or timedelta(0), _backoff()), benign=True) from None
    except (BudgetExhaustedError, SupersededError) as error:
        raise _again(error, None, benign=True) from None
    except (ConnectorError, InDoubtError, LedgerUnavailableError) as error:
        raise _again(error, None, benign=False) from None
    except UnknownTenantError as error:
        raise ApplicationError(f"waybill.toml knows no tenant {error}", type=UNKNOWN_TENANT) from None
    except NoPurchasingError as error:
        raise ApplicationError(str(error), type=UNKNOWN_TENANT) from None
    except NotPromisedError as error:
        raise ApplicationError(str(error), type=NOT_PROMISED, non_retryable=True) from None


def _backoff() -> timedelta:
    """How long Temporal would wait by itself: a remote that asks for less must not use up patience."""
    if not activity.in_activity() or (policy := activity.info().retry_policy) is None:
        return timedelta(0)
    longest = policy.maximum_interval or timedelta(minutes=1)
    doubled: timedelta = policy.initial_interval * 2 ** min(activity.info().attempt - 1, 20)
    return min(doubled, longest)


def _again(error: Exception, after: timedelta | None, *, benign: bool) -> ApplicationError:
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        next_retry_delay=max(after, timedelta(milliseconds=100)) if after is not None else None,
        category=ApplicationErrorCategory.BENIGN if benign else ApplicationErrorCategory.UNSPECIFIED,
    )


def tells_temporal(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """The activity, failing in Temporal's words and logging with the ids of what it is about."""

    @wraps(function)
    def told(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        with told_to_temporal(), structlog.contextvars.bound_contextvars(**_ids_in(args)):
            return function(*args, **kwargs)

    return told


def _ids_in(args: tuple[object, ...]) -> dict[str, object]:
    """The ids for each log line of an activity, out of its request."""
    request = args[-1]
    names = {"tenant": "tenant", "order": "order_id", "po": "po_id", "run": "run", "effect": "key"}
    ids = {name: getattr(request, field) for name, field in names.items() if hasattr(request, field)}
    return {**ids, "try": activity.info().attempt} if activity.in_activity() else ids
