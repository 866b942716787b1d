"""What our own importer in NetSuite answers to a receipt file: one result for each receipt in it."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from connectors.exact_json import with_whole_characters
from connectors.po_files.document import text_of, wrong_shape
from connectors.po_files.receipts import StrictMoment
from domain.base import Frozen
from domain.purchase_order import PoStatus

_SCHEMA_ID = "https://waybill.invalid/netsuite/ack.schema.json"
_MADE = {"properties": {"item_receipt_id": {"type": "string"}}}
_REFUSED = {"properties": {"item_receipt_id": {"type": "null"}, "reason": {"type": "string", "minLength": 1}}}

Id = Annotated[str, Field(max_length=100)]


def _result_rules(schema: dict[str, Any]) -> None:
    """What JSON Schema says of the rules below, for the tests of the scripts in NetSuite."""
    is_rejected = {"properties": {"result": {"const": "rejected"}}}
    schema.update({"if": is_rejected, "then": _REFUSED, "else": _MADE})


class AckOutcome(StrEnum):
    """What became of one receipt in NetSuite."""

    CREATED = "created"
    ALREADY = "already"
    """An item receipt of this external id was there before."""
    REJECTED = "rejected"


class AckResult(Frozen):
    """The answer to one receipt. A rejected one has a reason, any other an item receipt."""

    model_config = ConfigDict(json_schema_extra=_result_rules)

    receipt_id: Id
    order_id: Id
    result: AckOutcome
    item_receipt_id: Annotated[str, Field(min_length=1, max_length=100)] | None
    """NetSuite's internal id of the item receipt."""
    po_status: PoStatus | None
    """The purchase order's status after it, by its letter; null where it has no such purchase order."""
    reason: Annotated[str, Field(max_length=4_000)] | None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.result is AckOutcome.REJECTED:
            if self.item_receipt_id is not None or not self.reason:
                raise ValueError("a rejected receipt has a reason and no item receipt")
        elif self.item_receipt_id is None or not self.receipt_id:
            raise ValueError(f"a receipt that was {self.result} has its id and an item_receipt_id")
        return self


class AckFile(Frozen):
    """The answer to one receipt file. `problem` says why the whole file could not be read, null when it could."""

    version: Literal[1]
    file: Annotated[str, Field(min_length=1, max_length=255)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of the bytes that the importer read."""
    processed_at: StrictMoment
    problem: Annotated[str, Field(min_length=1, max_length=4_000)] | None
    results: Annotated[tuple[AckResult, ...], Field(max_length=10_000)]

    @model_validator(mode="after")
    def _answers_each_once(self) -> Self:
        if self.problem is None and not self.results:
            raise ValueError("neither a problem nor a result: no receipt was answered")
        known = [result.receipt_id for result in self.results if result.receipt_id]
        if len(set(known)) < len(known):
            raise ValueError("a receipt is answered twice")
        return self

    def by_receipt(self) -> Mapping[str, AckResult]:
        """The results that name their receipt, by its id."""
        return {result.receipt_id: result for result in self.results if result.receipt_id}


def read_ack(content: bytes) -> AckFile:
    """The answer that a file holds.

    Raises:
        FileRefusedError: it is no such answer; the message says where.
    """
    try:
        return AckFile.model_validate_json(with_whole_characters(text_of(content)))
    except ValidationError as problem:
        raise wrong_shape(problem, "ack") from None


def answered_file(ack_name: str) -> str:
    """The name of the receipt file that an answer of this name is about."""
    return f"{ack_name.removesuffix('.ack.json')}.json"


def ack_schema() -> str:
    """The text of `netsuite/ack.schema.json`: JSON Schema, draft 2020-12."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _SCHEMA_ID,
        **AckFile.model_json_schema(),
    }
    return json.dumps(schema, indent=2) + "\n"
