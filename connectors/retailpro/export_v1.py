"""What Retail Pro has in its books, read from an export, for the proof.

The partner service publishes no read call (retailpro 9.2), so this contract is ours; a merchant's report, or whatever
reads Prism, writes it as one JSON object, as a file or behind a URL:

    {"invoices": [{"OrderNo": "A1", "DocumentNo": "700001", "InvoicingStore": "GT101", "TotalAmt": 180,
                   "Items": [{"UPC": "0740000000011", "Qty": 1, "StoreOrig": "GT101"}]}],
     "slips": [{"SlipNo": "00000001", "FromStore": "GT205", "ToStore": "GT101", "Items": [{"UPC": "...", "Qty": 1}]}],
     "stock": [{"Store": "GT101", "UPC": "0740000000011", "Change": -2}]}

`stock` is the change since the period of the proof began, from every cause. Other keys are ignored.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from connectors import exact_json
from connectors.errors import Contract, NotFound, Rejected, place_of
from connectors.http import CallBudget, OnCall, RemoteSystem
from connectors.retailpro.auth import auth_headers
from connectors.settings import HttpSettings, RetailProSettings
from domain.base import Frozen

_OPERATION = "read_export"
_LARGEST = 256_000_000
_PATIENCE = timedelta(minutes=10)


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004 - pydantic reports ValueErrors
    return value


Quantity = Annotated[Decimal, BeforeValidator(_no_bool)]


class _Row(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_pascal, populate_by_name=True, coerce_numbers_to_str=True, frozen=True, extra="ignore"
    )


class BookedItem(_Row):
    """Units of a product on a document; `store_orig` is what an invoice says about who shipped them."""

    upc: str = Field(alias="UPC")
    qty: Quantity
    store_orig: str | None = None


class BookedInvoice(_Row):
    """An invoice in Retail Pro's books."""

    order_no: str
    document_no: str | None = None
    invoicing_store: str
    total_amt: Quantity
    items: tuple[BookedItem, ...]


class BookedSlip(_Row):
    """A transfer in Retail Pro's books."""

    slip_no: str
    from_store: str
    to_store: str
    items: tuple[BookedItem, ...]


class StockChange(_Row):
    """By how much the stock of a product changed at a store."""

    store: str
    upc: str = Field(alias="UPC")
    change: Quantity


class Books(Frozen):
    """Everything an export says; `bad` names the rows that made no sense, which are left out."""

    invoices: tuple[BookedInvoice, ...]
    slips: tuple[BookedSlip, ...]
    stock: tuple[StockChange, ...]
    bad: tuple[str, ...] = ()


Row = TypeVar("Row", bound=_Row)


def read_books(
    location: str,
    settings: RetailProSettings,
    budget: CallBudget | None = None,
    on_call: OnCall | None = None,
    *,
    name: str = "retailpro",
) -> Books:
    """The books at this location: a URL, or the path of a file.

    Raises:
        NotFound: there is nothing at this location.
        Contract: it is no JSON object with the three lists; single bad rows are named in the books instead.
        Unreachable, Throttled, Unauthorized, Rejected: a URL that does not answer as wished.
    """
    is_url = location.startswith(("http://", "https://"))
    said = _fetched(location, settings, budget, on_call, name) if is_url else _from_file(Path(location), name)
    if not isinstance(said, Mapping):
        raise Contract(name, _OPERATION, place="export", expected="a JSON object", got=f"a {type(said).__name__}")
    bad: list[str] = []
    return Books(
        invoices=_rows(said, "invoices", BookedInvoice, bad, name),
        slips=_rows(said, "slips", BookedSlip, bad, name),
        stock=_rows(said, "stock", StockChange, bad, name),
        bad=tuple(bad),
    )


def _from_file(path: Path, name: str) -> Any:
    try:
        return exact_json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(name, _OPERATION, f"no file {path}: set proof_export to where the export is written") from None
    except ValueError:
        raise Contract(name, _OPERATION, place=str(path), expected="JSON") from None


def _fetched(
    location: str, settings: RetailProSettings, budget: CallBudget | None, on_call: OnCall | None, name: str
) -> Any:
    """The export behind a URL; only the service's own host is shown the service's credentials."""
    url = urlsplit(location)
    origin = f"{url.scheme}://{url.netloc}"
    bounds = {"timeout_read": _PATIENCE, "max_answer_bytes": _LARGEST}
    reached = {key: getattr(settings, key) for key in HttpSettings.model_fields if key not in bounds}
    system = RemoteSystem(name, HttpSettings(**{**reached, **bounds, "base_url": origin}), budget, on_call)
    headers = auth_headers(settings) if url.netloc == urlsplit(settings.base_url).netloc else {}
    try:
        answer = system.call(_OPERATION, "GET", url.path, params=dict(parse_qsl(url.query)), headers=headers)
    finally:
        system.close()
    if not answer.ok:
        raise Rejected(name, _OPERATION, f"{answer.status} at {origin}{url.path}: check proof_export")
    return answer.json()


def _rows(said: Mapping[str, Any], key: str, shape: type[Row], bad: list[str], name: str) -> tuple[Row, ...]:
    """The rows of one list that make sense; a reason for each of the others goes to `bad`."""
    rows = said.get(key)
    if not isinstance(rows, list):
        raise Contract(name, _OPERATION, place=key, expected="a list", got=f"a {type(rows).__name__}")
    good = []
    for at, row in enumerate(rows):
        try:
            good.append(shape.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            bad.append(f"{place_of(f'{key}[{at}]', first['loc'])}: {first['msg']}")
    return tuple(good)
