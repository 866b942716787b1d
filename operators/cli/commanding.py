"""What all commands to an order or a purchase order share: what is given, how it is asked, and how it is told."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Generic, TypeVar

import typer
from pydantic import ValidationError
from rich.console import RenderableType
from temporalio.client import Client
from temporalio.service import RPCError

from activities.starting import WorkflowStarter
from domain.commands import Command, CommandAnswer, Verb
from domain.seen import SHOWN, Sight
from operators import commands
from operators.cli.command import Answer
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import DryRun, Operator, Reason, Tenant, checked_operator, span
from operators.cli.office import no_temporal, temporal
from operators.cli.tables import right, warning, wrong
from operators.cli.visible import Text
from operators.queries import pretty

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every command needs, whatever it is given to."""

    reason: Reason
    operator: Operator = ""
    tenant: Tenant = None
    dry_run: DryRun = False
    id: Annotated[
        str | None, typer.Option("--id", help="The id of the command; given again with it, it is done once.")
    ] = None
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for the answer.")] = "60s"


@dataclass(frozen=True)
class Subject(Generic[R]):
    """What a command is given to: how operators call it, its ids, and its workflow's starter."""

    noun: str
    name: str
    ids: Mapping[str, str]
    row: R
    starter: Callable[[Client], WorkflowStarter[R]]


def command_of(given: Request, details: Mapping[str, str | None]) -> Command:
    """The command as the workflow takes it.

    Raises:
        Trouble: a part of it is too long, or missing.
    """
    try:
        return Command(
            id=given.id or commands.new_id(), operator=checked_operator(given.operator), reason=given.reason, **details
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Trouble(Exit.USAGE, f"--{first['loc'][0]}: {first['msg']}") from None


def asked(subject: Subject[R], verb: str, command: Command, wait: str) -> Answer:
    """The workflow's answer to the command, waited for as long as `wait` says."""
    return told(subject, command, asyncio.run(_ask(subject, verb, command, wait)))


def resumed(subject: Subject[R], command: Command, sight: Sight, wait: str) -> Answer:
    """The workflow's answer to a `resume` of the hold that the operator saw, and of none that came since.

    Who names no mark is shown all that it would go on without: nobody gives up what they did not see.
    """
    if command.seen is None and sight.to_name:
        return _to_be_seen(subject, command, sight)
    return asked(subject, Verb.RESUME, command.model_copy(update={"seen": command.seen or sight.mark}), wait)


def _to_be_seen(subject: Subject[R], command: Command, sight: Sight) -> Answer:
    message = f"to go on without all of this, say --seen {sight.mark}: {'; '.join(sight.waived)}"
    refused = told(subject, command, CommandAnswer(accepted=False, message=message))
    data = {**subject.ids, "accepted": False, "message": message, "seen": sight.mark, "goes_on_without": sight.waived}
    return replace(refused, data=data)


def ways_on(resume: str, seen: str | None, waived: Sequence[str]) -> Iterator[RenderableType]:
    """All that a `resume` of a hold goes on without, and the mark that it takes; nothing where it takes none."""
    if seen is None:
        return
    if len(waived) > SHOWN:
        yield from (Text(f"  - {words}") for words in waived)
    yield Text(f"  to go on without it: waybill {resume} --seen {seen} --reason WHY")


async def _ask(subject: Subject[R], verb: str, command: Command, wait: str) -> CommandAnswer:
    patience = span(wait)
    starter = subject.starter(await temporal())
    try:
        return await commands.ask(starter, subject.row, verb, command, patience)
    except commands.NoAnswerError as error:
        raise Trouble(Exit.OUT_OF_REACH, str(error)) from None
    except RPCError as error:
        raise no_temporal(error) from None


def told(subject: Subject[R], command: Command, answer: CommandAnswer) -> Answer:
    """What became of the command, for people and machines."""
    text = f"{subject.noun} {subject.name}: {answer.message}"
    data = {**subject.ids, "command_id": command.id, **answer.model_dump()}
    line = right(text) if answer.accepted else wrong(text)
    return Answer(data, [line], Exit.FINE if answer.accepted else Exit.REFUSED)


def rehearsed(subject: Subject[R], rehearsal: commands.DryRun) -> Answer:
    """What the command would lead to, with the bodies: the operator asked for them."""
    data = {"dry_run": True, **subject.ids, **rehearsal.model_dump(mode="json")}
    code = Exit.FINE if rehearsal.answer.accepted else Exit.REFUSED
    return Answer(data, _screen(subject.noun, rehearsal), code)


def _screen(noun: str, rehearsal: commands.DryRun) -> list[RenderableType]:
    if not rehearsal.answer.accepted:
        return [wrong(f"would be refused: {rehearsal.answer.message}")]
    held = f", held: {rehearsal.hold}" if rehearsal.hold else ""
    parts: list[RenderableType] = [Text(f"{rehearsal.answer.message}; the {noun} would be {rehearsal.stage}{held}")]
    if rehearsal.goes_on_without:
        parts += [Text(f"it would go on (--seen {rehearsal.seen}) without:")]
        parts += [Text(f"  - {words}") for words in rehearsal.goes_on_without]
    for call in rehearsal.calls:
        parts.append(Text(f"\n{call.label}\n{call.method} {call.url}", style="bold"))
        parts += [warning(f"({call.note})")] if call.note else []
        is_json = call.body.startswith(("{", "["))
        parts.append(Text(pretty(call.body) if is_json else call.body))
    if not rehearsal.calls:
        parts.append(Text("no remote call would be made"))
    return [*parts, warning("dry run: nothing was changed")]
