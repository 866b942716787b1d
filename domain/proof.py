"""The proof: the ledger, HotWax and Retail Pro compared, order by order, and each difference named (P6).

`Proof` takes one order after the other and keeps only sums, so that any number of orders fits. It knows nothing of
files, tables or clocks: whoever feeds it says what each side has.

It holds every order to the invariant of design 5: exactly one invoice for each fulfilled line, and at every store and
UPC a change of stock in Retail Pro that equals what that store shipped.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.books import ZERO, Document, LedgerDocument, Moves, Place, add_moves
from domain.channel import OrderKind, kind_of
from domain.order import Order
from domain.policy import TenantPolicy
from domain.proof_order import Finding, Value, as_table, check_order
from domain.proof_report import (
    NOT_VERIFIED,
    VERIFIED,
    Booked,
    Case,
    Difference,
    Explained,
    Period,
    Verdict,
)
from domain.proof_stock import StockSheet
from domain.stages import EffectKind, EffectState

_Identity = tuple[EffectKind, str]


class Proof:
    """Takes the orders of one tenant, compares, and gives the verdict.

    Args:
        policy: the tenant's rules.
        books: Retail Pro's side; None when there is none to compare with.
        period: what the export of Retail Pro's side covers.
    """

    def __init__(self, policy: TenantPolicy, books: Booked | None, period: Period) -> None:
        self._policy, self._books, self._period = policy, books, period
        self._booked: dict[_Identity, list[Document]] = {}
        for document in books.documents if books else ():
            self._booked.setdefault(document.identity, []).append(document)
        self._numbered = {(d.kind, d.document_no): d for d in (books.documents if books else ()) if d.document_no}
        self._claimed: dict[_Identity, str] = {}
        self._stock = StockSheet(policy)
        self._excuses: dict[str, str] = {}
        self._counts = dict.fromkeys(("orders", "invoices", "slips", "units_shipped", "units_invoiced"), 0)
        self._amounts: dict[str, Decimal] = {}
        self._differences: list[Difference] = []
        self._explained: list[Explained] = []
        for text in books.bad if books else ():
            cause = "the export is wrong in this row; what it tells is missing from the comparison"
            self._differ("bad_export_row", text, cause, retailpro="left out")

    # ---- orders ------------------------------------------------------------------------------------------------------

    def take(self, case: Case) -> None:
        """Compare one order on all sides."""
        self._counts["orders"] += 1
        if case.excuse:
            self._excuses[case.order_no] = case.excuse
        counted, uncounted = Moves(), Moves()
        for made in case.documents:
            self._stock.spell(made.document)
            if made.foreign or made.state.may_exist:
                self._claim(case, made)
                moves = self._stock.moves_of(made, case.order)
                add_moves(counted if self._check_document(case, made) else uncounted, moves)
        excused = self._check_against_hotwax(case)
        self._stock.take(case, counted, uncounted, self._period, settled=not (case.excuse or excused))

    def unseen(self, order: Order, excuse: str | None) -> None:
        """Note an order that the ledger does not know; `excuse` says why that may be.

        Nothing is missing while none of its lines is fulfilled, nor for what was carried out of a store.
        """
        due = bool(order.fulfilled) and kind_of(order) is not OrderKind.CARRIED_OUT
        is_missed = due and excuse is None
        self._stock.take_unseen(order, settled=is_missed and not order.open_lines)
        if not due:
            return
        units = sum(line.quantity for line in order.fulfilled)
        if excuse:
            self._explained.append(Explained(kind="not_read_yet", key=order.order_no, reason=excuse, units=units))
            return
        cause = "the feed missed it: run `waybill feed orders --since` with a day before it was fulfilled"
        moves = self._stock.shipped(order, {})
        self._differ("never_seen", order.order_no, cause, hotwax=f"{units} units fulfilled", moves=moves)

    # ---- documents ---------------------------------------------------------------------------------------------------

    def _check_document(self, case: Case, made: LedgerDocument) -> bool:
        """Whether the document counts in Retail Pro's stock: it is there, or must be."""
        found = self._booked.get(made.document.identity, [])
        is_done = made.state is EffectState.DONE
        if is_done:
            self._count(case, made)
        if self._books is None:
            return is_done
        if len(found) > 1 and not made.foreign:
            self._doubled(made, found)
        if not is_done:
            self._in_doubt(case, made, found)
            return bool(found) and not made.foreign
        if not found:
            return self._absent(case, made)
        for theirs in found:
            self._compare(made, theirs)
        self._check_number(made)
        return True

    def _check_number(self, made: LedgerDocument) -> None:
        """The number that was confirmed or answered is not that of another document."""
        other = self._numbered.get((made.document.kind, made.number or ""))
        if other and other.identity != made.document.identity:
            cause = f"it is the number of {other.name}: a wrong one was confirmed, or answered"
            self._differ("wrong_number", made.document.name, cause, ledger=made.number, retailpro=other.name)

    def _count(self, case: Case, made: LedgerDocument) -> None:
        self._counts[f"{made.document.kind}s"] += 1
        if made.document.kind is EffectKind.INVOICE:
            currency = case.order.currency if case.order else ""
            self._amounts[currency] = self._amounts.get(currency, ZERO) + made.amount
            self._counts["units_invoiced"] += int(sum(made.document.by_upc.values()))

    def _claim(self, case: Case, made: LedgerDocument) -> None:
        """Note whose document it is; one that two orders take for theirs is one too few."""
        other = self._claimed.setdefault(made.document.identity, case.name)
        if other != case.name and not made.foreign:
            cause = "the two orders share a number in Retail Pro: one of them has no document of its own"
            orders = f"of order {other} and of order {case.name}"
            self._differ(f"shared_{made.document.kind}", made.document.name, cause, ledger=orders)

    def _absent(self, case: Case, made: LedgerDocument) -> bool:
        name = made.document.name
        if not self._period.covers(made.at):
            reason = "made outside of the time that Retail Pro's export covers"
            self._explained.append(Explained(kind="not_in_export", key=name, reason=reason))
            return False
        number = f"its number there was {made.number}" if made.number else "Retail Pro gave it no number"
        cause = f"it was deleted or voided in Retail Pro, or the export leaves it out; {number}, order {case.name}"
        self._differ(f"lost_{made.document.kind}", name, cause, ledger=made.key, moves=made.document.moves)
        return True

    def _doubled(self, made: LedgerDocument, found: Sequence[Document]) -> None:
        ours = made.document
        by_us = f", or by one of our {made.attempts} attempts" if made.attempts > 1 else ""
        numbers = ", ".join(d.document_no for d in found if d.document_no)
        there = f"; its documents there: {numbers}" if numbers else ""
        cause = f"made again by hand or by another system{by_us}{there}"
        times = f"{len(found)} times"
        self._differ(f"doubled_{ours.kind}", ours.name, cause, ledger="once", retailpro=times, moves=ours.moves)

    def _in_doubt(self, case: Case, made: LedgerDocument, found: Sequence[Document]) -> None:
        there = f"found in Retail Pro ({found[0].document_no or 'without a number'})" if found else "not in Retail Pro"
        state = "the number belongs to a document that is not ours" if made.foreign else f"its outcome is {made.state}"
        reason = f"{case.excuse or 'not settled'}; {state}; {there}"
        self._explained.append(Explained(kind="in_doubt", key=made.document.name, reason=reason))

    def _compare(self, made: LedgerDocument, theirs: Document) -> None:
        """The one document on both sides: same stores, same units, same total."""
        ours = made.document
        strange = "; or it is somebody else's, adopted when an attempt of ours was in doubt" if made.adopted else ""
        moves = {**ours.moves, **theirs.moves}
        if ours.route != theirs.route:
            cause = f"it was made, or changed by hand, for another store than was asked for{strange}"
            self._differ("wrong_store", ours.name, cause, ledger=_way(ours), retailpro=_way(theirs), moves=moves)
        if ours.by_upc != theirs.by_upc:
            cause = f"it was changed by hand, or Retail Pro did not take its lines as they were sent{strange}"
            ledger, retailpro = as_table(ours.as_spelled), as_table(theirs.as_spelled)
            self._differ("wrong_quantity", ours.name, cause, ledger=ledger, retailpro=retailpro, moves=moves)
        elif ours.by_origin and theirs.by_origin and ours.by_origin != theirs.by_origin:
            cause = "the store that shipped was changed by hand"
            self._differ("wrong_origin", ours.name, cause, ledger=_origins(ours), retailpro=_origins(theirs))
        if ours.total is not None and theirs.total is not None and ours.total != theirs.total:
            cause = f"prices were changed by hand, or Retail Pro adds up another way than was sent{strange}"
            total, found = format(ours.total, "f"), format(theirs.total, "f")
            self._differ("wrong_total", ours.name, cause, ledger=total, retailpro=found)

    # ---- HotWax ------------------------------------------------------------------------------------------------------

    def _check_against_hotwax(self, case: Case) -> bool:
        """Compare with HotWax; whether something was excused, so that stock may not add up for this order yet."""
        if case.order is None:
            if case.unreadable and not case.excuse:
                cause = "it was deleted or changed in HotWax after Waybill was done with it"
                self._differ("unreadable_order", case.name, cause, ledger=str(case.stage), hotwax=case.unreadable)
            return False
        self._counts["units_shipped"] += sum(line.quantity for line in case.order.fulfilled)
        findings = list(check_order(case.order, case.documents, self._policy, case.known))
        for finding in findings:
            self._judge(case, finding)
        return any(finding.excuse for finding in findings)

    def _judge(self, case: Case, finding: Finding) -> None:
        """A difference, unless the order's state explains what was found."""
        excuse = finding.excuse or (case.excuse if finding.may_wait else None)
        if excuse:
            self._explained.append(Explained(kind=finding.kind, key=finding.key, reason=excuse, units=finding.units))
            return
        self._differ(finding.kind, finding.key, finding.cause, ledger=finding.ledger, hotwax=finding.hotwax)

    # ---- the end -----------------------------------------------------------------------------------------------------

    def strays(self) -> tuple[Document, ...]:
        """Retail Pro's documents that no order taken so far asked for."""
        return tuple(d[0] for identity, d in self._booked.items() if identity not in self._claimed)

    def claim(self, document: Document) -> None:
        """Say that the ledger asked for this document in an order that was not taken, since it is older."""
        self._claimed.setdefault(document.identity, "")
        self._stock.take_documents(self._booked.get(document.identity, ()))

    def verdict(self) -> Verdict:
        """What all of it came to."""
        for stray in self.strays():
            self._unasked(stray)
        if self._books and self._books.stock is not None:
            for difference in self._stock.differences(self._books.stock):
                self._differences.append(difference)
            self._explained += self._stock.unplaced
        with_stock = self._books is not None and self._books.stock is not None
        return Verdict(
            ok=not self._differences,
            retailpro=VERIFIED if self._books else NOT_VERIFIED,
            stock=VERIFIED if with_stock else NOT_VERIFIED,
            checked=self._checked(),
            invoiced={currency: format(total, "f") for currency, total in self._amounts.items()},
            differences=tuple(self._differences),
            explained=tuple(self._explained),
        )

    def _unasked(self, stray: Document) -> None:
        excuse = self._excuses.get(stray.number)
        what = f"order {stray.number} is {excuse}" if excuse else "no order in the ledger has this number"
        cause = f"made by hand, by another system, or by an attempt of ours that was refused: {what}"
        times = len(self._booked[stray.identity])
        told = f"{_way(stray)}, {int(sum(stray.by_upc.values()))} units" + (f", {times} times" if times > 1 else "")
        self._differ(f"unasked_{stray.kind}", stray.name, cause, retailpro=told, moves=stray.moves)

    def _checked(self) -> Mapping[str, int]:
        kinds = [identity[0] for identity, found in self._booked.items() for _ in found]
        counts = self._counts | {
            f"retailpro_{kind}s": kinds.count(kind) for kind in (EffectKind.INVOICE, EffectKind.SLIP)
        }
        return counts | {"stock_rows": self._stock.rows}

    def _differ(
        self,
        kind: str,
        key: str,
        cause: str,
        *,
        ledger: Value = None,
        hotwax: Value = None,
        retailpro: Value = None,
        moves: Mapping[Place, Decimal] | None = None,
    ) -> None:
        found = Difference(kind=kind, key=key, ledger=ledger, hotwax=hotwax, retailpro=retailpro, likely_cause=cause)
        self._differences.append(found)
        self._stock.touched(moves or {}, f"{kind} {key}")


def _way(document: Document) -> str:
    return f"{document.store} -> {document.to_store}" if document.to_store else document.store


def _origins(document: Document) -> Value:
    return as_table({f"{upc} from {store}": quantity for (store, upc), quantity in document.by_origin.items()})
