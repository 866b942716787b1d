"""What lines cost: exact to the fourth place, recomputed from what was fulfilled, never from the order's own total."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from domain.base import Frozen
from domain.order import Adjustment, AdjustmentType, Line, Order
from domain.policy import TaxMode, TenantPolicy

PLACES = Decimal("0.0001")
"""The precision of every amount on the wire (retailpro 2.1, decimal (10,4))."""

ZERO = Decimal(0)
_LINE_TYPES = frozenset({AdjustmentType.SALES_TAX, AdjustmentType.PROMOTION})
_ORDER_TYPES = frozenset(
    {AdjustmentType.PROMOTION, AdjustmentType.SHIPPING, AdjustmentType.SHIPPING_TAX, AdjustmentType.SHIPPING_DISCOUNT}
)


class UnitPrice(Frozen):
    """What one unit costs: before and after discounts, each with its tax."""

    orig_price: Decimal
    orig_tax: Decimal
    price: Decimal
    tax: Decimal


def _sum(adjustments: Iterable[Adjustment], *kinds: str) -> Decimal:
    return sum((a.amount for a in adjustments if a.kind in kinds), ZERO)


def unknown_adjustments(order: Order, lines: Sequence[Line], policy: TenantPolicy) -> tuple[Adjustment, ...]:
    """The amounts on these lines and on the order that no rule knows how to invoice; zero amounts do no harm."""
    known = {*_ORDER_TYPES, *policy.fees_with_shipping}
    on_lines = [a for line in lines for a in line.adjustments if a.kind not in _LINE_TYPES]
    on_order = [a for a in order.adjustments if a.kind not in known]
    return tuple(a for a in (*on_lines, *on_order) if a.amount)


def gross_of(line: Line) -> Decimal:
    """What the line costs before discounts."""
    return line.unit_price * line.quantity


def net_of(line: Line) -> Decimal:
    """What the line costs after its own discounts: unit price x quantity + (negative) promotions (hotwax 3)."""
    return gross_of(line) + _sum(line.adjustments, AdjustmentType.PROMOTION)


def tax_of(line: Line) -> Decimal:
    """The line's tax, all its rows added up (hotwax 3, money recipe)."""
    return _sum(line.adjustments, AdjustmentType.SALES_TAX)


def tax_on_top(amount: Decimal, policy: TenantPolicy) -> Decimal:
    """The part of a tax that a total grows by: all of it, or nothing where prices contain their taxes."""
    return amount if policy.tax_mode is TaxMode.EXCLUDED else ZERO


def shipping_of(order: Order, policy: TenantPolicy) -> Decimal:
    """Freight as HotWax counts it: charges, their discount and, where taxes come on top, their tax (hotwax 1.2).

    The fees that the tenant invoices with shipping are part of it.
    """
    kinds = (AdjustmentType.SHIPPING, AdjustmentType.SHIPPING_DISCOUNT, *policy.fees_with_shipping)
    charges = _sum(order.adjustments, *kinds)
    return charges + tax_on_top(_sum(order.adjustments, AdjustmentType.SHIPPING_TAX), policy)


def order_discount_of(order: Order) -> Decimal:
    """The discount on the whole order, as a positive amount."""
    return -_sum(order.adjustments, AdjustmentType.PROMOTION)


def order_total(order: Order, policy: TenantPolicy) -> Decimal:
    """What the whole order costs, from its kept lines; comparable to `grand_total` while nothing was dropped."""
    lines = sum((net_of(line) + tax_on_top(tax_of(line), policy) for line in order.kept), ZERO)
    return lines + shipping_of(order, policy) - order_discount_of(order)


def grand_total_difference(order: Order, policy: TenantPolicy) -> Decimal:
    """How far the OMS's own total is from the sum of its parts, zero when it is not comparable.

    A dropped line makes `grandTotal` untrustworthy (hotwax 1.4), so it is compared for untouched orders only.
    """
    if order.grand_total is None or len(order.kept) != len(order.lines) or not policy.check_grand_total:
        return ZERO
    difference = order.grand_total - order_total(order, policy)
    return difference if abs(difference) > policy.total_tolerance else ZERO


def split_exactly(total: Decimal, units: int) -> list[Decimal]:
    """Shares of `total`, one for each unit, to the fourth place, that add up to it exactly.

    Shares differ by 0.0001 at most, larger ones first. A total finer than that is rounded half to even first.
    """
    exact = total.quantize(PLACES, ROUND_HALF_EVEN)
    share = (exact / units).quantize(PLACES, ROUND_FLOOR)
    larger = int((exact - share * units) / PLACES)
    return [share + PLACES] * larger + [share] * (units - larger)


def unit_prices(line: Line) -> Counter[UnitPrice]:
    """The line's units by what each costs: one entry, or a few where an amount does not divide evenly."""
    net, gross, tax = net_of(line), gross_of(line), tax_of(line)
    orig_tax = tax * gross / net if net else tax
    shares = zip(
        *(split_exactly(amount, line.quantity) for amount in (gross, orig_tax, net, tax)),
        strict=True,
    )
    return Counter(UnitPrice(orig_price=g, orig_tax=o, price=n, tax=t) for g, o, n, t in shares)


def share_of_discount(discount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """The part of an order-level discount that belongs to `part` of the order's value `whole`."""
    return discount if not whole else (discount * part / whole).quantize(PLACES, ROUND_HALF_EVEN)
