"""What a feed saw is kept once, with its cursor, and told to each order's workflow (design 10)."""

import contextlib
from datetime import timedelta

from ledger import feeds, orders
from ledger.database import Ledger
from ledger.feeds import SeenEvent
from ledger.tables import OrderRow
from tests.support.ledgers import NOW, TENANT

MINUTE = timedelta(minutes=1)


def event(number: int, order_id: str = "1", *, opens: bool = True) -> SeenEvent:
    return SeenEvent(
        event_id=f"E{number}", order_id=order_id, status="ITEM_COMPLETED", at=NOW + number * MINUTE, opens=opens
    )


def record(
    ledger: Ledger, *events: SeenEvent, minutes: int = 0, cursor: int | None = None, backfill: bool = False
) -> int:
    with ledger.writing() as session:
        at = None if cursor is None else NOW + cursor * MINUTE
        return feeds.record_page(session, TENANT, events, NOW + minutes * MINUTE, cursor=at, backfill=backfill)


def waiting(ledger: Ledger, *without: str, backfill: bool = False) -> list[str]:
    with ledger.reading() as session:
        return list(feeds.waiting_events(session, TENANT, backfill=backfill, without=without, limit=100))


def dispatch(ledger: Ledger, *numbers: int) -> None:
    with ledger.writing() as session:
        feeds.mark_dispatched(session, TENANT, [f"E{number}" for number in numbers], NOW)


def known(ledger: Ledger) -> list[str]:
    with ledger.reading() as session:
        return sorted(row.order_id for row in orders.find(session, orders.OrderFilter()))


def test_a_repeated_or_overlapping_page_brings_only_what_is_new(ledger: Ledger) -> None:
    assert record(ledger, event(1), event(2)) == 2
    assert record(ledger, event(1), event(2)) == 0
    assert record(ledger, event(2), event(3), event(3)) == 1


def test_the_first_word_of_an_order_puts_it_in_the_books_at_once(ledger: Ledger) -> None:
    record(ledger, event(1, "7"), event(2, "8"), event(3, "7"))
    assert known(ledger) == ["7", "8"]
    assert waiting(ledger) == ["7", "8"]


def test_a_line_back_in_approval_wakes_known_orders_only(ledger: Ledger) -> None:
    assert record(ledger, event(1, "9", opens=False)) == 0
    assert (known(ledger), waiting(ledger)) == ([], [])
    record(ledger, event(2, "9"))
    assert record(ledger, event(3, "9", opens=False)) == 1


def test_what_opened_nothing_is_not_new_when_the_overlap_reads_it_again(ledger: Ledger) -> None:
    record(ledger, event(1, "9", opens=False))
    record(ledger, event(2, "9"))
    dispatch(ledger, 2)
    assert record(ledger, event(1, "9", opens=False)) == 0
    assert waiting(ledger) == []


def test_the_cursor_moves_forward_only(ledger: Ledger) -> None:
    for cursor in (5, 3, 8):
        record(ledger, event(cursor), cursor=cursor)
    with ledger.reading() as session:
        assert feeds.cursor_of(session, TENANT) == NOW + 8 * MINUTE
        assert feeds.cursor_of(session, "hn") is None


def test_the_cursor_and_its_events_are_kept_together_or_not_at_all(ledger: Ledger) -> None:
    with contextlib.suppress(ZeroDivisionError), ledger.writing() as session:
        feeds.record_page(session, TENANT, [event(1)], NOW, cursor=NOW)
        raise ZeroDivisionError
    with ledger.reading() as session:
        assert feeds.cursor_of(session, TENANT) is None
    assert known(ledger) == []


def test_a_backfill_leaves_the_cursor_alone_and_is_told_apart_from_live_events(ledger: Ledger) -> None:
    record(ledger, event(5, "1"), cursor=5)
    record(ledger, event(1, "2"), backfill=True)
    with ledger.reading() as session:
        assert feeds.cursor_of(session, TENANT) == NOW + 5 * MINUTE
    assert (waiting(ledger), waiting(ledger, backfill=True)) == (["1"], ["2"])


def test_an_order_waits_until_its_workflow_was_told_of_everything_seen(ledger: Ledger) -> None:
    record(ledger, event(1, "1"), event(2, "2"), minutes=1)
    record(ledger, event(3, "1"), minutes=5)
    dispatch(ledger, 1, 2)
    assert waiting(ledger) == ["1"]
    dispatch(ledger, 3)
    assert waiting(ledger) == []


def test_those_waiting_longest_come_first(ledger: Ledger) -> None:
    record(ledger, event(1, "b"), minutes=1)
    record(ledger, event(2, "a"), minutes=2)
    record(ledger, event(3, "b"), minutes=3)
    assert waiting(ledger) == ["b", "a"]
    assert waiting(ledger, "b") == ["a"]


def test_the_events_of_an_order_are_told_together(ledger: Ledger) -> None:
    record(ledger, event(1, "1"), event(2, "2"), event(3, "1"))
    with ledger.reading() as session:
        told = feeds.waiting_events(session, TENANT, backfill=False, without=(), limit=100)
    assert {order: sorted(events) for order, events in told.items()} == {"1": ["E1", "E3"], "2": ["E2"]}


def test_only_old_events_that_were_told_are_dropped(ledger: Ledger) -> None:
    record(ledger, event(1, "1"), event(2, "2"))
    dispatch(ledger, 1)
    with ledger.writing() as session:
        feeds.prune(session, TENANT, NOW + feeds.KEEP_EVENTS)
    assert record(ledger, event(1, "1")) == 0
    with ledger.writing() as session:
        feeds.prune(session, TENANT, NOW + feeds.KEEP_EVENTS + MINUTE)
    assert record(ledger, event(1, "1"), event(2, "2")) == 1


def test_two_tenants_may_have_the_same_ids(ledger: Ledger) -> None:
    record(ledger, event(1))
    with ledger.writing() as session:
        assert feeds.record_page(session, "hn", [event(1)], NOW) == 1
        assert session.get(OrderRow, ("hn", "1")) is not None
