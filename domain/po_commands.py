"""What operators may ask of a purchase order, why a request is refused, and what an accepted one changes."""

from domain.base import Frozen
from domain.po_agreed import acknowledging
from domain.po_plan import has_received, is_cancelled
from domain.po_standing import is_said_to_be_there
from domain.purchase_order import (
    NetSuiteMode,
    PoMemory,
    PoPlan,
    PoStage,
    PoVerb,
    ReceiptFact,
    ReceiptState,
    Settlement,
)
from domain.seen import Sight
from domain.stages import HoldCause


class PoSituation(Frozen):
    """What a command is judged by: where the purchase order stands now."""

    stage: PoStage
    hold: HoldCause | None = None
    received: bool = False
    """Whether a store has received anything of it."""
    in_hotwax: bool = False
    """Whether HotWax has it, or may have it soon."""
    cancelled_by_operator: bool = False
    closed_by_operator: bool = False
    on_the_way: tuple[str, ...] = ()
    """Receipts that NetSuite has yet to answer."""
    in_doubt: tuple[str, ...] = ()
    """Receipts whose fate nobody knows."""
    rejected: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    """Receipts that the stock importer took without a word: sent again only when they are named."""
    believed: tuple[str, ...] = ()
    """Receipts in doubt that an operator said to be in NetSuite: sent again only when they are named."""


def situation_of(memory: PoMemory, plan: PoPlan) -> PoSituation:
    """Where a purchase order stands by its memory and what it owes.

    A receipt whose answer is overdue is in doubt like one that got none: an operator may look and send it again.
    """
    is_overdue = plan.hold is not None and plan.hold.cause is HoldCause.RECEIPT_UNANSWERED
    by_state: dict[ReceiptState, list[str]] = {}
    believed = list[str]()
    for receipt in memory.receipts:
        state = receipt.state
        if is_said_to_be_there(receipt, memory):
            believed.append(receipt.receipt_id)
            continue
        if state is ReceiptState.SENT and is_overdue:
            state = ReceiptState.UNKNOWN
        by_state.setdefault(state, []).append(receipt.receipt_id)
    return PoSituation(
        stage=plan.stage,
        hold=plan.hold.cause if plan.hold else None,
        received=has_received(memory),
        in_hotwax=bool(memory.imported) or memory.import_state.value in {"sent", "unknown"},
        cancelled_by_operator=memory.cancel_wanted,
        closed_by_operator=memory.close_wanted,
        on_the_way=(*by_state.get(ReceiptState.PROMISED, ()), *by_state.get(ReceiptState.SENT, ())),
        in_doubt=tuple(by_state.get(ReceiptState.UNKNOWN, ())),
        rejected=tuple(by_state.get(ReceiptState.REJECTED, ())),
        unverified=tuple(by_state.get(ReceiptState.UNVERIFIED, ())),
        believed=tuple(believed),
    )


# ---- refusals --------------------------------------------------------------------------------------------------------


def refusal(verb: PoVerb, situation: PoSituation, receipt: str | None = None) -> str | None:
    """Why this command makes no sense now, with what to do instead; None when it does.

    Args:
        verb: what is asked.
        situation: where the purchase order stands.
        receipt: the receipt that `resend_receipt` names; None where only one is in question.
    """
    match verb:
        case PoVerb.RESUME:
            if situation.hold is HoldCause.DELETED_IN_NETSUITE:
                return (
                    "NetSuite has it no more, and it goes on by itself when it is shown again: `cancel` or `close` it"
                )
            goes_on = situation.hold or situation.cancelled_by_operator or situation.closed_by_operator
            return None if goes_on else f"the purchase order is not held: it is {situation.stage}"
        case PoVerb.CANCEL:
            return _cancel_refusal(situation)
        case PoVerb.CLOSE:
            return _close_refusal(situation)
        case PoVerb.RESEND_RECEIPT:
            return _resend_refusal(situation, receipt)


def _cancel_refusal(situation: PoSituation) -> str | None:
    if situation.stage.is_end:
        return f"the purchase order has ended: it is {situation.stage}"
    if situation.received:
        return "goods were received: `close` the remainder instead; what was received goes into NetSuite"
    if situation.cancelled_by_operator:
        return f"it is being cancelled already: {_awaited(situation, 'HotWax has yet to close it')}"
    return None


def _close_refusal(situation: PoSituation) -> str | None:
    if situation.stage.is_end:
        return f"the purchase order has ended: it is {situation.stage}"
    if situation.closed_by_operator:
        return f"it is being closed already: {_awaited(situation, 'HotWax or NetSuite has yet to answer')}"
    if not (situation.in_hotwax or situation.received):
        return "HotWax does not have it yet, so no remainder is open there: `cancel` it instead"
    return None


def _awaited(situation: PoSituation, otherwise: str) -> str:
    """What it waits for while it ends."""
    return f"it is held, see what {situation.hold} needs" if situation.hold else otherwise


def _resend_refusal(situation: PoSituation, receipt: str | None) -> str | None:
    choices = situation.in_doubt + situation.rejected
    if receipt is None:
        return _choice_refusal(situation, choices)
    if receipt in choices + situation.unverified + situation.believed:
        return None
    if receipt in situation.on_the_way:
        return f"receipt {receipt} is on its way: wait for NetSuite's answer, a second one could be made"
    told = f"; in doubt or rejected: {', '.join(choices)}" if choices else ""
    return f"receipt {receipt} is neither in doubt nor rejected{told}; one that NetSuite has confirmed is mended there"


def _choice_refusal(situation: PoSituation, choices: tuple[str, ...]) -> str | None:
    if len(choices) > 1:
        return f"say which receipt: {', '.join(choices)}"
    if choices:
        return None
    if situation.on_the_way:
        return f"receipt {situation.on_the_way[0]} is on its way: wait for NetSuite's answer"
    return "no receipt of this purchase order is in doubt or rejected"


def receipt_in_question(situation: PoSituation, receipt: str | None = None) -> str:
    """The receipt that an accepted `resend_receipt` is about."""
    return receipt or (situation.in_doubt + situation.rejected)[0]


# ---- the hold that an operator saw -----------------------------------------------------------------------------------


def po_sight(plan: PoPlan) -> Sight:
    """What an operator sees of a purchase order that owes this."""
    settled = tuple(settlement.model_dump_json() for settlement in plan.settles)
    return Sight(hold=plan.hold, told=plan.told, acknowledges=plan.acknowledges, settles=settled)


# ---- what an accepted command changes --------------------------------------------------------------------------------


class Resumption(Frozen):
    """What a `resume` changes in the ledger."""

    acknowledged: frozenset[str] = frozenset()
    """All that is gone on without, from now on."""
    settled: tuple[Settlement, ...] = ()
    """What counts of sent receipts, since NetSuite was put right by hand."""
    send_again: tuple[str, ...] = ()
    """Rejected receipts, to be planned anew."""
    import_again: bool = False
    """Whether the refused or doubtful upload is planned anew."""
    withdraw: bool = False
    """Whether an earlier cancel or close is taken back."""


def resumption(memory: PoMemory, plan: PoPlan) -> Resumption:
    """What a `resume` of this hold means; without a hold it takes back an operator's cancel or close."""
    cause = plan.hold.cause if plan.hold else None
    rejected = (r.receipt_id for r in memory.receipts if r.state is ReceiptState.REJECTED)
    return Resumption(
        acknowledged=acknowledging(
            memory.acknowledged, (*plan.acknowledges, *(s.overtakes for s in plan.settles if s.overtakes))
        ),
        settled=plan.settles,
        send_again=tuple(rejected) if cause is HoldCause.RECEIPT_REJECTED else (),
        import_again=cause in {HoldCause.IMPORT_REJECTED, HoldCause.IMPORT_UNKNOWN, HoldCause.GONE_IN_HOTWAX},
        withdraw=cause is None and (memory.cancel_wanted or memory.close_wanted),
    )


def told_of_resume(memory: PoMemory, plan: PoPlan) -> str:
    """What an accepted `resume` goes on without, and what becomes of an operator's cancel or close, for its answer."""
    without = po_sight(plan).went_on_without
    if not (is_cancelled(memory) or memory.close_wanted):
        return without
    verb = "cancel" if is_cancelled(memory) else "close"
    stands = f"the {verb} stands: `resume` takes it back once the purchase order is not held"
    return f"{without}; {stands}" if plan.hold else f"{without}; the {verb} is taken back"


def sent_again(receipt: ReceiptFact, mode: NetSuiteMode) -> ReceiptFact:
    """The receipt as it is remembered from now on, to be sent again.

    A repeat is found by its external id and makes nothing (netsuite 3), so one in doubt goes again exactly as it was:
    what NetSuite has and what we believe stay the same. For the stock importer the operator has looked.
    """
    stays = mode is not NetSuiteMode.STOCK and receipt.state in {ReceiptState.UNKNOWN, ReceiptState.SENT}
    changes = {"state": ReceiptState.NEW, "problem": "", "named": None, "in_doubt": stays}
    return receipt.model_copy(update=changes if stays else changes | {"sent": {}, "held_back": {}})
