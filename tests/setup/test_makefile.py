"""`make`, `.ci/run` and the set-up script, with stand-ins for the programs that they call."""

from __future__ import annotations

import re
import select
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

FAKE_UV = """#!/bin/sh
echo "$@" >> "$RECORD"
[ "$1" = sync ] || exit 0
mkdir "$RECORD.busy" || echo overlap >> "$RECORD"
while [ -e "$RECORD.hold" ]; do sleep 0.05; done
rmdir "$RECORD.busy"
exit "${UV_STATUS:-0}"
"""


def start(
    *command: str | Path, environment: dict[str, str] | None = None, folder: Path = PROJECT
) -> tuple[int, str, str]:
    """Run a program to its end and return its status, output and errors."""
    return finish(launch(*command, environment=environment, folder=folder))


def launch(
    *command: str | Path, environment: dict[str, str] | None = None, folder: Path = PROJECT
) -> subprocess.Popen[str]:
    """Start a program without waiting for it."""
    return subprocess.Popen(  # noqa: S603  commands are composed here, none comes from outside
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def programs(folder: Path, *names: str) -> Path:
    """Make a folder, to be the whole of PATH, with just the named programs of this machine in it."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def targets() -> set[str]:
    text = (PROJECT / "Makefile").read_text()
    return set(re.findall(r"^([a-z][\w-]*):(?!=)", text, re.MULTILINE))


def test_help_is_the_default_and_lists_every_target_with_a_line() -> None:
    status, output, errors = start("make")
    listed = dict(re.findall(r"^  make (\S+) +(\S.*)$", output, re.MULTILINE))
    assert (status, errors) == (0, "")
    assert set(listed) == targets()


def test_no_target_is_mistaken_for_a_file_of_that_name() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets()


def test_ci_calls_make_test_from_the_project_and_hands_on_its_status(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "bash", "dirname")
    executable(path / "make", f'#!/bin/sh\necho "$PWD $@" > {tmp_path}/called\nexit 7\n')
    status, _, _ = start(PROJECT / ".ci/run", environment={"PATH": f"{path}:/usr/bin:/bin"}, folder=tmp_path)
    assert (tmp_path / "called").read_text() == f"{PROJECT} test\n"
    assert status == 7


@pytest.fixture
def setup_environment(tmp_path: Path) -> dict[str, str]:
    """Set-up in a folder of its own, with a stand-in for uv that records its calls."""
    path = programs(tmp_path / "bin", "sh", "mkdir", "rmdir", "rm", "cat", "sleep", "date", "dirname")
    executable(path / "uv", FAKE_UV)
    return {"PATH": str(path), "WAYBILL_TOOLS": str(tmp_path / "tools"), "RECORD": str(tmp_path / "record")}


def set_up(environment: dict[str, str]) -> subprocess.Popen[str]:
    return launch("sh", PROJECT / "tools/setup.sh", environment=environment)


@pytest.mark.parametrize("with_flock", [True, False])
def test_set_ups_side_by_side_take_turns_and_both_succeed(setup_environment: dict[str, str], with_flock: bool) -> None:
    if with_flock:
        programs(Path(setup_environment["PATH"]), "flock")
    hold = Path(setup_environment["RECORD"] + ".hold")
    hold.touch()
    running = [set_up(setup_environment) for _ in range(2)]
    errors = [process.stderr for process in running if process.stderr]
    ready, _, _ = select.select(errors, [], [], 30)
    first_word = ready[0].readline()  # the one that waits says so; the other is held
    hold.unlink()
    ends = [finish(process) for process in running]
    calls = Path(setup_environment["RECORD"]).read_text().splitlines()
    assert [status for status, _, _ in ends] == [0, 0]
    assert "waiting for it" in first_word
    assert not any("waiting for it" in said for _, _, said in ends)
    assert calls == ["sync --locked --quiet", "run --no-sync python -m operators.temporal_server fetch"] * 2


def test_a_crashed_set_up_blocks_nobody(setup_environment: dict[str, str], tmp_path: Path) -> None:
    ended = launch("sh", "-c", ":")
    finish(ended)
    (tmp_path / "tools/setup.lock.d").mkdir(parents=True)
    (tmp_path / "tools/setup.lock.d/pid").write_text(f"{ended.pid}\n")
    status, _, _ = finish(set_up(setup_environment))
    assert status == 0
    assert not (tmp_path / "tools/setup.lock.d").exists()


def test_a_failed_installation_fails_the_set_up_with_a_word(setup_environment: dict[str, str]) -> None:
    status, _, said = finish(set_up({**setup_environment, "UV_STATUS": "2"}))
    assert status == 1
    assert "could not install the locked dependencies" in said


def test_a_machine_without_uv_and_with_an_old_python_is_told_what_to_install(setup_environment: dict[str, str]) -> None:
    path = Path(setup_environment["PATH"])
    (path / "uv").unlink()
    executable(path / "python3", '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    status, _, said = finish(set_up(setup_environment))
    assert status == 1
    assert "python3 is Python 3.9.2, but 3.11 or newer is needed" in said


def test_a_step_hands_on_the_status_of_its_command_and_says_how_it_went() -> None:
    status, output, _ = start("sh", "tools/step.sh", "counting", "sh", "-c", "exit 3")
    assert status == 3
    assert re.search(r"==> counting: FAILED after \d+ s", output)
