"""What all lifecycles share: one step after the other, woken by news, commanded by operators, shown in the Web UI."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities import attributes
    from domain.commands import Command, CommandAnswer
    from domain.stages import Hold

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


class Lifecycle(Generic[S, V]):
    """A life that is lived in steps; a subclass says what a step does, what is shown, and what a command is judged by.

    Args:
        ids: what its log lines are bound to.
        stage: where it stands at the start.
        hold: why it does not go on at the start.
    """

    def __init__(self, ids: dict[str, str], stage: S, hold: Hold | None) -> None:
        self._ids = ids
        self._stage, self._hold, self._since = stage, hold, workflow.now()
        self._changed, self._ended = False, False
        self._inbox: list[tuple[V, Command]] = []
        self._answers: dict[str, CommandAnswer] = {}
        self._last: CommandAnswer | None = None

    # ---- what a subclass says ----------------------------------------------------------------------------------------

    async def _step(self) -> None:
        """Ask what is owed, do it as far as it goes, and wait for news where nothing is left to do."""
        raise NotImplementedError

    def _details(self) -> str:
        """What the Web UI shows."""
        raise NotImplementedError

    def _refusal(self, verb: V, command: Command) -> str | None:
        """Why this command makes no sense now, as far as that is known."""
        raise NotImplementedError

    # ---- living ------------------------------------------------------------------------------------------------------

    async def _live(self, cancel: V) -> None:
        """Live until the end, or until the history is long; *Request Cancellation* is the command `cancel`."""
        life = asyncio.create_task(self._steps())
        while not life.done():
            try:
                await asyncio.shield(life)
            except asyncio.CancelledError:
                if life.cancelled():
                    raise
                self._take(cancel, _cancel_button())

    async def _steps(self) -> None:
        """One step after the other, until it has ended or its history is long, and every command is answered."""
        while True:
            await self._step()
            if self._ended or workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(lambda: bool(self._inbox) or workflow.all_handlers_finished())
                if not self._inbox:
                    return

    async def _news(self, at_most: timedelta | None = None, unanswered: int = 0) -> None:
        """Wait for a signal, a command beyond those still `unanswered`, or the end of `at_most`."""
        self._tell()

        def has_news() -> bool:
            called = self._changed or len(self._inbox) > unanswered
            return called or workflow.info().is_continue_as_new_suggested()

        try:
            await workflow.wait_condition(has_news, timeout=at_most, timeout_summary="try again by itself")
        except TimeoutError:
            return

    # ---- showing -----------------------------------------------------------------------------------------------------

    def _show(self, stage: S, hold: Hold | None) -> None:
        if (stage, hold and hold.key) != (self._stage, self._hold and self._hold.key):
            workflow.upsert_search_attributes(attributes.changes(stage, hold))
            about = {**self._ids, "stage": str(stage), "hold": hold.key if hold else None}
            workflow.logger.info("%s moved", next(reversed(self._ids)), extra=about)
        if stage is not self._stage:
            self._since = workflow.now()
        self._stage, self._hold = stage, hold
        self._tell()

    def _tell(self) -> None:
        workflow.set_current_details(self._details())

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _take(self, verb: V, command: Command) -> None:
        if command.id not in self._answers and all(given.id != command.id for _, given in self._inbox):
            self._inbox.append((verb, command))

    def _open_inbox(self) -> tuple[tuple[V, Command], ...]:
        """The commands to apply now; what happens from here on is news."""
        commands, self._inbox, self._changed = tuple(self._inbox), [], False
        return commands

    async def _ask(self, verb: V, command: Command) -> CommandAnswer:
        self._take(verb, command)
        await workflow.wait_condition(lambda: command.id in self._answers)
        return self._answers[command.id]

    def _judge(self, verb: V, command: Command) -> None:
        """Refuse what makes no sense, before it is written down."""
        if reason := self._refusal(verb, command):
            raise ApplicationError(reason, type="Refused", non_retryable=True)

    def _answer(self, answers: Sequence[tuple[str, CommandAnswer]]) -> None:
        for command_id, answer in answers:
            self._answers[command_id] = self._last = answer


def _cancel_button() -> Command:
    reason = workflow.cancellation_reason() or "Request Cancellation"
    return Command(id=f"cancel-request/{workflow.info().run_id}", operator="Temporal Web UI", reason=reason)
