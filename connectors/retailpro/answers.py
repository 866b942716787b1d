"""What the partner service's answers mean (retailpro 2.4): none is published, so they are read with care."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from connectors.errors import Contract
from connectors.http import Answer
from connectors.remote_words import in_words, object_of
from connectors.settings import RetailProSettings
from domain.outcomes import Outcome, WriteOutcome

_RAW = 4_000
_PERSONAL = ("CustomerBilling", "CustomerShipping", "CompanyId", "CompanyName", "CompanyAddress")
_WHOLE, _WORD = 3, 4
"""Shortest value, and shortest word of one, that is masked where the service repeats it."""


def outcome_of(answer: Answer, sent: Mapping[str, Any], settings: RetailProSettings) -> WriteOutcome:
    """The normalized outcome of a write that was answered; `number` is None when the service gave none.

    Raises:
        Contract: the answer cannot be trusted, so the document may or may not exist.
    """
    said = _said(answer)
    text = _complaint(said, settings)
    failed = not answer.ok or _says_failure(answer, said, text, settings)
    duplicate = _duplicate(answer, text, settings) if failed else None
    outcome = Outcome.ALREADY_EXISTS if duplicate is not None else Outcome.REJECTED if failed else Outcome.CREATED
    return WriteOutcome(
        outcome=outcome,
        number=_number(answer, said, settings) or duplicate or None,
        http_status=answer.status,
        problem=_problem(answer, text, sent) if failed else "",
        raw=answer.text[:_RAW],
    )


def _said(answer: Answer) -> Mapping[str, Any]:
    """The answer's object; a refusal needs none, its status line says enough."""
    try:
        return {key.lower(): value for key, value in object_of(answer).items()}
    except Contract:
        if answer.ok:
            raise
        return {}


def _complaint(said: Mapping[str, Any], settings: RetailProSettings) -> str:
    """The service's own words, unmasked."""
    keys = ("message", *(key.lower() for key in settings.failure_keys))
    return in_words([said[key] for key in dict.fromkeys(keys) if said.get(key)])


def _says_failure(answer: Answer, said: Mapping[str, Any], text: str, settings: RetailProSettings) -> bool:
    success = str(said.get("success", True)).lower()
    if success not in {"true", "false"}:
        expected = "true or false"
        raise Contract(answer.system, answer.operation, place="success", expected=expected, got=success)
    marked = any(said.get(key.lower()) for key in settings.failure_keys)
    pattern = settings.failure_pattern
    return success == "false" or marked or (pattern is not None and _found(pattern, text) is not None)


def _duplicate(answer: Answer, text: str, settings: RetailProSettings) -> str | None:
    """None when the refusal is not about a duplicate; else the number in the service's words, or an empty text."""
    found = _found(settings.duplicate_pattern, text) if settings.duplicate_pattern else None
    if found is None:
        return "" if answer.status == HTTPStatus.CONFLICT else None
    return found.groupdict().get("number") or ""


def _found(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _number(answer: Answer, said: Mapping[str, Any], settings: RetailProSettings) -> str | None:
    """The document's number, or its sid where there is no number."""
    for key in (*settings.document_no_keys, *settings.sid_keys):
        value = said.get(key.lower())
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            got = f"a {type(value).__name__}"
            raise Contract(answer.system, answer.operation, place=key, expected="a number or text", got=got)
        return str(value)
    return None


def _problem(answer: Answer, text: str, sent: Mapping[str, Any]) -> str:
    words = in_words(text, hide=set(_personal_texts(sent)))
    return f"{answer.status}: {words}" if words else f"{answer.status} without a word"


def _personal_texts(sent: Mapping[str, Any]) -> Iterator[str]:
    """Personal values of what was sent, whole and by word: the service may repeat either in its complaint."""
    for key in _PERSONAL:
        value = sent.get(key)
        for text in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(text, str) and len(text) >= _WHOLE:
                yield text
                yield from (word for word in text.split() if len(word) >= _WORD)
