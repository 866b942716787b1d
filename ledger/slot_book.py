"""The ledger's side of slots: which process holds which, what each wants, and pauses."""

import time
from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from ledger.database import Ledger
from ledger.slot_rules import Claim, Picture
from ledger.tables import CallBudgetRow, CallSlotRow

CLAIM_LIVES_S = 3.0
"""A claim that was not renewed for so long is of a process that died."""

_TAKE = text(
    "UPDATE call_slots SET holder = :holder, until = :until WHERE system = :system AND until < :now AND slot IN ("
    " SELECT slot FROM call_slots WHERE system = :system AND slot < :slots AND until < :now ORDER BY slot LIMIT :count"
    ") RETURNING slot"
)
_RENEW = text(
    "UPDATE call_slots SET until = :until WHERE system = :system AND holder = :holder AND until > 0 RETURNING slot"
)
_FREE = text(
    "UPDATE call_slots SET until = 0 WHERE system = :system AND holder = :holder AND slot IN :given"
).bindparams(bindparam("given", expanding=True))
_HELD = text(
    "SELECT holder, COUNT(*) FROM call_slots WHERE system = :system AND slot < :slots AND until >= :now GROUP BY holder"
)
_WANTED = text(
    "SELECT holder, waiting, without_since, live_short, backfill FROM call_claims"
    " WHERE system = :system AND seen_at > :since"
)
_SAY = text(
    "INSERT INTO call_claims (system, holder, waiting, without_since, live_short, backfill, seen_at)"
    " VALUES (:system, :holder, :waiting, :without_since, :live_short, :backfill, :now)"
    " ON CONFLICT (system, holder) DO UPDATE SET waiting = :waiting, without_since = :without_since,"
    " live_short = :live_short, backfill = :backfill, seen_at = :now"
)
_LEAVE = text("DELETE FROM call_claims WHERE system = :system AND (holder = :holder OR seen_at < :since)")
_PAUSED = text("SELECT next_at, COALESCE(pause_s, 0) FROM call_budgets WHERE system = :system")
# One that begins later than now was written by a clock that was ahead: it would keep all later ones from being known.
_PAUSE = text(
    "UPDATE call_budgets SET next_at = :until, pause_s = :seconds WHERE system = :system"
    " AND (next_at < :until OR next_at - COALESCE(pause_s, 0) > :now)"
)


@dataclass(frozen=True)
class Wish:
    """What this process says of itself."""

    waiting: bool = False
    without_since: float = 0.0
    live_short: int = 0
    backfill: bool = False


@dataclass(frozen=True)
class Pause:
    """Until when nobody calls, by the clock of the process that was asked to pause, and how long that was to be."""

    until: float
    seconds: float


@dataclass(frozen=True)
class Seen:
    """What the ledger shows: the slots, and the newest pause."""

    picture: Picture
    pause: Pause


class SlotBook:
    """Slots of one system as one process writes and reads them. Times are seconds since the epoch."""

    def __init__(self, ledger: Ledger, system: str, slots: int, holder: str, lease_s: float) -> None:
        self._ledger, self._system, self._slots, self._holder, self._lease_s = ledger, system, slots, holder, lease_s
        rows: list[SQLModel] = [CallSlotRow(system=system, slot=number) for number in range(slots)]
        for row in [*rows, CallBudgetRow(system=system, next_at=0)]:
            try:
                with ledger.writing() as session:
                    session.add(row)
            except IntegrityError:
                continue  # another process, or an earlier run, made it

    def say(self, wish: Wish | None, given: Collection[int]) -> Seen:
        """Write what I want (None: as before) and the slots that I give back, and see what there is."""
        if wish is None and not given:
            return self.look()
        with self._ledger.statements() as connection:
            if given:
                connection.execute(_FREE, {**self._mine(), "given": list(given)})
            if wish is not None:
                connection.execute(_SAY, {**self._mine(), **asdict(wish), "now": time.time()})
            return self._seen(connection)

    def look(self) -> Seen:
        """What there is."""
        with self._ledger.reading() as session:
            return self._seen(session.connection())

    def take(self, count: int) -> list[int]:
        """As many of these free slots as nobody else was quicker to take."""
        now = time.time()
        wanted = {**self._mine(), "slots": self._slots, "count": count, "now": now, "until": now + self._lease_s}
        with self._ledger.statements() as connection:
            return [int(row[0]) for row in connection.execute(_TAKE, wanted)]

    def renew(self) -> set[int]:
        """The slots that are mine still, for another lease."""
        with self._ledger.statements() as connection:
            found = connection.execute(_RENEW, {**self._mine(), "until": time.time() + self._lease_s})
            return {int(row[0]) for row in found}

    def leave(self) -> None:
        """Want nothing any more; claims of processes that died go, too."""
        with self._ledger.statements() as connection:
            connection.execute(_LEAVE, {**self._mine(), "since": time.time() - 10 * CLAIM_LIVES_S})

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long from now on."""
        now = time.time()
        with self._ledger.statements() as connection:
            asked = {"system": self._system, "now": now, "until": now + seconds, "seconds": seconds}
            connection.execute(_PAUSE, asked)

    def _mine(self) -> dict[str, object]:
        return {"system": self._system, "holder": self._holder}

    def _seen(self, connection: Connection) -> Seen:
        now = time.time()
        of_system = {"system": self._system, "slots": self._slots, "now": now, "since": now - CLAIM_LIVES_S}
        held = {str(row[0]): int(row[1]) for row in connection.execute(_HELD, of_system)}
        wanted = {str(row[0]): tuple(row) for row in connection.execute(_WANTED, of_system)}
        claims = tuple(Claim(each, held.get(each, 0), *row[1:]) for each, row in wanted.items())
        silent = tuple(
            Claim(holder, count, False, 0.0, 0, False) for holder, count in held.items() if holder not in wanted
        )
        free = self._slots - sum(held.values())
        until, seconds = connection.execute(_PAUSED, of_system).one()
        pause = Pause(float(until), float(seconds))
        return Seen(Picture(self._holder, self._slots, max(0, free), claims + silent), pause)
