"""What all scripts share: a run with its units and faults, folders, file names, the ways in which a run ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import now_ms

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.netsuite.sftp import Files
    from sandbox.settings import Settings
    from sandbox.world import World

Script = Literal["export", "import"]
FULFILLMENT: Final = "purchaseorder/fulfillment"
RECEIPT: Final = "purchaseorder/receipt"
FOLDERS: Final = (FULFILLMENT, RECEIPT, *(f"{RECEIPT}/{name}" for name in ("archive", "error", "ack")))
"""The tree that the script for folders makes once."""

LIST_UNITS, DOWNLOAD_UNITS, UPLOAD_UNITS, MOVE_UNITS = 10, 100, 100, 10
TRANSFORM_UNITS, SAVE_UNITS, SEARCH_UNITS, LOAD_UNITS = 10, 20, 10, 10


class RunFault(BaseModel):
    """Trouble for the next runs; `next` of them are hit."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal[
        "crash_before_upload",
        "crash_before_rename",
        "crash_before_ack",
        "crash_before_move",
        "crash_before_note",
        "crash_after_receipts",
        "governance",
        "truncated_upload",
        "slow_upload",
        "failed_upload",
        "map_error",
        "delayed_run",
    ]
    script: Script | None = None
    next: Annotated[int, Field(ge=1)] = 1
    receipts: Annotated[int, Field(ge=0)] = 1
    units: Annotated[int, Field(ge=1)] = 1000
    bytes: Annotated[int, Field(ge=0)] = 100
    seconds: Annotated[float, Field(ge=0)] = 1
    line: int | None = None


class ScriptEndError(Exception):
    """The script ends here and now, as NetSuite ends it: nothing of it runs any more."""


@dataclass
class Context:
    """One run of a script."""

    world: World
    files: Files
    script: Script
    units_limit: int
    units_used: int = 0
    saved: int = 0
    report: Row = field(default_factory=dict)
    age: int = field(init=False)

    def __post_init__(self) -> None:
        self.age = self.world.calls.age

    def spend(self, units: int) -> None:
        """Use up governance units.

        Raises:
            ScriptEndError: They are exhausted, or the sandbox was reset; no script can catch that.
        """
        if self.world.calls.age != self.age:
            raise ScriptEndError("SSS_APP_SERVER_RESTART: the sandbox was reset")
        if self.units_used + units > self.units_limit:
            raise ScriptEndError(f"SSS_USAGE_LIMIT_EXCEEDED: Script Execution Usage Limit Exceeded ({self.units_used})")
        self.units_used += units
        self.report["units"] = self.units_used

    def note(self, name: str, value: object) -> None:
        """Add to a list in the report."""
        self.report.setdefault(name, []).append(value)

    def fault(self, kind: str) -> RunFault | None:
        """Return the trouble that hits this run now, and count it."""
        return take_fault(self.world, kind, self.script)

    def armed(self, kind: str) -> RunFault | None:
        """Return the trouble of a kind that this run would meet, without counting it."""
        found = _armed(self.world, kind, self.script)
        return found[1] if found else None

    def crash(self, kind: str) -> None:
        """End the run here when somebody asked for that."""
        if self.fault(kind):
            raise ScriptEndError(f"{kind}: ended by the sandbox")

    def receipt_saved(self) -> None:
        """Count a saved receipt; a `crash_after_receipts` fault ends the run when there are enough."""
        self.saved += 1
        armed = self.armed("crash_after_receipts")
        if armed and self.saved >= armed.receipts:
            self.crash("crash_after_receipts")

    async def upload(self, path: str, body: bytes) -> None:
        """Write a file, slowly, in part or not at all when somebody asked for that."""
        self.spend(UPLOAD_UNITS)
        if self.fault("failed_upload"):
            raise ScriptEndError("FTP_TRANSFER_TIMEOUT_EXCEEDED: ended by the sandbox")
        cut = self.fault("truncated_upload")
        if cut:
            await self.files.write(path, body[: cut.bytes])
            raise ScriptEndError(f"CONNECTION_RESET: ended by the sandbox after {cut.bytes} bytes")
        slow = self.fault("slow_upload")
        if slow is None:
            await self.files.write(path, body)
            return
        await self.files.write(path, body[: slow.bytes])
        await asyncio.sleep(slow.seconds)
        await self.files.append(path, body[slow.bytes :])


def add_fault(world: World, fault: RunFault) -> Row:
    """Arm trouble and return it with its id."""
    fault_id = world.database.insert("nsFault", {"definition": fault.model_dump_json(), "fired": 0})
    return {"id": fault_id, "fired": 0, "definition": fault.model_dump(exclude_none=True)}


def faults(world: World) -> list[Row]:
    """Return all armed trouble, also what has hit as often as it should."""
    rows = world.database.rows("SELECT * FROM nsFault ORDER BY id")
    return [{**row, "definition": json.loads(row["definition"])} for row in rows]


def take_fault(world: World, kind: str, script: Script) -> RunFault | None:
    """Return the first armed trouble of a kind and count it as met."""
    found = _armed(world, kind, script)
    if found is None:
        return None
    world.database.run("UPDATE nsFault SET fired = fired + 1 WHERE id = ?", (found[0],))
    return found[1]


def _armed(world: World, kind: str, script: Script) -> tuple[int, RunFault] | None:
    for row in world.database.rows("SELECT * FROM nsFault ORDER BY id"):
        fault = RunFault.model_validate_json(row["definition"])
        if fault.kind == kind and fault.script in (None, script) and row["fired"] < fault.next:
            return row["id"], fault
    return None


def date_string(settings: Settings) -> str:
    """Return the present moment as JavaScript writes a date: `Fri Nov 20 2026 10:15:00 GMT-0800 (PST)`."""
    now = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(settings.netsuite_zone))
    return f"{now:%a %b %d %Y %H:%M:%S} GMT{now:%z} ({now.tzname()})"


def stamp_string() -> str:
    """Return the present moment in UTC, fit for a file name: `20261120T181500Z`."""
    return f"{datetime.fromtimestamp(now_ms() / 1000, UTC):%Y%m%dT%H%M%SZ}"


def iso_moment(ms: int) -> str:
    """Return a moment in ISO 8601 with Z, to the second."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
