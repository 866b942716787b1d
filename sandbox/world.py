"""Everything that the systems and the admin API share: memory, settings, faults, the record, what is held."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox.calls import Call, CallBook
from sandbox.database import Database
from sandbox.faults import FaultBook
from sandbox.hotwax.defaults import plant_defaults
from sandbox.netsuite.concurrency import Slots
from sandbox.schema import DATA_TABLES
from sandbox.settings import Settings, load_settings, store_settings

if TYPE_CHECKING:
    from pathlib import Path

Release = Literal["continue", "drop"]


@dataclass
class Held:
    """A call that a `stall` fault holds, and the future that lets it go."""

    call: Call
    when: str
    gate: asyncio.Future[Release] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class World:
    """The state of all systems, kept in one file."""

    def __init__(self, state: Path | None, start: dict[str, Any]) -> None:
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        self._start = start
        self.database = Database(state / "sandbox.sqlite3" if state else None)
        self.settings = load_settings(self.database, start)
        self.faults = FaultBook(self.database)
        self.calls = CallBook(self.database)
        self.slots = Slots()
        self.held: dict[int, Held] = {}
        self.plan_changed = asyncio.Event()
        self.imports_changed = asyncio.Event()
        self.schedule_changed = asyncio.Event()
        plant_defaults(self.database, self.settings.identification_types)

    def change_settings(self, changed: dict[str, Any]) -> Settings:
        """Change some settings for good and return all of them.

        Raises:
            pydantic.ValidationError: A name is unknown or a value makes no sense; nothing was changed.
        """
        merged = self.settings.model_dump() | changed
        for name in ("retailpro_auth", "netsuite_sftp"):
            if isinstance(changed.get(name), dict):
                merged[name] = (self.settings.model_dump()[name] or {}) | changed[name]
        settings = Settings(**merged)
        with self.database.transaction():
            store_settings(self.database, {name: settings.model_dump(mode="json")[name] for name in changed})
            plant_defaults(self.database, settings.identification_types)
        self.settings = settings
        self.schedule_changed.set()
        return settings

    def reset(self, *, settings: bool) -> None:
        """Forget all data, calls and faults, and the settings too when asked; held calls are dropped."""
        self.release(None, "drop")
        with self.database.transaction():
            for table in (*DATA_TABLES, *(("setting",) if settings else ())):
                self.database.empty(table)
            self.settings = load_settings(self.database, self._start)
            plant_defaults(self.database, self.settings.identification_types)
        self.faults.reload()
        self.calls.reload()
        self.slots.restart()
        for changed in (self.plan_changed, self.imports_changed, self.schedule_changed):
            changed.set()

    async def hold(self, call: Call, when: str, seconds: float | None) -> Release:
        """Keep a call until somebody lets it go, or for so many seconds."""
        held = Held(call, when)
        self.held[call.seq] = held
        try:
            return await asyncio.wait_for(held.gate, seconds)
        except TimeoutError:
            return "continue"
        finally:
            self.held.pop(call.seq, None)

    def release(self, seq: int | None, outcome: Release) -> int:
        """Let one held call go, or all of them; return how many went."""
        waiting = [held for key, held in self.held.items() if seq in (None, key) and not held.gate.done()]
        for held in waiting:
            held.gate.set_result(outcome)
        return len(waiting)
