"""What an entry of the demo's day is made of: lines, deeds of associates, a fault, and the end that is expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from domain.stages import HoldCause, Stage
from operators.demo.goods import MUG

HERE, THERE, ELSEWHERE = 0, 1, 2
"""Three different stores; which ones they are goes round with the orders of a case."""


class When(Enum):
    """When a line ships, where that is no exact moment."""

    SOME_TIME = auto()
    """At a moment of the day that the line's place in it decides."""
    AT_THE_TILL = auto()
    """It was handed over before the order was there."""
    NEVER = auto()
    """Nobody ships it, unless the script says so."""


@dataclass(frozen=True)
class Line:
    """Units of a product at one of the order's stores, or at a facility by its id.

    `ships` is in seconds after the day began. `tax_rates` make one tax row each; `discount` is an amount per line made.
    """

    at: int | str
    product: str = MUG
    units: int = 1
    ships: float | When = When.SOME_TIME
    discount: float = 0.0
    tax_rates: tuple[float, ...] = (0.06,)
    method: str = "STANDARD"


@dataclass(frozen=True)
class Deed:
    """Something an associate does to an order besides shipping; `lines` counts from 0, None is all that are open."""

    action: str
    after_s: float
    lines: tuple[int, ...] | None = None
    to: int | None = None


@dataclass(frozen=True)
class End:
    """Where an order must be in the evening: its stage and hold, and how many documents it has in Retail Pro."""

    stage: Stage
    hold: HoldCause | None = None
    invoices: int = 0
    slips: int = 0

    def __str__(self) -> str:
        counts = ((self.invoices, "invoice"), (self.slips, "slip"))
        documents = [f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count]
        return ", ".join([str(self.stage), *([f"held: {self.hold}"] if self.hold else []), *documents])


def done(*, invoices: int = 1, slips: int = 0) -> End:
    """The end of an order that got everything it was owed."""
    return End(Stage.DONE, invoices=invoices, slips=slips)


@dataclass(frozen=True, eq=False)
class Case:
    """One kind of order and how many of it there are.

    Attributes:
        name: What it shows, as the evening's table calls it.
        lines: What was ordered.
        ends: Where each of its orders must be in the evening.
        times: How many orders of this kind the day has.
        channel: The sales channel, in the sandbox's short words.
        sold_at: The store whose till sold it, and took it out of its stock.
        details: Any other fields of the sandbox's order seed (docs/sandbox.md).
        deeds: What associates do besides shipping.
        fault: What goes wrong in the call that sends this order's invoice, as the sandbox takes it.
        twin_of: The case whose order number it has too, as when an import ran twice.
    """

    name: str
    lines: tuple[Line, ...]
    ends: End = field(default_factory=done)
    times: int = 1
    channel: str = "web"
    sold_at: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    deeds: tuple[Deed, ...] = ()
    fault: Mapping[str, Any] | None = None
    twin_of: str | None = None
