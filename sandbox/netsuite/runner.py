"""Runs NetSuite's scheduled scripts, when the admin says so and every few seconds when the settings do."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.clock import now_ms
from sandbox.netsuite import stock_export, stock_import, waybill_export, waybill_import
from sandbox.netsuite.scripts import FOLDERS, Context, Script, ScriptEndError, take_fault
from sandbox.netsuite.sftp import TransferError, connected
from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.database import Row
    from sandbox.settings import SftpLogin
    from sandbox.world import World

Kind = Literal["stock", "waybill"]

_SCRIPTS: Final[dict[tuple[Script, Kind], Callable[[Context], Awaitable[None]]]] = {
    ("export", "stock"): stock_export.run,
    ("export", "waybill"): waybill_export.run,
    ("import", "stock"): stock_import.run,
    ("import", "waybill"): waybill_import.run,
}


class Runner:
    """The scripts of one account; two runs of one script never overlap."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[Script, asyncio.Lock] = {"export": asyncio.Lock(), "import": asyncio.Lock()}

    async def run(self, script: Script, kind: Kind | None = None) -> Row:
        """Run one script to its end, good or bad, and return its report.

        Raises:
            BadInputError: Nobody said where the SFTP server is.
        """
        settings = self._world.settings
        chosen = kind or (settings.netsuite_exporter if script == "export" else settings.netsuite_importer)
        if settings.netsuite_sftp is None:
            raise BadInputError("netsuite_sftp", None, "is needed: set it by PATCH /admin/settings")
        login = settings.netsuite_sftp
        async with self._running[script]:
            delayed = take_fault(self._world, "delayed_run", script)
            if delayed:
                await asyncio.sleep(delayed.seconds)
            return await self._run(script, chosen, login)

    async def work(self) -> None:
        """Run both scripts every `netsuite_every_s` seconds, for ever; a run that ends badly stops nothing."""
        while True:
            self._world.schedule_changed.clear()
            try:
                await asyncio.wait_for(self._world.schedule_changed.wait(), self._world.settings.netsuite_every_s)
            except TimeoutError:
                if self._world.settings.netsuite_sftp:
                    await self.run("export")
                    await self.run("import")

    async def _run(self, script: Script, kind: Kind, login: SftpLogin) -> Row:
        world = self._world
        began, age, report = now_ms(), world.calls.age, dict[str, Any]()
        error = None
        try:
            async with connected(login) as files:
                for folder in FOLDERS:
                    await files.ensure_folder(folder)
                governance = take_fault(world, "governance", script)
                units = governance.units if governance else world.settings.netsuite_units
                await _SCRIPTS[script, kind](Context(world, files, script, units, report=report))
        except (ScriptEndError, TransferError, RecursionError, ValueError, sqlite3.Error) as problem:
            error = str(problem)
        row = {"at": began, "script": script, "kind": kind, "error": error}
        if age == world.calls.age:
            world.database.insert("nsRun", {**row, "report": json.dumps(report)})
        return {**row, **report}
