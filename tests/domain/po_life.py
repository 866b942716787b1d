"""A pure life of one purchase order: NetSuite, HotWax, the ledger and an operator, as far as the rules can see them.

NetSuite computes its status from what it received and refuses what it would refuse (netsuite 1, 4; hotwax 4.5);
its stock importer receives lines that nobody named in full, ours looks for the external id first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.po_commands import receipt_in_question, refusal, resumption, sent_again, situation_of
from domain.po_plan import plan_po
from domain.po_standing import with_newest_word
from domain.purchase_order import (
    ZERO,
    ImportedLine,
    ImportState,
    NetSuiteMode,
    PoLine,
    PoMemory,
    PoPlan,
    PoPolicy,
    PoStatus,
    PoVerb,
    PurchaseOrder,
    ReceiptFact,
    ReceiptState,
    ReceiptToSend,
    Settlement,
)
from domain.stages import HoldCause

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Fate(StrEnum):
    """What becomes of one upload, or of one receipt file."""

    DONE = "done"
    REJECTED = "rejected"
    LOST_BEFORE = "lost before it arrived"
    LOST_AFTER = "lost after it was taken"
    LATE = "taken, and not answered yet"
    WAITS = "promised, and not in a file yet"
    IGNORED = "taken without an error, and nothing done"


@dataclass
class NetSuite:
    """The purchase order's own books: lines, and the item receipts made of it."""

    lines: dict[str, PoLine]
    takes_overage: bool
    mode: NetSuiteMode
    closed: bool = False
    rejected: bool = False
    item_receipts: list[tuple[str, Mapping[str, Decimal]]] = field(default_factory=list)

    def received(self, line_id: str) -> Decimal:
        """What was received of the line, in its unit."""
        return sum((made.get(line_id, ZERO) for _, made in self.item_receipts), ZERO)

    def left(self) -> dict[str, Decimal]:
        """The lines that a receipt may name, with what is left of them."""
        if self.closed or self.rejected:
            return {}
        rest = {i: line.quantity - self.received(i) for i, line in self.lines.items() if not line.closed}
        return {line_id: quantity for line_id, quantity in rest.items() if quantity > 0}

    @property
    def status(self) -> PoStatus:
        """As NetSuite computes it."""
        if self.rejected:
            return PoStatus.REJECTED
        if self.closed:
            return PoStatus.CLOSED
        if not any(self.received(line_id) for line_id in self.lines):
            return PoStatus.PENDING_RECEIPT
        return PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED if self.left() else PoStatus.PENDING_BILLING

    def has(self, receipt_id: str) -> bool:
        """Whether an item receipt of this receipt exists."""
        return any(made_of == receipt_id for made_of, _ in self.item_receipts)

    def take(self, receipt: ReceiptToSend) -> str | None:
        """Make the item receipt, or say why not."""
        if self.mode is NetSuiteMode.WAYBILL and self.has(receipt.receipt_id):
            return None
        left = self.left()
        if wrong := receipt.quantities.keys() - left.keys():
            return f"lines {sorted(wrong)} are not on the receipt"
        made = {line_id: quantity for line_id, quantity in receipt.quantities.items() if quantity}
        if not made:
            return "a receipt needs a line"
        if not self.takes_overage and any(quantity > left[line_id] for line_id, quantity in made.items()):
            return "more than is left"
        if self.mode is NetSuiteMode.STOCK:
            made |= {line_id: rest for line_id, rest in left.items() if line_id not in receipt.quantities}
        self.item_receipts.append((receipt.receipt_id, made))
        return None

    def told(self) -> PurchaseOrder:
        """The purchase order as the exporter writes it now."""
        lines = [line.model_copy(update={"received": self.received(i)}) for i, line in sorted(self.lines.items())]
        return PurchaseOrder(tenant="gt", po_id="4410021", status=self.status, lines=tuple(lines))


class Life:
    """One purchase order from its first file to its end."""

    def __init__(self, lines: list[PoLine], policy: PoPolicy) -> None:
        self.policy = policy
        overage = policy.over_receipt_percent > 0
        self.netsuite = NetSuite({line.line_id: line for line in lines}, overage, policy.netsuite_mode)
        self.po = self.netsuite.told()
        self.memory = PoMemory()
        self.plan = self.assess()
        self.was_amended = False
        self.promised: ReceiptToSend | None = None

    def remember(self, **changes: object) -> None:
        """Change what the ledger remembers."""
        self.memory = self.memory.model_copy(update=changes)

    # ---- NetSuite ----------------------------------------------------------------------------------------------------

    def export(self) -> None:
        """A file tells the purchase order as it is now; with the stock importer nothing is told of receipts."""
        told = self.netsuite.told()
        if self.policy.netsuite_mode is NetSuiteMode.STOCK:
            status = told.status if self.netsuite.closed or self.netsuite.rejected else None
            lines = tuple(line.model_copy(update={"received": None}) for line in told.lines)
            told = told.model_copy(update={"status": status, "lines": lines})
        self.po = told

    def amend(self, number: int, quantity: Decimal) -> None:
        """A line's quantity is changed, never below what was received, as NetSuite allows."""
        line_id = sorted(self.netsuite.lines)[number % len(self.netsuite.lines)]
        line = self.netsuite.lines[line_id]
        self.was_amended = True
        self._change(line, quantity=max(quantity, self.netsuite.received(line_id)) or line.quantity)

    def add_line(self, sku: str, quantity: Decimal) -> None:
        """A new line is added."""
        line_id = str(1 + 3 * len(self.netsuite.lines))
        added_at = START + timedelta(minutes=len(self.memory.receipts) + 0.5)
        self.netsuite.lines[line_id] = a_line(line_id, quantity, sku=sku, added_at=added_at)
        self.export()

    def close_line(self, number: int) -> None:
        """A line is closed in NetSuite."""
        line_id = sorted(self.netsuite.lines)[number % len(self.netsuite.lines)]
        self._change(self.netsuite.lines[line_id], closed=True)

    def _change(self, line: PoLine, **changes: object) -> None:
        self.netsuite.lines[line.line_id] = line.model_copy(update=changes)
        self.export()

    def end_in_netsuite(self, *, rejected: bool) -> None:
        """The purchase order is closed, or rejected while nothing was received."""
        if rejected and self.netsuite.item_receipts:
            return
        self.netsuite.closed, self.netsuite.rejected = not rejected, rejected
        self.export()

    # ---- HotWax and the stores ---------------------------------------------------------------------------------------

    def receive(self, numbers: Mapping[int, int], unplanned: int = 0) -> None:
        """A store receives so many pieces of the lines that HotWax has open, and of a product it did not expect."""
        open_lines = sorted(i for i, line in self.memory.imported.items() if not line.closed)
        if not open_lines:
            return
        pieces = {open_lines[n % len(open_lines)]: Decimal(count) for n, count in sorted(numbers.items()) if count}
        receipts = self.memory.receipts
        number = len(receipts) + 1
        extra = {"NEW-1": Decimal(unplanned)} if unplanned else {}
        at = START + timedelta(minutes=number)
        fact = ReceiptFact(receipt_id=f"R{number}", received_at=at, pieces=pieces, unplanned=extra)
        self.remember(receipts=(*receipts, fact))

    def correct(self, number: int, change: int) -> None:
        """A receipt's count is corrected in HotWax, whether or not it was passed on."""
        if not self.memory.receipts:
            return
        receipt = self.memory.receipts[number % len(self.memory.receipts)]
        pieces = {i: max(ZERO, got + change) for i, got in receipt.pieces.items()}
        is_promised = receipt.state is ReceiptState.PROMISED
        self.promised = None if is_promised else self.promised
        state = ReceiptState.NEW if is_promised else receipt.state
        self._replace(receipt.model_copy(update={"pieces": pieces, "state": state}))

    def close_in_store(self, number: int) -> None:
        """A store closes a line, short or not."""
        lines = sorted(self.memory.imported)
        if lines:
            line_id = lines[number % len(lines)]
            imported = dict(self.memory.imported)
            imported[line_id] = imported[line_id].model_copy(update={"closed": True})
            self.remember(imported=imported, closed_in_oms=self.memory.closed_in_oms | {line_id})

    def _replace(self, receipt: ReceiptFact) -> None:
        receipts = tuple(receipt if r.receipt_id == receipt.receipt_id else r for r in self.memory.receipts)
        self.remember(receipts=receipts)

    # ---- what is owed, and done --------------------------------------------------------------------------------------

    def assess(self) -> PoPlan:
        """Plan, and keep the stage and what was received before us, as the ledger does."""
        self.plan = plan_po(self.po, self.memory, self.policy)
        self.memory = with_newest_word(self.po, self.memory)
        self.remember(stage=self.plan.stage)
        return self.plan

    def work(self, import_fate: Fate = Fate.DONE, receipt_fate: Fate = Fate.DONE) -> None:
        """Plan and do what is owed."""
        plan = self.assess()
        if plan.import_lines:
            self._upload(plan.import_lines, import_fate)
        for receipt in self.memory.receipts:
            if receipt.receipt_id in plan.withdraw:
                self._replace(receipt.model_copy(update={"state": ReceiptState.NEW}))
                self.promised = None
        if plan.send:
            self._promise(plan.send)
        if self.promised and receipt_fate is not Fate.WAITS:
            self._send_file(self.promised, receipt_fate)

    def _upload(self, lines: tuple[ImportedLine, ...], fate: Fate) -> None:
        self.remember(asked={line.line_id: line for line in lines}, import_problem="no such product")
        if fate in {Fate.DONE, Fate.LOST_AFTER, Fate.LATE}:
            self.remember(imported=dict(self.memory.imported) | {line.line_id: line for line in lines})
        states = {Fate.REJECTED: ImportState.REJECTED, Fate.LATE: ImportState.SENT, Fate.WAITS: ImportState.WANTED}
        unknown = dict.fromkeys((Fate.LOST_AFTER, Fate.LOST_BEFORE), ImportState.UNKNOWN)
        self.remember(import_state=(states | unknown).get(fate, ImportState.DONE))

    def _promise(self, owed: ReceiptToSend) -> None:
        receipt = next(r for r in self.memory.receipts if r.receipt_id == owed.receipt_id)
        sent = {line_id: quantity for line_id, quantity in owed.quantities.items() if quantity}
        self.promised = owed
        changes = {"sent": sent, "held_back": owed.held_back, "named": frozenset(owed.quantities)}
        self._replace(receipt.model_copy(update=changes | {"state": ReceiptState.PROMISED}))
        assert plan_po(self.po, self.memory, self.policy).goes == owed.receipt_id

    def _send_file(self, owed: ReceiptToSend, fate: Fate) -> None:
        self.promised = None
        receipt = next(r for r in self.memory.receipts if r.receipt_id == owed.receipt_id)
        assert receipt.in_doubt or self.netsuite.left().keys() <= owed.quantities.keys()
        is_known = self.policy.netsuite_mode is NetSuiteMode.WAYBILL and self.netsuite.has(owed.receipt_id)
        if fate is Fate.REJECTED and not is_known:
            self._answer(receipt, "a closed period")
            return
        refused = None if fate is Fate.LOST_BEFORE else self.netsuite.take(owed)
        if fate in {Fate.LOST_BEFORE, Fate.LOST_AFTER, Fate.LATE}:
            state = ReceiptState.SENT if fate is Fate.LATE else ReceiptState.UNKNOWN
            self._replace(receipt.model_copy(update={"state": state}))
            return
        self._answer(receipt, refused)

    def _answer(self, receipt: ReceiptFact, problem: str | None) -> None:
        if problem:
            self._replace(receipt.model_copy(update={"state": ReceiptState.REJECTED, "problem": problem}))
            return
        is_stock = self.policy.netsuite_mode is NetSuiteMode.STOCK
        state = ReceiptState.UNVERIFIED if is_stock else ReceiptState.CREATED
        self._replace(receipt.model_copy(update={"state": state, "in_doubt": False}))
        if not is_stock:
            self.remember(status_after=self.netsuite.status)

    def answer(self) -> None:
        """What was late comes in: HotWax's import ends, NetSuite answers its file."""
        if self.memory.import_state is ImportState.SENT:
            self.remember(import_state=ImportState.DONE)
        for receipt in self.memory.receipts:
            if receipt.state is ReceiptState.SENT:
                self._answer(receipt, None if self.netsuite.has(receipt.receipt_id) else "refused")

    # ---- the operator ------------------------------------------------------------------------------------------------

    def ask(self, verb: PoVerb) -> None:
        """A command, refused or carried out as the ledger does it."""
        plan = self.assess()
        situation = situation_of(self.memory, plan)
        if refusal(verb, situation) is not None:
            return
        match verb:
            case PoVerb.CANCEL:
                self.remember(cancel_wanted=True)
            case PoVerb.CLOSE:
                self.remember(close_wanted=True)
            case PoVerb.RESEND_RECEIPT:
                self._send_again(receipt_in_question(situation))
            case PoVerb.RESUME:
                self._resume(plan)

    def _send_again(self, receipt_id: str) -> None:
        receipt = next(r for r in self.memory.receipts if r.receipt_id == receipt_id)
        if self.policy.netsuite_mode is NetSuiteMode.WAYBILL or not self.netsuite.has(receipt_id):
            self._replace(sent_again(receipt, self.policy.netsuite_mode))

    def _resume(self, plan: PoPlan) -> None:
        """Resume; one in doubt is only resumed after a look into NetSuite, and sent again where it is not there."""
        if plan.hold and plan.hold.cause is HoldCause.RECEIPT_UNKNOWN:
            lost = [r for r in self.memory.receipts if r.state is ReceiptState.UNKNOWN]
            for receipt in lost:
                if not self.netsuite.has(receipt.receipt_id):
                    self._send_again(receipt.receipt_id)
                    return
        change = resumption(self.memory, plan)
        self.remember(acknowledged=change.acknowledged)
        for settlement in change.settled:
            self._put_right(settlement)
        for receipt_id in change.send_again:
            self._send_again(receipt_id)
        if change.import_again:
            self.remember(import_state=ImportState.NONE)
        if change.withdraw:
            self.remember(cancel_wanted=False, close_wanted=False)

    def _put_right(self, settled: Settlement) -> None:
        """The item receipt is put right in NetSuite by hand, and what it has now counts."""
        books, line_id = self.netsuite.item_receipts, settled.line_id
        changes: Mapping[str, Decimal] = {line_id: settled.sent}
        books[:] = [(of, {**made, **changes} if of == settled.receipt_id else made) for of, made in books]
        receipt = next(r for r in self.memory.receipts if r.receipt_id == settled.receipt_id)
        sent, held = {**receipt.sent, **changes}, dict(receipt.held_back) | {line_id: settled.held_back}
        there = {"sent": {i: n for i, n in sent.items() if n}, "held_back": {i: n for i, n in held.items() if n}}
        self._replace(receipt.model_copy(update=there))


def a_line(line_id: str = "1", quantity: Decimal | int = 10, **more: object) -> PoLine:
    """A line of pieces, unless `unit_rate` says otherwise."""
    given = {"line_id": line_id, "sku": f"SKU-{line_id}", "quantity": Decimal(quantity), "facility": "17"}
    return PoLine.model_validate({**given, **more})
