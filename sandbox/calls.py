"""The record of every call: what came, what it met, what it was told, and how many came at once."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.clock import now_ms

if TYPE_CHECKING:
    from sandbox.database import Database, Row
    from sandbox.faults import Fault
    from sandbox.settings import Settings

DROPPED = 0
"""The status of a call that got no answer."""

_ID = re.compile(r"(/(?:oms/(?:orders|purchaseOrders)|record/v1/\w+|async/v1/job)/)[^/]+")
_COUNT_SQL = (
    "INSERT INTO callCount VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET"
    " count = count + 1, peakInFlight = max(peakInFlight, excluded.peakInFlight)"
)


@dataclass
class Call:
    """One call from its arrival to its answer."""

    age: int
    """Which world it came to: a reset begins a new one."""
    seq: int
    at: int
    started: float
    system: str
    method: str
    path: str
    query: str
    body: bytes
    in_flight: int
    status: int = DROPPED
    fault: Fault | None = None
    applied: bool = False


class CallBook:
    """Numbers calls as they arrive and writes each down when it is over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_flight: Counter[str] = Counter()
        self._last = 0
        self.age = 0
        self.reload()

    def reload(self) -> None:
        """Begin a new age and go on numbering after the last call on record."""
        self.age += 1
        self._last = self._database.value("SELECT coalesce(max(seq), 0) FROM call") or 0

    def open(self, system: str, method: str, path: str, query: str, body: bytes) -> Call:
        """Note an arrival: `in_flight` counts this call too."""
        self._last += 1
        self._in_flight[system] += 1
        in_flight = self._in_flight[system]
        return Call(self.age, self._last, now_ms(), time.perf_counter(), system, method, path, query, body, in_flight)

    def close(self, call: Call, settings: Settings) -> None:
        """Write a call down; with `record = counts` only its count, and nothing when a reset came in between."""
        self._in_flight[call.system] -= 1
        if call.age != self.age:
            return
        kind = call.fault.definition.kind if call.fault else ""
        route = _ID.sub(r"\1{id}" if call.system == "netsuite" else r"\1{orderId}", call.path)
        with self._database.transaction():
            self._database.run(_COUNT_SQL, (call.system, call.method, route, call.status, kind, call.in_flight))
            if settings.record == "full":
                self._database.insert("call", _row(call, kind, settings.record_body_bytes))

    def in_flight(self) -> dict[str, int]:
        """Return how many calls are being answered at this moment, per system."""
        return {system: number for system, number in self._in_flight.items() if number}


def _row(call: Call, kind: str, body_limit: int) -> Row:
    return {
        "seq": call.seq,
        "at": call.at,
        "system": call.system,
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "body": call.body[:body_limit].decode(errors="replace"),
        "bodySize": len(call.body),
        "status": call.status,
        "fault": kind or None,
        "faultId": call.fault.id if call.fault else None,
        "applied": call.applied,
        "inFlight": call.in_flight,
        "durationMs": round((time.perf_counter() - call.started) * 1000, 3),
    }
