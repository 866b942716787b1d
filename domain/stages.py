"""Where an order stands (stage), why it does not go on (hold), and what became of a remote write (effect)."""

from enum import StrEnum

from domain.base import Frozen


class Stage(StrEnum):
    """The four stages and two ends of an order's life (design 5)."""

    AWAITING_LINES = "AWAITING_LINES"
    INVOICING = "INVOICING"
    TRANSFERRING = "TRANSFERRING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @property
    def is_end(self) -> bool:
        """Whether nothing more happens to an order in this stage unless the OMS changes it."""
        return self in {Stage.DONE, Stage.CANCELLED, Stage.SKIPPED}


class HoldCause(StrEnum):
    """The closed list of reasons for which an order, a purchase order or a feed of files is held."""

    UNMAPPED_STORE = "unmapped_store"
    UNMAPPED_PRODUCT = "unmapped_product"
    FIELD_TOO_LONG = "field_too_long"
    FIELD_MISSING = "field_missing"
    TOTALS_DIFFER = "totals_differ"
    UNKNOWN_ADJUSTMENT = "unknown_adjustment"
    DIGITAL_LINE = "digital_line"
    EXCHANGE_ORDER = "exchange_order"
    SELLING_STORE_UNKNOWN = "selling_store_unknown"
    DUPLICATE_ORDER_NO = "duplicate_order_no"
    REOPENED_LINE = "reopened_line"
    INVOICE_REJECTED = "invoice_rejected"
    INVOICE_UNKNOWN = "invoice_unknown"
    CONFIRMATION_OVERDUE = "confirmation_overdue"
    SLIP_REJECTED = "slip_rejected"
    SLIP_UNKNOWN = "slip_unknown"
    WRITE_BACK_REJECTED = "write_back_rejected"
    WRITE_BACK_UNKNOWN = "write_back_unknown"
    REMOTE_UNREACHABLE = "remote_unreachable"
    REMOTE_CONTRACT = "remote_contract"
    ORDER_NOT_FOUND = "order_not_found"
    DELETED_IN_NETSUITE = "deleted_in_netsuite"
    BAD_ROWS = "bad_rows"
    LINE_KEY_CHANGED = "line_key_changed"
    UNIT_NOT_EXACT = "unit_not_exact"
    IMPORT_REJECTED = "import_rejected"
    IMPORT_UNKNOWN = "import_unknown"
    IMPORT_NOT_TAKEN = "import_not_taken"
    GONE_IN_HOTWAX = "gone_in_hotwax"
    AMENDED_BELOW_RECEIVED = "amended_below_received"
    RECEIPT_UNREADABLE = "receipt_unreadable"
    RECEIPT_EXCESS = "receipt_excess"
    RECEIPT_UNPLANNED = "receipt_unplanned"
    RECEIPT_CHANGED = "receipt_changed"
    RECEIPT_REJECTED = "receipt_rejected"
    RECEIPT_UNKNOWN = "receipt_unknown"
    RECEIPT_UNANSWERED = "receipt_unanswered"
    RECEIPTS_NOT_TAKEN = "receipts_not_taken"
    STATUS_DIFFERS = "status_differs"
    HOST_KEY_UNKNOWN = "host_key_unknown"
    HOST_KEY_CHANGED = "host_key_changed"
    FILE_REFUSED = "file_refused"
    REMOTE_FORBIDS = "remote_forbids"
    RECEIVED_BEFORE = "received_before"
    UNEXPECTED_ERROR = "unexpected_error"
    FILE_STRANGE = "file_strange"


NEXT_ACTIONS: dict[HoldCause, str] = {
    HoldCause.UNMAPPED_STORE: "add the facility under [tenants.*.stores] in waybill.toml, then `resume`",
    HoldCause.UNMAPPED_PRODUCT: "give the product its UPC in HotWax, then `resume`",
    HoldCause.FIELD_TOO_LONG: "shorten the value at its source, or mend order_no_template, then `resume`",
    HoldCause.FIELD_MISSING: "add the value in HotWax, or a default in waybill.toml, then `resume`",
    HoldCause.TOTALS_DIFFER: "find which side is wrong; mend the order in HotWax or the tax mode, then `resume`",
    HoldCause.UNKNOWN_ADJUSTMENT: "mend it in HotWax, or add an order's fee to fees_with_shipping; then `resume`",
    HoldCause.DIGITAL_LINE: "set digital_lines in waybill.toml, then `resume`",
    HoldCause.EXCHANGE_ORDER: "set exchange_orders in waybill.toml, then `resume`; or `cancel`",
    HoldCause.SELLING_STORE_UNKNOWN: "add the selling store's attribute to the order in HotWax, then `resume`",
    HoldCause.DUPLICATE_ORDER_NO: "`cancel` the copy and `resume` the other; if Retail Pro has this one: `confirm`",
    HoldCause.REOPENED_LINE: "settle the invoiced line with the store (return or refulfill it), then `resume`",
    HoldCause.INVOICE_REJECTED: "mend what Retail Pro names, then `resume`; or `cancel`",
    HoldCause.INVOICE_UNKNOWN: "look for the order number in Retail Pro: `confirm` the number found, or `resend`",
    HoldCause.CONFIRMATION_OVERDUE: "ask the invoicing store to invoice it, then `resume`; or `confirm` its number",
    HoldCause.SLIP_REJECTED: "mend what Retail Pro names, then `resume`",
    HoldCause.SLIP_UNKNOWN: "look for the slip number in Retail Pro: `confirm` it, or `resend`",
    HoldCause.WRITE_BACK_REJECTED: "mend what HotWax names (is the identification type seeded?), then `resume`",
    HoldCause.WRITE_BACK_UNKNOWN: "look at the order's identifications in HotWax: `confirm`, or `resend`",
    HoldCause.REMOTE_UNREACHABLE: "nothing to do once the system is back: it is tried again; `resume` tries now",
    HoldCause.REMOTE_CONTRACT: "the remote's answer made no sense: read the evidence, mend the source, then `resume`",
    HoldCause.ORDER_NOT_FOUND: "check the order in HotWax, then `resume`; or `cancel`",
    HoldCause.DELETED_IN_NETSUITE: "`cancel` it, or `close` it where goods came; shown in NetSuite again, it goes on",
    HoldCause.BAD_ROWS: "mend the rows in NetSuite: its next file is read; or set partial_pos and `resume`; or `close`",
    HoldCause.LINE_KEY_CHANGED: "compare it in NetSuite: the same goods: `resume`; others need a line; or `close`",
    HoldCause.UNIT_NOT_EXACT: "mend the line's unit or rate in NetSuite, or the count in HotWax: it goes on by itself",
    HoldCause.IMPORT_REJECTED: "mend what HotWax names (product, facility), then `resume`: it is imported again",
    HoldCause.IMPORT_UNKNOWN: "look in HotWax's Data Manager log; not there or failed: `resume` imports it again",
    HoldCause.IMPORT_NOT_TAKEN: "set the line in HotWax by hand, or `resume`: it stays there as it is",
    HoldCause.GONE_IN_HOTWAX: "restore it in HotWax (its external id): it goes on by itself; `resume` imports it anew",
    HoldCause.AMENDED_BELOW_RECEIVED: "raise the line in NetSuite again, or `resume`: HotWax takes the lower quantity",
    HoldCause.RECEIPT_UNREADABLE: "mend the receipt's row in HotWax: it goes on by itself; `resume` leaves the row out",
    HoldCause.RECEIPT_EXCESS: "receive it in NetSuite by hand, or return the goods; then `resume` goes on without it",
    HoldCause.RECEIPT_UNPLANNED: "add a line for the product in NetSuite: it is received on it; `resume` ignores it",
    HoldCause.RECEIPT_CHANGED: "put the item receipt in NetSuite right by hand, then `resume`",
    HoldCause.RECEIPT_REJECTED: "mend what NetSuite names, then `resume`: it is sent again",
    HoldCause.RECEIPT_UNKNOWN: "look in NetSuite: not there: `resend_receipt`; there: `resume`",
    HoldCause.RECEIPT_UNANSWERED: "check NetSuite's import script; `resume` waits again, `resend_receipt` sends again",
    HoldCause.RECEIPTS_NOT_TAKEN: "get NetSuite's import script going, or remove the file it dies on",
    HoldCause.STATUS_DIFFERS: "compare with NetSuite (`waybill prove`) and mend it there; `resume` takes it as it is",
    HoldCause.HOST_KEY_UNKNOWN: "check the server's fingerprint with its owner, pin it in waybill.toml: it goes on",
    HoldCause.HOST_KEY_CHANGED: "ask the server's owner why; only if it was meant pin the new key: it goes on",
    HoldCause.REMOTE_FORBIDS: "mend the key, the password or the rights that the evidence names: it goes on by itself",
    HoldCause.RECEIVED_BEFORE: "receive it in NetSuite by hand if it is missing there; `resume` goes on without it",
    HoldCause.UNEXPECTED_ERROR: "a full disk, or a defect of Waybill: see the worker's log; tried again by itself",
    HoldCause.FILE_STRANGE: "a restored ledger: export everything again in NetSuite; else find who else sends there",
    HoldCause.FILE_REFUSED: "read why in the evidence; have the file written again under a new name",
}


_RUN_ACTIONS = {
    HoldCause.REMOTE_UNREACHABLE: "nothing to do once the system is back: the run tries again by itself",
    HoldCause.REMOTE_CONTRACT: "the remote's answer made no sense: mend what the evidence names: it goes on by itself",
}
"""What is done otherwise where a cause holds a run: nobody resumes one."""

_PASSING = frozenset(
    {
        HoldCause.REMOTE_UNREACHABLE,
        HoldCause.REMOTE_CONTRACT,
        HoldCause.ORDER_NOT_FOUND,
        HoldCause.IMPORT_UNKNOWN,
        HoldCause.RECEIPT_UNKNOWN,
        HoldCause.RECEIPT_UNANSWERED,
    }
)


class Hold(Frozen):
    """Why an order does not go on: a cause, what it is about, and the evidence.

    `subject` groups orders that wait for the same thing (a facility, a product, a remote system); it is empty
    where each order is a case of its own. Evidence never has personal data.
    """

    cause: HoldCause
    subject: str = ""
    evidence: str = ""

    @property
    def key(self) -> str:
        """The name of the systematic cause, as operators write it: `unmapped_store:DMA07`."""
        return f"{self.cause}:{self.subject}" if self.subject else str(self.cause)

    @property
    def may_pass(self) -> bool:
        """Whether the cause may go away by itself, so that the order tries again after a while."""
        return self.cause in _PASSING

    @property
    def next_action(self) -> str:
        """What an operator does about it, in one sentence."""
        return NEXT_ACTIONS[self.cause]

    @property
    def next_action_of_run(self) -> str:
        """The same where it holds a run, which tries again by itself and is never resumed."""
        return _RUN_ACTIONS.get(self.cause, self.next_action)


class EffectKind(StrEnum):
    """The remote writes: three of an order's life, uploads that serve many purchase orders at once, item receipts."""

    INVOICE = "invoice"
    SLIP = "slip"
    WRITE_BACK = "write_back"
    PO_IMPORT = "po_import"
    PO_CLOSE = "po_close"
    RECEIPT_FILE = "receipt_file"
    STOCK_RECEIPT_FILE = "stock_receipt_file"
    """For HotWax's stock importer, which makes a receipt as often as it reads it, and finds none by its name."""
    ITEM_RECEIPT = "item_receipt"


RECEIPT_FILES = frozenset({EffectKind.RECEIPT_FILE, EffectKind.STOCK_RECEIPT_FILE})


class EffectState(StrEnum):
    """What became of a remote write (design 8).

    `planned`: promised, never on the wire. `sending`: committed before the socket is opened. `unknown`: sent, and the
    answer was lost.
    """

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    DONE = "done"

    @property
    def may_exist(self) -> bool:
        """Whether the remote system may already have it, so that its body must not change any more."""
        return self in {EffectState.SENDING, EffectState.UNKNOWN, EffectState.DONE}


HOLD_OF_EFFECT: dict[tuple[EffectKind, EffectState], HoldCause] = {
    (EffectKind.INVOICE, EffectState.REJECTED): HoldCause.INVOICE_REJECTED,
    (EffectKind.INVOICE, EffectState.UNKNOWN): HoldCause.INVOICE_UNKNOWN,
    (EffectKind.SLIP, EffectState.REJECTED): HoldCause.SLIP_REJECTED,
    (EffectKind.SLIP, EffectState.UNKNOWN): HoldCause.SLIP_UNKNOWN,
    (EffectKind.WRITE_BACK, EffectState.REJECTED): HoldCause.WRITE_BACK_REJECTED,
    (EffectKind.WRITE_BACK, EffectState.UNKNOWN): HoldCause.WRITE_BACK_UNKNOWN,
}
