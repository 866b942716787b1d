"""What happens to purchase orders: NetSuite's day, associates at the receiving desk, people with files, a cut line."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from domain.purchase_order import ImportState, PoStage, PoVerb
from domain.stages import HoldCause
from ledger.po_files import FileState
from operators.demo import purchases
from operators.demo.cues import until
from operators.demo.office import Office, as_typed
from operators.demo.picture import Picture
from operators.demo.purchases import AFTERNOON, MORNING, DayPo
from operators.demo.town import Say, Town

EVERY_S = 2
"""How often NetSuite's scripts run."""
ROWS_PER_FILE = 20
HALF_WRITTEN, NETSUITE_CUT = "NetSuite writes a file slowly", "NetSuite's connection is lost in the middle of an upload"
OUR_CUT = "Waybill's connection is lost in the middle of an upload"
TWICE, RENAMED, MALFORMED = "a file is delivered twice", "a copy of it comes under another name", "a file was cut short"

_SLOW = {"kind": "slow_upload", "script": "export", "bytes": 400, "seconds": 3}
_TRUNCATED = {"kind": "truncated_upload", "script": "export", "bytes": 300}
_CUT_FILE, _COPY = "WB-PO-20260101T000000Z-900.csv", "WB-PO-copy-of-this-morning.csv"


class PoScript:
    """The scenes of the day that are about purchase orders, played side by side in a running town."""

    def __init__(self, pos: Sequence[DayPo], town: Town) -> None:
        self._pos, self._town, self._door, self._depot = pos, town, town.door, town.depot
        self._office = Office(town.settings, town.client, town.ledger)
        self._struck: dict[str, int] = dict.fromkeys(
            (HALF_WRITTEN, NETSUITE_CUT, OUR_CUT, TWICE, RENAMED, MALFORMED), 0
        )
        self._say: Say = lambda _: None

    async def open_doors(self) -> None:
        """Let the day begin: NetSuite has its purchase orders, and its scripts run every few seconds."""
        await self._door.post("netsuite/faults", _SLOW)
        await self._seed(MORNING)
        settings = {"netsuite_sftp": self._depot.login(), "netsuite_rows_per_file": ROWS_PER_FILE}
        await self._door.patch("settings", {**settings, "netsuite_every_s": EVERY_S})

    async def play(self, announce: Say) -> None:
        """Play all scenes; `announce` is told what is done, in words.

        Raises:
            ScriptError: the cue for one never came.
            CommandFailedError: an operator's command was not taken.
        """
        self._say = announce
        await asyncio.gather(
            self._half_written(),
            self._receive(MORNING),
            self._afternoon(),
            self._repeats(),
            self._malformed(),
            self._amend(),
            self._end_in_netsuite(),
            self._approve(),
            self._go_on_without_excess(),
            self._cut_the_line(),
        )

    def struck(self) -> dict[str, int]:
        """How often each thing went wrong, by its name."""
        return dict(self._struck)

    async def last_word(self) -> None:
        """Have NetSuite tell what changed last, and wait until all of it is read."""
        await self._door.post("netsuite/run", {"script": "export"})

        async def read() -> bool:
            return not self._depot.waiting()

        await until(read, "all files of purchase orders are read")

    # ---- NetSuite ----------------------------------------------------------------------------------------------------

    async def _seed(self, wave: str) -> None:
        await self._door.post("netsuite/seed", {"purchaseOrders": [po.seed for po in self._in(wave)]})

    async def _afternoon(self) -> None:
        """More purchase orders; the connection is lost while NetSuite writes them."""
        await self._imported(self._in(MORNING))
        await self._door.post("netsuite/faults", _TRUNCATED)
        await self._seed(AFTERNOON)
        self._say(f"NetSuite has {len(self._in(AFTERNOON))} more purchase orders")
        await until(lambda: self._has_fired("truncated_upload"), NETSUITE_CUT)
        self._happened(NETSUITE_CUT, "its next run tells them again")
        await self._receive(AFTERNOON)

    async def _has_fired(self, kind: str) -> bool:
        faults = (await self._door.get("netsuite/faults"))["faults"]
        return any(fault["fired"] for fault in faults if fault["definition"]["kind"] == kind)

    async def _act(self, action: str, po: DayPo, **details: object) -> None:
        await self._door.post("netsuite/acts", {"action": action, "poId": po.po_id, **details})
        self._say(f"NetSuite: {po.number}: {action.replace('_', ' ')}")

    async def _amend(self) -> None:
        po = self._one(purchases.AMENDED)
        await self._imported([po])
        line = {**po.seed["lines"][1], "item": po.seed["lines"][0]["item"], "quantity": 12}
        await self._act("amend", po, line=1, quantity=48)
        await self._act("add_line", po, new=line)
        await self._until(lambda now: now.pos[po.po_id].lines == {"1": "48", "4": "8", "7": "12"}, "it is amended")
        self._say(f"{po.number} has its amended quantity and its new line in HotWax")

    async def _end_in_netsuite(self) -> None:
        closed, cancelled = self._one(purchases.CLOSED), self._one(purchases.CANCELLED)
        await self._imported([closed, cancelled])
        await self._act("close", closed)
        await self._act("cancel", cancelled)

    async def _approve(self) -> None:
        po = self._one(purchases.APPROVED)
        await self._until(lambda now: po.po_id in now.pos, f"{po.number} is known")
        await self._act("approve", po)

    # ---- stores and operators ----------------------------------------------------------------------------------------

    async def _receive(self, wave: str) -> None:
        """Associates receive what HotWax knows, each purchase order as its kind says."""
        due = [po for po in self._in(wave) if po.kind.visits or po.kind.deeds]
        await asyncio.gather(*(self._receive_one(po) for po in due))

    async def _receive_one(self, po: DayPo) -> None:
        await self._imported([po])
        for deed in po.kind.deeds:
            await self._door.post("po-deeds", {**deed, "poId": po.po_id})
        if po.kind.visits:
            play = {"orders": [po.po_id], "over_s": 12, "parts": po.kind.visits, "seed": 7}
            await self._door.post("po-play", play)

    async def _go_on_without_excess(self) -> None:
        """What came beyond the order is held; an operator has looked, and goes on without it."""
        po = self._one(purchases.OVER)
        await self._until(lambda now: now.stands(po) == (PoStage.RECEIVED, HoldCause.RECEIPT_EXCESS), "it is held")
        reason = "three lamps too many go back to the vendor"
        seen = self._office.mark_of(po.po_id)
        self._say(as_typed("po", "resume", po.number, "--seen", seen, "--reason", reason))
        await self._office.purchase_order(PoVerb.RESUME, po.po_id, reason, seen)

    # ---- files and lines ---------------------------------------------------------------------------------------------

    async def _half_written(self) -> None:
        async def seen() -> bool:
            return any(name.endswith(".tmp") for name in self._depot.waiting())

        await until(seen, HALF_WRITTEN)
        self._happened(HALF_WRITTEN, "it is left alone until it is complete")

    async def _repeats(self) -> None:
        """The first file of the morning comes again, under its name and under another."""
        await self._until(lambda now: bool(now.archived), "a file is in the archive")
        name, kept = next(iter(self._town.lookout.now().archived.items()))
        content = self._depot.archived(kept)
        for again, told in ((name, TWICE), (_COPY, RENAMED)):
            self._depot.put(again, content)
            await self._until(lambda now, again=again: now.files[again, FileState.REPEAT] > 0, told)  # type: ignore[misc]
            self._happened(told, f"{again} is known by its bytes")

    async def _malformed(self) -> None:
        await self._until(lambda now: bool(now.archived), "a file is in the archive")
        content = self._depot.archived(next(iter(self._town.lookout.now().archived.values())))
        self._depot.put(_CUT_FILE, content[: len(content) * 2 // 3])
        await self._until(lambda now: now.files[_CUT_FILE, FileState.REFUSED] > 0, MALFORMED)
        self._happened(MALFORMED, f"{_CUT_FILE} is refused as a whole")

    async def _cut_the_line(self) -> None:
        """The line to the server is cut while a receipt file is on its way."""
        await self._until(lambda now: bool(now.receipts), "a store has received")
        self._depot.arm_cut()

        async def was_cut() -> bool:
            return self._depot.cut() is not None

        await until(was_cut, OUR_CUT)
        self._happened(OUR_CUT, (self._depot.cut() or "").partition(": ")[2])

    # ---- cues --------------------------------------------------------------------------------------------------------

    def _happened(self, name: str, words: str) -> None:
        self._struck[name] += 1
        self._say(f"fault: {name}: {words}")

    def _in(self, wave: str) -> list[DayPo]:
        return [po for po in self._pos if po.kind.wave == wave]

    def _one(self, name: str) -> DayPo:
        return next(po for po in self._pos if po.kind.name == name)

    async def _imported(self, pos: Iterable[DayPo]) -> None:
        """Wait until HotWax has all of these, without those that it is never told, or not yet."""
        late = {purchases.NOWHERE_TO_GO} | ({purchases.APPROVED} if len(list(pos)) > 1 else set())
        due = [po for po in pos if po.kind.name not in late]

        def all_there(now: Picture) -> bool:
            return all(po.po_id in now.pos and now.pos[po.po_id].state is ImportState.DONE for po in due)

        await self._until(all_there, f"{len(due)} purchase orders are in HotWax")

    async def _until(self, told: Callable[[Picture], bool], cue: str) -> None:
        async def come() -> bool:
            return told(self._town.lookout.now())

        await until(come, cue)
