"""What the reconciliation script writes is what the proof reads: both are held to one example."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from domain.purchase_order import PoStatus
from operators.po_reconciliation import read_reconciliation

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "netsuite" / "examples" / "reconciliation" / "expected.csv"


def test_the_proof_reads_a_reconciliation_as_netsuites_script_writes_it() -> None:
    until, words = (told := read_reconciliation([EXAMPLE])).until, told.words
    assert until == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    assert {po_id: word.status for po_id, word in words.items()} == {
        "9": PoStatus("E"),
        "10": PoStatus("F"),
        "11": None,
    }
    assert words["9"].lines["1"].received == Decimal("1.5")
    assert words["9"].lines["4"].closed
    assert words["9"].item_receipts == {"WB-RCPT-9-S1": {"1": Decimal(1)}, "991": {"1": Decimal("0.5")}}
    assert words["11"].unreadable == "line 4: the quantity -1 is negative"
    assert not words["11"].lines


def test_the_guide_shows_the_example_as_it_is() -> None:
    guide = (ROOT / "docs" / "purchase-orders-proof.md").read_text(encoding="utf-8")
    assert f"```csv\n{EXAMPLE.read_text(encoding='utf-8')}```" in guide
