"""Both sides' books of made-up orders, for the tests of the proof: lives lived to their end, and what they left."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from domain.books import Document, LedgerDocument, Place, Units, same_code
from domain.invoice import Invoice, Slip
from domain.order import Order
from domain.policy import TenantPolicy
from domain.proof import Proof
from domain.proof_report import Booked, Case, Difference, Period, Verdict
from domain.stages import EffectKind
from tests.support.life import Fate, Kept, Key, Life
from tests.support.making_orders import a_line, an_order, at

TILL = {"channel": "POS_SALES_CHANNEL", "attributes": {"orderFacility": "F1"}}
TWO_STORES = an_order(
    a_line("1", "F1", completed_at=at(1)), a_line("2", "F2", quantity=2, completed_at=at(2)), a_line("3", "F2")
)
"""One unit of the first store, three of the second."""


def lived(order: Order, policy: TenantPolicy, luck: Sequence[Fate] = ()) -> Life:
    """The order, worked on until nothing is owed any more."""
    life = Life(order, policy)
    life.assess()
    life.work(luck)
    for _ in range(6):
        life.assess()
        life.work([])
    return life


def document(made: Invoice | Slip, number: str) -> Document:
    """A document as either side writes it down."""
    if isinstance(made, Invoice):
        items = tuple(Units(upc=i.upc, quantity=Decimal(i.quantity), origin=i.store) for i in made.items)
        return Document(kind=EffectKind.INVOICE, number=number, store=made.store, total=made.total, units=items)
    units = tuple(Units(upc=upc, quantity=Decimal(quantity)) for upc, quantity in made.units)
    return Document(kind=EffectKind.SLIP, number=number, store=made.from_store, to_store=made.to_store, units=units)


def number_of(life: Life, key: Key) -> str:
    kind, revision, store = key
    suffix = f"-{revision}" if revision else ""
    return f"{life.order.order_no}{suffix}{store if kind == 'slip' else ''}"


def in_ledger(life: Life, key: Key, kept: Kept) -> LedgerDocument:
    assert not isinstance(kept.document, int)
    invoice = kept.document if isinstance(kept.document, Invoice) else None
    return LedgerDocument(
        key="/".join(map(str, key)),
        document=document(kept.document, number_of(life, key)),
        state=kept.state,
        revision=key[1],
        lines=kept.lines,
        stores=dict(life.policy.stores) if invoice else {},
        amount=invoice.total if invoice else Decimal(0),
        order_discount=invoice.order_discount if invoice else Decimal(0),
        at=at(60),
    )


def case_of(life: Life, **more: object) -> Case:
    """What the proof is told of an order."""
    plan = life.plan
    assert plan is not None
    kept = [(key, kept) for key, kept in life.kept.items() if not isinstance(kept.document, int)]
    told: dict[str, object] = {
        "order_id": life.order.order_id,
        "order_no": life.order.order_no,
        "stage": plan.ends or plan.stage,
        "hold": plan.hold.key if plan.hold else None,
        "cancel_wanted": life.cancel_wanted,
        "forced": life.force is not None,
        "acknowledged": frozenset(life.acknowledged),
        "read_at": at(1_000),
        "documents": tuple(in_ledger(life, key, k) for key, k in kept),
        "order": life.order,
    }
    return Case.model_validate({**told, **more})


def in_retailpro(lives: Iterable[Life]) -> list[Document]:
    return [
        document(made, number_of(life, key))
        for life in lives
        for key, made in life.remote.items()
        if not isinstance(made, int)
    ]


def stock_of(documents: Iterable[Document], sold: Sequence[tuple[str, str, int]] = ()) -> dict[Place, Decimal]:
    """What these documents and these sales at tills did to stock, counted one unit after the other."""
    change: Counter[Place] = Counter()
    for made in documents:
        for unit in made.units:
            change[made.store, same_code(unit.upc)] -= int(unit.quantity)
            if made.to_store:
                change[made.to_store, same_code(unit.upc)] += int(unit.quantity)
    change.subtract({(store, upc): quantity for store, upc, quantity in sold})
    return {place: Decimal(number) for place, number in change.items()}


def proved(lives: Sequence[Life], documents: Sequence[Document] | None = None, **stock: object) -> Verdict:
    """The verdict on these orders; Retail Pro has what they made, unless it is said what else."""
    there = in_retailpro(lives) if documents is None else list(documents)
    sold = stock.get("sold", ())
    assert isinstance(sold, Sequence)
    booked = Booked(documents=tuple(there), stock=stock_of(there, sold))
    proof = Proof(lives[0].policy, booked, Period())
    for life in lives:
        proof.take(case_of(life))
    return proof.verdict()


def kinds(verdict: Verdict) -> list[str]:
    return [difference.kind for difference in verdict.differences]


def the(kind: str, verdict: Verdict) -> Difference:
    """The one difference of this kind."""
    (found,) = [difference for difference in verdict.differences if difference.kind == kind]
    return found
