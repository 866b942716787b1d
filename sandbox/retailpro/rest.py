"""The two partner calls: authentication, field rules, repeats, and the documents they make."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.routing import Route, Router

from sandbox.associates import schedule
from sandbox.http import json_answer, mark_applied
from sandbox.retailpro import documents
from sandbox.retailpro.fields import FieldError, invoice_errors, read_body, slip_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.retailpro.documents import DocumentKind
    from sandbox.world import World

_CONFLICT = 409


class RetailProApi:
    """Answers OrderToInvoice and Manual Slip."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def router(self) -> Router:
        """Return the ASGI application for every `/api/v1` path."""
        return Router(
            [
                Route("/api/v1/Document/Ordertoinvoice", self._invoice, methods=["POST"]),
                Route("/api/v1/Transfer/Slip", self._slip, methods=["POST"]),
            ],
            redirect_slashes=False,
        )

    async def _invoice(self, request: Request) -> Response:
        return await self._serve(request, "invoice")

    async def _slip(self, request: Request) -> Response:
        return await self._serve(request, "slip")

    async def _serve(self, request: Request, kind: DocumentKind) -> Response:
        if not self._is_welcome(request.headers):
            return json_answer({"success": False, "Message": "Authorization has been denied"}, 401)
        try:
            body = read_body(await request.body())
        except (ValueError, RecursionError) as error:
            return _refused([FieldError("", f"the body cannot be read: {error}")])
        errors = self._errors(kind, body)
        if errors:
            return _refused(errors)
        with self._database.transaction():
            return self._apply(request, kind, body)

    def _apply(self, request: Request, kind: DocumentKind, body: dict[str, Any]) -> Response:
        settings = self._world.settings
        known = documents.find(self._database, kind, body["OrderNo" if kind == "invoice" else "SlipNo"])
        repeat = settings.invoice_repeat if kind == "invoice" else settings.slip_repeat
        if known and repeat == "rejects":
            return self._already_there(known[0])
        if known and repeat == "ignores":
            return self._accepted(known[0])
        document = documents.create(self._database, kind, body, "api")
        mark_applied(request.scope)
        if kind == "invoice" and settings.confirm_after_s is not None:
            schedule(self._world, {"action": "confirm", "orderNo": document["number"]}, settings.confirm_after_s)
        return self._accepted(document)

    def _accepted(self, document: Row) -> Response:
        answer: dict[str, Any] = {"success": True}
        if self._world.settings.answer_identifiers:
            answer |= {"DocumentNo": document["documentNo"], "Sid": document["sid"]}
        return json_answer(answer, self._world.settings.success_status)

    def _already_there(self, document: Row) -> Response:
        name = "Order" if document["kind"] == "invoice" else "Slip"
        message = f"{name} {document['number']} already exists"
        answer: dict[str, Any] = {"success": False, "Message": message}
        if self._world.settings.repeat_names_document:
            answer["Message"] = f"{message} as document {document['documentNo']}"
            answer["DocumentNo"] = document["documentNo"]
        return json_answer(answer, _CONFLICT)

    def _errors(self, kind: DocumentKind, body: Mapping[str, Any]) -> list[FieldError]:
        settings = self._world.settings
        errors = (invoice_errors if kind == "invoice" else slip_errors)(body, settings)
        if errors:
            return errors
        if settings.check_stores:
            errors += self._unknown("SELECT 1 FROM Facility WHERE x_storeCode = ?", _stores(kind, body), "store")
        if settings.check_upcs:
            errors += self._unknown("SELECT 1 FROM GoodIdentification WHERE idValue = ?", _upcs(body), "product")
        return errors

    def _unknown(self, sql: str, named: Iterator[tuple[str, str]], what: str) -> list[FieldError]:
        missing = [(field, code) for field, code in named if self._database.row(sql, (code,)) is None]
        return [FieldError(field, f"there is no {what} {code}") for field, code in missing]

    def _is_welcome(self, headers: Mapping[str, str]) -> bool:
        auth = self._world.settings.retailpro_auth
        given = headers.get("authorization", "")
        match auth.kind:
            case "none":
                return True
            case "basic":
                pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
                return _same(given, f"Basic {pair}")
            case "bearer":
                return _same(given, f"Bearer {auth.token}")
            case "api_key":
                return _same(headers.get(auth.header.lower(), ""), auth.token)


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())


def _stores(kind: DocumentKind, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, body[name]) for name in ("InvoicingStore", "FromStore", "ToStore") if name in body)
    if kind == "invoice":
        for number, item in enumerate(body["Items"]):
            names = [name for name in ("StoreOrig", "StoreDest") if item.get(name)]
            yield from ((f"Items[{number}].{name}", item[name]) for name in names)


def _upcs(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((f"Items[{number}].UPC", item["UPC"]) for number, item in enumerate(body["Items"]))


def _refused(errors: list[FieldError]) -> Response:
    message = "; ".join(f"{error.field} {error.error}".strip() for error in errors)
    answer = {"success": False, "Message": message, "errors": [asdict(error) for error in errors]}
    return json_answer(answer, 400)
