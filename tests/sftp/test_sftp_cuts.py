"""The connection cut at every point of every operation: nobody meets half a file, and a repeat finds what was done."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connectors.errors import Ambiguous, ConnectorError, Unreachable
from connectors.guard import writing_allowed
from connectors.sftp.client import SftpSession
from connectors.sftp.models import ClaimedFile, Deposit, RemoteFile
from connectors.sftp.places import deposit, temporary_name
from connectors.sftp.requests import Requests
from connectors.sftp.wire import Lost, Wire
from domain.outcomes import Outcome
from sandbox.sftp.faults import ANY, Deed, Fault
from sandbox.sftp.find_sshd import find_sftp_server
from sandbox.sftp.relay import CuttableRelay
from tests.sftp.stand import CutPipe, Stand

AT = datetime(2026, 11, 20, 18, 0, 5, tzinfo=UTC)
CHANGED_AT = datetime(2026, 11, 20, 17, 0, 0, tzinfo=UTC)
CONTENT = os.urandom(20_000).hex()
POSITIONS = 1000
MOVES = {"rename", "posix_rename"}
FILE = RemoteFile(name="a.csv", size=5, modified_at=CHANGED_AT)
CLAIMED = FILE.model_copy(update={"name": "20261120T170000Z-feed1-a.csv"})


def _lay(stand: Stand, path: str) -> None:
    place = stand.write(path, b"12345")
    os.utime(place, (CHANGED_AT.timestamp(), CHANGED_AT.timestamp()))


class Publish:
    """A file is published: it lies whole under its name, or not at all."""

    def prepare(self, stand: Stand) -> None:
        """Nothing is needed."""

    def do(self, files: SftpSession, stand: Stand) -> object:
        """The operation."""
        with writing_allowed():
            return files.publish_file(files.file_body(stand.outbound, "a.json", CONTENT)).outcome

    def after_a_cut(self, stand: Stand) -> bool:
        """Whether it was carried out; nothing is ever half done."""
        assert [(stand.root / "out" / name).read_text() for name in stand.names("out")] in ([], [CONTENT])
        return stand.names("out") == ["a.json"]

    def at_the_end(self, stand: Stand) -> None:
        """It was carried out, once."""
        assert (stand.names("out"), stand.names("out/tmp")) == (["a.json"], [])


class Claim:
    """A file is claimed: it lies in one of two places, whole."""

    source, target = "in/a.csv", f"in/claimed/{CLAIMED.name}"

    def prepare(self, stand: Stand) -> None:
        """A file lies there."""
        _lay(stand, self.source)

    def do(self, files: SftpSession, stand: Stand) -> object:
        """The operation."""
        return files.claim(stand.inbound, FILE, "feed1").file.name

    def after_a_cut(self, stand: Stand) -> bool:
        """Whether it was carried out; nothing is ever half done."""
        there = [path for path in (self.source, self.target) if (stand.root / path).exists()]
        assert len(there) == 1
        assert (stand.root / there[0]).read_bytes() == b"12345"
        return there == [self.target]

    def at_the_end(self, stand: Stand) -> None:
        """It was carried out, once."""
        assert self.after_a_cut(stand)


class PutAway(Claim):
    """A file that was claimed is archived."""

    source, target = f"in/claimed/{CLAIMED.name}", f"in/archive/20261120T180005Z-{'ab' * 6}-a.csv"

    def do(self, files: SftpSession, stand: Stand) -> object:
        """The operation."""
        claimed = ClaimedFile(folder=f"{stand.prefix}/in/claimed", file=CLAIMED, original="a.csv")
        return files.put_away(stand.inbound, claimed, "ab" * 32, AT)


class Read:
    """A file is read: all of it, or an error."""

    def prepare(self, stand: Stand) -> None:
        """A file lies there."""
        stand.write("in/a.csv", b"x" * 100_000)

    def do(self, files: SftpSession, stand: Stand) -> object:
        """The operation."""
        (file,) = files.list_folder(stand.inbound.path).files
        with files.read(stand.inbound.path, file) as stream:
            return sum(map(len, stream)) == 100_000

    def after_a_cut(self, stand: Stand) -> bool:
        """Whether it was carried out; nothing is ever half done."""
        return stand.names("in") != ["a.csv"]

    def at_the_end(self, stand: Stand) -> None:
        """It was carried out, once."""
        assert stand.names("in") == ["a.csv"]


Operation = Publish | Claim | PutAway | Read
OPERATIONS: list[Callable[[], Operation]] = [Publish, Claim, PutAway, Read]


def _requests_of(operation: Operation, stand: Stand) -> list[str]:
    """What the server is asked when nothing goes wrong."""
    operation.prepare(stand)
    stand.faults.clear()
    with stand.server().session() as files:
        operation.do(files, stand)
    return [name for name, _ in stand.faults.requests]


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("deed", [Deed.CUT_BEFORE, Deed.CUT_AFTER])
def test_every_operation_survives_a_cut_at_every_request(
    fresh: Callable[[], Stand], kind: Callable[[], Operation], deed: Deed
) -> None:
    asked = _requests_of(kind(), fresh())
    assert len(asked) >= 3
    for number, name in enumerate(asked):
        operation, stand = kind(), fresh()
        operation.prepare(stand)
        stand.faults.plan(Fault(ANY, deed, skip=number))
        kinds = (Ambiguous,) if name in MOVES else (Unreachable,)
        _cut_once(operation, stand, kinds, applied=name in MOVES and deed is Deed.CUT_AFTER)
        with stand.server().session() as files:
            first = operation.do(files, stand)
            assert operation.do(files, stand) in (first, Outcome.ALREADY_EXISTS)
        operation.at_the_end(stand)


def _cut_once(operation: Operation, stand: Stand, kinds: tuple[type[ConnectorError], ...], *, applied: bool) -> None:
    error = _error_of(operation, stand)
    if error is None:
        # The last answer of an operation is not always waited for.
        operation.at_the_end(stand)
        return
    assert isinstance(error, kinds)
    assert operation.after_a_cut(stand) is applied


def _error_of(operation: Operation, stand: Stand) -> ConnectorError | None:
    try:
        with stand.server().session() as files:
            operation.do(files, stand)
    except ConnectorError as error:
        return error
    return None


@pytest.mark.parametrize("deed", [Deed.CUT_BEFORE, Deed.CUT_AFTER])
def test_a_publication_in_doubt_is_found_or_surely_not_there(failing: Stand, deed: Deed) -> None:
    server = failing.server()
    failing.faults.plan(Fault("posix_rename", deed))
    with pytest.raises(Ambiguous, match="look where the file is"), server.session() as files, writing_allowed():
        files.publish_file(files.file_body(failing.outbound, "a.json", CONTENT))
    with server.session() as files:
        found = files.find_file(files.file_body(failing.outbound, "a.json", CONTENT))
    assert (found is not None) is (deed is Deed.CUT_AFTER)


@pytest.mark.parametrize("at_byte", [0, 1, 32_767, 32_768, 32_769, 39_998, 39_999])
def test_a_connection_cut_within_the_bytes_of_a_file_leaves_nothing_under_its_name(
    failing: Stand, at_byte: int
) -> None:
    failing.faults.plan(Fault("write", Deed.CUT_BEFORE, at_byte=at_byte))
    with pytest.raises(Unreachable), failing.server().session() as files, writing_allowed():
        files.publish_file(files.file_body(failing.outbound, "a.json", CONTENT))
    (left,) = failing.names("out/tmp")
    assert failing.names("out") == []
    assert (failing.root / "out/tmp" / left).stat().st_size == at_byte
    with failing.server().session() as files, writing_allowed():
        files.publish_file(files.file_body(failing.outbound, "a.json", CONTENT))
    assert (failing.names("out"), failing.names("out/tmp")) == (["a.json"], [])


@pytest.mark.parametrize("sent", [3_000, 30_000, 40_000])
def test_the_real_server_losing_its_connection_shows_no_half_file(openssh: Stand, sent: int) -> None:
    with CuttableRelay(openssh.reach.port) as relay:
        server = openssh.server(port=relay.port)
        relay.cut_after(sent)
        with pytest.raises(Unreachable), server.session() as files, writing_allowed():
            files.publish_file(files.file_body(openssh.outbound, "a.json", CONTENT))
        assert (openssh.names("out"), relay.cuts) == ([], 1)
        with server.session() as files, writing_allowed():
            files.publish_file(files.file_body(openssh.outbound, "a.json", CONTENT))
    assert (openssh.names("out"), openssh.names("out/tmp")) == (["a.json"], [])


def test_a_writer_cut_at_each_of_a_thousand_bytes_never_shows_half_a_file(openssh: Stand) -> None:
    """The bytes of the SFTP session itself are cut, with OpenSSH's own `sftp-server` behind them."""
    program = find_sftp_server(lambda _: None)
    content = CONTENT.encode()
    (openssh.root / "out/tmp").mkdir()
    whole = _write_over(CutPipe(program, openssh.root), content)
    (openssh.root / "out/a.json").unlink()
    seen = []
    for position in _positions(whole):
        with pytest.raises((ConnectorError, Lost)):
            _write_over(CutPipe(program, openssh.root, cut_after=position), content)
        found = {name: (openssh.root / "out" / name).read_bytes() for name in openssh.names("out")}
        assert found in ({}, {"a.json": content}), f"cut after {position} of {whole} bytes"
        seen.append(bool(found))
        for name in found:
            (openssh.root / "out" / name).unlink()
    assert len(seen) == POSITIONS
    assert not any(seen), "the name appears with the last byte of the renaming request only"


def _positions(whole: int) -> list[int]:
    """As many places as wanted: each of the first and last bytes, and the rest spread between them."""
    ends = [*range(200), *range(whole - 300, whole)]
    between = POSITIONS - len(ends)
    return sorted({*ends, *(200 + (whole - 500) * number // between for number in range(between))})


def _write_over(pipe: CutPipe, content: bytes) -> int:
    """The bytes that writing took."""
    try:
        wire = Wire(pipe, patience=10)
        work = deposit(Requests("netsuite", wire), f"out/tmp/{temporary_name('a.json')}", "out/a.json", content)
        assert wire.drive(work) is Deposit.WRITTEN
    finally:
        pipe.end()
    return pipe.sent
