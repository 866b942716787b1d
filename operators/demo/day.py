"""The demo's day: one entry for each kind of order. To show one more case, add one more entry."""

from typing import Any

from domain.stages import HoldCause, Stage
from operators.demo.cases import ELSEWHERE, HERE, THERE, Case, Deed, End, Line, When, done
from operators.demo.goods import AIRPORT, CHAIR, GIFT_CARD, LAMP, MUG, NOWHERE, VASE

OPEN = End(Stage.AWAITING_LINES)
SKIPPED = End(Stage.SKIPPED)
CANCELLED = End(Stage.CANCELLED)

FORCED = "partial, forced by an operator; the rest follows on a second invoice"
COPY = "the copy, cancelled by an operator"
UNMAPPED = "a store that no mapping knows, until an operator adds it"
KILLED = "a worker is killed while its invoice is on the wire"
LOST_ANSWER = "the answer to its invoice is lost after Retail Pro made it"
TIMEOUT = "Retail Pro makes its invoice and answers too late"
IMPORTED_TWICE = "imported twice: one of two orders with one number"

STATE_COUNTY_CITY = (0.06, 0.0125, 0.005)
LONG_NAME: dict[str, Any] = {
    "toName": "Maximiliana Alejandra Fernanda Montenegro y Saravia de los Santos",
    "address1": "12th floor, the red brick building behind the old harbor customs house, 4 Pier Street",
}
CASH_ON_DELIVERY = [{"paymentMethodTypeId": "EXT_SHOP_CASH_ON_DEL", "statusId": "PAYMENT_NOT_RECEIVED"}]

STORMY = "Retail Pro answers 429 to six calls in a row"
# Counted in calls: on a busy machine a few seconds may pass without one, and a storm that met nobody proves nothing.
STORM = {"kind": "status", "status": 429, "retry_after": 1, "system": "retailpro", "calls": list(range(40, 46))}

DAY: tuple[Case, ...] = (
    # ---- plain days ----------------------------------------------------------------------------------------------
    Case("one store", (Line(HERE),), times=9),
    Case("one store, two products", (Line(HERE, MUG, 2), Line(HERE, LAMP)), times=3),
    Case("two stores", (Line(HERE, LAMP), Line(THERE, CHAIR)), done(slips=1), times=7),
    Case("three stores", (Line(HERE), Line(THERE, LAMP), Line(ELSEWHERE, CHAIR)), done(slips=2), times=4),
    Case(
        "invoiced by a store that never had the product",
        (Line(HERE, ships=3), Line(THERE, VASE, ships=8)),
        done(slips=1),
        times=3,
    ),
    # ---- pick-up and points of sale ------------------------------------------------------------------------------
    Case("picked up in a store", (Line(HERE, LAMP, method="STOREPICKUP"),), times=3),
    Case("picked up at the curb, a child of pick-up", (Line(HERE, method="CURBSIDE"),), times=2),
    Case(
        "send sale",
        (Line(THERE, LAMP),),
        done(invoices=0, slips=1),
        times=3,
        channel="pos",
        sold_at=HERE,
    ),
    Case(
        "cash and carry",
        (Line(HERE, ships=When.AT_THE_TILL, method="POS_COMPLETED"),),
        SKIPPED,
        times=4,
        channel="pos",
        sold_at=HERE,
    ),
    # ---- lines that do not ship as they were ordered -------------------------------------------------------------
    Case("partial", (Line(HERE), Line(THERE, LAMP, ships=When.NEVER)), OPEN, times=2),
    Case(
        FORCED,
        (Line(HERE, LAMP, ships=3), Line(THERE, MUG, ships=When.NEVER)),
        done(invoices=2, slips=1),
    ),
    Case(
        "a line is cancelled",
        (Line(HERE, LAMP), Line(HERE, MUG, ships=When.NEVER)),
        times=3,
        deeds=(Deed("cancel", 0.5, (1,)),),
    ),
    Case(
        "all lines are cancelled",
        (Line(HERE, ships=When.NEVER), Line(THERE, ships=When.NEVER)),
        CANCELLED,
        times=2,
        deeds=(Deed("cancel", 0.8),),
    ),
    Case(
        "completed by a cancellation after the rest was shipped",
        (Line(HERE, LAMP, ships=4), Line(THERE, ships=6), Line(HERE, CHAIR, ships=When.NEVER)),
        done(slips=1),
        times=3,
        deeds=(Deed("cancel", 17, (2,)),),
    ),
    Case(
        "one store declines, another ships",
        (Line(HERE, CHAIR, ships=12),),
        times=2,
        deeds=(Deed("reject", 5, (0,), to=THERE),),
    ),
    Case(
        "reopened after its invoice, shipped again",
        (Line(HERE, LAMP, ships=2),),
        deeds=(Deed("reopen", 14, (0,)), Deed("fulfill", 19, (0,))),
    ),
    # ---- money ---------------------------------------------------------------------------------------------------
    Case("discount on a line", (Line(HERE, CHAIR, discount=15.00), Line(HERE, MUG)), times=2),
    Case("discount on the order", (Line(HERE, LAMP), Line(HERE, MUG)), times=2, details={"discount": 10.0}),
    Case("both discounts, and shipping", (Line(HERE, LAMP, discount=4.8),), details={"discount": 5, "shipping": 9.9}),
    Case("state, county and city tax", (Line(HERE, CHAIR, tax_rates=STATE_COUNTY_CITY), Line(HERE, LAMP)), times=2),
    Case("taxed shipping", (Line(HERE, MUG),), details={"shipping": 7.5, "shippingTax": 0.45}),
    Case("twelve of a kind, a line for each", (Line(HERE, MUG, 12),), times=2),
    Case("twelve of a kind on one line", (Line(HERE, MUG, 12, discount=8.0),), details={"explode": False}),
    Case("cash on delivery", (Line(HERE, LAMP),), details={"payments": CASH_ON_DELIVERY}),
    # ---- what needs a rule, or a person --------------------------------------------------------------------------
    Case("a digital line", (Line(HERE, LAMP), Line(NOWHERE, GIFT_CARD)), times=2),
    Case("nothing but a digital line", (Line(NOWHERE, GIFT_CARD),)),
    Case("names and addresses longer than Retail Pro's fields", (Line(HERE),), details={"customer": LONG_NAME}),
    Case(UNMAPPED, (Line(AIRPORT, LAMP, ships=6),), times=5),
    Case(
        f"{UNMAPPED}; two stores",
        (Line(HERE, ships=4), Line(AIRPORT, CHAIR, ships=7)),
        done(slips=1),
    ),
    Case(
        "an exchange, held: the shop has no rule for it",
        (Line(HERE),),
        End(Stage.INVOICING, HoldCause.EXCHANGE_ORDER),
        channel="exchange",
    ),
    Case(IMPORTED_TWICE, (Line(HERE, LAMP, ships=2),)),
    Case(
        COPY,
        (Line(HERE, LAMP, ships=When.NEVER), Line(HERE, MUG, ships=When.NEVER)),
        CANCELLED,
        deeds=(Deed("cancel", 10, (1,)),),
        twin_of=IMPORTED_TWICE,
    ),
    # ---- what goes wrong -----------------------------------------------------------------------------------------
    Case(LOST_ANSWER, (Line(HERE, CHAIR, ships=3),), fault={"kind": "drop", "when": "after", "next": 1}),
    Case(TIMEOUT, (Line(HERE, CHAIR, ships=10),), fault={"kind": "stall", "when": "after", "seconds": 6, "next": 1}),
    Case(KILLED, (Line(HERE, VASE, ships=12),), fault={"kind": "stall", "when": "after", "seconds": 8, "next": 1}),
)
