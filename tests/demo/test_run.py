"""What is left of a demo that nobody asked to keep."""

import asyncio
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from operators.demo import run
from operators.demo.cues import ScriptError
from operators.demo.place import HOME, Place
from operators.demo.processes import SANDBOX, Crew

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own for demos to be in, where nothing leads to a real set-up."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "forget_real_set_up", list)
    return tmp_path


async def _proven(_demo: object) -> bool:
    return True


async def _not_proven(_demo: object) -> bool:
    return False


async def _stuck(_demo: object) -> bool:
    raise ScriptError("it never came")


async def _told_to_end(_demo: object) -> bool:
    raise asyncio.CancelledError


@pytest.mark.parametrize(("day", "status", "folders"), [(_proven, 0, 0), (_not_proven, 1, 1), (_stuck, 1, 1)])
async def test_only_a_failed_demo_keeps_its_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch, day: Callable[[object], Awaitable[bool]], status: int, folders: int
) -> None:
    monkeypatch.setattr(run._Demo, "hold", day)
    said = StringIO()
    assert await run.run(Console(file=said), keep=False) == status
    kept = list((here / HOME).iterdir())
    assert (len(kept), [folder for folder in kept if folder.name not in said.getvalue()]) == (folders, [])


async def test_a_demo_that_is_told_to_end_leaves_no_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run._Demo, "hold", _told_to_end)
    with pytest.raises(asyncio.CancelledError):
        await run.run(Console(file=StringIO()), keep=False)
    assert list((here / HOME).iterdir()) == []


@pytest.mark.usefixtures("here")
def test_a_crew_that_is_stopped_leaves_no_process() -> None:
    crew = Crew(Place.make())
    processes = [crew.start(name, "-c", "import signal; signal.pause()") for name in ("worker-1", SANDBOX)]
    crew.check()
    crew.stop()
    assert [process.poll() is None for process in processes] == [False, False]
    assert crew.pids() == {}
