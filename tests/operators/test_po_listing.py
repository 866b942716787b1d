"""`po list`, `po show`, `holds`, `feed` and `exposure`: what the ledger knows of purchase orders."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from activities.po_noting import CAUSES
from domain.po_messages import PoRun
from domain.purchase_order import ReceiptState
from domain.stages import Hold, HoldCause
from ledger import po_files, po_runs
from ledger.po_files import FileKind, FileState
from ledger.po_tables import PurchaseOrderRow
from operators.gauges import refresh_gauges
from tests.operators.desk import order_row, unmapped
from tests.operators.po_desk import NOW, PoDesk, a_line


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PoDesk]:
    made = PoDesk(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def stock_desk(tmp_path: Path) -> Iterator[PoDesk]:
    made = PoDesk(tmp_path, netsuite_mode="files")
    yield made
    made.ledger.close()


def four_purchase_orders(desk: PoDesk) -> None:
    """One that is new, one imported long ago, one received in part, and one that is held."""
    for po_id in ("1", "2", "3"):
        desk.tell(po_id, a_line())
    for po_id in ("2", "3"):
        desk.imported(po_id)
    desk.receive("3", "S1", L1=4)
    desk.tell("4", bad=("line 7, column quantity: 'ten' is no number",))
    with desk.ledger.writing() as session:
        session.get_one(PurchaseOrderRow, (desk.tenant, "2")).stage_since = NOW - timedelta(days=3)


# ---- po list ---------------------------------------------------------------------------------------------------------


def test_purchase_orders_are_listed_those_in_their_stage_longest_first(desk: PoDesk) -> None:
    four_purchase_orders(desk)
    listed = desk.run("po", "list", "--json").json
    assert listed[0]["po_id"] == "2"
    assert {row["po_id"]: row["stage"] for row in listed} == {
        "1": "PENDING",
        "2": "IMPORTED",
        "3": "RECEIVED",
        "4": "PENDING",
    }
    shown = desk.run("po", "list").out
    for part in ("PO3", "received 4/10 pieces (line 1: 4/10)", "B Pending Receipt", "3d", "bad_rows"):
        assert part in shown


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (("--stage", "RECEIVED"), ["3"]),
        (("--stage", "imported"), ["2"]),
        (("--hold", "bad_rows"), ["4"]),
        (("--older-than", "2d"), ["2"]),
        (("--open", "--limit", "1"), ["2"]),
    ],
)
def test_each_filter_narrows_the_list(desk: PoDesk, option: tuple[str, ...], found: list[str]) -> None:
    four_purchase_orders(desk)
    assert sorted(row["po_id"] for row in desk.run("po", "list", "--json", *option).json) == found


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--tenant", "acne", "there are: t"),
        ("--stage", "LOST", "RECEIPT_SYNCED"),
        ("--hold", "sick", "receipt_excess"),
        ("--older-than", "soon", "2h"),
    ],
)
def test_a_wrong_value_is_named_with_the_possible_ones(desk: PoDesk, option: str, value: str, named: str) -> None:
    ended = desk.run("po", "list", option, value)
    assert (ended.code, ended.out) == (2, "")
    assert value in ended.err
    assert named in ended.err


# ---- po show ---------------------------------------------------------------------------------------------------------


def test_a_partly_received_purchase_order_shows_each_line_on_both_sides(desk: PoDesk) -> None:
    lines = (a_line("3", 2, unit="case", unit_rate=12), a_line("4", 5, received=2, arrival=date(2026, 12, 1)))
    desk.tell("1", *lines)
    desk.imported("1")
    first = desk.receive("1", "S1", L3=12)
    desk.answer(first, ReceiptState.CREATED)
    second = desk.receive("1", "S2", L4=1)
    desk.answer(second, ReceiptState.SENT)
    told = desk.run("po", "show", "PO1", "--json").json
    names = ("ordered", "imported", "received_in_hotwax", "received_in_netsuite", "on_the_way")
    numbers = {line["line_id"]: [float(line[name]) for name in names] for line in told["lines"]}
    assert numbers == {"3": [24, 24, 12, 12, 0], "4": [5, 5, 1, 2, 1]}
    assert [(r["receipt_id"], r["standing"]) for r in told["receipts"]] == [
        (first, "created in NetSuite"),
        (second, "sent, no answer yet"),
    ]
    shown = desk.run("po", "show", "PO1").out
    for part in ("RECEIVED since", "case of 12", "2026-12-01", "4: 1", "991", "WB-RCPT-1-S2.json", "WB-PO-", "HC1"):
        assert part in shown
    assert f"https://temporal.example/namespaces/default/workflows/po%2F{desk.tenant}%2F1" in shown


def test_an_amended_purchase_order_shows_what_hotwax_still_has(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10), a_line("2", 6))
    desk.imported("1")
    desk.tell("1", a_line("1", 14), a_line("2", 6, closed=True))
    told = desk.run("po", "show", "1", "--json").json
    assert [(line["ordered"], line["imported"], line["closed_in_netsuite"]) for line in told["lines"]] == [
        ("14", "10", False),
        ("6", "6", True),
    ]
    assert told["import_state"] == "wanted"
    assert [h["text"] for h in told["timeline"] if "amended" in h["text"]] == ["amended with 2 lines by file 2"]


def test_a_held_purchase_order_shows_the_evidence_and_what_to_do(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.receive("1", "S1", L1=12)
    shown = desk.run("po", "show", "HC1").out
    for part in ("HELD: receipt_excess", "excess:1-S1:1:2: 2 pieces", "what to do: receive it in NetSuite by hand"):
        assert part in shown
    assert "not passed on: 1: 2 pieces" in shown
    assert "receive it in NetSuite" in desk.run("po", "show", "1", "--json").json["next_action"]


def test_what_the_stock_importer_took_is_accepted_and_unverified(stock_desk: PoDesk) -> None:
    stock_desk.tell("1", a_line("1", 10))
    stock_desk.imported("1")
    receipt = stock_desk.receive("1", "S1", L1=10)
    stock_desk.answer(receipt, ReceiptState.UNVERIFIED)
    assert stock_desk.row("1").stage == "RECEIPT_SYNCED"
    told = stock_desk.run("po", "show", "1", "--json").json
    assert (told["unverified"], told["receipts"][0]["standing"]) == (True, "accepted, unverified")
    for words in (("po", "show", "1"), ("po", "list")):
        assert "accepted, unverified" in stock_desk.run(*words).out


def test_a_line_that_netsuite_does_not_tell_any_more_is_shown_as_hotwax_has_it(desk: PoDesk) -> None:
    desk.tell("1", a_line("1"), a_line("2"))
    desk.imported("1")
    desk.tell("1", a_line("1"))
    gone = desk.run("po", "show", "1", "--json").json["lines"][1]
    assert (gone["line_id"], gone["ordered"], gone["imported"], gone["closed_in_netsuite"]) == ("2", None, "10", True)


def test_a_purchase_order_of_which_only_bad_rows_came_shows_them(desk: PoDesk) -> None:
    desk.tell("1", bad=("line 7, column quantity: 'ten' is no number",))
    shown = desk.run("po", "show", "1").out
    assert "HELD: bad_rows" in shown
    assert "bad row: line 7, column quantity: 'ten' is no number" in shown


def test_an_unknown_purchase_order_is_not_found_and_says_where_to_look(desk: PoDesk) -> None:
    ended = desk.run("po", "show", "PO404")
    assert ended.code == 5
    assert "PO404" in ended.err
    assert "waybill feed" in ended.err


def test_a_number_that_two_purchase_orders_share_asks_for_the_id(desk: PoDesk) -> None:
    for po_id in ("1", "2"):
        desk.tell(po_id, a_line())
        with desk.ledger.writing() as session:
            session.get_one(PurchaseOrderRow, (desk.tenant, po_id)).number = "PO7"
    ended = desk.run("po", "show", "PO7")
    assert ended.code == 2
    assert f"1 of {desk.tenant}, 2 of {desk.tenant}" in ended.err


# ---- holds -----------------------------------------------------------------------------------------------------------


def test_holds_of_orders_and_purchase_orders_stand_in_one_list(desk: PoDesk) -> None:
    with desk.ledger.writing() as session:
        session.add_all([unmapped("1", tenant=desk.tenant), order_row("2", tenant=desk.tenant)])
    for po_id in ("1", "2"):
        desk.tell(po_id, bad=("line 2: no quantity",))
    groups = desk.run("holds", "--json").json
    assert [(g["kind"], g["hold"], g["orders"], sorted(g["order_numbers"])) for g in groups] == [
        ("order", "unmapped_store:X9", 1, ["W1"]),
        ("po", "bad_rows", 2, ["1", "2"]),
    ]
    assert "purchase orders" in desk.run("holds").out


def test_a_dry_run_of_a_resume_names_the_purchase_orders_too(desk: PoDesk) -> None:
    desk.tell("1", bad=("line 2: no quantity",))
    told = desk.run("holds", "resume", "bad_rows", "--reason", "mended", "--dry-run", "--json").json
    assert (told["orders"], told["purchase_orders"], told["po_numbers"]) == (0, 1, ["1"])


# ---- feed ------------------------------------------------------------------------------------------------------------


def test_the_feed_shows_the_files_that_came_and_what_to_do_about_a_refused_one(desk: PoDesk) -> None:
    desk.tell("1", a_line())
    with desk.ledger.writing() as session:
        bad = po_files.taken(session, desk.tenant, FileKind.ORDERS, "Fri Nov 20.csv", "claimed", NOW)
        po_files.ended(session, bad, FileState.REFUSED, NOW, "'a;b' is no header of a purchase order file")
    ended = desk.run("feed", "--json")
    assert ended.code == 4
    (seen,) = ended.json["purchase_orders"]
    assert (seen["receipts_read_until"], seen["waiting"]) == (None, 1)
    assert [(file["id"], file["state"]) for file in seen["files"]] == [(2, "refused"), (1, "done")]
    shown = desk.run("feed").out
    for part in ("Fri Nov 20.csv: file_refused: 'a;b' is no header", "what to do: read why"):
        assert part in shown.replace("\n", " ")


def host_key_refused(desk: PoDesk) -> None:
    """Two runs have met a server that nobody has pinned, a third one went well before."""
    hold = Hold(cause=HoldCause.HOST_KEY_UNKNOWN, evidence="no host key of 127.0.0.1:22 is pinned")
    with desk.ledger.writing() as session:
        po_runs.went_well(session, desk.tenant, PoRun.IMPORTS, {"uploaded": 3}, NOW)
        for run in (PoRun.FILES, PoRun.ANSWERS):
            po_runs.went_wrong(session, desk.tenant, run, hold, NOW)


def test_a_run_that_cannot_go_on_is_held_with_what_to_do(desk: PoDesk) -> None:
    host_key_refused(desk)
    (group,) = desk.run("holds", "--json").json
    assert (group["kind"], group["hold"], group["orders"]) == ("run", "host_key_unknown", 2)
    assert group["order_numbers"] == ["answers", "files"]
    shown = desk.run("feed").out
    for part in ("files HELD: host_key_unknown since", "no host key of 127.0.0.1:22 is pinned", "uploaded: 3"):
        assert part in shown
    assert "what to do: check the server's fingerprint" in shown


@pytest.mark.parametrize("cause", sorted({cause for _, cause in CAUSES} | {HoldCause.RECEIPTS_NOT_TAKEN}))
def test_nobody_is_told_to_resume_a_run(desk: PoDesk, cause: HoldCause) -> None:
    with desk.ledger.writing() as session:
        po_runs.went_wrong(session, desk.tenant, PoRun.FILES, Hold(cause=cause, evidence="why"), NOW)
    (group,) = desk.run("holds", "--json").json
    assert "resume" not in group["next_action"]
    assert "resume" not in desk.run("feed").out


def test_resuming_what_holds_runs_only_says_that_they_try_again_by_themselves(desk: PoDesk) -> None:
    host_key_refused(desk)
    ended = desk.run("holds", "resume", "host_key_unknown", "--reason", "pinned")
    assert ended.code == 0
    assert "the run files tries again by itself" in ended.out


# ---- exposure --------------------------------------------------------------------------------------------------------


def exposed(desk: PoDesk) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = desk.run("exposure", "--json").json["received_not_synced"]
    return rows


def test_what_was_received_and_is_not_in_netsuite_is_exposed_until_its_receipt_is_made(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 2, unit="case", unit_rate=12))
    desk.imported("1")
    receipt = desk.receive("1", "S1", L1=12)
    (row,) = exposed(desk)
    assert (row["purchase_order"], row["line_id"], row["sku"], row["pieces"], row["why"]) == (
        *("PO1", "1", "SKU1", "12", "goes with the next run"),
    )
    desk.answer(receipt, ReceiptState.CREATED)
    assert exposed(desk) == []
    assert "everything that was received on purchase orders is in NetSuite" in desk.run("exposure").out


def test_a_receipt_in_doubt_counts_as_missing_and_tells_its_hold(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.answer(desk.receive("1", "S1", L1=4), ReceiptState.UNKNOWN)
    assert [(row["pieces"], row["why"]) for row in exposed(desk)] == [("4", "held, receipt_unknown")]


def test_excess_is_exposed_until_an_operator_goes_on_without_it(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.answer(desk.receive("1", "S1", L1=12), ReceiptState.CREATED)
    assert [row["pieces"] for row in exposed(desk)] == ["2"]
    with desk.ledger.writing() as session:
        session.get_one(PurchaseOrderRow, (desk.tenant, "1")).acknowledged = ["excess:1-S1:1:2"]
    assert exposed(desk) == []


def test_what_hotwax_took_back_after_it_was_passed_on_is_below_nothing(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.answer(desk.receive("1", "S1", L1=6), ReceiptState.CREATED)
    desk.receive("1", "S1", L1=5)
    assert [(row["pieces"], row["why"]) for row in exposed(desk)] == [("-1", "held, receipt_changed")]


def test_a_product_that_is_on_no_line_is_exposed_by_its_sku(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.receive("1", "S1", unplanned={"HAT": 3})
    assert [(row["line_id"], row["sku"], row["pieces"]) for row in exposed(desk)] == [(None, "HAT", "3")]


# ---- gauges ----------------------------------------------------------------------------------------------------------


def test_the_gauges_count_stages_holds_and_receipts(desk: PoDesk) -> None:
    four_purchase_orders(desk)
    refresh_gauges(desk.ledger)

    def value(name: str, **labels: str) -> float:
        found = REGISTRY.get_sample_value(name, {"tenant": desk.tenant, **labels})
        assert found is not None, f"{name} has no sample"
        return found

    assert value("waybill_purchase_orders", stage="PENDING") == 2
    assert value("waybill_po_holds", cause="bad_rows") == 1
    assert value("waybill_po_receipts", state="promised") == 1
    assert value("waybill_oldest_po_seconds") > 2 * 86_400
    assert value("waybill_oldest_unsynced_receipt_seconds") > 3_500
