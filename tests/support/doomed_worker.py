"""The real worker in a process that kills itself at the points a test names: `python -m tests.support.doomed_worker`.

Traps stand in a JSON file that `WAYBILL_TEST_TRAPS` names. Each springs once, for one remote write: it leaves a file of
its name in the folder of that file, and the process dies by SIGKILL, as by a power cut.
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
GIVE_UP_S = 10.0
SOON = timedelta(seconds=3)


class Traps:
    """The traps of one test, by kind of write and order number."""

    def __init__(self, file: Path) -> None:
        self._folder = file.parent
        self._traps: dict[str, dict[str, str]] = json.loads(file.read_text())
        self._deadly = threading.Lock()

    def armed(self, row: EffectRow, point: str) -> dict[str, str] | None:
        """The trap for this write at this point, unless it has sprung."""
        name = trap_name(row.key)
        trap = self._traps.get(name)
        return trap if trap and trap["point"] == point and not (self._folder / name).exists() else None

    def note(self, row: EffectRow) -> None:
        """Leave word that the trap of this write has sprung."""
        (self._folder / trap_name(row.key)).touch()

    def spring(self, row: EffectRow) -> None:
        """Die; only one trap of a process does."""
        self._deadly.acquire()
        self.note(row)
        os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()

    def watch(self, row: EffectRow, trap: dict[str, str]) -> None:
        """Die as soon as the remote system shows the write, which the sandbox holds in the air meanwhile.

        Where it shows at once, another death has cut the write off at this very point: it has had its turn.
        """
        if _shows(trap):
            self.note(row)
            return
        threading.Thread(target=self._die_when_it_shows, args=(row, trap), daemon=True).start()

    def _die_when_it_shows(self, row: EffectRow, trap: dict[str, str]) -> None:
        end = monotonic() + GIVE_UP_S
        while monotonic() < end:
            if _shows(trap):
                self.spring(row)
            threading.Event().wait(POLL_S)


def _shows(trap: dict[str, str]) -> bool:
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


def set_traps(traps: Traps) -> None:
    """Make the effect mechanism walk into the traps."""
    attempt, settle = Effects._attempt, Effects._settle

    def trapped_attempt(self: Effects, row: EffectRow, *args: Any, **options: Any) -> EffectResult:
        if traps.armed(row, "before_send"):
            traps.spring(row)
        for point in ("after_send", "after_apply"):
            if trap := traps.armed(row, point):
                traps.watch(row, trap)
        return attempt(self, row, *args, **options)

    def trapped_settle(self: Effects, row: EffectRow, *args: Any, **options: Any) -> EffectResult:
        if traps.armed(row, "after_answer"):
            traps.spring(row)
        return settle(self, row, *args, **options)

    Effects._attempt, Effects._settle = trapped_attempt, trapped_settle  # type: ignore[method-assign]


def take_the_dead_for_dead_soon() -> None:
    """Shorten what a real shop waits for a process that may only be slow: tests that kill it know better."""
    policies.SILENCE, worker.FAITHFUL_FOR = SOON, SOON


if __name__ == "__main__":
    take_the_dead_for_dead_soon()
    if file := os.environ.get(TRAPS_VARIABLE):
        set_traps(Traps(Path(file)))
    raise SystemExit(worker.main())
