"""Values fit the partner service's fields: names and addresses are shortened, everything else goes as it is or not."""

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    split_at,
    tidy,
    units,
)
from domain.stages import HoldCause

REFERENCE = [
    (INVOICE_FIELDS, "InvoicingStore", 5, True, False),
    (INVOICE_FIELDS, "OrderNo", 9, True, False),
    (INVOICE_FIELDS, "CompanyId", 20, False, False),
    (INVOICE_FIELDS, "CompanyName", 30, False, True),
    (INVOICE_FIELDS, "CompanyAddress", 80, False, True),
    (CUSTOMER_FIELDS, "FirstName", 30, True, True),
    (CUSTOMER_FIELDS, "LastName", 30, True, True),
    (CUSTOMER_FIELDS, "Email", 60, True, False),
    (CUSTOMER_FIELDS, "Address1", 40, True, True),
    (CUSTOMER_FIELDS, "Address2", 40, False, True),
    (CUSTOMER_FIELDS, "City", 40, False, True),
    (CUSTOMER_FIELDS, "Country", 40, False, True),
    (CUSTOMER_FIELDS, "NoDocument", 20, True, False),
    (CUSTOMER_FIELDS, "TypeDocument", 40, True, False),
    (ITEM_FIELDS, "UPC", 19, True, False),
    (ITEM_FIELDS, "StoreOrig", 5, True, False),
    (ITEM_FIELDS, "StoreDest", 5, False, False),
    (SLIP_FIELDS, "FromStore", 5, True, False),
    (SLIP_FIELDS, "ToStore", 5, True, False),
]
Table = dict[str, TextRule]
NAMES = [row[1] for row in REFERENCE]


@pytest.mark.parametrize(("table", "name", "longest", "required", "shorten"), REFERENCE, ids=NAMES)
def test_a_value_of_full_length_goes_through_unchanged(
    table: Table, name: str, longest: int, required: bool, shorten: bool
) -> None:
    del required, shorten
    assert fit(name, "x" * longest, table[name]) == "x" * longest


@pytest.mark.parametrize(("table", "name", "longest", "required", "shorten"), REFERENCE, ids=NAMES)
def test_one_character_more_is_shortened_or_refused_but_never_sent(
    table: Table, name: str, longest: int, required: bool, shorten: bool
) -> None:
    del required
    if shorten:
        assert fit(name, "x" * (longest + 1), table[name]) == "x" * longest
        return
    with pytest.raises(Unfit) as refused:
        fit(name, "x" * (longest + 1), table[name])
    assert (refused.value.cause, refused.value.field) == (HoldCause.FIELD_TOO_LONG, name)


@pytest.mark.parametrize(("table", "name", "longest", "required", "shorten"), REFERENCE, ids=NAMES)
@pytest.mark.parametrize("empty", ["", " \t\n", "\x00"])
def test_a_required_value_is_missed_where_it_is_empty(
    table: Table, name: str, longest: int, required: bool, shorten: bool, empty: str
) -> None:
    del longest, shorten
    if not required:
        assert fit(name, empty, table[name]) == ""
        return
    with pytest.raises(Unfit) as refused:
        fit(name, empty, table[name])
    assert (refused.value.cause, refused.value.field) == (HoldCause.FIELD_MISSING, name)


def test_a_phone_and_a_slip_number_have_no_published_length() -> None:
    assert fit("Phone", "5" * 50, CUSTOMER_FIELDS["Phone"]) == "5" * 50
    assert fit("SlipNo", "0" * 50, SLIP_FIELDS["SlipNo"]) == "0" * 50


def test_a_refusal_never_holds_the_value() -> None:
    with pytest.raises(Unfit) as refused:
        fit("CustomerBilling.Email", "ana" * 30 + "@example.test", CUSTOMER_FIELDS["Email"])
    assert "ana" not in str(refused.value) + repr(refused.value) + refused.value.hold.evidence
    assert "CustomerBilling.Email" in refused.value.hold.evidence


@pytest.mark.parametrize(
    ("text", "longest", "start", "rest"),
    [
        ("Avenida Reforma 12", 15, "Avenida Reforma", "12"),
        ("Avenida Reforma 12", 14, "Avenida", "Reforma 12"),
        ("Avenida Reforma 12", 18, "Avenida Reforma 12", ""),
        ("Hubertusstraße", 5, "Huber", "tusstraße"),
        ("a\u0301\u0301\u0301\u0301", 4, "a\u0301\u0301\u0301", "\u0301"),
        ("xyza\u0323\u0301", 5, "xyz", "a\u0323\u0301"),
        ("ab👍🏽cd", 3, "ab", "👍🏽cd"),
    ],
)
def test_text_is_cut_between_words_and_never_inside_a_character(text: str, longest: int, start: str, rest: str) -> None:
    assert split_at(text, longest) == (start, rest)


@given(st.text(max_size=120), st.integers(min_value=1, max_value=60))
def test_a_shortened_text_is_a_start_that_fits(text: str, longest: int) -> None:
    start, rest = split_at(tidy(text), longest)
    assert units(start) <= longest
    assert (start + rest).replace(" ", "") == tidy(text).replace(" ", "")


@given(st.text(max_size=80))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_a_long_first_address_line_flows_into_the_second() -> None:
    first, second = address_lines("Residencial Las Margaritas Pasaje Tres Casa 14 B", "Portón verde")
    assert first == "Residencial Las Margaritas Pasaje Tres"
    assert second == "Casa 14 B Portón verde"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ana Paz", ("Ana", "Paz")),
        ("Ana María  Paz López", ("Ana", "María Paz López")),
        ("Ana", ("Ana", "-")),
        ("", ("", "")),
    ],
)
def test_a_single_name_is_split_after_its_first_word(name: str, parts: tuple[str, str]) -> None:
    assert first_and_last(name, "-") == parts


@pytest.mark.parametrize(
    ("amount", "sent"),
    [("999999.9999", "999999.9999"), ("-999999.9999", "-999999.9999"), ("0.00005", "0.0000"), ("0.00015", "0.0002")],
)
def test_an_amount_is_sent_to_the_fourth_place(amount: str, sent: str) -> None:
    assert fit_amount("TotalAmt", Decimal(amount)) == Decimal(sent)


@pytest.mark.parametrize("amount", ["1000000", "-1000000", "999999.99996"])
def test_an_amount_of_seven_digits_is_refused(amount: str) -> None:
    with pytest.raises(Unfit) as refused:
        fit_amount("TotalAmt", Decimal(amount))
    assert refused.value.cause is HoldCause.FIELD_TOO_LONG
