"""What operators may ask of an order, and why a request is refused."""

from enum import StrEnum

from pydantic import Field

from domain.base import Frozen
from domain.channel import OrderKind
from domain.seen import Sight
from domain.stages import Hold, HoldCause, Stage


class Verb(StrEnum):
    """The operator commands (design 5)."""

    CANCEL = "cancel"
    FORCE_INVOICE = "force_invoice"
    RESUME = "resume"
    CONFIRM = "confirm"
    RESEND = "resend"


class Command(Frozen):
    """One request by an operator. Every one says who and why (P5); `id` makes a repeat harmless.

    `store` names the invoicing store of a forced invoice; `effect` and `number` say which remote write a
    `confirm` or `resend` is about, and the number that was found. Both may stay empty where only one is in question.
    `seen` marks the hold that the operator saw, where a `resume` is to be of just that one.
    """

    id: str = Field(min_length=1, max_length=100)
    operator: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)
    store: str | None = Field(default=None, max_length=20)
    effect: str | None = Field(default=None, max_length=200)
    number: str | None = Field(default=None, min_length=1, max_length=100)
    seen: str | None = Field(default=None, min_length=1, max_length=20)


class CommandAnswer(Frozen):
    """What became of a command, in words an operator can act on."""

    accepted: bool
    message: str


class Situation(Frozen):
    """What a command is judged by: where the order stands now."""

    stage: Stage
    hold: HoldCause | None = None
    fulfilled_due: int = 0
    """Fulfilled lines that are on no invoice yet."""
    invoices: int = 0
    """Invoices that exist."""
    kind: OrderKind = OrderKind.INVOICED
    cancelled_by_operator: bool = False
    sending: bool = False
    """Whether an invoice may be on its way: promised to the wire, answer not known."""
    in_doubt: tuple[str, ...] = ()
    """Keys of remote writes that an operator may confirm or resend."""
    unconfirmed: tuple[str, ...] = ()
    """Keys of invoices that exist and that the store has not confirmed: these may be confirmed, never resent."""


def refusal(verb: Verb, command: Command, situation: Situation) -> str | None:
    """Why this command makes no sense now, with what to do instead; None when it does."""
    match verb:
        case Verb.CANCEL:
            return _cancel_refusal(situation)
        case Verb.FORCE_INVOICE:
            return _force_refusal(situation)
        case Verb.RESUME:
            goes_on = situation.hold is not None or situation.cancelled_by_operator
            return None if goes_on else f"the order is not held: it is {situation.stage}"
        case Verb.CONFIRM:
            if not command.number:
                return "confirm needs the number that was found in the remote system"
            return _choice_refusal(command, situation.in_doubt + situation.unconfirmed)
        case Verb.RESEND:
            return _choice_refusal(command, situation.in_doubt)


def _cancel_refusal(situation: Situation) -> str | None:
    if situation.invoices:
        return "the order is invoiced: return or credit it in Retail Pro, its books hold the document"
    if situation.stage.is_end:
        return f"the order has ended: it is {situation.stage}"
    if situation.stage is Stage.TRANSFERRING:
        return "the order was sold at a point of sale: void it in Retail Pro; its transfers put stock right"
    return None


def _force_refusal(situation: Situation) -> str | None:
    if situation.stage.is_end:
        return f"the order has ended: it is {situation.stage}"
    if situation.kind in {OrderKind.SEND_SALE, OrderKind.CARRIED_OUT}:
        return "the order was invoiced at a point of sale: Waybill makes its transfers only"
    if situation.hold is HoldCause.EXCHANGE_ORDER:
        return "an exchange order needs the tenant's rule: set exchange_orders in waybill.toml, then resume"
    if situation.sending:
        return "an invoice of this order is under way: wait for its outcome"
    if not situation.fulfilled_due:
        return "nothing is fulfilled that is not on an invoice yet"
    return None


def _choice_refusal(command: Command, choices: tuple[str, ...]) -> str | None:
    if not choices:
        return "no remote write of this order is in doubt"
    if command.effect is None and len(choices) > 1:
        return f"say which one with --effect: {', '.join(choices)}"
    if command.effect is not None and command.effect not in choices:
        return f"{command.effect} is not in doubt; in doubt: {', '.join(choices)}"
    return None


def effect_in_question(command: Command, situation: Situation) -> str:
    """The key of the remote write that an accepted confirm or resend is about."""
    return command.effect or (situation.in_doubt + situation.unconfirmed)[0]


def order_sight(hold: Hold | None) -> Sight:
    """What an operator sees of an order with this hold: lines that changed after their invoice are taken as settled."""
    told = (hold.evidence,) if hold else ()
    is_settling = hold is not None and hold.cause is HoldCause.REOPENED_LINE
    return Sight(hold=hold, told=told, acknowledges=told if is_settling else ())
