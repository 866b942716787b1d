"""Nobody's text is obeyed by a terminal: what is not seen is shown as its escape, in tables, lines, errors and JSON."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Rejected
from domain.purchase_order import ReceiptState
from ledger.po_tables import PurchaseOrderRow
from operators import cli
from operators.cli import po
from operators.cli.command import say
from operators.cli.visible import visible
from tests.operators.po_desk import PoDesk, a_line

HIDES = "\x1b[2J\x1b[1;1Hall fine\x1b[8m \x9b2J \u202eenif lla\u200d \x07\x08\r\x7f"
SHOWN = r"\u001b[2J\u001b[1;1Hall fine\u001b[8m \u009b2J \u202eenif lla\u200d \u0007\b\r\u007f"
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PoDesk]:
    made = PoDesk(tmp_path)
    yield made
    made.ledger.close()


def obeyed(text: str) -> set[str]:
    """The characters of a screen's text that a terminal does not show."""
    return {character for character in text if unicodedata.category(character) in UNSEEN} - {"\n"}


def test_what_a_remote_says_hides_no_hold(desk: PoDesk) -> None:
    desk.tell("1", a_line(sku=f"SKU{HIDES}"))
    desk.imported("1")
    desk.answer(desk.receive("1", "S1", L1=4), ReceiptState.REJECTED, HIDES)
    desk.assess("1")
    with desk.ledger.writing() as session:
        session.get_one(PurchaseOrderRow, (desk.tenant, "1")).number = f"PO{HIDES}"
    for command in (("po", "show", "1"), ("po", "list"), ("holds",)):
        screen = desk.run(*command).out
        assert not obeyed(screen)
        assert r"\u001b[2J" in screen.replace("\n", "")
    assert f"evidence: receipt 1-S1: {SHOWN}" in desk.run("po", "show", "1").out.replace("\n", "")


def test_json_is_the_same_json_and_shows_the_same_escapes(desk: PoDesk) -> None:
    desk.tell("1", a_line(sku=f"Peña{HIDES}"))
    ran = desk.run("po", "show", "1", "--json")
    assert not obeyed(ran.out)
    assert "Peña" in ran.out
    assert ran.json["lines"][0]["sku"] == f"Peña{HIDES}"


def test_an_error_and_its_trace_show_it_too(desk: PoDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> NoReturn:
        raise Rejected("hotwax", "read", HIDES)

    monkeypatch.setattr(po, "office", refused)
    ran = desk.run("po", "list", "--debug", "--json")
    assert not obeyed(ran.out + ran.err)
    assert ran.err.count(SHOWN) == len(["the trace", "the line"])
    assert HIDES in ran.json["error"]


def test_a_line_beside_the_answer_shows_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    say(HIDES)
    assert capsys.readouterr().err == f"{SHOWN}\n"


@given(st.text(st.characters(codec=None)))
def test_what_is_seen_stays_and_any_json_stays_the_same(text: str) -> None:
    shown = visible(text)
    assert obeyed(shown) <= {"\t"}
    assert obeyed(text) - {"\t"} or shown == text
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == json.loads(json.dumps(text))


def test_no_screen_makes_its_texts_or_its_console_elsewhere() -> None:
    made = re.compile(r"rich\.text|\bConsole\(")
    found = {path.name for path in Path(cli.__file__).parent.glob("*.py") if made.search(path.read_text("utf-8"))}
    assert found == {"visible.py", "command.py"}
