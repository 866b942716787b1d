"""Whether HotWax has a purchase order as it was told to: the read-back decides what became of an upload."""

from collections.abc import Iterable, Mapping

from domain.purchase_order import ImportedLine


def difference(wanted: Iterable[ImportedLine], there: Mapping[str, ImportedLine]) -> str | None:
    """What of the wanted lines HotWax has otherwise, in words; None when it has them all.

    A line that is to be closed and was never there needs nothing. `there` is by NetSuite's line id.
    """
    for line in wanted:
        has = there.get(line.line_id)
        if has is None and not line.closed:
            return f"line {line.line_id} is not in HotWax"
        if has is not None and (words := line_difference(line, has)):
            return f"line {line.line_id}: {words}"
    return None


def line_difference(wanted: ImportedLine, has: ImportedLine) -> str | None:
    """What of the line HotWax has otherwise, in words; None where nothing is, as far as both sides tell."""
    if wanted.closed:
        return None if has.closed else "still open in HotWax"
    if has.sku not in {"", wanted.sku}:
        return f"SKU {has.sku} in HotWax, {wanted.sku} wanted"
    if wanted.pieces != has.pieces:
        return f"{has.pieces:f} pieces in HotWax, {wanted.pieces:f} wanted"
    if wanted.facility != has.facility:
        return f"facility {has.facility} in HotWax, {wanted.facility} wanted"
    if wanted.arrival and wanted.arrival != has.arrival:
        return f"arrival {has.arrival or 'none'} in HotWax, {wanted.arrival} wanted"
    return None
