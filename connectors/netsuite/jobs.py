"""Asynchronous jobs followed to the answer that the call itself would have got (netsuite 8)."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from connectors.errors import Ambiguous, ConnectorError, Contract
from connectors.http import Answer
from connectors.netsuite.session import Session, path_in

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0


class NoResult(Ambiguous):
    """The job has ended, and what it came to cannot be told."""


class Jobs:
    """Follows jobs of one account; `wait` is how long."""

    def __init__(self, session: Session, wait: timedelta) -> None:
        self._session, self._wait = session, wait.total_seconds()
        self._clock = threading.Event()

    def answer_of(self, operation: str, accepted: Answer) -> Answer:
        """The answer of the work that NetSuite has taken on with this one.

        A job may take minutes, and others want to call meanwhile: it is asked after in turns of their own.

        Raises:
            NoResult: the job has ended, and lost its answer.
            Ambiguous: it did not end in time, or could not be followed.
        """
        job = path_in(accepted.headers.get("Location", ""))
        if job is None:
            raise self._lost(operation, "NetSuite took it on without saying as which job")
        self._session.give_turn_back()
        try:
            self._until_completed(operation, job)
            task = self._task_of(operation, job)
        except Ambiguous:
            raise
        except ConnectorError as error:
            raise self._lost(operation, f"{job} could not be followed: {error.message}") from None
        try:
            return self._session.call(operation, "GET", f"{task}/result")
        except ConnectorError as error:
            told = f"{job} has ended, and its result cannot be told: {error.message}; it may be applied"
            raise NoResult(self._session.name, operation, told) from None

    def _until_completed(self, operation: str, job: str) -> None:
        deadline, pause = monotonic() + self._wait, _FIRST_PAUSE_S
        while self._session.get(operation, job).get("completed") is not True:
            if monotonic() > deadline:
                raise self._lost(operation, f"{job} did not end within {self._wait:.0f} s")
            self._clock.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _task_of(self, operation: str, job: str) -> str:
        """The path of the job's one task."""
        tasks = self._session.get(operation, f"{job}/task").get("items")
        for task in tasks if isinstance(tasks, list) else ():
            if isinstance(task, Mapping) and (path := _path_of(job, task)):
                return path
        raise Contract(self._session.name, operation, place=f"{job}/task", expected="a task", got=type(tasks).__name__)

    def _lost(self, operation: str, why: str) -> Ambiguous:
        return Ambiguous(self._session.name, operation, f"{why}; it may be applied: look before any repeat")


def _path_of(job: str, task: Mapping[str, Any]) -> str | None:
    if task.get("id"):
        return f"{job}/task/{task['id']}"
    links = task.get("links")
    hrefs = [link.get("href") for link in links if isinstance(link, Mapping)] if isinstance(links, list) else []
    return next((path for href in hrefs if isinstance(href, str) and (path := path_in(href))), None)
