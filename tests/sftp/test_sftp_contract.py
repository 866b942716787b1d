"""What the connector promises, kept by the real OpenSSH and by the other server alike."""

import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import NotFound, Rejected, Unreachable
from connectors.guard import UnguardedWrite, writing_allowed
from connectors.sftp.completeness import look
from connectors.sftp.errors import FileChanged, NameTaken
from connectors.sftp.models import ClaimedFile, Deposit, RemoteFile
from connectors.sftp.settings import InboundFolder
from domain.outcomes import Outcome
from tests.sftp.stand import Stand, only_file

AT = datetime(2026, 11, 20, 18, 0, 5, tzinfo=UTC)
UNFIT = r"folder|control|bytes"
STOCK_NAME = "Fri Nov 20 2026 10:15:00 GMT-0800 (PST)-PurchaseOrder.csv"


def test_a_file_is_listed_claimed_read_and_archived(stand: Stand) -> None:
    content = os.urandom(300_001)
    stand.write(f"in/{STOCK_NAME}", content)
    with stand.server().session() as files:
        file = only_file(files, stand.inbound.path)
        claimed = files.claim(stand.inbound, file, "feed1")
        with files.read(claimed.folder, claimed.file) as stream:
            read = b"".join(stream)
        name = files.put_away(stand.inbound, claimed, stream.sha256, AT)
    assert (file.name, file.size, claimed.original) == (STOCK_NAME, 300_001, STOCK_NAME)
    assert (read == content, stream.sha256) == (True, hashlib.sha256(content).hexdigest())
    assert (stand.names("in"), stand.names("in/claimed"), stand.names("in/archive")) == ([], [], [name])
    assert name == f"20261120T180005Z-{stream.sha256[:12]}-{STOCK_NAME}"


def test_bad_files_go_to_the_error_folder(stand: Stand) -> None:
    stand.write("in/bad.csv", b"\0")
    with stand.server().session() as files:
        claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
        name = files.put_away(stand.inbound, claimed, "ab" * 32, AT, bad=True)
    assert stand.names("in/error") == [name]


def test_claiming_and_putting_away_again_finds_its_own_work(stand: Stand) -> None:
    stand.write("in/a.csv", b"1")
    with stand.server().session() as files:
        file = only_file(files, stand.inbound.path)
        claims = {files.claim(stand.inbound, file, "feed1") for _ in range(3)}
        (claimed,) = claims
        assert files.claimed(stand.inbound, "feed1") == (claimed,)
        names = {files.put_away(stand.inbound, claimed, "ab" * 32, AT) for _ in range(3)}
    assert (len(names), stand.names("in/archive")) == (1, list(names))


def test_only_one_of_two_gets_a_file(stand: Stand) -> None:
    stand.write("in/a.csv", b"1")
    with stand.server().session() as files:
        file = only_file(files, stand.inbound.path)
        files.claim(stand.inbound, file, "feed1")
        with pytest.raises(NotFound, match="somebody else took it"):
            files.claim(stand.inbound, file, "feed2")
        assert files.claimed(stand.inbound, "feed2") == ()


def test_the_same_name_with_other_bytes_is_kept_beside_the_first(stand: Stand) -> None:
    archived = []
    for content in (b"first", b"second"):
        stand.write("in/a.csv", content)
        with stand.server().session() as files:
            claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
            with files.read(claimed.folder, claimed.file) as stream:
                read = b"".join(stream)
            archived.append(files.put_away(stand.inbound, claimed, stream.sha256, AT))
        assert read == content
    assert (len(set(archived)), stand.names("in/archive")) == (2, sorted(archived))


def test_a_second_copy_archived_in_the_same_second_leaves_one(stand: Stand) -> None:
    for _ in range(2):
        stand.write("in/a.csv", b"same")
        with stand.server().session() as files:
            claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
            with files.read(claimed.folder, claimed.file) as stream:
                assert b"".join(stream) == b"same"
            files.put_away(stand.inbound, claimed, stream.sha256, AT)
    assert (len(stand.names("in/archive")), stand.names("in/claimed")) == (1, [])


def test_archiving_never_overwrites_other_bytes(stand: Stand) -> None:
    stand.write("in/a.csv", b"mine")
    with stand.server().session() as files:
        claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
        other = stand.write(f"in/archive/20261120T180005Z-{'ab' * 6}-a.csv", b"else")
        with pytest.raises(NameTaken):
            files.put_away(stand.inbound, claimed, "ab" * 32, AT)
    assert (other.read_bytes(), len(stand.names("in/claimed"))) == (b"else", 1)


def test_a_missing_folder_and_a_missing_file_are_named(stand: Stand) -> None:
    gone = RemoteFile(name="gone.csv", size=1, modified_at=AT)
    with stand.server().session() as files:
        with pytest.raises(NotFound, match="nowhere"):
            files.list_folder(f"{stand.prefix}/nowhere")
        with pytest.raises(NotFound, match=r"gone\.csv"), files.read(stand.inbound.path, gone):
            pass
        with pytest.raises(NotFound, match=r"gone\.csv"):
            files.claim(stand.inbound, gone, "feed1")
        assert files.claimed(stand.inbound, "feed1") == ()


def test_many_small_files_are_read_side_by_side_and_one_bad_one_stops_no_other(stand: Stand) -> None:
    for number in range(150):
        stand.write(f"in/{number:03}.json", bytes([number]) * (number * 500))
    with stand.server().session() as files:
        listed = files.list_folder(stand.inbound.path).files
        (stand.root / "in/007.json").unlink()
        read = list(files.read_small(stand.inbound.path, listed))
    wrong = [
        number
        for number, got in enumerate(read)
        if not isinstance(got, bytes) or got != bytes([number]) * (number * 500)
    ]
    assert (len(read), wrong, type(read[7])) == (150, [7], NotFound)


def test_a_file_that_grew_or_shrank_since_it_was_listed_is_not_read(stand: Stand) -> None:
    with stand.server().session() as files:
        for content, later in ((b"12345", b"123456"), (b"12345", b"1234")):
            stand.write("in/a.csv", content)
            listed = only_file(files, stand.inbound.path)
            stand.write("in/a.csv", later)
            with pytest.raises(FileChanged, match="not complete"), files.read(stand.inbound.path, listed):
                pass
            with pytest.raises(FileChanged):
                files.claim(stand.inbound, listed, "feed1")


def test_a_file_that_grows_while_it_is_read_is_found_out_at_its_end(stand: Stand) -> None:
    place = stand.write("in/a.csv", b"x" * 100_000)
    with stand.server().session() as files:
        listed = only_file(files, stand.inbound.path)
        with files.read(stand.inbound.path, listed) as stream, place.open("ab") as writer:
            parts = iter(stream)
            next(parts)
            writer.write(b"more")
            writer.flush()
            with pytest.raises(FileChanged):
                list(parts)
        with pytest.raises(RuntimeError, match="not read to its end"):
            assert stream.sha256


def test_a_file_written_to_after_it_was_read_is_not_archived(stand: Stand) -> None:
    stand.write("in/a.csv", b"12345")
    with stand.server().session() as files:
        claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
        with (stand.root / "in/claimed" / claimed.file.name).open("ab") as late_writer:
            late_writer.write(b"6")
        with pytest.raises(FileChanged):
            files.put_away(stand.inbound, claimed, "ab" * 32, AT)
    assert (stand.names("in/archive"), len(stand.names("in/claimed"))) == ([], 1)


# ---- publishing ------------------------------------------------------------------------------------------------------


def test_a_published_file_is_there_whole_and_nothing_else_is_left(stand: Stand) -> None:
    with stand.server().session() as files, writing_allowed():
        body = files.file_body(stand.outbound, "WB-RCPT-1.json", '[{"order_id":"ñ"}]')
        outcome = files.publish_file(body)
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, "WB-RCPT-1.json")
    assert (stand.root / "out/WB-RCPT-1.json").read_text("utf-8") == '[{"order_id":"ñ"}]'
    assert (stand.names("out"), stand.names("out/tmp")) == (["WB-RCPT-1.json"], [])


def test_publishing_is_locked_outside_the_effect_mechanism(stand: Stand) -> None:
    with stand.server().session() as files:
        body = files.file_body(stand.outbound, "a.json", "[]")
        with pytest.raises(UnguardedWrite):
            files.publish_file(body)
    assert stand.names("out") == []


def test_publishing_again_finds_the_same_bytes(stand: Stand) -> None:
    with stand.server().session() as files, writing_allowed():
        body = files.file_body(stand.outbound, "a.json", "[1]")
        outcomes = [files.publish_file(body).outcome for _ in range(2)]
    assert outcomes == [Outcome.CREATED, Outcome.ALREADY_EXISTS]
    assert (stand.names("out"), stand.names("out/tmp")) == (["a.json"], [])


@pytest.mark.parametrize("other", [b"[2]", b"[1,2]", b""])
def test_publishing_never_overwrites_other_bytes(stand: Stand, other: bytes) -> None:
    stand.write("out/a.json", other)
    with stand.server().session() as files, writing_allowed():
        body = files.file_body(stand.outbound, "a.json", "[1]")
        outcome, found = files.publish_file(body), files.find_file(body)
    assert (outcome.outcome, found and found.outcome) == (Outcome.REJECTED, Outcome.REJECTED)
    assert "other bytes" in outcome.problem
    assert ((stand.root / "out/a.json").read_bytes(), stand.names("out/tmp")) == (other, [])


def test_what_earlier_attempts_left_behind_is_removed_and_nothing_else(stand: Stand) -> None:
    stand.write("out/tmp/a.json.part-0a1b2c3d", b"[")
    stand.write("out/tmp/b.json.part-0a1b2c3d", b"[")
    with stand.server().session() as files, writing_allowed():
        files.publish_file(files.file_body(stand.outbound, "a.json", "[1]"))
    assert stand.names("out/tmp") == ["b.json.part-0a1b2c3d"]


@pytest.mark.parametrize("place", ["out/archive/a.json", "out/error/a.json", "out/archive/2026-a.json-7"])
def test_a_file_that_its_reader_has_put_away_is_not_published_again(stand: Stand, place: str) -> None:
    stand.write(place, b"[1]")
    with stand.server().session() as files, writing_allowed():
        outcome = files.publish_file(files.file_body(stand.outbound, "a.json", "[1]"))
    assert (outcome.outcome, stand.names("out"), stand.names("out/tmp")) == (Outcome.ALREADY_EXISTS, [], [])


def test_nothing_is_published_once_another_attempt_has_taken_over(stand: Stand) -> None:
    with stand.server().session() as files, writing_allowed(still=lambda: False):
        body = files.file_body(stand.outbound, "a.json", "[1]")
        with pytest.raises(Unreachable, match="another one has taken over"):
            files.publish_file(body)
    assert (stand.names("out"), stand.names("out/tmp")) == ([], [])


@pytest.mark.parametrize("place", ["out/a.json", "out/archive/a.json", "out/error/a.json", "out/archive/2026-a.json-7"])
def test_a_file_in_doubt_is_found_where_it_was_published_or_where_its_reader_put_it(stand: Stand, place: str) -> None:
    with stand.server().session() as files:
        body = files.file_body(stand.outbound, "a.json", "[1]")
        assert files.find_file(body) is None
        stand.write("out/archive/a.json.other", b"[9]")
        stand.write(place, b"[1]")
        found = files.find_file(body)
    assert found
    assert (found.outcome, found.raw) == (Outcome.ALREADY_EXISTS, f"{stand.prefix}/{place}")


def test_reports_for_people_are_written_side_by_side(stand: Stand) -> None:
    stand.write("out/13.csv", b"somebody else's")
    with stand.server().session() as files:
        became = list(files.put(stand.outbound, ((f"{number}.csv", b"x" * number * 700) for number in range(100))))
        again = list(files.put(stand.outbound, [("99.csv", b"x" * 99 * 700)]))
    assert (became.count(Deposit.WRITTEN), type(became[13]), again) == (99, NameTaken, [Deposit.ALREADY_THERE])
    assert {(stand.root / f"out/{n}.csv").stat().st_size == n * 700 for n in range(100) if n != 13} == {True}
    assert stand.names("out/tmp") == []


def test_a_large_file_goes_up_and_comes_down_as_it_was(stand: Stand) -> None:
    content = os.urandom(5_000_001)
    with stand.server().session() as files:
        assert list(files.put(stand.outbound, [("large.bin", content)])) == [Deposit.WRITTEN]
        with files.read(stand.outbound.path, only_file(files, stand.outbound.path)) as stream:
            sizes = [len(part) for part in stream]
    assert (sum(sizes), stream.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert max(sizes) <= 1 << 17


# ---- names and links -------------------------------------------------------------------------------------------------


def test_hostile_names_are_told_and_not_touched(stand: Stand) -> None:
    place = os.fsencode(stand.root / "in")
    hostile = [b"a\nb.csv", b"\x1b[2Jx.csv", b"back\\slash.csv", b"caf\xe9.csv", "\u202efdp.csv".encode(), b"del\x7f"]
    for name in [*hostile, b"good.csv"]:
        Path(os.fsdecode(place + b"/" + name)).write_bytes(b"x")
    with stand.server().session() as files:
        listing = files.list_folder(stand.inbound.path)
    shown = "".join(refused.shown for refused in listing.refused)
    assert [file.name for file in listing.files] == ["good.csv"]
    assert len(listing.refused) == len(hostile)
    assert shown.isascii()
    assert shown.isprintable()


def test_links_are_never_followed(stand: Stand, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    link = stand.root / "in/link.csv"
    link.symlink_to(secret)
    told = RemoteFile(name="link.csv", size=6, modified_at=datetime.fromtimestamp(int(secret.stat().st_mtime), UTC))
    with stand.server().session() as files:
        listing = files.list_folder(stand.inbound.path)
        with pytest.raises(Rejected, match="links are not followed"), files.read(stand.inbound.path, told):
            pass
        with pytest.raises(Rejected, match="links are not followed"):
            files.claim(stand.inbound, told, "feed1")
    assert (listing.files, [refused.shown for refused in listing.refused]) == ((), ["link.csv"])
    assert link.is_symlink()


def test_a_pipe_is_not_opened(stand: Stand) -> None:
    os.mkfifo(stand.root / "in/pipe.csv")
    with stand.server().session() as files:
        assert [r.shown for r in files.list_folder(stand.inbound.path).refused] == ["pipe.csv"]
        with (
            pytest.raises(Rejected),
            files.read(stand.inbound.path, RemoteFile(name="pipe.csv", size=0, modified_at=AT)),
        ):
            pass


@pytest.mark.parametrize("name", ["../out/a.csv", "..", "a/b.csv", "a\0.csv", ""])
def test_no_name_leads_out_of_its_folder(stand: Stand, name: str) -> None:
    stand.write("out/a.csv", b"1")
    file = RemoteFile(name=name, size=1, modified_at=AT)
    with stand.server().session() as files:
        with pytest.raises(ValueError, match=UNFIT):
            files.claim(stand.inbound, file, "feed1")
        with pytest.raises(ValueError, match=UNFIT):
            files.read(stand.inbound.path, file)
        with pytest.raises(ValueError, match=UNFIT):
            files.file_body(stand.outbound, name, "[]")
        with pytest.raises(ValueError, match=UNFIT):
            list(files.put(stand.outbound, [(name, b"")]))


def test_whoever_claims_cannot_lead_elsewhere_by_the_mark(stand: Stand) -> None:
    stand.write("in/a.csv", b"1")
    with stand.server().session() as files:
        file = only_file(files, stand.inbound.path)
        with pytest.raises(ValueError, match="who claims"):
            files.claim(stand.inbound, file, "../x")


def test_the_longest_name_can_be_claimed_and_archived(stand: Stand) -> None:
    name = "é" * 125 + ".csv"
    stand.write(f"in/{name}", b"1")
    with stand.server().session() as files:
        claimed = files.claim(stand.inbound, only_file(files, stand.inbound.path), "feed1")
        again = files.claimed(stand.inbound, "feed1")
        files.put_away(stand.inbound, claimed, "ab" * 32, AT)
    assert [type(found) for found in again] == [ClaimedFile]
    assert len(stand.names("in/archive")) == 1


# ---- completeness ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_still_written_is_not_complete_until_it_rests(stand: Stand) -> None:
    folder = InboundFolder(path=stand.inbound.path, pattern="*.csv")
    writer = (stand.root / "in/stock.csv").open("wb", buffering=0)
    now = datetime.now(UTC)
    with writer, stand.server().session() as files:
        seen = look(folder, files.list_folder(folder.path).files, now)
        for step in range(1, 4):
            writer.write(b"part")
            seen = look(folder, files.list_folder(folder.path).files, now + timedelta(minutes=step), seen.waiting)
            assert seen.complete == ()
        seen = look(folder, files.list_folder(folder.path).files, now + timedelta(minutes=4), seen.waiting)
    assert [file.size for file in seen.complete] == [12]


# ---- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_is_for_one_thread(stand: Stand) -> None:
    raised: list[Exception] = []
    with stand.server().session() as files:

        def elsewhere() -> None:
            try:
                files.list_folder(stand.inbound.path)
            except RuntimeError as error:
                raised.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert "another thread" in str(raised)


def test_several_sessions_at_once_keep_apart(stand: Stand) -> None:
    server = stand.server()
    wrong: list[object] = []

    def work(number: int) -> None:
        with server.session() as files:
            became = list(
                files.put(stand.outbound, [(f"{number}-{n}.bin", bytes([number]) * 40_000) for n in range(20)])
            )
            wrong.extend(item for item in became if item is not Deposit.WRITTEN)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (wrong, len(stand.names("out"))) == ([], 80)
