"""Invoices and slips in the partner service's own words (retailpro 2.1, 2.2), checked before they are sent."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.exact_json import Value
from connectors.ports import Unfit
from connectors.retailpro.fields import (
    CUSTOMER_FIELDS,
    INVOICE_FIELDS,
    ITEM_FIELDS,
    SLIP_FIELDS,
    TextRule,
    address_lines,
    first_and_last,
    fit,
    fit_amount,
    tidy,
)
from connectors.settings import RetailProSettings
from domain.invoice import Invoice, InvoiceItem, Slip
from domain.order import Party
from domain.stages import HoldCause

_YES = frozenset({"true", "yes", "y", "1", "si", "sí"})
_NO = frozenset({"", "false", "no", "n", "0"})

Document = dict[str, Value]


def invoice_document(invoice: Invoice, settings: RetailProSettings) -> Document:
    """The body of OrderToInvoice.

    Raises:
        Unfit: a value is missing, or too long where it may not be shortened.
    """
    shipping_on_top = Decimal(0) if settings.total_includes_shipping else invoice.shipping_amount
    attributes = dict(invoice.attributes)
    identity = _identity(attributes, settings)
    return {
        "InvoicingStore": fit("InvoicingStore", invoice.store, INVOICE_FIELDS["InvoicingStore"]),
        "OrderNo": invoice_number(invoice, settings),
        "CreatedDate": local_time(invoice.placed_at, settings),
        "DeliveryType": 1 if invoice.pickup else 2,
        "PaymentType": payment_type(invoice.payment_methods, settings),
        "TotalAmt": fit_amount("TotalAmt", invoice.total - shipping_on_top),
        "TotalDiscAmt": fit_amount("TotalDiscAmt", invoice.total_discount),
        "ShippingAmt": fit_amount("ShippingAmt", invoice.shipping_amount),
        **_fiscal_credit(attributes, settings),
        "CustomerBilling": _customer("CustomerBilling", invoice.billing, identity, settings),
        "CustomerShipping": _customer("CustomerShipping", invoice.shipping, identity, settings),
        "Items": [_item(f"Items[{at}]", item, invoice, settings) for at, item in enumerate(invoice.items)],
    }


def invoice_number(invoice: Invoice, settings: RetailProSettings) -> str:
    """The number of this invoice: the order's, or a supplement's.

    Raises:
        Unfit: it is too long.
    """
    template = settings.supplement_template if invoice.revision else settings.order_no_template
    number = template.format(order_no=invoice.order_no, revision=invoice.revision)
    return fit("OrderNo", number, INVOICE_FIELDS["OrderNo"])


def local_time(moment: datetime, settings: RetailProSettings) -> str:
    """The moment on the merchant's clock, to the second and without a zone, as the service's sample has it."""
    return moment.astimezone(settings.timezone).strftime("%Y-%m-%dT%H:%M:%S")


def payment_type(methods: tuple[str, ...], settings: RetailProSettings) -> int:
    """2 when anything is to be paid on delivery, since that money is still to be collected; else 1."""
    known = settings.payment_type_map
    return max((known.get(method, settings.payment_type_default) for method in methods), default=1)


def slip_document(slip: Slip, slip_no: str, at: datetime, settings: RetailProSettings) -> Document:
    """The body of a transfer slip.

    Raises:
        Unfit: a value is missing or too long.
    """
    named = {"SlipNo": slip_no, "FromStore": slip.from_store, "ToStore": slip.to_store}
    items: list[Value] = [
        {"UPC": fit(f"Items[{at_}].UPC", upc, ITEM_FIELDS["UPC"]), "Qty": quantity}
        for at_, (upc, quantity) in enumerate(slip.units)
    ]
    return {
        **{name: fit(name, value, SLIP_FIELDS[name]) for name, value in named.items()},
        "CreatedDate": local_time(at, settings),
        "TotalQty": sum(quantity for _, quantity in slip.units),
        "Items": items,
    }


def _item(place: str, item: InvoiceItem, invoice: Invoice, settings: RetailProSettings) -> Document:
    times = item.quantity if settings.line_amounts == "per_line" else 1
    unit = item.unit
    amounts = {"OrigPrice": unit.orig_price, "OrigTax": unit.orig_tax, "Price": unit.price, "Tax": unit.tax}
    document: Document = {
        "UPC": fit(f"{place}.UPC", item.upc, ITEM_FIELDS["UPC"]),
        **{name: fit_amount(f"{place}.{name}", amount * times) for name, amount in amounts.items()},
        "Qty": item.quantity,
        "StoreOrig": fit(f"{place}.StoreOrig", item.store, ITEM_FIELDS["StoreOrig"]),
    }
    # The field is for pick-up orders; one that also ships is delivered as a whole (retailpro 2.1).
    if invoice.pickup and item.pickup_store:
        document["StoreDest"] = fit(f"{place}.StoreDest", item.pickup_store, ITEM_FIELDS["StoreDest"])
    return document


def _customer(place: str, party: Party, identity: Mapping[str, str], settings: RetailProSettings) -> Document:
    first, last = first_and_last(party.name, settings.last_name_default)
    address1, address2 = address_lines(party.address1, party.address2)
    values = {
        "FirstName": first,
        "LastName": last,
        "Email": party.email,
        "Address1": address1,
        "Address2": address2,
        "City": party.city,
        "Country": party.country,
        **identity,
        "Phone": party.phone,
    }
    return {name: fit(f"{place}.{name}", value, CUSTOMER_FIELDS[name]) for name, value in values.items()}


def _identity(attributes: Mapping[str, str], settings: RetailProSettings) -> Mapping[str, str]:
    number = attribute(attributes, settings.identity_attribute) or settings.identity_number_default
    kind = attribute(attributes, settings.identity_type_attribute) or settings.identity_type_default
    return {"NoDocument": number or "", "TypeDocument": kind or ""}


def _fiscal_credit(attributes: Mapping[str, str], settings: RetailProSettings) -> Document:
    """The four fields of a tax credit document; the company's are required when it is one, and empty when not."""
    wanted = _is_yes(attribute(attributes, settings.fiscal_credit_attribute))
    sources = {
        "CompanyId": settings.company_id_attribute,
        "CompanyName": settings.company_name_attribute,
        "CompanyAddress": settings.company_address_attribute,
    }
    company = {name: attribute(attributes, source) if wanted else "" for name, source in sources.items()}
    flag: Any = str(wanted).lower() if settings.fiscal_credit_as_string else wanted
    rules = {name: _required(INVOICE_FIELDS[name]) if wanted else INVOICE_FIELDS[name] for name in company}
    return {"FiscalCredit": flag, **{name: fit(name, value, rules[name]) for name, value in company.items()}}


def _required(rule: TextRule) -> TextRule:
    return rule.model_copy(update={"required": True})


def _is_yes(text: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        raise Unfit(HoldCause.FIELD_MISSING, "FiscalCredit", "its order attribute says neither yes nor no")
    return word in _YES


def attribute(attributes: Mapping[str, str], name: str | None) -> str:
    """An order attribute, empty when there is none; typed by people, so letter case does not matter (hotwax 5.6)."""
    if name is None:
        return ""
    if name in attributes:
        return tidy(attributes[name])
    return next((tidy(value) for key, value in attributes.items() if key.lower() == name.lower()), "")
