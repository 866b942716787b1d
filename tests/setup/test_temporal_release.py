"""The choice of a Temporal program, with stand-ins for the programs on PATH and no network."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from operators.temporal_release import (
    MINIMUM_SERVER,
    TemporalUnavailableError,
    Version,
    cached_binary,
    find_temporal,
    server_version,
)

if TYPE_CHECKING:
    from pathlib import Path

NEW = "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"
OLD = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"

FAKE_GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go{release} linux/amd64"; exit 0; }
echo "$@" >> "$RECORD"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "%s"\\n' "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)" > "$2"
"""

FAKE_PYTHON = """#!/bin/sh
for folder in "$@"; do :; done
echo "$@" >> "$RECORD"
printf '#!/bin/sh\\necho "%s"\\n' "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)" > "$folder/temporal-v1.8.2"
/bin/chmod +x "$folder/temporal-v1.8.2"
"""


def says(path: Path, line: str) -> Path:
    """Make a program that prints a line, whatever it is asked."""
    return executable(path, f'#!/bin/sh\necho "{line}"\n')


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty, on a machine with no tools and no network."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name, value in {
        "PATH": str(folder),
        "WAYBILL_TOOLS": str(tmp_path / "tools"),
        "RECORD": str(tmp_path / "record"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("UV", raising=False)
    return folder


@pytest.fixture
def said() -> list[str]:
    """The lines of progress."""
    return []


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (NEW, Version(1, 31, 2)),
        ("temporal version 0.0.0-DEV (Server 1.31.0, UI 2.42.1)", Version(1, 31, 0)),
        ("temporal version 1.9.0 (Server 1.100.0, UI 2.60.0)", Version(1, 100, 0)),
        ("temporal version 1.6.1 (Server 1.31.0-150.0, UI 2.45.0)", Version(1, 31, 0, final=False)),
        ("usage: temporal", None),
    ],
)
def test_the_version_is_the_servers_not_the_programs(tmp_path: Path, line: str, version: Version | None) -> None:
    assert server_version(says(tmp_path / "temporal", line)) == version


def test_releases_are_compared_as_numbers_and_a_pre_release_is_older() -> None:
    assert Version(1, 9, 9) < Version(1, 31, 0, final=False) < MINIMUM_SERVER < Version(1, 31, 2) < Version(1, 100, 0)


def test_a_program_that_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "temporal"
    broken.write_text("not a program")
    assert server_version(broken) is None


def test_a_new_enough_one_on_path_is_taken_before_the_cached_one(on_path: Path, said: list[str]) -> None:
    mine = says(on_path / "temporal", NEW)
    says(cached_binary(), NEW)
    assert find_temporal(said.append) == mine
    assert said == []


def test_a_too_old_one_on_path_is_passed_over_with_a_word(on_path: Path, said: list[str]) -> None:
    old = says(on_path / "temporal", OLD)
    cached = says(cached_binary(), NEW)
    assert find_temporal(said.append) == cached
    assert said == [f"passed over: `temporal` on PATH ({old}) is server 1.29.1; 1.31.0 or newer is needed"]


@pytest.mark.usefixtures("on_path")
def test_a_download_is_tried_before_a_build_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    executable(tmp_path / "path/go", FAKE_GO.replace("{release}", "1.26.8"))
    monkeypatch.setattr(sys, "executable", str(executable(tmp_path / "python", FAKE_PYTHON)))
    found = find_temporal(said.append)
    assert (found, server_version(found)) == (cached_binary(), Version(1, 31, 2))
    assert len((tmp_path / "record").read_text().splitlines()) == 1
    assert "-m operators.temporal_release" in (tmp_path / "record").read_text()


def test_without_a_network_it_is_built_with_go_from_the_locked_module(
    on_path: Path, tmp_path: Path, said: list[str]
) -> None:
    executable(on_path / "go", FAKE_GO.replace("{release}", "1.26.4"))
    assert find_temporal(said.append) == cached_binary()
    assert "build -mod=readonly -ldflags" in (tmp_path / "record").read_text()
    assert [line for line in said if "about 3 minutes" in line]


def test_set_ups_side_by_side_build_once(on_path: Path, tmp_path: Path, said: list[str]) -> None:
    executable(on_path / "go", FAKE_GO.replace("{release}", "1.27.0"))
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: find_temporal(said.append), range(3)))
    assert found == [cached_binary()] * 3
    assert len((tmp_path / "record").read_text().splitlines()) == 1


def test_nothing_half_made_is_left_behind(on_path: Path, tmp_path: Path, said: list[str]) -> None:
    executable(on_path / "go", FAKE_GO.replace("{release}", "1.26.4").replace("Server 1.31.2", "Server 1.29.1"))
    with pytest.raises(TemporalUnavailableError, match=r"the program just made .* is server 1\.29\.1"):
        find_temporal(said.append)
    assert sorted(path.name for path in (tmp_path / "tools").rglob("*")) == ["bin", "temporal.lock"]


def test_a_failed_build_is_told_with_the_compilers_last_words(on_path: Path, said: list[str]) -> None:
    executable(
        on_path / "go", '#!/bin/sh\n[ "$1" = version ] && echo go1.26.4 || { echo missing go.sum entry; exit 1; }\n'
    )
    with pytest.raises(TemporalUnavailableError, match=r"missing go\.sum entry"):
        find_temporal(said.append)


def test_when_there_is_no_way_one_error_names_what_was_tried_and_every_way_out(on_path: Path, said: list[str]) -> None:
    says(on_path / "temporal", OLD)
    executable(on_path / "go", FAKE_GO.replace("{release}", "1.24.3"))
    with pytest.raises(TemporalUnavailableError) as failure:
        find_temporal(said.append)
    message = str(failure.value)
    tried, ways_out = message.split("Ways out")
    for fact in ("is server 1.29.1", "cached program", "download of 1.8.2 failed", "no Go 1.26.4 or newer"):
        assert fact in tried
    for way in ("TEMPORAL_ADDRESS", "1.31.0 or newer on PATH", str(cached_binary()), "network", "install Go 1.26.4"):
        assert way in ways_out
    assert any("is Go 1.24.3; 1.26.4 or newer is needed" in line for line in said)
