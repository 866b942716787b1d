"""Files and REST tell the same lines of a purchase order: the scripts' query and ours have the same conditions."""

from pathlib import Path

from connectors.netsuite.suiteql import ORDER_LINES

ACCOUNT = Path(__file__).parents[2] / "netsuite" / "src" / "FileCabinet" / "SuiteScripts" / "Waybill" / "account"


def parts(query: str) -> tuple[str, set[str]]:
    """A query's tables as they are joined, and its conditions."""
    told = " ".join(query.split())
    tables, _, conditions = told[told.index(" FROM ") :].partition(" WHERE ")
    return tables, set(conditions.partition(" ORDER BY ")[0].removesuffix(" AND").split(" AND "))


def test_the_scripts_and_rest_ask_for_the_same_lines() -> None:
    script = (ACCOUNT / "purchase_orders.js").read_text()
    theirs_joined, theirs = parts(script.split("const LINES = `")[1].split("`")[0])
    joined, ours = parts(ORDER_LINES)
    assert theirs_joined == joined
    assert theirs == ours | {"t.id = ?", "tl.id > ?"}
