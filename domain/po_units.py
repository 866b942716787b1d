"""Pieces and a purchase order line's own unit, converted exactly or refused by name: never rounded.

NetSuite's lines are in their own unit, HotWax counts pieces, NetSuite's base unit (netsuite 2). A quantity that is
wrong by a conversion factor is the costliest mistake of this flow (netsuite 12, row 12).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

from domain.base import Frozen

MAX_DIGITS = 20
"""Digits that a quantity may have; more is a mistake of its source, and would not survive a JSON reader."""

_EXACT = Context(prec=3 * MAX_DIGITS, traps=[Inexact, DivisionByZero, InvalidOperation, Overflow])
_ONE = Decimal(1)


class NotExact(Frozen):
    """Why a quantity has no exact value in the other unit, in words for an operator."""

    reason: str


Exact = Decimal | NotExact
"""A converted quantity, or why there is none."""


def to_pieces(quantity: Decimal, unit_rate: Decimal | None, decimals: int) -> Exact:
    """So many units in pieces; `unit_rate` is the pieces in one unit, None where pieces are meant."""
    rate = _ONE if unit_rate is None else unit_rate
    wrong = _unusable(quantity, rate)
    return wrong or _checked(_EXACT.multiply(quantity, rate), f"{plain(quantity)} units of {plain(rate)}", decimals)


def to_unit(pieces: Decimal, unit_rate: Decimal | None, decimals: int) -> Exact:
    """So many pieces in a unit of `unit_rate` pieces; refused when no number of so many decimals says that."""
    rate = _ONE if unit_rate is None else unit_rate
    if wrong := _unusable(pieces, rate):
        return wrong
    told = f"{plain(pieces)} pieces in units of {plain(rate)}"
    try:
        return _checked(_EXACT.divide(pieces, rate), told, decimals)
    except Inexact:
        return NotExact(reason=f"{told} have no exact decimal value")


def total(quantities: Iterable[Decimal]) -> Decimal:
    """Their sum, exactly."""
    result = Decimal(0)
    for quantity in quantities:
        result = _EXACT.add(result, quantity)
    return result


def sums(amounts: Iterable[Mapping[str, Decimal]]) -> Mapping[str, Decimal]:
    """Name by name, their sum, exactly; a name that none of them has counts as nothing."""
    result = defaultdict[str, Decimal](Decimal)
    for each in amounts:
        for name, quantity in each.items():
            result[name] = _EXACT.add(result[name], quantity)
    return result


def plain(quantity: Decimal) -> str:
    """The quantity as people write it: no exponent, no trailing zeros."""
    return format(quantity.normalize(), "f") if quantity else "0"


def _unusable(quantity: Decimal, rate: Decimal) -> NotExact | None:
    if not (quantity.is_finite() and rate.is_finite()):
        return NotExact(reason=f"{quantity} in units of {rate} is no quantity")
    if rate <= 0:
        return NotExact(reason=f"the unit's rate is {rate}: a unit has more than no pieces")
    if any(_digits(number) > MAX_DIGITS for number in (quantity, rate)):
        return NotExact(reason=f"a number of this unit has more than {MAX_DIGITS} digits")
    return None


def _checked(result: Decimal, told: str, decimals: int) -> Exact:
    value = result.normalize(_EXACT)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > decimals:
        return NotExact(reason=f"{told} need {-exponent} decimals, {decimals} are allowed")
    return Decimal(format(value, "f")) if value else Decimal(0)


def _digits(number: Decimal) -> int:
    """Digits of the number written out, before and after the point."""
    _, digits, exponent = number.as_tuple()
    return (
        len(digits) + abs(exponent) if isinstance(exponent, int) and exponent > 0 else max(len(digits), -int(exponent))
    )
