"""`python -m operators.demo`: hold a demo, or look after one that was left running."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from operators.demo import left
from operators.demo.door import SandboxError
from operators.demo.place import Place
from operators.demo.run import run
from operators.demo.wrongs import KINDS

NO_DEMO, INTERRUPTED = 2, 130


def main() -> int:
    """Do what the arguments say; the exit status."""
    chosen = _parser().parse_args()
    console = Console()
    if chosen.what is None:
        return _hold(console, keep=chosen.keep)
    try:
        place = Place.of(chosen.folder)
    except FileNotFoundError:
        console.print(f"{chosen.folder} is no demo that was left running", style="red", highlight=False)
        return NO_DEMO
    match chosen.what:
        case "stop":
            left.stop(console, place)
        case "export":
            asyncio.run(left.export(place))
        case "plant":
            try:
                console.print(asyncio.run(left.plant(place, chosen.kind)), highlight=False)
            except SandboxError as error:
                console.print(f"nothing planted: {error}", highlight=False)
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operators.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running, and print what to try")
    commands = parser.add_subparsers(dest="what", metavar="{stop,export,plant}")
    stop = commands.add_parser("stop", help="end a demo that was left running, and remove its folder")
    export = commands.add_parser("export", help="write what its Retail Pro knows now to where `waybill prove` reads it")
    plant = commands.add_parser("plant", help="make something wrong in it, to see `waybill prove` name it")
    plant.add_argument("kind", choices=KINDS)
    for command in (stop, export, plant):
        command.add_argument("folder", type=Path)
    return parser


def _hold(console: Console, *, keep: bool) -> int:
    try:
        return asyncio.run(_interruptible(console, keep=keep))
    except (asyncio.CancelledError, KeyboardInterrupt):
        console.print("told to end: everything was stopped and removed")
        return INTERRUPTED


async def _interruptible(console: Console, *, keep: bool) -> int:
    """The demo, cancelled in an orderly way by any signal that asks for an end."""
    demo = asyncio.ensure_future(run(console, keep=keep))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, demo.cancel)
    loop.set_exception_handler(_told)
    return await demo


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over calls that the end of the demo cut short; anything else that nobody waited for is told."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


if __name__ == "__main__":
    sys.exit(main())
