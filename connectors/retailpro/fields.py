"""The field rules of the partner service (retailpro 2.1, 2.2) as data, and how a value is made to fit them.

Names and addresses are shortened, numbers and codes never: two orders could collide, a tax document could be wrong.
"""

import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

from connectors.ports import Unfit
from domain.base import Frozen
from domain.money import PLACES
from domain.stages import HoldCause

AMOUNT_BOUND = Decimal(1_000_000)
"""Amounts are decimal (10,4): six digits before the point."""

_JOINERS = "\u200d\ufe0e\ufe0f"


class TextRule(Frozen):
    """What the service takes in a text field; lengths are UTF-16 units, the narrowest way to count characters."""

    longest: int | None
    required: bool = False
    shorten: bool = False


INVOICE_FIELDS: dict[str, TextRule] = {
    "InvoicingStore": TextRule(longest=5, required=True),
    "OrderNo": TextRule(longest=9, required=True),
    "CompanyId": TextRule(longest=20),
    "CompanyName": TextRule(longest=30, shorten=True),
    "CompanyAddress": TextRule(longest=80, shorten=True),
}
CUSTOMER_FIELDS: dict[str, TextRule] = {
    "FirstName": TextRule(longest=30, required=True, shorten=True),
    "LastName": TextRule(longest=30, required=True, shorten=True),
    "Email": TextRule(longest=60, required=True),
    "Address1": TextRule(longest=40, required=True, shorten=True),
    "Address2": TextRule(longest=40, shorten=True),
    "City": TextRule(longest=40, shorten=True),
    "Country": TextRule(longest=40, shorten=True),
    "NoDocument": TextRule(longest=20, required=True),
    "TypeDocument": TextRule(longest=40, required=True),
    "Phone": TextRule(longest=None),
}
ITEM_FIELDS: dict[str, TextRule] = {
    "UPC": TextRule(longest=19, required=True),
    "StoreOrig": TextRule(longest=5, required=True),
    "StoreDest": TextRule(longest=5),
}
SLIP_FIELDS: dict[str, TextRule] = {
    "SlipNo": TextRule(longest=None, required=True),
    "FromStore": TextRule(longest=5, required=True),
    "ToStore": TextRule(longest=5, required=True),
}
"""Store codes have the length of an invoice's; no length is published for SlipNo."""


def fit(place: str, value: str, rule: TextRule) -> str:
    """The value as the service takes it: composed characters, single spaces, shortened where its rule allows that.

    Raises:
        Unfit: it is missing, or too long and not to be shortened.
    """
    text = tidy(value)
    if rule.required and not text:
        raise Unfit(HoldCause.FIELD_MISSING, place, "it is required, and empty")
    if rule.longest is None or units(text) <= rule.longest:
        return text
    if rule.shorten:
        return split_at(text, rule.longest)[0]
    detail = f"at most {rule.longest} characters, has {units(text)}; it must not be shortened"
    raise Unfit(HoldCause.FIELD_TOO_LONG, place, detail)


def fit_amount(place: str, amount: Decimal) -> Decimal:
    """The amount to the service's four places; finer ones are rounded half to even, as the invoice's lines were.

    Raises:
        Unfit: it has more than six digits before the point.
    """
    exact = amount.quantize(PLACES, ROUND_HALF_EVEN)
    if abs(exact) >= AMOUNT_BOUND:
        raise Unfit(HoldCause.FIELD_TOO_LONG, place, f"{exact} has more than six digits before the point")
    return exact


def tidy(value: str) -> str:
    """The text with composed characters (NFC) and single spaces, without control and half characters."""
    composed = unicodedata.normalize("NFC", value)
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in composed).split())


def units(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)  # noqa: PLR2004 - the last character of one unit


def split_at(text: str, longest: int) -> tuple[str, str]:
    """The start of a tidy text within `longest`, and the rest.

    It is cut between words; a single word that is too long is cut inside, but never inside a composed character.
    """
    if units(text) <= longest:
        return text, ""
    end = longest
    while units(text[:end]) > longest:
        end -= 1
    space = text.rfind(" ", 0, end + 1)
    if space > 0:
        return text[:space], text[space + 1 :]
    end = _between_characters(text, end)
    return text[:end], text[end:]


def _between_characters(text: str, end: int) -> int:
    """The last place at or before `end` where the text may be cut; `end` itself when there is none."""
    for place in range(end, 0, -1):
        joined = text[place] in _JOINERS or text[place - 1] == _JOINERS[0] or unicodedata.combining(text[place])
        if not joined:
            return place
    return end


def address_lines(address1: str, address2: str) -> tuple[str, str]:
    """Both address lines; what does not fit into the first flows into the second, before what stood there."""
    longest = CUSTOMER_FIELDS["Address1"].longest or 0
    first, rest = split_at(tidy(address1), longest)
    return first, tidy(f"{rest} {address2}")


def first_and_last(name: str, last_name_default: str) -> tuple[str, str]:
    """First and last name of a customer whose OMS has one text for both: the first word, and the rest."""
    first, _, last = tidy(name).partition(" ")
    return first, last or (last_name_default if first else "")
