"""A hold as operators see it: its mark, and what a `resume` of just that never asks about again."""

from collections.abc import Sequence
from hashlib import sha256

from domain.base import Frozen
from domain.stages import Hold

SHOWN = 5
"""How many of many lines or problems are told."""


def some(texts: Sequence[str]) -> str:
    """The first few of many texts, and how many more there are."""
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more


class Sight(Frozen):
    """What an operator sees of an order or a purchase order before saying `resume`."""

    hold: Hold | None = None
    told: tuple[str, ...] = ()
    """All that the hold is about, in words; its evidence may tell the first few only."""
    acknowledges: tuple[str, ...] = ()
    """What a `resume` goes on without; nothing where it only tries again."""
    settles: tuple[str, ...] = ()
    """What counts otherwise once it is resumed."""

    @property
    def mark(self) -> str:
        """A short mark of the hold and of all that a `resume` of it goes on without; another number is another mark.

        Words beside it may change, as how much NetSuite has by now: they are marked only where nothing is gone on
        without.
        """
        hold = (self.hold.key,) if self.hold else ()
        parts = (*hold, *(self.acknowledges or self.told), *self.settles)
        return sha256("\n".join(parts).encode()).hexdigest()[:8]

    @property
    def waived(self) -> tuple[str, ...]:
        """All that a `resume` goes on without, in words."""
        return self.told if self.acknowledges else ()

    @property
    def to_name(self) -> str | None:
        """The mark that a `resume` has to name; None where it goes on without nothing."""
        return self.mark if self.acknowledges else None

    @property
    def went_on_without(self) -> str:
        """What an accepted `resume` went on without, for its answer; empty where that is nothing."""
        return f", goes on without: {some(self.acknowledges)}" if self.acknowledges else ""

    def unseen(self, seen: str | None, screen: str) -> str | None:
        """Why a `resume` of the hold with the mark `seen` is none of this one; None where it is, or nobody says."""
        if seen is None or seen == self.mark:
            return None
        now = f"held otherwise now: {self.hold.key}: {self.hold.evidence}" if self.hold else "not held any more"
        return f"it is {now}; look at `{screen}` again"
