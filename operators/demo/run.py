"""One demo from its morning to its verdict."""

import asyncio
import time
from collections.abc import Sequence

from rich.console import Console
from temporalio.service import RPCError

from operators.demo import left, picture, verdict
from operators.demo.cues import PATIENCE_S, ScriptError
from operators.demo.day import DAY
from operators.demo.door import SandboxError
from operators.demo.evening import conclusion, tell
from operators.demo.office import CommandFailedError
from operators.demo.orders import DayOrder, morning, orders_of
from operators.demo.picture import Diary, Picture
from operators.demo.place import Place, forget_real_set_up
from operators.demo.po_script import PoScript
from operators.demo.processes import ProcessError
from operators.demo.proving import ProofFailedError, prove
from operators.demo.purchases import BRANCH_PURCHASES, FIRST_BRANCH_ID, DayPo, purchases_of
from operators.demo.screen import Screen, say
from operators.demo.script import Script
from operators.demo.town import Town
from operators.demo.verdict import Verdict
from operators.set_up import SetUpError
from operators.temporal_release import TemporalUnavailableError
from operators.temporal_server import TemporalStartError
from sandbox.sftp.find_sshd import SshdUnavailableError

DAY_LIMIT_S = PATIENCE_S + 30.0
"""After so long, a day that is not over has gone wrong; a scene without its cue says so before."""
QUIET_S = 2.5
"""How long everything must stand where it should before the day is over: longer than the feed's interval."""
TICK_S = 0.25

EXPECTED_TROUBLE = (
    CommandFailedError,
    ProcessError,
    ProofFailedError,
    RPCError,
    SandboxError,
    ScriptError,
    SetUpError,
    SshdUnavailableError,
    TemporalStartError,
    TemporalUnavailableError,
)


async def run(console: Console, *, keep: bool) -> int:
    """Hold a demo; 0 when every order is where it must be and the proof holds from both sides, else 1."""
    forgotten = forget_real_set_up()
    place = Place.make()
    branch_pos = purchases_of(BRANCH_PURCHASES, FIRST_BRANCH_ID)
    town = Town(place, branch_pos, lambda line: say(console, line, "dim"))
    good, keeps_folder = False, True
    try:
        good = await _Demo(console, town, branch_pos, keep=keep).hold()
        keeps_folder = not good
    except EXPECTED_TROUBLE as error:
        say(console, f"The demo failed: {error}", "red")
    except asyncio.CancelledError:
        keeps_folder = False
        raise
    finally:
        if keep and town.is_up:
            await town.leave_running()
            left.explain(console, place, town.server.ui_url, forgotten)
        else:
            await town.end()
            _clear(console, place, keep=keeps_folder)
    return 0 if good else 1


def _clear(console: Console, place: Place, *, keep: bool) -> None:
    if keep:
        say(console, f"Its logs, ledger and Temporal database are kept in {place.name}; nothing is running any more.")
    else:
        place.remove()


class _Demo:
    """The day in a town."""

    def __init__(self, console: Console, town: Town, branch_pos: Sequence[DayPo], *, keep: bool) -> None:
        self._console, self._town, self._keep = console, town, keep
        self._orders: Sequence[DayOrder] = orders_of(DAY)
        self._shop_pos: Sequence[DayPo] = purchases_of()
        self._pos = [*self._shop_pos, *branch_pos]
        self._began = time.monotonic()

    async def hold(self) -> bool:
        """Whether the whole demo is a success."""
        town = self._town
        what = f"{len(self._orders)} orders and {len(self._pos)} purchase orders"
        self._print(f"A day of {what} in {town.place.name}: starting everything ...")
        await town.start()
        await town.door.post("seed", morning(self._orders))
        script, po_script = Script(self._orders, town), PoScript(self._shop_pos, town)
        with Screen(self._console, len(self._orders), len(self._pos), town.server.ui_url) as screen:
            screen.announce(f"all is up after {time.monotonic() - self._began:.0f} s; the shops open")
            await script.open_doors()
            await town.branch.open_doors()
            await po_script.open_doors()  # last: its first scene lasts for seconds, and must be seen
            await self._watch(script, po_script, screen)
        found = await self._evening(script, po_script)
        tell(self._console, self._orders, self._pos, picture.take(town.ledger), found)
        self._conclude(found)
        return not found.problems

    async def _watch(self, script: Script, po_script: PoScript, screen: Screen) -> None:
        """Show the day until it is over: the scripts are played and everything stands where it should."""
        diary, quiet_since = Diary(self._town.ledger), None
        branch = self._town.branch.play(self._town.lookout, screen.announce)
        playing = asyncio.gather(script.play(screen.announce), po_script.play(screen.announce), branch)
        try:
            while screen.elapsed_s < DAY_LIMIT_S:
                now = self._town.lookout.now()
                screen.show(now, diary.news())
                self._town.crew.check()
                if playing.done():
                    playing.result()
                over = playing.done() and not self._deviations(now)
                over = over and not (await self._town.door.plans_left() or await self._town.branch.door.plans_left())
                quiet_since = (quiet_since or screen.elapsed_s) if over else None
                if quiet_since is not None and screen.elapsed_s - quiet_since > QUIET_S:
                    return
                await asyncio.sleep(TICK_S)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    def _deviations(self, now: Picture) -> list[str]:
        return [*verdict.deviations(self._orders, now), *verdict.po_deviations(self._pos, now)]

    async def _evening(self, script: Script, po_script: PoScript) -> Verdict:
        """Prove it from both sides: `waybill prove`, and the sandbox's own check."""
        town, door = self._town, self._town.door
        await po_script.last_word()
        await door.write_export(town.place.export)
        await town.branch.door.write_export(town.place.branch_export)
        self._print("proving: waybill prove")
        proof, stock = await prove(), await door.stock()
        return Verdict(
            deviations=self._deviations(picture.take(town.ledger)),
            faults={**await script.faults_fired(), **po_script.struck(), **await town.branch.struck()},
            proof=proof,
            check=await door.get("check", exclude=verdict.meant_to_be_unfinished(self._orders)),
            lowest=verdict.lowest_stock(stock, await door.documents("invoices"), await door.documents("slips")),
            failed_plans=[*await door.failed_plans(), *await town.branch.door.failed_plans()],
            po_check=verdict.together(
                await door.get("netsuite/check", exclude=verdict.pos_left_out(self._pos)),
                await town.branch.door.get("netsuite/check"),
            ),
        )

    def _conclude(self, found: Verdict) -> None:
        seconds = time.monotonic() - self._began
        self._print(f"Temporal UI: {self._ui()}")
        self._print(conclusion(found, len(self._orders), len(self._pos), seconds))

    def _ui(self) -> str:
        """Where the Web UI is, or was."""
        address = self._town.server.ui_url
        if address is None:
            return f"that of the server at {self._town.server.address}"
        return address if self._keep else f"{address} (gone now; make demo KEEP=1 leaves it running)"

    def _print(self, words: str) -> None:
        say(self._console, words)
