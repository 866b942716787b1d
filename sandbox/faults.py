"""Faults on demand: which call goes wrong, how, and when; counters survive a restart."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sandbox.clock import now_ms

if TYPE_CHECKING:
    from sandbox.database import Database

Kind = Literal[
    "latency", "stall", "status", "drop", "soft_error", "garbage", "expire_token", "delayed_visibility"
]  # fmt: skip
Garbage = Literal["not_json", "truncated", "wrong_types", "huge", "empty"]


class FaultDefinition(BaseModel):
    """What somebody asked for: which calls are meant, which of them are hit, and what happens to those."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    system: Literal["hotwax", "retailpro", "netsuite"] | None = None
    method: str | None = None
    path: str | None = None
    path_regex: str | None = None
    body: str | None = None

    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0
    calls: list[Annotated[int, Field(ge=1)]] | None = None
    next: Annotated[int, Field(ge=1)] | None = None
    from_s: Annotated[float, Field(ge=0)] = 0
    for_s: Annotated[float, Field(gt=0)] | None = None

    when: Literal["before", "after"] = "before"
    seconds: Annotated[float, Field(ge=0)] | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 503
    retry_after: str | int | None = None
    message: str = "injected by the sandbox"
    code: str | None = None
    garbage: Garbage = "not_json"
    size_mb: Annotated[float, Field(gt=0, le=256)] = 11

    @field_validator("path_regex")
    @classmethod
    def _must_compile(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from error
        return value


@dataclass(frozen=True)
class Subject:
    """What a fault is compared with: one arriving call, or one event inside a system (method `EVENT`)."""

    system: str
    method: str
    path: str
    body: bytes


@dataclass
class Fault:
    """A definition with its counters."""

    id: int
    definition: FaultDefinition
    created: int
    matched: int = 0
    fired: int = 0

    def means(self, subject: Subject, now: int) -> bool:
        """Whether this call is one of those that the fault is about, hit or not."""
        wanted = self.definition
        if wanted.system not in (None, subject.system) or wanted.method not in (None, subject.method):
            return False
        if wanted.path is not None and not subject.path.startswith(wanted.path):
            return False
        if wanted.path_regex is not None and not re.search(wanted.path_regex, subject.path):
            return False
        if wanted.body is not None and wanted.body.encode() not in subject.body:
            return False
        return self._in_window(now)

    def hits(self) -> bool:
        """Whether the call just counted as `matched` is hit."""
        wanted = self.definition
        if wanted.calls is not None and self.matched not in wanted.calls:
            return False
        if wanted.next is not None and self.fired >= wanted.next:
            return False
        return wanted.probability >= 1 or _draw(wanted.seed, self.matched) < wanted.probability

    def _in_window(self, now: int) -> bool:
        age_s = (now - self.created) / 1000
        wanted = self.definition
        return age_s >= wanted.from_s and (wanted.for_s is None or age_s < wanted.from_s + wanted.for_s)


@dataclass(frozen=True)
class Verdict:
    """What happens to one call: a delay, and at most one fault after it."""

    delay_s: float = 0
    fault: Fault | None = None
    latency: Fault | None = None

    @property
    def shown(self) -> Fault | None:
        """The fault that the call record names."""
        return self.fault or self.latency


_CLEAN = Verdict()


class FaultBook:
    """All faults in the order they were made; latencies add up, of the others the first that hits is applied."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._faults: dict[int, Fault] = {}
        self.reload()

    def reload(self) -> None:
        """Read the faults from the database again."""
        rows = self._database.rows("SELECT * FROM fault ORDER BY id")
        self._faults = {
            row["id"]: Fault(**{**row, "definition": FaultDefinition.model_validate_json(row["definition"])})
            for row in rows
        }

    def add(self, definition: FaultDefinition) -> Fault:
        """Arm a fault from now on and return it."""
        row = {"definition": definition.model_dump_json(), "created": now_ms(), "matched": 0, "fired": 0}
        fault = Fault(self._database.insert("fault", row), definition, now_ms())
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Disarm one fault, or all; return how many went."""
        gone = [fault_id] if fault_id in self._faults else [] if fault_id is not None else list(self._faults)
        for key in gone:
            del self._faults[key]
            self._database.run("DELETE FROM fault WHERE id = ?", (key,))
        return len(gone)

    def all(self) -> list[Fault]:
        """Every armed fault."""
        return list(self._faults.values())

    def judge(self, subject: Subject) -> Verdict:
        """Decide what happens to a call, and count it."""
        if not self._faults:
            return _CLEAN
        delay_s, found, latency = 0.0, None, None
        for fault in self._faults.values():
            kind = fault.definition.kind
            if kind == "delayed_visibility" or (found and kind != "latency") or not self._fires(fault, subject):
                continue
            if kind == "latency":
                delay_s, latency = delay_s + (fault.definition.seconds or 0), fault
            else:
                found = fault
        return Verdict(delay_s, found, latency)

    def visibility_delay_s(self, key: str, event: str = "OrderStatus", system: str = "hotwax") -> float:
        """Return how long a new row of this order (or import file) stays unseen, by the `delayed_visibility` faults."""
        subject = Subject(system, "EVENT", event, key.encode())
        late = [fault for fault in self._faults.values() if fault.definition.kind == "delayed_visibility"]
        return max((fault.definition.seconds or 0 for fault in late if self._fires(fault, subject)), default=0)

    def _fires(self, fault: Fault, subject: Subject) -> bool:
        if not fault.means(subject, now_ms()):
            return False
        fault.matched += 1
        hit = fault.hits()
        fault.fired += hit
        self._database.run(
            "UPDATE fault SET matched = ?, fired = ? WHERE id = ?", (fault.matched, fault.fired, fault.id)
        )
        return hit


def _draw(seed: int, number: int) -> float:
    """Return the number-th draw of a seed, in [0, 1): needs no state, so a restart goes on where it was."""
    digest = hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
