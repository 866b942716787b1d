"""The invoice and the transfer slips that an order owes, in no product's own format."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from domain.base import Frozen, Moment
from domain.invoicing_store import Election
from domain.money import (
    ZERO,
    UnitPrice,
    net_of,
    order_discount_of,
    share_of_discount,
    shipping_of,
    tax_on_top,
    unit_prices,
)
from domain.order import Line, Order, Party
from domain.policy import TenantPolicy


class InvoiceItem(Frozen):
    """Units of one product from one store at one price; amounts are per unit, the store a Retail Pro code."""

    upc: str
    store: str
    quantity: int
    unit: UnitPrice
    pickup_store: str | None = None


class Invoice(Frozen):
    """One invoice for all lines it names, at one store. `total` is what the customer pays for it."""

    order_no: str
    revision: int
    store: str
    reason: str
    placed_at: Moment
    currency: str
    pickup: bool
    items: tuple[InvoiceItem, ...]
    line_ids: tuple[str, ...]
    shipping_amount: Decimal
    order_discount: Decimal
    total: Decimal
    billing: Party
    shipping: Party
    payment_methods: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def total_discount(self) -> Decimal:
        """All discounts, those on lines and the one on the order."""
        on_items = sum(((i.unit.orig_price - i.unit.price) * i.quantity for i in self.items), ZERO)
        return on_items + self.order_discount


class Slip(Frozen):
    """A transfer of the units that one store shipped to the store that sold or invoiced them."""

    order_no: str
    revision: int
    from_store: str
    to_store: str
    units: tuple[tuple[str, int], ...]
    """UPC and quantity, one entry for each UPC."""
    lines: tuple[tuple[str, str], ...] = ()
    """Line id and facility, of every line it moves."""


class Billed(Frozen):
    """What earlier invoices of the order already carry."""

    revisions: int = 0
    order_discount: Decimal = ZERO


def build_invoice(
    order: Order, lines: Sequence[Line], election: Election, policy: TenantPolicy, billed: Billed
) -> Invoice:
    """The invoice of these fulfilled lines.

    Shipping goes on the first invoice. The order-level discount follows the value of the lines: what belongs to
    cancelled lines goes with them, and the invoice that completes the order takes exactly what is left of the rest.
    """
    items = _items(lines, election.store, policy)
    shipping = shipping_of(order, policy) if billed.revisions == 0 else ZERO
    discount = _discount_share(order, lines, billed)
    goods = sum(((i.unit.price + tax_on_top(i.unit.tax, policy)) * i.quantity for i in items), ZERO)
    if ZERO < discount - goods - shipping <= policy.total_tolerance:
        # The rounding rest of a discount must not make a free supplement cost less than nothing.
        discount = goods + shipping
    return Invoice(
        order_no=order.order_no,
        revision=billed.revisions,
        store=election.store,
        reason=election.reason,
        placed_at=order.placed_at,
        currency=order.currency,
        pickup=all(line.pickup for line in lines),
        items=items,
        line_ids=tuple(sorted(line.line_id for line in lines)),
        shipping_amount=shipping,
        order_discount=discount,
        total=goods + shipping - discount,
        billing=order.billing,
        shipping=order.shipping,
        payment_methods=order.payment_methods,
        attributes=tuple(sorted(order.attributes.items())),
    )


def _discount_share(order: Order, lines: Sequence[Line], billed: Billed) -> Decimal:
    discount = order_discount_of(order)
    whole = _value(order.lines)
    if not order.open_lines:
        return share_of_discount(discount, _value(order.kept), whole) - billed.order_discount
    return share_of_discount(discount, _value(lines), whole)


def _value(lines: Sequence[Line]) -> Decimal:
    return sum((net_of(line) for line in lines), ZERO)


def _items(lines: Sequence[Line], invoicing_store: str, policy: TenantPolicy) -> tuple[InvoiceItem, ...]:
    """Exploded lines put together again by UPC, store and price (hotwax 1.3), or one row for each unit."""
    units: Counter[tuple[str, str, bool, UnitPrice]] = Counter()
    for line in lines:
        store = invoicing_store if line.digital else policy.stores[line.facility_id]
        for unit, count in unit_prices(line).items():
            units[line.upc or "", store, line.pickup, unit] += count
    rows = [
        InvoiceItem(upc=upc, store=store, quantity=count, unit=unit, pickup_store=store if pickup else None)
        for (upc, store, pickup, unit), count in units.items()
    ]
    rows.sort(key=lambda row: (row.upc, row.store, -row.unit.price, -row.unit.tax))
    if policy.aggregate_items:
        return tuple(rows)
    return tuple(row.model_copy(update={"quantity": 1}) for row in rows for _ in range(row.quantity))


def slips_to(
    order_no: str, revision: int, lines: Sequence[Line], to_store: str, policy: TenantPolicy
) -> tuple[Slip, ...]:
    """One slip for each other store that shipped any of these lines, with all its units (design 5, transferring)."""
    shipped: dict[str, list[Line]] = {}
    for line in lines:
        if not line.digital:
            shipped.setdefault(policy.stores[line.facility_id], []).append(line)
    return tuple(
        slip_of(order_no, revision, moved, store, to_store)
        for store, moved in sorted(shipped.items())
        if store != to_store
    )


def slip_of(order_no: str, revision: int, lines: Sequence[Line], from_store: str, to_store: str) -> Slip:
    """The slip that moves these lines."""
    units: Counter[str] = Counter()
    for line in lines:
        units[line.upc or ""] += line.quantity
    return Slip(
        order_no=order_no,
        revision=revision,
        from_store=from_store,
        to_store=to_store,
        units=tuple(sorted(units.items())),
        lines=tuple(sorted((line.line_id, line.facility_id) for line in lines)),
    )
