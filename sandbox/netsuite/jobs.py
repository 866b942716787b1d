"""Asynchronous requests: taken in at once, done later, told by their job (reference netsuite.md 8, "Async")."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.netsuite.rest_errors import RestError
from sandbox.netsuite.rest_records import RECORD_ROOT
from sandbox.netsuite.rest_transform import receive, taken_up
from sandbox.netsuite.scripts import iso_moment

if TYPE_CHECKING:
    from sandbox.database import Database, Row
    from sandbox.netsuite.rest_transform import Wanted
    from sandbox.world import World

ACTION: Final = "netsuite_job"
"""How a plan names a job that is to be done."""

JOB_ROOT: Final = "/services/rest/async/v1/job"
_DONE: Final = 204


def add_job(database: Database, wanted: Wanted, key: str | None) -> int:
    """Note a job that nobody does yet, and return its id."""
    return database.insert("nsJob", {"idempotencyKey": key, "request": wanted.stored()})


def job_with_key(database: Database, key: str | None) -> int | None:
    """Return the job that came with an idempotency key, or nothing."""
    found: int | None = database.value("SELECT id FROM nsJob WHERE idempotencyKey = ?", (key,))
    return found


def find_job(database: Database, job_id: int) -> Row | None:
    """Return a job, or nothing."""
    return database.row("SELECT * FROM nsJob WHERE id = ?", (job_id,))


def perform(world: World, job_id: int) -> None:
    """Do a job and note how it went; one that is done already is left alone."""
    job = find_job(world.database, job_id)
    if job is None or job["ended"] is not None:
        return
    started = now_ms()
    with world.database.transaction():
        location, status, body = None, _DONE, None
        try:
            location = f"{RECORD_ROOT}/itemReceipt/{receive(world, taken_up(job['request']))}"
        except RestError as error:
            status, body = error.status, json.dumps(error.body())
        world.database.run(
            "UPDATE nsJob SET started = ?, ended = ?, status = ?, location = ?, body = ? WHERE id = ?",
            (started, now_ms(), status, location, body, job_id),
        )


def job_shown(job: Row, base: str) -> Row:
    """Return a job as its resource tells it."""
    href = f"{base}{JOB_ROOT}/{job['id']}"
    return {"links": _self(href), "id": str(job["id"]), **_progress(job), "task": {"links": _self(f"{href}/task")}}


def tasks_shown(job: Row, base: str) -> Row:
    """Return the collection of a job's tasks: it always has one."""
    href = f"{base}{JOB_ROOT}/{job['id']}/task"
    only = {"links": _self(f"{href}/1"), "id": "1"}
    return {"links": _self(href), "count": 1, "hasMore": False, "items": [only], "offset": 0, "totalResults": 1}


def task_shown(job: Row, base: str) -> Row:
    """Return the task of a job: whether it is over, and where its result is."""
    href = f"{base}{JOB_ROOT}/{job['id']}/task/1"
    result = [{"rel": "related", "href": f"{href}/result"}] if job["ended"] is not None else []
    times = {"startTime": _moment(job["started"]), "endTime": _moment(job["ended"])}
    told = {name: time for name, time in times.items() if time}
    return {"links": [*result, *_self(href)], "id": "1", **_progress(job), **told}


def _progress(job: Row) -> Row:
    if job["ended"] is None:
        return {"completed": False, "progress": "pending"}
    return {"completed": True, "progress": "succeeded" if job["status"] == _DONE else "failed"}


def _self(href: str) -> list[dict[str, str]]:
    return [{"rel": "self", "href": href}]


def _moment(ms: int | None) -> str | None:
    return None if ms is None else iso_moment(ms)
