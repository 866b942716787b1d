"""Who is billed and who receives, from an order's contacts: personal data, handed on and shown nowhere."""

from connectors.hotwax.wire import WireContact, WireOrder
from domain.order import Party

_SHIPPING = ("SHIPPING_LOCATION", "PHONE_SHIPPING")
_BILLING = ("BILLING_LOCATION", "PHONE_BILLING")


def parties_of(order: WireOrder) -> tuple[Party, Party]:
    """The billing and the shipping party.

    An order often has one address only (hotwax 2.3): then it serves both, whole, never mixed with parts of another.
    The phone follows the same rule on its own; the e-mail address belongs to the order.
    """
    email = next((text for text in (_email(c) for c in _of(order, "ORDER_EMAIL")) if text), "")
    billing, shipping = (_party(order, purposes, email) for purposes in (_BILLING, _SHIPPING))
    return _completed(billing, shipping), _completed(shipping, billing)


def _completed(party: Party, other: Party) -> Party:
    source = party if party.name or party.address1 else other
    return source.model_copy(update={"phone": party.phone or other.phone})


def _party(order: WireOrder, purposes: tuple[str, str], email: str) -> Party:
    location, phone = purposes
    address = next((c.postal_address for c in _addresses(order, location) if c.postal_address), None)
    number = next((_phone(c) for c in _of(order, phone) if c.telecom_number), "")
    if address is None:
        return Party(email=email, phone=number)
    return Party(
        name=address.to_name,
        email=email,
        phone=number,
        address1=address.address1,
        address2=address.address2,
        city=address.city,
        country=address.country_geo_id,
    )


def _of(order: WireOrder, purpose: str) -> list[WireContact]:
    """The contacts for a purpose, the latest first."""
    return [c for c in reversed(order.contact_mechs) if c.contact_mech_purpose_type_id == purpose]


def _addresses(order: WireOrder, purpose: str) -> list[WireContact]:
    """The addresses for a purpose, those that ship groups with lines use first: others may be outdated."""
    used = {group.contact_mech_id for group in order.ship_groups if group.items}
    return sorted(_of(order, purpose), key=lambda c: c.contact_mech_id not in used)


def _email(contact: WireContact) -> str:
    return contact.info_string or contact.contact_mech.info_string


def _phone(contact: WireContact) -> str:
    number = contact.telecom_number
    if number is None:
        return ""
    return " ".join(filter(None, (number.country_code, number.area_code, number.contact_number)))
