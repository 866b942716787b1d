"""Files of a reconciliation, sealed as NetSuite's script seals them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from operators.po_reconciliation import HEADER


def reconciliation_file(
    *rows: str, part: int = 1, parts: int = 1, began: datetime | None = None, header: Sequence[str] = HEADER
) -> str:
    """One part of a reconciliation, whole; NetSuite began to read now, unless told otherwise."""
    at = (began or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "".join(f"{row}\n" for row in (",".join(header), *rows, f"#end,{len(rows)},{part},{parts},{at},"))[:-1]
    return f"{text}{hashlib.sha256(text.encode()).hexdigest()}\n"
