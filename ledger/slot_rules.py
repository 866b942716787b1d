"""Who of several processes may have how many of a remote system's slots: pure rules on one picture of them all.

Every process looks at the same picture and comes to the same result, so none has to ask another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True)
class Claim:
    """What one process has and wants.

    `without_since` is when it began to wait without any slot, 0 where it has one or wants none. `live_short` is the
    live calls that wait for more slots than its own backfill will give back; `backfill` says that it makes or wants
    calls of backfill.
    """

    holder: str
    held: int
    waiting: bool
    without_since: float
    live_short: int
    backfill: bool


@dataclass(frozen=True)
class Picture:
    """All slots of a system and who wants them; `me` is one of the holders."""

    me: str
    slots: int
    free: int
    claims: tuple[Claim, ...]

    @property
    def others(self) -> tuple[Claim, ...]:
        """The claims of everybody else."""
        return tuple(claim for claim in self.claims if claim.holder != self.me)

    @property
    def share(self) -> int:
        """The slots that each process with work is sure of."""
        active = sum(claim.waiting or claim.held > 0 for claim in self.claims)
        return self.slots // max(1, active)


def owed_to_live(picture: Picture) -> int:
    """How many slots I give back, as backfill ends, for live calls that wait elsewhere."""
    wanted = sum(claim.live_short for claim in picture.claims) - picture.free
    givers = [claim for claim in picture.claims if claim.backfill and not claim.live_short]
    return _part_of(picture.me, givers, wanted, 0)


def owed_to_share(picture: Picture, *, live_only: bool = False) -> int:
    """How many slots I give back for processes that have fewer than their share; `live_only`: for their live calls."""
    wanted = sum(_below(claim, picture.share, live_only=live_only) for claim in picture.claims) - picture.free
    return _part_of(picture.me, picture.claims, wanted, picture.share)


def is_my_turn_to_rotate(picture: Picture, turn: int, *, live_only: bool = False) -> bool:
    """Whether I give a slot back in this turn, because there are more processes than slots and some have none."""
    starving = len(_starving(picture.others, live_only=live_only)) - picture.free
    if picture.share or starving <= 0:
        return False
    holders = sorted((c.holder for c in picture.claims if c.held), key=lambda h: crc32(f"{turn}/{h}".encode()))
    return picture.me in holders[:starving]


def claimable(picture: Picture, live: int, backfill: int) -> int:
    """How many free slots I may take for so many waiting calls: live ones first, and never another's share."""
    free, share, others = picture.free, picture.share, picture.others
    if share == 0 and (starving := _starving(picture.claims)):
        return int(picture.me in starving[:free])
    mine = next((claim.held for claim in picture.claims if claim.holder == picture.me), 0)
    sure = max(0, share - mine)
    for_live = min(live, free, max(sure, free - sum(_below(claim, share, live_only=True) for claim in others)))
    kept = max(sum(claim.live_short for claim in others), sum(_below(claim, share) for claim in others))
    return for_live + max(0, min(backfill, free - for_live - kept))


def _starving(claims: Sequence[Claim], *, live_only: bool = False) -> list[str]:
    """The processes that wait without any slot, longest first."""
    wanting = (claim for claim in claims if claim.waiting and not claim.held and claim.without_since)
    if live_only:
        wanting = (claim for claim in wanting if claim.live_short)
    return [claim.holder for claim in sorted(wanting, key=lambda claim: (claim.without_since, claim.holder))]


def _below(claim: Claim, share: int, *, live_only: bool = False) -> int:
    missing = max(0, share - claim.held) if claim.waiting else 0
    return min(missing, claim.live_short) if live_only else missing


def _part_of(me: str, givers: Sequence[Claim], wanted: int, keep: int) -> int:
    """My part of the wanted slots: one after the other from whoever has most, down to what each keeps."""
    held = {claim.holder: claim.held for claim in givers}
    mine = 0
    for _ in range(wanted):
        holder = _richest(held.items())
        if holder is None or held[holder] <= keep:
            break
        held[holder] -= 1
        mine += holder == me
    return mine


def _richest(held: Iterable[tuple[str, int]]) -> str | None:
    return min(held, key=lambda each: (-each[1], each[0]), default=(None, 0))[0]
