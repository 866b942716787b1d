"""A demo left running: what to try with it, a fresh export for its proof, a difference to be found, and its end."""

import contextlib
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from rich.console import Console

from operators.demo import day, purchases, wrongs
from operators.demo.day import DAY
from operators.demo.door import Door
from operators.demo.office import waybill_program
from operators.demo.orders import orders_of
from operators.demo.place import Place
from operators.demo.processes import end_left
from operators.demo.purchases import purchases_of


def explain(console: Console, place: Place, ui: str | None, forgotten: Sequence[str]) -> None:
    """Print the commands worth trying, with the environment they need, and how to end it all."""
    lines = [
        "",
        f"Everything goes on running. Temporal UI: {ui or 'that of your server'}",
        "In a shell, first:",
        *(f"  {line}" for line in _environment(place, forgotten)),
        "then, for example:",
        *(f"  {command}" for command in _worth_trying(place)),
        "and to end it all:",
        f"  {_this()} stop {shlex.quote(place.name)}",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _environment(place: Place, forgotten: Sequence[str]) -> list[str]:
    settings = place.notes()["environment"]
    pairs = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return [*([f"unset {' '.join(forgotten)}"] if forgotten else []), f"export {pairs}"]


def _worth_trying(place: Place) -> list[str]:
    waybill = "uv run waybill" if shutil.which("uv") else waybill_program()
    numbers = {order.case.name: order.number for order in orders_of(DAY)}
    pos = {po.kind.name: po.po_id for po in purchases_of()}
    folder = shlex.quote(place.name)
    return [
        f"{waybill} orders --open",
        f"{waybill} order show {numbers['three stores']}",
        f"{waybill} order show {numbers[day.FORCED]}",
        f"{waybill} order force-invoice {numbers['partial']} --reason 'the customer waits' --dry-run",
        f"{waybill} po list",
        f"{waybill} po show {pos[purchases.PARTLY]}",
        f"{waybill} po show {pos[purchases.AMENDED]}",
        f"{waybill} po show {pos[purchases.NOWHERE_TO_GO]}",
        f"{waybill} po close {pos[purchases.PARTLY]} --reason 'the vendor sends no more' --dry-run",
        f"{waybill} holds",
        f"{waybill} feed",
        f"{waybill} exposure --csv -",
        f"{_this()} export {folder} && {waybill} prove",
        f"{_this()} plant lost_invoice {folder}; {waybill} prove",
    ]


def _this() -> str:
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m operators.demo"


async def export(place: Place) -> None:
    """Write what its Retail Pro knows now to where `waybill prove` reads it."""
    async with _door(place) as door:
        await door.write_export(place.export)


async def plant(place: Place, kind: str) -> str:
    """Make something wrong in it, and an export that shows it; what was done, in words."""
    async with _door(place) as door:
        planted = await wrongs.plant(kind, orders_of(DAY), purchases_of(), door)
        await door.write_export(place.export)
    return planted


@contextlib.asynccontextmanager
async def _door(place: Place) -> AsyncIterator[Door]:
    door = Door(place.notes()["sandbox"])
    try:
        yield door
    finally:
        await door.close()


def stop(console: Console, place: Place) -> None:
    """End it and remove its folder."""
    notes = place.notes()
    ended = end_left(notes["pids"], notes["marks"])
    place.remove()
    console.print(f"ended: {', '.join(ended) or 'nothing was running'}; {place.name} is removed", highlight=False)
