"""What NetSuite's refusals say, and what an operator does about each (netsuite 4, 8)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connectors import exact_json
from connectors.http import Answer
from connectors.remote_words import in_words

TOO_MANY = frozenset({"SSS_REQUEST_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED", "CONCURRENT_REQUEST_LIMIT_EXCEEDED"})
"""Codes that mean: too many calls at once, nothing was applied (netsuite 9)."""
NO_PERMISSION = frozenset({"INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION"})
DUPLICATE = "DUP_RCRD"
CHANGED = "RCRD_HAS_BEEN_CHANGED"
NOT_RECEIVABLE = "INVALID_INITIALIZE_REF"
IDEMPOTENCY = "IDEMPOTENCY_ERROR"
OUTCOME_UNKNOWN = "UNEXPECTED_ERROR"
NO_REASON = "no reason given"


class Refusal(NamedTuple):
    """An error of NetSuite: its first code, empty where it gave none, and all it says, in a few words.

    `is_its_own` says that it has the record service's shape: anything else may be a page of something in between.
    """

    code: str
    words: str
    is_its_own: bool = False


def refusal_in(body: str | bytes) -> Refusal:
    """What the body of a refusal says, in the record service's shape or in the token endpoint's."""
    try:
        said = exact_json.loads(body)
    except ValueError:
        return Refusal("", NO_REASON)
    if not isinstance(said, Mapping):
        return Refusal("", NO_REASON)
    if "error" in said:
        told = [_text(said.get("error")), _text(said.get("error_description"))]
        return Refusal(told[0], in_words(": ".join(filter(None, told))) or NO_REASON)
    details = [each for each in _list(said.get("o:errorDetails")) if isinstance(each, Mapping)]
    words = in_words([_told(each) for each in details])
    code = next((_text(each.get("o:errorCode")) for each in details if each.get("o:errorCode")), "")
    return Refusal(code, words or in_words([said.get("title")]) or NO_REASON, is_its_own=bool(details))


def refusal_of(answer: Answer) -> Refusal:
    """What a refusal says."""
    return refusal_in(answer.body)


def _told(detail: Mapping[str, Any]) -> str:
    """The code and the sentence, with the place in our request that it is about."""
    places = ("o:errorPath", "o:urlPath", "o:errorHeader", "o:errorQueryParam")
    place = next((_text(detail.get(key)) for key in places if detail.get(key)), "")
    told = ": ".join(filter(None, (_text(detail.get("o:errorCode")), _text(detail.get("detail")))))
    return f"{told} (at {place})" if place else told


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
