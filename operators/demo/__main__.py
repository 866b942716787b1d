"""`python -m operators.demo`: hold a demo, or look after one that was left running."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from operators.demo import left
from operators.demo.door import Door
from operators.demo.place import Place
from operators.demo.run import Options, run, write_export
from operators.demo.wrongs import KINDS

INTERRUPTED = 130


def main() -> int:
    """Do what the arguments say; the exit status."""
    chosen = _parser().parse_args()
    console = Console()
    match chosen.what:
        case "stop":
            return left.stop(console, chosen.folder)
        case "export":
            return asyncio.run(_export(chosen.folder))
    try:
        return asyncio.run(_interruptible(console, Options(keep=chosen.keep, plant=tuple(chosen.plant))))
    except (asyncio.CancelledError, KeyboardInterrupt):
        console.print("told to end: everything was stopped and removed")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operators.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running, and print what to try")
    parser.add_argument(
        *("--plant",),
        action="append",
        default=[],
        choices=KINDS,
        help="make something wrong after the day, to see the proof name it",
    )
    commands = parser.add_subparsers(dest="what", metavar="{stop,export}")
    for name, words in {
        "stop": "end a demo that was left running, and remove its folder",
        "export": "write what its Retail Pro knows now to where `waybill prove` reads it",
    }.items():
        commands.add_parser(name, help=words).add_argument("folder", type=Path)
    return parser


async def _interruptible(console: Console, options: Options) -> int:
    """The demo, cancelled in an orderly way by any signal that asks for an end."""
    demo = asyncio.ensure_future(run(console, options))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, demo.cancel)
    loop.set_exception_handler(_told)
    return await demo


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over calls that the end of the demo cut short; anything else that nobody waited for is told."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def _export(folder: Path) -> int:
    place = Place.of(folder)
    door = Door(place.notes()["sandbox"])
    try:
        await write_export(door, place)
    finally:
        await door.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
