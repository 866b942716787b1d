"""What a remote says in its own words, made fit for messages: one bounded line, without e-mail addresses."""

import re
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.errors import Contract, shortened
from connectors.http import Answer

_LONGEST = 300
_EMAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_HIDDEN = "[...]"


def object_of(answer: Answer) -> Mapping[str, Any]:
    """The JSON object in an answer; 204 stands for an empty one.

    Raises:
        Contract: the body is something else, or empty where the status promises one.
    """
    if answer.status == HTTPStatus.NO_CONTENT:
        return {}
    said = answer.json()
    if isinstance(said, Mapping):
        return said
    got = f"a {type(said).__name__}"
    raise Contract(answer.system, answer.operation, place="body", expected="a JSON object", got=got)


def in_words(said: Any, hide: Collection[str] = ()) -> str:
    """Whatever a remote put under its error keys, as one bounded line; the texts in `hide` are masked."""
    text = _EMAIL.sub(_HIDDEN, " ".join(_flat(said).split()))
    for secret in sorted(hide, key=len, reverse=True):
        text = re.sub(re.escape(secret), _HIDDEN, text, flags=re.IGNORECASE)
    return shortened(text, _LONGEST)


def _flat(said: Any) -> str:
    match said:
        case None:
            return ""
        case str():
            return said
        case Mapping():
            texts = [text for text in said.values() if isinstance(text, str)]
            return ": ".join(texts) or "; ".join(filter(None, map(_flat, said.values())))
        case Sequence():
            return "; ".join(filter(None, map(_flat, said)))
        case _:
            return str(said)
