"""Documents as both sides' books have them, and what they do to stock: pure values for the proof and for screens."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from pydantic import Field

from domain.base import Frozen, Moment
from domain.stages import EffectKind, EffectState

Place = tuple[str, str]
"""A store code and a UPC, both spelled as `same_code` does."""

Moves = dict[Place, Decimal]
"""By how much stock changes where; a sale is negative."""

ZERO = Decimal(0)

Key = TypeVar("Key")


def same_code(code: str) -> str:
    """A store code or UPC without leading zeros: numeric columns lose them on the way (retailpro 3)."""
    text = code.strip()
    return (text.lstrip("0") or "0") if text.isdigit() else text


class Units(Frozen):
    """Units of a product on a document; `origin` is the store that shipped them, where the document says it."""

    upc: str
    quantity: Decimal
    origin: str | None = None


class LineUnits(Frozen):
    """Units that a store has shipped."""

    store: str
    upc: str
    quantity: Decimal


class Document(Frozen):
    """An invoice or a transfer slip, from whichever side's books."""

    kind: EffectKind
    number: str
    """The order number of an invoice, the slip number of a slip."""
    store: str
    """Where an invoice is made, where a slip starts."""
    to_store: str = ""
    total: Decimal | None = None
    units: tuple[Units, ...] = ()
    document_no: str | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.kind} {self.number}"

    @property
    def identity(self) -> tuple[EffectKind, str]:
        """What it is found by. Slip numbers are padded by us, and zeros may get lost; order numbers stay as given."""
        return self.kind, same_code(self.number) if self.kind is EffectKind.SLIP else self.number.strip()

    @property
    def route(self) -> tuple[str, str]:
        """Its store or stores, comparable."""
        return same_code(self.store), same_code(self.to_store) if self.to_store else ""

    @property
    def by_upc(self) -> Mapping[str, Decimal]:
        """Its units by UPC."""
        return total_by((same_code(u.upc), u.quantity) for u in self.units)

    @property
    def as_spelled(self) -> Mapping[str, Decimal]:
        """Its units by UPC, as the UPC stands on it."""
        return total_by((u.upc, u.quantity) for u in self.units)

    @property
    def by_origin(self) -> Mapping[Place, Decimal]:
        """Its units by the store that shipped them, and UPC; empty unless it says so of all of them."""
        if any(not unit.origin for unit in self.units):
            return {}
        return total_by(((same_code(u.origin or ""), same_code(u.upc)), u.quantity) for u in self.units)

    @property
    def moves(self) -> Moves:
        """What it does to stock: an invoice sells at its store, a slip carries from one to the other."""
        moves: Moves = {}
        start, end = self.route
        for upc, quantity in self.by_upc.items():
            add_moves(moves, {(start, upc): -quantity})
            if end:
                add_moves(moves, {(end, upc): quantity})
        return moves


class LedgerDocument(Frozen):
    """A document that Waybill promised or made, as its ledger has it."""

    key: str
    document: Document
    state: EffectState
    revision: int = 0
    foreign: bool = False
    lines: Mapping[str, str] = Field(default_factory=dict)
    """Line id -> facility, of every line it carries or moves."""
    stores: Mapping[str, str] = Field(default_factory=dict)
    """Facility -> store code, as they were mapped when an invoice was made."""
    amount: Decimal = ZERO
    order_discount: Decimal = ZERO
    at: Moment | None = None
    """When it was settled, or sent."""
    number: str | None = None
    adopted: bool = False
    """Whether Retail Pro said of an attempt in doubt that it has the number: it may be somebody else's document."""
    attempts: int = 1


class Balance(Frozen):
    """One product at one store: what the store shipped, and by how much the documents changed its stock."""

    store: str
    upc: str
    shipped: Decimal
    booked: Decimal

    @property
    def is_even(self) -> bool:
        """Whether Retail Pro's change equals what was shipped."""
        return self.booked == -self.shipped


def total_by(pairs: Iterable[tuple[Key, Decimal]]) -> dict[Key, Decimal]:
    """The sums of the pairs' amounts by their keys, without those that come to nothing."""
    totals: dict[Key, Decimal] = {}
    for key, amount in pairs:
        totals[key] = totals.get(key, ZERO) + amount
    return {key: amount for key, amount in totals.items() if amount}


def add_moves(moves: Moves, more: Mapping[Place, Decimal], sign: int = 1) -> None:
    """Add (or with sign -1 take away) some changes of stock."""
    for place, quantity in more.items():
        moves[place] = moves.get(place, ZERO) + sign * quantity


def shipped_moves(shipped: Iterable[LineUnits]) -> Moves:
    """What shipping these units must have done to stock in the end."""
    moves: Moves = {}
    for unit in shipped:
        add_moves(moves, {(same_code(unit.store), same_code(unit.upc)): -unit.quantity})
    return moves


def spellings(shipped: Iterable[LineUnits], documents: Iterable[Document]) -> dict[Place, Place]:
    """How stores and UPCs are spelled where they stand, by their comparable form."""
    places = [(unit.store, unit.upc) for unit in shipped]
    places += [(store, u.upc) for d in documents for u in d.units for store in (d.store, d.to_store) if store]
    return {(same_code(store), same_code(upc)): (store, upc) for store, upc in reversed(places)}


def balances(shipped: Sequence[LineUnits], documents: Iterable[LedgerDocument]) -> tuple[Balance, ...]:
    """What was shipped and what was booked for each store and UPC, by the documents that are done."""
    made = [d.document for d in documents if d.state is EffectState.DONE]
    due, booked = shipped_moves(shipped), Moves()
    for document in made:
        add_moves(booked, document.moves)
    spelled = spellings(shipped, made)
    return tuple(
        Balance(
            store=spelled[place][0],
            upc=spelled[place][1],
            shipped=-due.get(place, ZERO),
            booked=booked.get(place, ZERO),
        )
        for place in sorted(due.keys() | booked.keys())
    )
