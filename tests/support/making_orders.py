"""Orders, lines and policies for tests of the rules: short to write, and drawn by hypothesis for its laws."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from domain.money import net_of
from domain.order import Adjustment, AdjustmentType, Line, LineStatus, Order
from domain.policy import StorePolicy, TaxMode, TenantPolicy

STORES = {"F1": "S1", "F2": "S2", "F3": "S3"}
PLACED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

LAWS = settings(max_examples=80, deadline=None, derandomize=True)
"""How hypothesis looks for counterexamples: the same ones in each run, so that a failure can be had again."""


def at(minutes: float) -> datetime:
    """So many minutes after the orders of these tests were placed."""
    return PLACED + timedelta(minutes=minutes)


def a_line(line_id: str = "1", facility: str = "F1", status: str = "ITEM_COMPLETED", **more: Any) -> Line:
    """A line that its facility has fulfilled, unless `status` says otherwise; one unit at 100."""
    done = LineStatus(status) is LineStatus.COMPLETED
    given = {
        "line_id": line_id,
        "product_id": f"P{line_id}",
        "upc": f"74000000000{line_id}",
        "quantity": 1,
        "status": status,
        "unit_price": Decimal(100),
        "facility_id": facility,
        "completed_at": at(10) if done else None,
    }
    return Line.model_validate({**given, **more})


def open_line(line_id: str = "1", facility: str = "F1", **more: Any) -> Line:
    """A line that is still to be fulfilled."""
    return a_line(line_id, facility, "ITEM_APPROVED", **more)


def cancelled_line(line_id: str = "1", **more: Any) -> Line:
    """A line that is no longer part of its order."""
    return a_line(line_id, status="ITEM_CANCELLED", **more)


def digital_line(line_id: str = "1", **more: Any) -> Line:
    """A fulfilled line that no store ships."""
    return a_line(line_id, "_NA_", digital=True, **more)


def adjustment(kind: str, amount: str | int | Decimal) -> Adjustment:
    """An amount on a line or an order."""
    return Adjustment(kind=kind, amount=Decimal(amount))


def an_order(*lines: Line, **more: Any) -> Order:
    """An order of the web shop with these lines."""
    given = {
        "tenant": "gt",
        "order_id": "1001",
        "order_no": "W1001",
        "channel": "WEB_SALES_CHANNEL",
        "status": "ORDER_APPROVED",
        "placed_at": PLACED,
        "currency": "GTQ",
        "lines": lines,
    }
    return Order.model_validate({**given, **more})


def a_policy(**more: Any) -> TenantPolicy:
    """A tenant with three mapped stores."""
    return TenantPolicy.model_validate({"stores": STORES, "write_back_type": "RETAILPRO_INVOICE_NO", **more})


# ---- drawn by hypothesis ---------------------------------------------------------------------------------------------

amounts = st.decimals(min_value=0, max_value=5000, places=4)
"""Prices and taxes as fine as the wire takes them."""

quantities = st.integers(min_value=1, max_value=7)


@st.composite
def line_adjustments(draw: st.DrawFn, gross: Decimal) -> tuple[Adjustment, ...]:
    """Promotions that never exceed the line's price, and several tax rows, of which one may take back (hotwax 1.4)."""
    promotions = draw(st.lists(st.decimals(min_value=0, max_value=gross / 3, places=4), max_size=2))
    taxes = draw(st.lists(st.decimals(min_value=0, max_value=500, places=4), max_size=2))
    taxes.append(-draw(st.decimals(min_value=0, max_value=sum(taxes), places=4)))
    return (
        *(adjustment(AdjustmentType.PROMOTION, -amount) for amount in promotions),
        *(adjustment(AdjustmentType.SALES_TAX, amount) for amount in taxes),
    )


@st.composite
def priced_lines(draw: st.DrawFn, line_id: str = "1", status: str = "ITEM_COMPLETED") -> Line:
    """A line with any price, quantity, discounts and taxes, at any of the mapped stores; products repeat."""
    price, quantity = draw(amounts) + 1, draw(quantities)
    return a_line(
        line_id,
        draw(st.sampled_from(sorted(STORES))),
        status,
        upc=draw(st.sampled_from(["740000000001", "740000000002"])),
        unit_price=price,
        quantity=quantity,
        adjustments=draw(line_adjustments(price * quantity)),
        **({"completed_at": at(draw(st.integers(0, 5)))} if status == "ITEM_COMPLETED" else {}),
    )


@st.composite
def order_adjustments(draw: st.DrawFn, lines: Sequence[Line]) -> tuple[Adjustment, ...]:
    """Shipping with its tax and discount, and a discount on the whole order that leaves something to pay."""
    small = st.decimals(min_value=0, max_value=50, places=4)
    freight, goods = draw(small), sum((net_of(line) for line in lines), Decimal(0))
    return (
        adjustment(AdjustmentType.SHIPPING, freight),
        adjustment(AdjustmentType.SHIPPING_TAX, draw(small)),
        adjustment(AdjustmentType.SHIPPING_DISCOUNT, -draw(st.decimals(0, freight, places=4))),
        adjustment(AdjustmentType.PROMOTION, -draw(st.decimals(0, min(Decimal(50), goods / 2), places=4))),
    )


@st.composite
def priced_orders(draw: st.DrawFn, statuses: Sequence[str] = ("ITEM_COMPLETED",)) -> Order:
    """An order of one to five lines, each in one of these statuses."""
    chosen = draw(st.lists(st.sampled_from(list(statuses)), min_size=1, max_size=5))
    lines = [draw(priced_lines(str(number), status)) for number, status in enumerate(chosen)]
    return an_order(*lines, adjustments=draw(order_adjustments(lines)))


@st.composite
def policies(draw: st.DrawFn) -> TenantPolicy:
    """A tenant with any store policy, tax mode and shape of items."""
    return a_policy(
        invoicing_store=draw(st.sampled_from(StorePolicy)),
        fixed_store="S2",
        tax_mode=draw(st.sampled_from(TaxMode)),
        aggregate_items=draw(st.booleans()),
    )
