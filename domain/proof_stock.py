"""Stock in the proof: by how much it should have changed at each store, by HotWax's word and by the ledger's."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.books import (
    ZERO,
    Document,
    LedgerDocument,
    LineUnits,
    Moves,
    Place,
    add_moves,
    same_code,
    shipped_moves,
    spellings,
)
from domain.order import Order
from domain.policy import TenantPolicy
from domain.proof_order import Shippers, sale_at_till, shippers, units_of
from domain.proof_report import Case, Difference, Explained, Period

_NO_REASON = "moved by something that Waybill has no part in: a sale at the till, a receipt, a count"


class StockSheet:
    """What stock should have done by HotWax's word and by the ledger's, by store and UPC."""

    def __init__(self, policy: TenantPolicy) -> None:
        self._policy = policy
        self._by_hotwax, self._by_ledger = Moves(), Moves()
        self._spelled: dict[Place, Place] = {}
        self._digital = Moves()
        self._reasons: dict[Place, list[str]] = {}
        self._sellers_unknown: dict[str, str] = {}
        self.rows = 0
        self.unplaced: list[Explained] = []

    def spell(self, document: Document) -> None:
        """Remember how the document spells stores and UPCs."""
        for place, spelled in spellings((), [document]).items():
            self._spelled.setdefault(place, spelled)

    def touched(self, moves: Mapping[Place, Decimal], by: str) -> None:
        """Remember a difference that explains stock at these places."""
        for place in moves:
            self._reasons.setdefault(place, []).append(by)

    def moves_of(self, made: LedgerDocument, order: Order | None) -> Moves:
        """What a document does to stock, without its digital lines: nobody says whether Retail Pro stocks those."""
        moves = made.document.moves
        for line in order.lines if order else ():
            if line.digital and line.upc and line.line_id in made.lines:
                unstocked = {(same_code(made.document.store), same_code(line.upc)): -Decimal(line.quantity)}
                add_moves(moves, unstocked, sign=-1)
                add_moves(self._digital, unstocked)
        return moves

    def take(self, case: Case, counted: Moves, uncounted: Moves, period: Period, *, settled: bool) -> None:
        """Add what an order did to stock. One that is not settled did what its documents did, no more."""
        if case.order is not None:
            sale = self._sale(case.order)
            add_moves(counted if period.covers(case.order.placed_at) else uncounted, sale)
        add_moves(self._by_ledger, counted)
        if case.order is None or not settled:
            add_moves(self._by_hotwax, counted)
            return
        add_moves(self._by_hotwax, self.shipped(case.order, shippers(case.documents)))
        add_moves(self._by_hotwax, uncounted, sign=-1)

    def take_unseen(self, order: Order, *, settled: bool) -> None:
        """Add what an order that the ledger does not know did: it was sold at a till, or it should be invoiced."""
        sale = self._sale(order)
        add_moves(self._by_ledger, sale)
        add_moves(self._by_hotwax, self.shipped(order, {}) if settled else sale)

    def take_documents(self, documents: Sequence[Document]) -> None:
        """Add what documents did that were asked for by orders that are not compared."""
        for document in documents:
            add_moves(self._by_ledger, document.moves)
            add_moves(self._by_hotwax, document.moves)

    def shipped(self, order: Order, known: Shippers) -> Moves:
        """What shipping this order must do to stock: what a store shipped leaves that store (design 5, invariant)."""
        units = units_of(order.fulfilled, self._policy, known)
        self._spell_units(units)
        return shipped_moves(units)

    def _sale(self, order: Order) -> Moves:
        sold = sale_at_till(order, self._policy)
        if sold is None:
            self._sellers_unknown.update({same_code(line.upc): order.order_no for line in order.kept if line.upc})
            return Moves()
        self._spell_units(sold)
        return shipped_moves(sold)

    def _spell_units(self, units: Sequence[LineUnits]) -> None:
        for place, spelled in spellings(units, ()).items():
            self._spelled.setdefault(place, spelled)

    def differences(self, retailpro: Mapping[Place, Decimal]) -> list[Difference]:
        """Where Retail Pro's change of stock is not what the other two say; stores of nobody here are left out."""
        stores = {same_code(code) for code in self._policy.stores.values()}
        places = self._by_hotwax.keys() | self._by_ledger.keys() | {p for p in retailpro if p[0] in stores}
        self.rows = len(places)
        found = []
        for place in sorted(places):
            says = [side.get(place, ZERO) for side in (self._by_ledger, self._by_hotwax, retailpro)]
            if not self._agree(place, *says):
                found.append((place, [_units(number) for number in says]))
        return [self._difference(place, says) for place, says in found if not self._is_unplaced(place)]

    def _agree(self, place: Place, ledger: Decimal, hotwax: Decimal, retailpro: Decimal) -> bool:
        with_digital = hotwax + self._digital.get(place, ZERO)
        return ledger == hotwax and retailpro in {hotwax, with_digital}

    def _is_unplaced(self, place: Place) -> bool:
        order = self._sellers_unknown.get(place[1])
        if order is None:
            return False
        reason = f"order {order} was sold at a point of sale, and HotWax does not say at which"
        self.unplaced.append(Explained(kind="stock", key="/".join(self._spelled.get(place, place)), reason=reason))
        return True

    def _difference(self, place: Place, says: Sequence[str]) -> Difference:
        reasons = self._reasons.get(place)
        cause = "follows from " + "; ".join(reasons) if reasons else _NO_REASON
        key = "/".join(self._spelled.get(place, place))
        ledger, hotwax, retailpro = says
        return Difference(kind="stock", key=key, ledger=ledger, hotwax=hotwax, retailpro=retailpro, likely_cause=cause)


def _units(quantity: Decimal) -> str:
    return format(quantity.normalize() + 0, "f")
