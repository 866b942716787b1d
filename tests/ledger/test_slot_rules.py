"""Who gets how many slots: every process looks at the same picture, and together they come to one plan."""

import random
from collections.abc import Callable

import pytest

from ledger.slot_rules import Claim, Picture, claimable, is_my_turn_to_rotate, owed_to_live, owed_to_share


def claim(holder: str, held: int, *, waiting: bool = True, live_short: int = 0, backfill: bool = True) -> Claim:
    """What one process has and wants."""
    without = 1.0 if waiting and not held else 0.0
    return Claim(holder, held, waiting, without, live_short, backfill)


def seen_by(me: str, slots: int, *claims: Claim) -> Picture:
    """The picture as one of them sees it."""
    return Picture(me, slots, slots - sum(each.held for each in claims), claims)


def over_all(rule: Callable[[Picture], int], slots: int, *claims: Claim) -> dict[str, int]:
    """What the rule says to each process."""
    return {each.holder: rule(seen_by(each.holder, slots, *claims)) for each in claims}


def test_the_process_with_most_backfill_gives_way_to_live_calls_elsewhere() -> None:
    hog, small = claim("a", 3), claim("b", 2)
    assert over_all(owed_to_live, 5, hog, small, claim("c", 0, live_short=1)) == {"a": 1, "b": 0, "c": 0}
    assert over_all(owed_to_live, 5, hog, small, claim("c", 0, live_short=3)) == {"a": 2, "b": 1, "c": 0}


def test_free_slots_serve_live_calls_before_anybody_gives_way() -> None:
    assert over_all(owed_to_live, 5, claim("a", 3), claim("b", 0, live_short=2)) == {"a": 0, "b": 0}


def share_of_live(picture: Picture) -> int:
    """What is owed to the live calls of those below their share."""
    return owed_to_share(picture, live_only=True)


def test_live_calls_give_way_to_live_calls_down_to_their_share() -> None:
    busy = claim("a", 5, live_short=3, backfill=False)
    assert over_all(owed_to_live, 5, busy, claim("b", 0, live_short=2)) == {"a": 0, "b": 0}
    assert over_all(share_of_live, 5, busy, claim("b", 0, live_short=9)) == {"a": 2, "b": 0}
    assert over_all(share_of_live, 5, busy, claim("b", 0, live_short=1)) == {"a": 1, "b": 0}
    assert over_all(share_of_live, 5, busy, claim("b", 0)) == {"a": 0, "b": 0}


def test_live_calls_leave_free_slots_to_live_calls_below_their_share() -> None:
    mine, other = claim("a", 2, live_short=3), claim("b", 1, live_short=3)
    assert {me: claimable(seen_by(me, 4, mine, other), live=3, backfill=0) for me in "ab"} == {"a": 0, "b": 1}
    assert claimable(seen_by("a", 4, mine, claim("b", 1)), live=3, backfill=0) == 1


def test_who_has_more_than_its_share_gives_to_who_has_less() -> None:
    assert over_all(owed_to_share, 4, claim("a", 4), claim("b", 0)) == {"a": 2, "b": 0}
    assert over_all(owed_to_share, 5, claim("a", 3), claim("b", 2)) == {"a": 0, "b": 0}
    assert over_all(owed_to_share, 4, claim("a", 4), claim("b", 0, waiting=False)) == {"a": 0, "b": 0}


def test_backfill_leaves_free_slots_to_live_calls_and_to_the_share_of_others() -> None:
    assert claimable(seen_by("a", 5, claim("a", 3), claim("b", 0, live_short=2)), live=0, backfill=9) == 0
    assert claimable(seen_by("a", 5, claim("a", 3), claim("b", 0, live_short=1)), live=1, backfill=9) == 1
    assert claimable(seen_by("a", 4, claim("a", 1), claim("b", 1)), live=0, backfill=9) == 1
    assert claimable(seen_by("a", 4, claim("a", 1), claim("b", 0, waiting=False)), live=0, backfill=9) == 3


def test_with_more_processes_than_slots_the_one_that_waits_longest_is_next() -> None:
    first, second = Claim("b", 0, True, 1.0, 0, True), Claim("c", 0, True, 2.0, 0, True)
    holder = claim("a", 1)
    turns = [is_my_turn_to_rotate(seen_by("a", 1, holder, first, second), turn) for turn in range(3)]
    assert turns == [True] * 3
    assert not is_my_turn_to_rotate(seen_by("a", 1, holder, first, second), 0, live_only=True)
    assert is_my_turn_to_rotate(seen_by("a", 1, holder, Claim("b", 0, True, 1.0, 1, False)), 0, live_only=True)
    idle = claim("a", 0, waiting=False)
    assert {me: claimable(Picture(me, 1, 1, (idle, first, second)), 0, 5) for me in "bc"} == {"b": 1, "c": 0}
    busy = claim("a", 0)
    pictures = {me: Picture(me, 1, 1, (busy, first, second, claim("d", 0))) for me in "abcd"}
    assert sum(claimable(picture, 0, 5) for picture in pictures.values()) == 1


@pytest.mark.parametrize("seed", range(200))
def test_together_nobody_gives_or_takes_more_than_is_wanted_and_there(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - made-up pictures
    slots, claims = dice.randint(1, 15), list[Claim]()
    for number in range(dice.randint(1, 6)):
        held = dice.randint(0, slots - sum(each.held for each in claims))
        flags = {"waiting": dice.random() < 0.7, "backfill": dice.random() < 0.7}
        claims.append(claim(f"p{number}", held, live_short=dice.choice([0, 0, 1, 4]), **flags))
    free = slots - sum(each.held for each in claims)
    wanted = sum(each.live_short for each in claims)
    given = over_all(owed_to_live, slots, *claims)
    assert sum(given.values()) <= max(0, wanted - free), f"seed {seed}"
    assert all(given[each.holder] <= each.held for each in claims), f"seed {seed}"
    shared = over_all(owed_to_share, slots, *claims)
    share = seen_by("p0", slots, *claims).share
    assert all(shared[each.holder] <= max(0, each.held - share) for each in claims), f"seed {seed}"
    of_live = over_all(share_of_live, slots, *claims)
    assert all(of_live[each.holder] <= shared[each.holder] for each in claims), f"seed {seed}"
    assert all(0 <= claimable(seen_by(each.holder, slots, *claims), 2, 2) <= free for each in claims), f"seed {seed}"
