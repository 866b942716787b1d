"""`orders`, `order show`, `holds`, `feed` and `exposure`: what the ledger knows, for people and for machines."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from domain.stages import EffectState, Stage
from tests.operators.desk import NOW, Desk, a_desk, invoice_row, keep, line_row, order_row, reopened, unmapped


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return a_desk(tmp_path)


# ---- orders ----------------------------------------------------------------------------------------------------------


def test_orders_are_listed_those_in_their_stage_longest_first(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, order_row("1"), order_row("2", stage_since=NOW - timedelta(hours=5)), order_row("3", Stage.DONE))
    assert [row["order_id"] for row in desk.run("orders", "--json").json] == ["2", "1", "3"]
    assert "W2" in desk.run("orders").out


@pytest.mark.parametrize(
    ("option", "found"),
    [
        (("--stage", "DONE"), ["3"]),
        (("--stage", "done"), ["3"]),
        (("--hold", "unmapped_store"), ["4", "5"]),
        (("--hold", "unmapped_store:X8"), ["5"]),
        (("--store", "S1"), ["3"]),
        (("--older-than", "2h"), ["2"]),
        (("--open",), ["1", "2", "4", "5"]),
        (("--tenant", "acme", "--open", "--limit", "1"), ["2"]),
    ],
)
def test_each_filter_narrows_the_list(desk: Desk, tmp_path: Path, option: tuple[str, ...], found: list[str]) -> None:
    old = order_row("2", stage_since=NOW - timedelta(hours=5))
    keep(tmp_path, order_row("1"), old, order_row("3", Stage.DONE, store="S1"), unmapped("4"), unmapped("5", "X8"))
    assert sorted(row["order_id"] for row in desk.run("orders", "--json", *option).json) == found


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--tenant", "acne", "acme"),
        ("--stage", "LOST", "AWAITING_LINES"),
        ("--store", "S9", "S1, S2, S3"),
        ("--hold", "sick", "unmapped_store"),
        ("--older-than", "soon", "2h"),
    ],
)
def test_a_wrong_value_is_named_with_the_possible_ones(desk: Desk, option: str, value: str, named: str) -> None:
    ended = desk.run("orders", option, value)
    assert ended.code == 2
    assert value in ended.err
    assert named in ended.err
    assert ended.out == ""


def test_a_list_beyond_all_bounds_is_refused(desk: Desk) -> None:
    ended = desk.run("orders", "--limit", "99999999999999999999")
    assert (ended.code, ended.out) == (2, "")
    assert "100000" in ended.err


def test_an_error_is_json_too_where_json_was_asked_for(desk: Desk) -> None:
    ended = desk.run("orders", "--tenant", "acne", "--json")
    assert (ended.json["exit"], "acne" in ended.json["error"]) == (2, True)


# ---- order show ------------------------------------------------------------------------------------------------------


def test_an_order_is_shown_with_its_hold_documents_and_link(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, unmapped("1/a"), line_row("1/a"), invoice_row("1/a", EffectState.UNKNOWN))
    shown = desk.run("order", "show", "W1/a").out
    for part in ("HELD: unmapped_store:X9", "add the facility", "0740000000011", "unknown"):
        assert part in shown
    assert "https://temporal.example/namespaces/default/workflows/order%2Facme%2F1%2Fa" in shown


def test_an_order_is_shown_with_the_mark_that_its_resume_takes_where_it_settles_something(
    desk: Desk, tmp_path: Path
) -> None:
    keep(tmp_path, unmapped("1"), reopened("2"))
    tried, settled = (desk.run("order", "show", number, "--json").json for number in ("W1", "W2"))
    assert (tried["seen"], tried["goes_on_without"]) == (None, [])
    assert settled["goes_on_without"] == ["line 20 was settled as fulfilled by F1, now gone"]
    assert f"waybill order resume W2 --seen {settled['seen']} " in desk.run("order", "show", "W2").out
    assert "--seen" not in desk.run("order", "show", "W1").out


@pytest.mark.parametrize("name", ["W1", "#W1", "1"])
def test_an_order_is_found_by_its_number_with_or_without_sign_and_by_its_id(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    keep(tmp_path, order_row("1"))
    assert desk.run("order", "show", name, "--json").json["order"]["order_id"] == "1"


def test_negative_stock_is_told_until_the_slips_are_made(desk: Desk, tmp_path: Path) -> None:
    shipped = line_row("1", facility_id="F2", store="S2")
    keep(tmp_path, order_row("1", Stage.TRANSFERRING), shipped, invoice_row("1"))
    told = desk.run("order", "show", "1", "--json").json
    assert told["negative_until_transferred"] == [
        {"store": "S1", "upc": "0740000000011", "shipped": "0", "booked": "-1"}
    ]
    assert "stock of 0740000000011 at S1 is 1 too low until the slips are made" in desk.run("order", "show", "1").out


def test_a_screen_never_shows_personal_data(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, order_row("1", Stage.DONE), line_row("1"), invoice_row("1"))
    for words in (("order", "show", "1"), ("order", "show", "1", "--json"), ("orders",), ("exposure",)):
        ended = desk.run(*words)
        assert "Ana Paz" not in ended.out + ended.err


def test_an_unknown_order_is_not_found_and_says_what_to_do(desk: Desk) -> None:
    ended = desk.run("order", "show", "W404")
    assert ended.code == 5
    assert "W404" in ended.err
    assert "waybill feed orders --since" in ended.err


def test_a_number_that_two_orders_share_asks_for_the_id(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, order_row("1", order_no="W7"), order_row("2", order_no="W7"))
    ended = desk.run("order", "show", "W7")
    assert ended.code == 2
    assert "1 of acme, 2 of acme" in ended.err


# ---- holds, feed -----------------------------------------------------------------------------------------------------


def test_a_systematic_hold_is_one_entry_with_its_orders(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, *(unmapped(str(number)) for number in range(100)), unmapped("200", "X8"))
    groups = {group["hold"]: group for group in desk.run("holds", "--json").json}
    assert groups.keys() == {"unmapped_store:X9", "unmapped_store:X8"}
    assert groups["unmapped_store:X9"]["orders"] == 100
    assert len(groups["unmapped_store:X9"]["order_numbers"]) == 3
    assert "add the facility" in groups["unmapped_store:X9"]["next_action"]


def test_no_hold_says_so(desk: Desk) -> None:
    assert desk.run("holds").out.strip() == "nothing is held"


def test_resuming_what_nobody_is_held_for_is_not_found(desk: Desk) -> None:
    assert desk.run("holds", "resume", "unmapped_store:X1", "--reason", "mapped").code == 5


def test_a_dry_run_of_a_resume_needs_no_server(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, unmapped("1"), unmapped("2"))
    told = desk.run("holds", "resume", "unmapped_store", "--reason", "mapped", "--dry-run", "--json").json
    assert (told["orders"], sorted(told["order_numbers"]), told["goes_on_without"]) == (2, ["W1", "W2"], {})


def test_a_dry_run_of_a_resume_names_the_lines_that_orders_would_go_on_without(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, reopened("1"), reopened("2"))
    resume = ("holds", "resume", "reopened_line", "--reason", "returned", "--dry-run")
    told = {name: [f"line {name[1:]}0 was settled as fulfilled by F1, now gone"] for name in ("W1", "W2")}
    assert desk.run(*resume, "--json").json["goes_on_without"] == told
    assert "without, W2: line 20 was settled as fulfilled by F1, now gone" in desk.run(*resume).out


def test_the_feed_is_told_from_the_ledger_when_temporal_is_out_of_reach(desk: Desk) -> None:
    ended = desk.run("feed", "--json")
    assert ended.code == 4
    assert ended.json["feeds"][0] == {
        "tenant": "acme",
        "cursor": None,
        "polled_at": None,
        "waiting_events": 0,
        "waiting_orders": 0,
    }
    assert "Temporal at 127.0.0.1:1 is out of reach" in ended.err


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2999-01-01", "9999-12-31T23:59:59-14:00"])
def test_a_backfill_from_no_past_day_is_refused(desk: Desk, since: str) -> None:
    ended = desk.run("feed", "orders", "--since", since)
    assert ended.code == 2
    assert since in ended.err


# ---- exposure --------------------------------------------------------------------------------------------------------


def test_what_was_shipped_and_is_not_invoiced_is_hotwaxs_variance_file(desk: Desk, tmp_path: Path) -> None:
    keep(
        tmp_path,
        *(order_row("1"), line_row("1"), line_row("1", "2"), line_row("1", "3", status="ITEM_APPROVED")),
        *(unmapped("2"), line_row("2", facility_id="X9", store=None, upc="0740000000028")),
        *(order_row("3", Stage.CANCELLED, cancel_wanted=True), line_row("3", facility_id="F2")),
        *(order_row("4", Stage.DONE), line_row("4"), invoice_row("4")),
        *(order_row("5", Stage.INVOICING), line_row("5"), invoice_row("5", EffectState.UNKNOWN)),
        *(order_row("6", Stage.DONE, channel="POS_SALES_CHANNEL"), line_row("6")),
        *(order_row("7"), line_row("7", digital=True, facility_id="_NA_")),
    )
    ended = desk.run("exposure", "--csv", "-", "--location", "L1")
    assert ended.code == 0
    rows = list(csv.reader(io.StringIO(ended.out)))
    fixed = ("L1", "VAR_INTEGR")
    assert rows == [
        ["facilityId", "idType", "idValue", "availableDelta", "locationSeqId", "varianceReasonId", "comments"],
        ["F1", "UPCA", "0740000000011", "-2", *fixed, "order W1: AWAITING_LINES"],
        ["X9", "UPCA", "0740000000028", "-1", *fixed, "order W2: held, unmapped_store"],
        ["F2", "UPCA", "0740000000011", "-1", *fixed, "order W3: cancelled by an operator"],
        ["F1", "UPCA", "0740000000011", "-1", *fixed, "order W5: INVOICING"],
    ]


def test_the_variance_file_is_quoted_and_starts_no_formula(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, order_row("1"), line_row("1", facility_id='=HYPERLINK("x"),F1', upc="+74"))
    target = tmp_path / "variance.csv"
    assert desk.run("exposure", "--csv", str(target)).code == 0
    assert target.read_bytes().split(b"\r\n")[1] == (
        b'"\'=HYPERLINK(""x""),F1","UPCA","\'+74","-1","TLTLTLLL01","VAR_INTEGR","order W1: AWAITING_LINES"'
    )


def test_a_product_without_a_upc_cannot_be_exposed_and_is_named(desk: Desk, tmp_path: Path) -> None:
    keep(tmp_path, order_row("1"), line_row("1", upc=None))
    ended = desk.run("exposure", "--csv", "-")
    assert ended.code == 1
    assert "product P1" in ended.err
    assert len(ended.out.splitlines()) == 1


def test_a_file_that_cannot_be_written_is_named(desk: Desk, tmp_path: Path) -> None:
    ended = desk.run("exposure", "--csv", str(tmp_path / "none" / "x.csv"))
    assert ended.code == 2
    assert "cannot be written" in ended.err
