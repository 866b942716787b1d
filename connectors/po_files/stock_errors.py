"""The error file of HotWax's stock importer, malformed as it is (hotwax 4.7, 13)."""

import re

from connectors.errors import shortened
from connectors.po_files.document import text_of
from connectors.po_files.errors import FileRefusedError, Refusal
from domain.base import Frozen

_HEADER = "orderId,errorMessage"
_FIRST = re.compile(r"(?P<po_id>[1-9][0-9]{0,14}),(?P<message>.*)", re.DOTALL)
_LATER = re.compile(r"\n,(?=[1-9][0-9]{0,14},)")
_LONGEST_MESSAGE = 1_000


class StockError(Frozen):
    """A purchase order whose receipt the stock importer could not make, and NetSuite's words."""

    po_id: str
    message: str


def stock_errors(content: bytes) -> tuple[StockError, ...]:
    """The errors of a stock error file.

    The script joins its rows with a comma, so that every row but the first begins with one, and escapes nothing: a
    line that does not begin with a comma and an id goes on with the message before it.

    Raises:
        FileRefusedError: it is no such file.
    """
    header, _, body = text_of(content).replace("\r\n", "\n").partition("\n")
    if header != _HEADER:
        raise FileRefusedError(Refusal.UNKNOWN_HEADER, f"{shortened(header)!r} is no header: expected `{_HEADER}`")
    return tuple(map(_error, _LATER.split(body))) if body.strip() else ()


def _error(row: str) -> StockError:
    if not (found := _FIRST.fullmatch(row)):
        raise FileRefusedError(Refusal.WRONG_SHAPE, f"{shortened(row)!r} does not begin with a purchase order's id")
    return StockError(po_id=found["po_id"], message=shortened(found["message"], _LONGEST_MESSAGE))
