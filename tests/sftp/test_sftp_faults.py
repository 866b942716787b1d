"""What the connector does when the server is full, forbids, forgets, stalls, or answers strangely."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import Ambiguous, ConnectorError, Contract, NotFound, Rejected, Unauthorized, Unreachable
from connectors.guard import writing_allowed
from connectors.sftp.client import SftpSession
from connectors.sftp.errors import FileChanged, ServerFailed
from connectors.sftp.packets import Garbled, Kind, Reader, integer, string
from connectors.sftp.requests import Requests
from connectors.sftp.settings import OutboundFolder
from connectors.sftp.wire import Lost, Wire
from domain.outcomes import Outcome
from sandbox.sftp.faults import Deed, Fault
from sandbox.sftp.openssh import OpenSshServer
from tests.sftp.stand import Stand, only_file

BODY = os.urandom(50_000).hex()


def publish(files: SftpSession, stand: Stand) -> Outcome:
    """What becomes of a file."""
    with writing_allowed():
        return files.publish_file(files.file_body(stand.outbound, "a.json", BODY)).outcome


@pytest.mark.parametrize("at_byte", [0, 32_768, 50_000, 99_999])
def test_a_full_disk_publishes_nothing_and_leaves_nothing(failing: Stand, at_byte: int) -> None:
    """Paramiko's own client would not have noticed before the end."""
    failing.faults.plan(Fault("write", Deed.NO_SPACE, at_byte=at_byte))
    with failing.server().session() as files:
        with pytest.raises(ServerFailed, match="full disk"):
            publish(files, failing)
        assert (failing.names("out"), failing.names("out/tmp")) == ([], [])
        assert publish(files, failing) is Outcome.CREATED


def test_a_full_disk_that_is_said_when_the_file_is_closed_counts_too(failing: Stand) -> None:
    failing.faults.plan(Fault("close", Deed.NO_SPACE, name=".part-"))
    with failing.server().session() as files, pytest.raises(ServerFailed):
        publish(files, failing)
    assert (failing.names("out"), failing.names("out/tmp")) == ([], [])


@pytest.mark.parametrize(
    ("operation", "deed", "kind"),
    [
        ("open", Deed.FORBID, Unauthorized),
        ("open", Deed.FAIL, ServerFailed),
        ("write", Deed.FORBID, Unauthorized),
        ("posix_rename", Deed.FORBID, Unauthorized),
        ("posix_rename", Deed.FAIL, ServerFailed),
        ("lstat", Deed.FORBID, Unauthorized),
        ("fstat", Deed.FAIL, ServerFailed),
        ("read", Deed.FAIL, ServerFailed),
        ("fstat", Deed.UNSUPPORTED, Rejected),
    ],
)
def test_a_refusal_publishes_nothing_and_the_same_session_goes_on(
    failing: Stand, operation: str, deed: Deed, kind: type[ConnectorError]
) -> None:
    failing.faults.plan(Fault(operation, deed))
    with failing.server().session() as files:
        with pytest.raises(kind) as raised:
            publish(files, failing)
        assert failing.names("out") == []
        assert publish(files, failing) is Outcome.CREATED
    assert f"{failing.prefix}/out/" in str(raised.value)
    assert failing.names("out/tmp") == []


def test_a_folder_that_others_read_is_not_made_but_named_where_it_is_missing(stand: Stand) -> None:
    missing = OutboundFolder(path=f"{stand.prefix}/misspelled")
    with stand.server().session() as files, writing_allowed():
        body = files.file_body(missing, "a.json", "[1]")
        with pytest.raises(NotFound, match=f"{stand.prefix}/misspelled: there is no such folder.*create it, or"):
            files.publish_file(body)
    assert not (stand.root / "misspelled").exists()


def test_a_refused_claim_leaves_the_file_where_it_was(failing: Stand) -> None:
    failing.write("in/a.csv", b"1")
    failing.faults.plan(Fault("posix_rename", Deed.FORBID))
    with failing.server().session() as files:
        file = only_file(files, failing.inbound.path)
        with pytest.raises(Unauthorized):
            files.claim(failing.inbound, file, "feed1")
        assert failing.names("in") == ["a.csv"]
        files.claim(failing.inbound, file, "feed1")


def test_a_server_that_offers_posix_rename_and_does_not_know_it_gets_the_other_one(failing: Stand) -> None:
    failing.faults.plan(Fault("posix_rename", Deed.UNSUPPORTED, times=99))
    with failing.server().session() as files:
        assert [publish(files, failing) for _ in range(2)] == [Outcome.CREATED, Outcome.ALREADY_EXISTS]
    asked = [name for name, _ in failing.faults.requests if name.endswith("rename")]
    assert asked == ["posix_rename", "rename"]


def test_a_server_without_posix_rename_is_served_as_well(tmp_path: Path, state: Path) -> None:
    with OpenSshServer(tmp_path / "files", state, without=["posix-rename"], host_key_kinds=["ed25519"]) as reach:
        stand = Stand(reach, "plain")
        stand.write("in/a.csv", b"1")
        with stand.server().session() as files:
            assert [publish(files, stand) for _ in range(2)] == [Outcome.CREATED, Outcome.ALREADY_EXISTS]
            claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
    assert (stand.names("out"), stand.names("in/claimed")) == (["a.json"], [claimed.file.name])


def test_a_rename_that_left_both_names_is_finished(stand: Stand) -> None:
    """Servers that rename by linking first may be stopped between the two steps."""
    stand.write("in/a.csv", b"1")
    with stand.server().session() as files:
        file = only_file(files, stand.inbound.path)
        claimed = files.claim(stand.inbound, file, "feed1")
        os.link(stand.root / "in/claimed" / claimed.file.name, stand.root / "in/a.csv")
        assert files.claim(stand.inbound, file, "feed1") == claimed
    assert (stand.names("in"), stand.names("in/claimed")) == ([], [claimed.file.name])


def test_a_file_that_vanishes_is_not_found(failing: Stand) -> None:
    failing.write("in/a.csv", b"1")
    with failing.server().session() as files:
        file = only_file(files, failing.inbound.path)
        failing.faults.plan(Fault("open", Deed.VANISH))
        with pytest.raises(NotFound), files.read(failing.inbound.path, file):
            pass
        failing.write("in/a.csv", b"1")
        file = only_file(files, failing.inbound.path)
        failing.faults.plan(Fault("posix_rename", Deed.VANISH))
        with pytest.raises(NotFound, match="somebody else took it"):
            files.claim(failing.inbound, file, "feed1")


@pytest.mark.parametrize("at_byte", [0, 1, 40_000, 99_999])
def test_answers_shorter_than_asked_for_are_completed(failing: Stand, at_byte: int) -> None:
    content = os.urandom(100_000)
    failing.write("in/a.csv", content)
    with failing.server().session() as files:
        file = only_file(files, failing.inbound.path)
        failing.faults.plan(Fault("read", Deed.SHORT, at_byte=at_byte))
        with files.read(failing.inbound.path, file) as stream:
            assert b"".join(stream) == content
        failing.faults.clear()
        failing.faults.plan(Fault("read", Deed.SHORT, at_byte=at_byte))
        assert list(files.read_small(failing.inbound.path, [file])) == [content]


def test_a_file_cut_short_while_it_is_read_is_found_out(failing: Stand) -> None:
    content = os.urandom(5_000_000)
    place = failing.write("in/a.csv", content)
    with failing.server().session() as files:
        with files.read(failing.inbound.path, only_file(files, failing.inbound.path)) as stream:
            parts = iter(stream)
            next(parts)
            os.truncate(place, 4_900_000)
            with pytest.raises(FileChanged, match="shrank"):
                list(parts)
        assert [file.size for file in files.list_folder(failing.inbound.path).files] == [4_900_000]


def test_other_bytes_than_were_written_are_found_out(failing: Stand) -> None:
    """A server, or its disk, that gives back something else."""
    failing.faults.plan(Fault("write", Deed.SPOIL))
    with failing.server().session() as files, pytest.raises(ServerFailed, match="other bytes"):
        publish(files, failing)
    assert (failing.names("out"), failing.names("out/tmp")) == ([], [])


def test_above_a_bound_only_the_size_is_checked(failing: Stand) -> None:
    with failing.server(read_back_up_to=len(BODY) - 1).session() as files:
        assert publish(files, failing) is Outcome.CREATED
        reads = [operation for operation, path in failing.faults.requests if operation == "read"]
        (failing.root / "out/a.json").unlink()
        failing.faults.plan(Fault("write", Deed.NO_SPACE, at_byte=150_000))
        with pytest.raises(ServerFailed, match="full disk"):
            publish(files, failing)
    assert (reads, failing.names("out"), failing.names("out/tmp")) == ([], [], [])


# ---- silence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "kind"), [("lstat", Unreachable), ("write", Unreachable), ("posix_rename", Ambiguous)]
)
def test_a_server_that_stalls_is_given_up_in_time(failing: Stand, operation: str, kind: type[ConnectorError]) -> None:
    failing.faults.plan(Fault(operation, Deed.STALL))
    seconds = timedelta(seconds=2)  # long enough for the answers that come before, on a machine that has much to do
    with pytest.raises(kind, match="no answer within 2 s"), failing.server(timeout_read=seconds).session() as files:
        publish(files, failing)


def test_whoever_waits_is_told_that_it_goes_on_and_may_end_it(failing: Stand) -> None:
    class Cancelled(Exception):  # noqa: N818
        """What a cancelled activity raises."""

    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 2:
            raise Cancelled

    failing.faults.plan(Fault("scandir", Deed.STALL))
    with pytest.raises(Cancelled), failing.server().session(beat) as files:
        files.list_folder(failing.inbound.path)
    assert len(beats) == 2


def test_a_file_that_fails_is_closed_on_the_server_while_the_session_goes_on(failing: Stand) -> None:
    failing.write("out/tmp/other", b"")
    failing.faults.plan(Fault("write", Deed.FAIL))
    with failing.server().session() as files:
        with pytest.raises(ServerFailed):
            publish(files, failing)
        failing.write("in/a.csv", b"12345")
        failing.faults.plan(Fault("read", Deed.FAIL))
        file = only_file(files, failing.inbound.path)
        with pytest.raises(ServerFailed), files.read(failing.inbound.path, file) as stream:
            list(stream)
        assert isinstance(next(files.read_small(failing.inbound.path, [file])), bytes)
        files.list_folder(failing.inbound.path)
        asked = [operation for operation, _ in failing.faults.requests]
    assert asked.count("open") == asked.count("close") == 3


def test_after_a_cut_everything_says_so_at_once(failing: Stand) -> None:
    failing.faults.plan(Fault("scandir", Deed.CUT_BEFORE))
    with failing.server().session() as files:
        for _ in range(3):
            with pytest.raises(Unreachable):
                files.list_folder(failing.inbound.path)
    assert len(failing.faults.requests) == 1


# ---- nonsense --------------------------------------------------------------------------------------------------------


class Scripted:
    """A channel that answers each request with the next of these, whatever is asked."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = [b"\0\0\0\x05\x02\0\0\0\x03", *answers]

    def send(self, s: bytes) -> int:
        """Take all."""
        return len(s)

    def recv(self, nbytes: int) -> bytes:
        """The next answer."""
        return self._answers.pop(0)[:nbytes] if self._answers else b""

    def settimeout(self, timeout: float) -> None:
        """Nobody waits."""


def packet(kind: Kind, body: bytes, number: int = 1) -> bytes:
    """An answer as it stands on the wire."""
    content = bytes((kind,)) + integer(number) + body
    return string(content)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (packet(Kind.STATUS, b""), Contract),
        (packet(Kind.ATTRS, b"\0"), Contract),
        (packet(Kind.ATTRS, integer(1)), Contract),
        (packet(Kind.ATTRS, integer(0x80000000) + integer(2) + string(b"a")), Contract),
        (packet(Kind.STATUS, integer(4) + integer(999)), Contract),
        (b"\xff\xff\xff\xff", Unreachable),
        (b"\0\0\0\x01\0", Unreachable),
        (b"", Unreachable),
    ],
)
def test_nonsense_from_the_server_is_an_error_of_ours(answer: bytes, kind: type[ConnectorError]) -> None:
    requests = Requests("netsuite", Wire(Scripted(answer), patience=1))
    with pytest.raises(kind):
        requests.wire.drive(requests.look_up("look", "a.csv"))


def test_an_answer_in_pieces_and_answers_to_nobody_are_no_trouble() -> None:
    whole = packet(Kind.STATUS, integer(2) + string(b"none") + string(b""), 77) + packet(Kind.ATTRS, integer(0))
    requests = Requests("netsuite", Wire(Scripted(*(whole[at : at + 1] for at in range(len(whole)))), patience=1))
    assert requests.wire.drive(requests.look_up("look", "a.csv")) == (None, None, None)


def test_a_reader_never_reads_behind_the_end() -> None:
    with pytest.raises(Garbled):
        Reader(b"\0\0\0\x09abc").string()
    with pytest.raises(Lost):
        Wire(Scripted.__new__(Silent), patience=1)


class Silent(Scripted):
    """A channel that ends at once."""

    def recv(self, nbytes: int) -> bytes:
        """Nothing."""
        return b""[:nbytes]
