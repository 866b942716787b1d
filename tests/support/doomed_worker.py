"""The real worker in a process that kills itself at the points a test names.

Traps stand in a JSON file that `WAYBILL_TEST_TRAPS` names, each for one remote write, with the points where it springs.
At each point it springs once: it leaves a file named after both in the folder of that file, and the process dies by
SIGKILL, as by a power cut. So an attempt that dies before it sends may be followed by one that dies after its answer.
"""

import json
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

import worker
from activities.effects import Effects
from domain.outcomes import EffectResult
from ledger.tables import EffectRow
from workflows import policies

TRAPS_VARIABLE = "WAYBILL_TEST_TRAPS"
POLL_S = 0.02
GIVE_UP_S = 60.0
SOON = timedelta(seconds=3)


class Traps:
    """The traps of one test, by kind of write and order number."""

    def __init__(self, file: Path) -> None:
        self._folder = file.parent
        self._traps: dict[str, dict[str, Any]] = json.loads(file.read_text())
        self._deadly = threading.Lock()

    def armed(self, row: EffectRow, point: str) -> dict[str, Any] | None:
        """The trap for this write at this point, unless it has sprung there."""
        trap = self._traps.get(trap_name(row.key))
        return trap if trap and point in trap["points"] and not self._mark(row, point).exists() else None

    def note(self, row: EffectRow, point: str) -> None:
        """Leave word that the trap of this write has sprung at this point."""
        self._mark(row, point).touch()

    def spring(self, row: EffectRow, point: str) -> None:
        """Die; only one trap of a process does."""
        self._deadly.acquire()
        self.note(row, point)
        os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()

    def watch(self, row: EffectRow, point: str, trap: dict[str, Any]) -> None:
        """Die as soon as the remote system shows the write, which the sandbox holds in the air meanwhile.

        Where it shows at once, another death has cut the write off at this very point: it has had its turn.
        """
        if _shows(trap):
            self.note(row, point)
            return
        threading.Thread(target=self._die_when_it_shows, args=(row, point, trap), daemon=True).start()

    def _mark(self, row: EffectRow, point: str) -> Path:
        return self._folder / mark_name(trap_name(row.key), point)

    def _die_when_it_shows(self, row: EffectRow, point: str, trap: dict[str, Any]) -> None:
        end = monotonic() + GIVE_UP_S
        while monotonic() < end:
            if _shows(trap):
                self.spring(row, point)
            threading.Event().wait(POLL_S)


def _shows(trap: dict[str, Any]) -> bool:
    if "file" in trap:
        place = Path(trap["file"])
        return any(place.parent.glob(place.name))
    found: dict[str, list[dict[str, Any]]] = httpx.get(trap["see"], timeout=5, trust_env=False).json()
    rows = [row for rows in found.values() for row in rows]
    if "fault" in trap:
        return any(str(row["id"]) == trap["fault"] and row["fired"] for row in rows)
    return bool(rows)


def trap_name(key: str) -> str:
    """A trap's name: the kind of write and the order number, or that of the upload, out of an effect's key."""
    kind, _, order_no = key.split("/")[:3]
    return f"{kind}-{order_no}"


def mark_name(trap: str, point: str) -> str:
    """The name of the file that a trap leaves when it has sprung at a point."""
    return f"{trap}-{point}"


def set_traps(traps: Traps) -> None:
    """Make the effect mechanism walk into the traps."""
    attempt, settle = Effects._attempt, Effects._settle

    def trapped_attempt(self: Effects, row: EffectRow, *args: Any, **options: Any) -> EffectResult:
        if traps.armed(row, "before_send"):
            traps.spring(row, "before_send")
        for point in ("after_send", "after_apply"):
            if trap := traps.armed(row, point):
                traps.watch(row, point, trap)
        return attempt(self, row, *args, **options)

    def trapped_settle(self: Effects, row: EffectRow, *args: Any, **options: Any) -> EffectResult:
        if traps.armed(row, "after_answer"):
            traps.spring(row, "after_answer")
        return settle(self, row, *args, **options)

    Effects._attempt, Effects._settle = trapped_attempt, trapped_settle  # type: ignore[method-assign]


def take_the_dead_for_dead_soon() -> None:
    """Shorten what a real shop waits for a process that may only be slow: tests that kill it know better."""
    policies.SILENCE, worker.FAITHFUL_FOR = SOON, SOON


def main() -> int:
    """Run the worker with the traps that the environment names; its exit status."""
    take_the_dead_for_dead_soon()
    if file := os.environ.get(TRAPS_VARIABLE):
        set_traps(Traps(Path(file)))
    return worker.main()
