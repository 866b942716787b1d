"""What a tenant decides: the invoicing store, the tax mode, and the rules for the cases nobody can guess."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from domain.base import Frozen


class StorePolicy(StrEnum):
    """How the invoicing store is chosen; the documents disagree, so it is a tenant's choice (hotwax 5.1)."""

    FIRST_SHIPPED = "first_shipped"
    LAST_FULFILLED = "last_fulfilled"
    MOST_UNITS = "most_units"
    FIXED = "fixed"


class TaxMode(StrEnum):
    """Whether prices contain their taxes (retailpro 2.1, reading notes)."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


class CaseRule(StrEnum):
    """What to do with a case that has no natural answer."""

    INVOICE = "invoice"
    HOLD = "hold"


class Confirmation(StrEnum):
    """Whether an invoice counts when the API took it, or when the store confirmed it (hotwax 5.4)."""

    NONE = "none"
    STORE = "store"


class TenantPolicy(Frozen):
    """The decisions of one tenant; every default is listed in docs/assumptions.md."""

    invoicing_store: StorePolicy = StorePolicy.FIRST_SHIPPED
    fixed_store: str | None = None
    stores: Mapping[str, str] = Field(default_factory=dict)
    """HotWax facility id -> Retail Pro store code."""
    tax_mode: TaxMode = TaxMode.INCLUDED
    fees_with_shipping: tuple[str, ...] = ()
    """HotWax adjustment types on the order, such as FEE, that are invoiced as part of the shipping amount."""
    check_grand_total: bool = True
    total_tolerance: Decimal = Decimal("0.01")
    digital_lines: CaseRule = CaseRule.HOLD
    digital_store: str | None = None
    """The store that invoices an order of nothing but digital lines."""
    exchange_orders: CaseRule = CaseRule.HOLD
    confirmation: Confirmation = Confirmation.NONE
    aggregate_items: bool = True
    selling_store_attribute: str = "orderFacility"
    write_back_type: str | None = "RETAILPRO_INVOICE_NO"
    """HotWax identification type that carries the invoice number; None writes nothing back."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.invoicing_store is StorePolicy.FIXED and not self.fixed_store:
            raise ValueError("invoicing_store = 'fixed' needs fixed_store, a Retail Pro store code")
        check_stores(self.stores)
        return self


def check_stores(stores: Mapping[str, str]) -> None:
    """Make sure that every facility has a store of its own.

    Raises:
        ValueError: two facilities share one, so that what they shipped could not be told apart.
    """
    codes = list(stores.values())
    shared = ", ".join(f"{facility} -> {code}" for facility, code in stores.items() if codes.count(code) > 1)
    if shared:
        raise ValueError(f"a Retail Pro store is mapped twice ({shared}): give each facility a store of its own")
