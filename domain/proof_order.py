"""One order in the proof: what HotWax says was shipped, against the invoices and slips that the ledger has."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from domain.base import Frozen, Moment
from domain.books import ZERO, LedgerDocument, LineUnits, same_code, total_by
from domain.channel import OrderKind, kind_of, lines_to_transfer, selling_facility
from domain.money import net_of, order_discount_of, share_of_discount, shipping_of, tax_on_top, unit_prices
from domain.order import Line, Order
from domain.policy import TenantPolicy
from domain.stages import EffectKind, EffectState

Value = str | int | Mapping[str, str] | None
"""What a side says, in plain JSON: units by UPC as a table, amounts as text."""


class Finding(Frozen):
    """Something about an order that does not fit: a difference, unless the order's state explains it."""

    kind: str
    key: str
    cause: str
    ledger: Value = None
    hotwax: Value = None
    units: int | None = None
    excuse: str | None = None
    """Why it is as it should be, whatever the order's state."""
    may_wait: bool = True
    """Whether an open, held or cancelled order explains it."""


class Known(Frozen):
    """What the ledger remembers of an order besides its documents."""

    order_no: str
    forced: bool = False
    acknowledged: frozenset[str] = frozenset()
    read_at: Moment | None = None
    settled: bool = True
    """Whether the order has ended, so that nothing may be missing."""


# ---- stock -----------------------------------------------------------------------------------------------------------


Shippers = Mapping[str, str]
"""Line id -> code of the store that shipped it, as the ledger remembers it from when it made the documents."""


def shippers(documents: Sequence[LedgerDocument]) -> Shippers:
    """Who shipped the lines that are on documents, by the mapping of stores at the time."""
    made = [d for d in documents if d.state.may_exist]
    by_invoice = {line: d.stores[at] for d in made for line, at in d.lines.items() if at in d.stores}
    slips = [d for d in made if d.document.kind is EffectKind.SLIP]
    return {**by_invoice, **{line: d.document.store for d in slips for line in d.lines}}


def shipper_of(line: Line, policy: TenantPolicy, known: Shippers) -> str | None:
    """The code of the store that shipped the line; None for a facility without one."""
    return known.get(line.line_id) or policy.stores.get(line.facility_id)


def units_of(lines: Sequence[Line], policy: TenantPolicy, known: Shippers | None = None) -> list[LineUnits]:
    """Units by store and UPC; digital lines and facilities without a store move no stock in Retail Pro."""
    shipped = [(line, shipper_of(line, policy, known or {})) for line in lines if not line.digital]
    return [
        LineUnits(store=store, upc=line.upc, quantity=Decimal(line.quantity))
        for line, store in shipped
        if line.upc and store
    ]


def sale_at_till(order: Order, policy: TenantPolicy) -> list[LineUnits] | None:
    """What the point of sale sold for this order, at the store that sold it; None when nobody says which that was.

    A send sale is sold by its selling store at once, whoever ships it later (hotwax 5.1).
    """
    match kind_of(order):
        case OrderKind.CARRIED_OUT:
            return units_of(order.fulfilled, policy)
        case OrderKind.SEND_SALE:
            seller = selling_store(order, policy)
            if seller is None:
                return None
            sold = [line for line in order.kept if line.upc and not line.digital]
            return [LineUnits(store=seller, upc=line.upc or "", quantity=Decimal(line.quantity)) for line in sold]
        case _:
            return []


def selling_store(order: Order, policy: TenantPolicy) -> str | None:
    """The code of the store that sold a send sale; None when the order does not say, or nobody mapped it."""
    return policy.stores.get(selling_facility(order, policy.selling_store_attribute) or "")


# ---- invoices and slips ----------------------------------------------------------------------------------------------


def check_order(
    order: Order, documents: Sequence[LedgerDocument], policy: TenantPolicy, known: Known
) -> Iterator[Finding]:
    """Everything about this order on which HotWax and the ledger do not agree."""
    made = sorted((d for d in documents if d.state.may_exist), key=lambda d: d.revision)
    invoices = [d for d in made if d.document.kind is EffectKind.INVOICE]
    slips = [d for d in made if d.document.kind is EffectKind.SLIP]
    is_sold = kind_of(order) in {OrderKind.SEND_SALE, OrderKind.CARRIED_OUT}
    changed = list(_changed_lines(order, slips if is_sold else invoices, known))
    yield from changed
    if is_sold:
        yield from _invoiced_though_sold(invoices)
    else:
        yield from _lines_on_invoices(order, invoices, known)
    if changed:
        return
    if not is_sold:
        yield from _amounts(order, invoices, policy, known)
        for invoice in invoices:
            yield from _invoice_units(order, invoice)
    if known.settled:
        yield from _transfers(order, invoices, slips, policy, known)


def _invoiced_though_sold(invoices: Sequence[LedgerDocument]) -> Iterator[Finding]:
    for invoice in invoices:
        cause = "its sales channel in HotWax was changed after it was invoiced: void one of the two in Retail Pro"
        yield Finding(
            kind="pos_order_invoiced",
            key=invoice.document.name,
            cause=cause,
            ledger=invoice.key,
            hotwax="sold at a point of sale",
            may_wait=False,
        )


def _changed_lines(order: Order, settled: Sequence[LedgerDocument], known: Known) -> Iterator[Finding]:
    """Lines that are on a document and are no longer fulfilled where they were then (hotwax 1.2)."""
    now = {line.line_id: line for line in order.lines}
    for made in settled:
        for line_id, facility in sorted(made.lines.items()):
            line = now.get(line_id)
            if line is not None and line.fulfilled and line.facility_id == facility:
                continue
            yield Finding(
                kind="not_shipped",
                key=f"{known.order_no} line {line_id}",
                cause="it was reopened, cancelled or moved in HotWax after its document: settle it with the store",
                ledger=f"{made.document.name}, shipped by {facility}",
                hotwax=f"{line.status} at {line.facility_id}" if line else "gone",
                excuse="an operator settled it with the store" if line_id in known.acknowledged else None,
            )


def _lines_on_invoices(order: Order, invoices: Sequence[LedgerDocument], known: Known) -> Iterator[Finding]:
    """Each fulfilled line is on exactly one invoice."""
    times = Counter(line_id for invoice in invoices for line_id in invoice.lines)
    missing = [line for line in order.fulfilled if not times[line.line_id]]
    fresh = [line for line in missing if known.read_at and line.completed_at and line.completed_at > known.read_at]
    if fresh:
        yield _not_invoiced(fresh, known, "fulfilled after Waybill last read the order")
    if late := [line for line in missing if line not in fresh]:
        yield _not_invoiced(late, known, None)
    for line_id, count in sorted(times.items()):
        if count > 1:
            yield Finding(
                kind="invoiced_twice",
                key=f"{known.order_no} line {line_id}",
                cause="the ledger has it on more than one invoice: credit one of them in Retail Pro",
                ledger=f"on {count} invoices",
                hotwax="one line",
                may_wait=False,
            )


def _not_invoiced(lines: Sequence[Line], known: Known, excuse: str | None) -> Finding:
    units = sum(line.quantity for line in lines)
    by_upc = total_by((line.upc or line.product_id, Decimal(line.quantity)) for line in lines)
    return Finding(
        kind="not_invoiced",
        key=known.order_no,
        cause="the order ended in the ledger without these lines: wake it with `waybill feed orders --since`",
        ledger="on no invoice",
        hotwax={upc: str(quantity) for upc, quantity in sorted(by_upc.items())},
        units=units,
        excuse=excuse,
    )


def _invoice_units(order: Order, invoice: LedgerDocument) -> Iterator[Finding]:
    """The body that was sent has the units of its lines."""
    lines = [line for line in order.lines if line.line_id in invoice.lines and line.upc]
    shipped = total_by((line.upc or "", Decimal(line.quantity)) for line in lines)
    if total_by((same_code(upc), quantity) for upc, quantity in shipped.items()) != invoice.document.by_upc:
        yield Finding(
            kind="wrong_quantity",
            key=invoice.document.name,
            cause="quantities or UPCs were changed in HotWax after it was invoiced",
            ledger=as_table(invoice.document.as_spelled),
            hotwax=as_table(shipped),
            may_wait=False,
        )


# ---- money -----------------------------------------------------------------------------------------------------------


def _amounts(order: Order, invoices: Sequence[LedgerDocument], policy: TenantPolicy, known: Known) -> Iterator[Finding]:
    """All invoices together cost what their lines, the shipping and the order's discount cost in HotWax, exactly.

    A forced order's discount is split by what was fulfilled then, so that its share is taken from the ledger.
    Otherwise it loses what belongs to cancelled lines.
    """
    if not invoices:
        return
    lines = [line for line in order.lines if any(line.line_id in invoice.lines for invoice in invoices)]
    by_ledger = sum((invoice.amount for invoice in invoices), ZERO)
    taken = sum((invoice.order_discount for invoice in invoices), ZERO)
    kept, whole = (sum((net_of(line) for line in some), ZERO) for some in (order.kept, order.lines))
    owed = share_of_discount(order_discount_of(order), kept, whole)
    discount = taken if known.forced or order.open_lines else owed
    by_hotwax = cost_of(lines, policy) + shipping_of(order, policy) - discount
    if by_ledger != by_hotwax:
        yield Finding(
            kind="wrong_total",
            key=known.order_no,
            cause="prices, discounts or the tax mode changed after it was invoiced",
            ledger=format(by_ledger, "f"),
            hotwax=format(by_hotwax, "f"),
        )


def cost_of(lines: Sequence[Line], policy: TenantPolicy) -> Decimal:
    """What these lines cost the customer, to the fourth place as on an invoice."""
    units = [(unit, count) for line in lines for unit, count in unit_prices(line).items()]
    return sum(((unit.price + tax_on_top(unit.tax, policy)) * count for unit, count in units), ZERO)


# ---- transfers -------------------------------------------------------------------------------------------------------


def _transfers(
    order: Order,
    invoices: Sequence[LedgerDocument],
    slips: Sequence[LedgerDocument],
    policy: TenantPolicy,
    known: Known,
) -> Iterator[Finding]:
    """What each other store shipped went from it to the store that sold it, once."""
    owed = _owed(order, invoices, policy, shippers([*invoices, *slips]))
    done = [d.document for d in slips if d.state is EffectState.DONE]
    there = total_by(((*d.route, upc), quantity) for d in done for upc, quantity in d.by_upc.items())
    for route in sorted({key[:2] for key in owed.keys() | there.keys()}):
        due, found = _on_route(owed, route), _on_route(there, route)
        if due != found:
            yield Finding(
                kind="wrong_transfer",
                key=f"{known.order_no} {route[0]} -> {route[1]}",
                cause="lines moved to another store in HotWax, or the mapping of stores changed, after the transfer",
                ledger=as_table(found) or "no transfer",
                hotwax=as_table(due) or "no transfer owed",
            )


_Carried = Mapping[tuple[str, str, str], Decimal]
"""Units by (from store, to store, UPC)."""


def _owed(order: Order, invoices: Sequence[LedgerDocument], policy: TenantPolicy, known: Shippers) -> _Carried:
    """The transfers that the lines ask for, from the store that shipped each to the one that sold it."""
    sold = [(i.document.store, [x for x in order.lines if x.line_id in i.lines]) for i in invoices]
    seller = selling_store(order, policy)
    if seller and kind_of(order) is OrderKind.SEND_SALE:
        sold.append((seller, list(lines_to_transfer(order))))
    units = [(unit, to_store) for to_store, lines in sold for unit in units_of(lines, policy, known)]
    return total_by(
        ((same_code(unit.store), same_code(to_store), same_code(unit.upc)), unit.quantity)
        for unit, to_store in units
        if same_code(unit.store) != same_code(to_store)
    )


def _on_route(carried: _Carried, route: tuple[str, ...]) -> Mapping[str, Decimal]:
    return {key[2]: quantity for key, quantity in carried.items() if key[:2] == route}


def as_table(units: Mapping[str, Decimal]) -> Mapping[str, str]:
    """Units by UPC, in plain JSON."""
    return {upc: format(quantity.normalize() + 0, "f") for upc, quantity in sorted(units.items())}
