"""What the reconciliation script writes is what the proof reads: both are held to one example."""

from decimal import Decimal
from pathlib import Path

from domain.purchase_order import PoStatus
from operators.po_netsuite import read_reconciliation

EXAMPLE = Path(__file__).parents[2] / "netsuite" / "examples" / "reconciliation" / "expected.csv"


def test_the_proof_reads_a_reconciliation_as_netsuites_script_writes_it() -> None:
    words = read_reconciliation(EXAMPLE)
    assert {po_id: word.status for po_id, word in words.items()} == {"9": PoStatus("E"), "10": PoStatus("F")}
    assert words["9"].lines["1"].received == Decimal("1.5")
    assert words["9"].lines["4"].closed
    assert words["9"].item_receipts == {"WB-RCPT-9-S1": {"1": Decimal(1)}, "991": {"1": Decimal("0.5")}}
