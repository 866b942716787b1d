"""Which store invoices an order: Retail Pro takes all lines of an order at one store (hotwax 5.1, single store)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.base import Frozen
from domain.order import Line
from domain.policy import StorePolicy, TenantPolicy


class Election(Frozen):
    """The invoicing store (a Retail Pro store code) and the reason for it, as operators read it."""

    store: str
    reason: str


class Shipper(Frozen):
    """What one store did for an order."""

    store: str
    units: int
    first: datetime
    last: datetime


def shippers_of(lines: Sequence[Line], policy: TenantPolicy) -> tuple[Shipper, ...]:
    """The stores that fulfilled these lines, by store code; digital lines and unmapped facilities are left out."""
    by_store: dict[str, list[Line]] = {}
    for line in lines:
        if not line.digital and line.facility_id in policy.stores:
            by_store.setdefault(policy.stores[line.facility_id], []).append(line)
    return tuple(_shipper(store, shipped) for store, shipped in sorted(by_store.items()))


def _shipper(store: str, lines: Sequence[Line]) -> Shipper:
    moments = [line.completed_at for line in lines if line.completed_at]
    if not moments:
        raise ValueError(f"lines at store {store} are fulfilled without a completion time")
    return Shipper(store=store, units=sum(line.quantity for line in lines), first=min(moments), last=max(moments))


def elect_invoicing_store(lines: Sequence[Line], policy: TenantPolicy) -> Election | None:
    """The store that invoices these fulfilled lines by the tenant's policy; None when nobody can be elected.

    Ties go to the store with most units, then to the smallest store code (design 5).
    """
    if policy.invoicing_store is StorePolicy.FIXED and policy.fixed_store:
        return Election(store=policy.fixed_store, reason="fixed: the tenant's store")
    shippers = shippers_of(lines, policy)
    if not shippers:
        store = policy.digital_store
        return Election(store=store, reason="digital lines only: the tenant's digital_store") if store else None
    rank, reason = _RULES[policy.invoicing_store]
    winner = min(shippers, key=lambda s: (*rank(s), -s.units, s.store))
    return Election(store=winner.store, reason=reason(winner))


_Rank = Callable[[Shipper], tuple[float, ...]]
_Reason = Callable[[Shipper], str]

_RULES: dict[StorePolicy, tuple[_Rank, _Reason]] = {
    StorePolicy.FIRST_SHIPPED: (
        lambda s: (s.first.timestamp(),),
        lambda s: f"first_shipped: {s.store} shipped first, at {s.first:%Y-%m-%d %H:%M:%SZ}",
    ),
    StorePolicy.LAST_FULFILLED: (
        lambda s: (-s.last.timestamp(),),
        lambda s: f"last_fulfilled: {s.store} fulfilled last, at {s.last:%Y-%m-%d %H:%M:%SZ}",
    ),
    StorePolicy.MOST_UNITS: (
        lambda _: (),
        lambda s: f"most_units: {s.store} shipped {s.units} units",
    ),
}
