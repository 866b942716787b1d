"""What every command has in common: `--json`, `--debug`, one-line errors, and answers for people and machines."""

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from pydantic import BaseModel
from rich.console import Console, RenderableType

from operators import logs
from operators.cli.exits import Exit, Trouble, as_trouble
from operators.cli.visible import Text, visible

AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, alone on standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")]


_WIDTH_OF_FILES = 200


@dataclass(frozen=True)
class Answer:
    """What a command found or did: `data` for `--json`, `view` for people, and how the command ends."""

    data: object
    view: Sequence[RenderableType] = ()
    exit_code: Exit = Exit.FINE


def say(text: str) -> None:
    """Tell a person what goes on; never on standard output, which belongs to the answer."""
    Console(stderr=True, highlight=False).print(Text(text), soft_wrap=True)


def operator_command(command: Callable[..., Answer | None]) -> Callable[..., None]:
    """The command as Typer runs it, with `--json` and `--debug`; a parameter that is a dataclass becomes its fields.

    Expected errors end it with one line and their exit code.
    """
    hints = get_type_hints(command, include_extras=True)
    hints.pop("return")
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind) and isinstance(kind, type)}

    @wraps(command)
    def run(**given: Any) -> None:
        as_json, debug = bool(given.pop("as_json")), bool(given.pop("debug"))
        try:
            answer = command(**_gathered(given, groups))
        except typer.Exit:
            raise
        except Exception as error:  # noqa: BLE001 - an operator reads one line, whatever went wrong
            raise typer.Exit(_told(error, as_json=as_json, debug=debug)) from None
        if answer is not None:
            _show(answer, as_json=as_json)
            raise typer.Exit(answer.exit_code)

    parameters = [p for name in inspect.signature(command).parameters for p in _spread(name, command, hints, groups)]
    parameters += [_option("as_json", AsJson, default=False), _option("debug", Debug, default=False)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _spread(
    name: str, command: Callable[..., object], hints: dict[str, Any], groups: dict[str, type]
) -> list[inspect.Parameter]:
    if name in groups:
        kinds = get_type_hints(groups[name], include_extras=True)
        return [_option(f.name, kinds[f.name], default=_default(f.default)) for f in fields(groups[name])]
    return [_option(name, hints[name], default=inspect.signature(command).parameters[name].default)]


def _default(value: object) -> object:
    missing = type(value).__name__ == "_MISSING_TYPE"
    return inspect.Parameter.empty if missing else value


def _option(name: str, kind: object, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _gathered(given: dict[str, Any], groups: dict[str, type]) -> dict[str, Any]:
    """The arguments with those of each group put together again."""
    gathered = dict(given)
    for name, group in groups.items():
        gathered[name] = group(**{f.name: gathered.pop(f.name) for f in fields(group)})
    return gathered


def _told(error: Exception, *, as_json: bool, debug: bool) -> Exit:
    trouble: Trouble = as_trouble(error)
    if debug:
        sys.stderr.write(visible("".join(traceback.format_exception(error))))
    say(f"waybill: {trouble}")
    if as_json:
        _print_json({"error": str(trouble), "exit": int(trouble.exit_code)})
    return trouble.exit_code


def _show(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        _print_json(answer.data)
        return
    # What goes into a file or a pipe is not cut to the width of a screen that is not there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    for part in answer.view:
        console.print(part)


def _print_json(data: object) -> None:
    sys.stdout.write(visible(json.dumps(data, default=_plain, ensure_ascii=False, indent=2)) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    for kind, plain in _PLAIN.items():
        if isinstance(value, kind):
            return plain(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_PLAIN: dict[type, Callable[[Any], object]] = {
    BaseModel: lambda model: model.model_dump(mode="json"),
    datetime: lambda moment: moment.isoformat(),
    timedelta: lambda span: span.total_seconds(),
    Decimal: lambda amount: format(amount, "f"),
    Path: str,
}


def quiet_logs() -> None:
    """Keep libraries' lines off the screen: a command tells what matters itself."""
    logs.configure("console", level=40)
