"""Names, settings and completeness: what holds without any server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.sftp.client import SftpServer
from connectors.sftp.completeness import look, look_again
from connectors.sftp.models import RemoteFile, Seen
from connectors.sftp.names import LONGEST, BadName, dated, name_of, shown
from connectors.sftp.places import below
from connectors.sftp.port import FilePort
from connectors.sftp.settings import Completeness, InboundFolder, SftpFolders, SftpSettings

NOW = datetime(2026, 11, 20, 18, 0, 0, tzinfo=UTC)
YOUNG = NOW - timedelta(seconds=5)
FOLDER = InboundFolder(
    path="in", pattern="*.csv", complete=Completeness(renamed=("WB-PO-*.csv",), settled_for=timedelta(seconds=30))
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKoN9fXZD"


def file(name: str, size: int = 10, modified_at: datetime = YOUNG) -> RemoteFile:
    return RemoteFile(name=name, size=size, modified_at=modified_at)


# ---- names -----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_bytes_are_a_harmless_name_or_refused(raw: bytes) -> None:
    name, why = _name_or_refusal(raw)
    assert why.isascii()
    assert why.isprintable()
    if not why:
        assert (below("in", name), name.encode()) == (f"in/{name}", raw)
        assert not {"/", "\\", "\0", "\n"} & set(name)


def _name_or_refusal(raw: bytes) -> tuple[str, str]:
    try:
        return name_of(raw), ""
    except BadName as bad:
        return "", str(bad)


@given(st.binary(max_size=300))
def test_whatever_is_shown_of_a_name_is_one_short_printable_line(raw: bytes) -> None:
    text = shown(raw)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) <= 120


@given(st.text(min_size=1, max_size=255).filter(lambda text: "/" not in text and "\0" not in text))
def test_a_dated_name_always_fits(name: str) -> None:
    try:
        name_of(name.encode("utf-8", "surrogatepass"))
    except BadName:
        return
    made = dated(NOW, "feed1", name)
    assert len(made.encode()) <= LONGEST
    assert made.startswith("20261120T180000Z-feed1-")
    assert name_of(made.encode()) == made


def test_two_long_names_that_end_alike_stay_apart() -> None:
    assert dated(NOW, "m", "a" * 250) != dated(NOW, "m", "b" + "a" * 249)


# ---- completeness ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a.csv.tmp", "A.CSV.TMP", ".a.csv", "a.csv.part", "a.csv.filepart", "a.csv~", "a.json"]
)
def test_temporary_and_foreign_names_are_never_taken(name: str) -> None:
    folder = FOLDER.model_copy(update={"pattern": "*"}) if name != "a.json" else FOLDER
    seen = look(folder, [file(name, modified_at=NOW - timedelta(days=9))], NOW)
    assert (seen.complete, seen.waiting) == ((), {})


def test_a_name_that_appears_by_rename_is_complete_at_once() -> None:
    assert look(FOLDER, [file("WB-PO-20261120T180000Z-1.csv")], NOW).complete
    assert look(FOLDER, [file("wb-po-1.csv")], NOW).complete


def test_another_name_is_complete_when_two_looks_far_enough_apart_agree() -> None:
    first = look(FOLDER, [file("a.csv")], NOW)
    soon = look(FOLDER, [file("a.csv")], NOW + timedelta(seconds=29), first.waiting)
    later = look(FOLDER, [file("a.csv")], NOW + timedelta(seconds=30), soon.waiting)
    assert (first.complete, soon.complete, later.complete) == ((), (), (file("a.csv"),))
    assert later.waiting == {}


@pytest.mark.parametrize("change", [{"size": 11}, {"modified_at": YOUNG + timedelta(seconds=1)}])
def test_a_change_starts_the_wait_anew(change: dict[str, Any]) -> None:
    first = look(FOLDER, [file("a.csv")], NOW)
    changed = file("a.csv").model_copy(update=change)
    at = NOW + timedelta(minutes=5)
    second = look(FOLDER, [changed], at, first.waiting)
    assert second.complete == ()
    assert second.waiting == {"a.csv": Seen(size=changed.size, modified_at=changed.modified_at, since=at)}


def test_an_old_file_is_complete_at_once_only_where_that_is_asked_for() -> None:
    old = file("a.csv", modified_at=NOW - timedelta(minutes=15))
    by_age = FOLDER.model_copy(update={"complete": Completeness(older_than=timedelta(minutes=15))})
    assert look(by_age, [old], NOW).complete == (old,)
    assert look(FOLDER, [old], NOW).complete == ()


@pytest.mark.parametrize(
    "told", [NOW - timedelta(hours=8), datetime(1970, 1, 1, tzinfo=UTC), NOW + timedelta(days=1)], ids=str
)
def test_a_server_whose_clock_is_wrong_does_not_make_a_file_complete(told: datetime) -> None:
    just_begun = file("a.csv", modified_at=told)
    first = look(SftpFolders().orders, [just_begun], NOW)
    assert (first.complete, set(first.waiting)) == ((), {"a.csv"})
    assert look(SftpFolders().orders, [just_begun], NOW + timedelta(seconds=30), first.waiting).complete


def test_a_file_that_changed_after_it_was_taken_for_complete_needs_two_looks_whatever_its_name_and_age() -> None:
    files, wait = [file("WB-PO-1.csv", modified_at=NOW - timedelta(days=9))], timedelta(seconds=30)
    first = look_again(files, wait, NOW)
    soon = look_again(files, wait, NOW + timedelta(seconds=29), first.waiting)
    later = look_again(files, wait, NOW + timedelta(seconds=30), soon.waiting)
    assert [each.complete for each in (first, soon, later)] == [(), (), tuple(files)]
    assert (set(first.waiting), later.waiting) == ({"WB-PO-1.csv"}, {})


def test_files_come_in_the_order_of_their_age() -> None:
    files = [file("WB-PO-2.csv"), file("WB-PO-1.csv"), file("WB-PO-3.csv", modified_at=NOW - timedelta(minutes=1))]
    assert [f.name for f in look(FOLDER, files, NOW).complete] == ["WB-PO-3.csv", "WB-PO-1.csv", "WB-PO-2.csv"]


def test_what_a_look_leaves_can_be_stored_as_json() -> None:
    seen = look(FOLDER, [file("a.csv")], NOW)
    assert type(seen).model_validate_json(seen.model_dump_json()) == seen


# ---- the port --------------------------------------------------------------------------------------------------------


def test_the_connector_is_what_the_port_asks_for() -> None:
    """The types are what is checked here."""
    port: FilePort = SftpServer("netsuite", settings())
    assert port.folders == SftpFolders()


# ---- settings --------------------------------------------------------------------------------------------------------


def settings(**changes: Any) -> SftpSettings:
    return SftpSettings.model_validate({"host": "h", "username": "u", "password": "p", "host_keys": (KEY,), **changes})


def test_the_folders_of_the_stock_flow_are_the_default() -> None:
    folders = SftpFolders()
    assert folders.orders.path == "netsuite/purchaseorder/fulfillment"
    assert below(folders.receipts.path, folders.receipts.temporary) == "netsuite/purchaseorder/receipt/tmp"
    assert folders.acks.path == "netsuite/purchaseorder/receipt/ack"


def test_a_host_key_may_be_pasted_with_its_comment() -> None:
    assert settings(host_keys=[KEY + " root@host"]).host_keys == (KEY,)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": None}, "private_key or password"),
        ({"passphrase": "x"}, "belong to private_key"),
        ({"known_hosts": "known_hosts"}, "one of the two"),
        ({"host_keys": ["[h]:22 ssh-ed25519 AAAA"]}, "no host key"),
        ({"host_keys": ["ssh-dss AAAA"]}, "no host key"),
        ({"folders": {"orders": {"path": "a/../../b"}}}, "must not lead upwards"),
        ({"port": 0}, "greater than 0"),
        ({"timeout_read": 0}, "greater than 0"),
        ({"user": "x"}, "Extra inputs"),
    ],
)
def test_wrong_settings_say_what_is_wrong(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**wrong)


def test_settings_never_show_their_secrets() -> None:
    made = settings(private_key="key", passphrase="sesame", password="sesame")
    assert "sesame" not in repr(made) + str(made) + made.model_dump_json()
