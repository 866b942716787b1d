"""A demo that was left running: what to try with it, a fresh export for its proof, and its end."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from operators.demo import day, purchases
from operators.demo.day import DAY
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
    export = f"{_this()} export {shlex.quote(place.name)}"
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
        f"{export} && {waybill} prove",
    ]


def _this() -> str:
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m operators.demo"


def stop(console: Console, folder: Path) -> int:
    """End a demo that was left running and remove its folder; 2 when there is none."""
    try:
        place = Place.of(folder)
    except FileNotFoundError:
        console.print(f"{folder} is no demo that was left running", style="red", highlight=False)
        return 2
    notes = place.notes()
    ended = end_left(notes["pids"], notes["marks"])
    place.remove()
    console.print(f"ended: {', '.join(ended) or 'nothing was running'}; {folder} is removed", highlight=False)
    return 0
