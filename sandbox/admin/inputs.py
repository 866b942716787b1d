"""What the admin API takes, and how a body becomes one of these models."""

# ruff: noqa: N815 - HotWax's own field names are what callers write

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from starlette.requests import Request

Model = TypeVar("Model", bound=BaseModel)
_STRICT = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
Code = Annotated[str, Field(min_length=1, max_length=5)]
Quantity = Annotated[float, Field(gt=0)]


class Reset(BaseModel):
    """Forget everything; the settings only when asked."""

    model_config = _STRICT
    settings: bool = False


class Release(BaseModel):
    """Let held calls go: one by its number, or all."""

    model_config = _STRICT
    seq: int | None = None
    outcome: Literal["continue", "drop"] = "continue"


class ExpireTokens(BaseModel):
    """Void the tokens that a system has issued, or those of all."""

    model_config = _STRICT
    system: Literal["hotwax", "netsuite"] | None = None


class Play(BaseModel):
    """Ship the open lines of some orders, or of all, spread over a time in an order that the seed decides."""

    model_config = _STRICT
    orders: list[str] | None = None
    over_s: Annotated[float, Field(ge=0)] = 10
    start_s: Annotated[float, Field(ge=0)] = 0
    seed: int = 0


class ItemQuantity(BaseModel):
    """A product and how many of it."""

    model_config = _STRICT
    upc: str
    quantity: Quantity = 1.0


class PosSale(BaseModel):
    """A sale at the till."""

    model_config = _STRICT
    store: Code
    items: Annotated[list[ItemQuantity], Field(min_length=1)]
    orderId: str | None = None


class Wrong(BaseModel):
    """A wrong document to plant; which fields are needed depends on the kind."""

    model_config = _STRICT
    kind: Literal[
        "lost_invoice",
        "doubled_invoice",
        "doubled_slip",
        "wrong_quantity",
        "wrong_store",
        "unasked_invoice",
        "lost_receipt",
        "doubled_receipt",
        "wrong_receipt",
        "lost_po",
        "lost_po_line",
    ]
    orderNo: str | None = None
    slipNo: str | None = None
    upc: str | None = None
    delta: float = 1
    toStore: Code | None = None
    store: Code | None = None
    items: list[ItemQuantity] = []
    poId: str | None = None
    line: int | None = None
    itemReceiptId: int | None = None


async def read(request: Request, model: type[Model]) -> Model:
    """Return the body as a model; an empty body is an empty object.

    Raises:
        BadInputError: The body is no JSON object.
        pydantic.ValidationError: A field is unknown, missing or makes no sense.
    """
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise BadInputError("body", raw[:80].decode(errors="replace"), f"is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadInputError("body", body, "must be a JSON object")
    return model.model_validate(body)
