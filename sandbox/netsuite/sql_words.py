"""SuiteQL as words: the text is cut into words and signs, and read one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<name>[A-Za-z_][\w$#]*)"
    r"|(?P<quoted>\"[^\"]+\")|(?P<sign><>|!=|<=|>=|\|\||[-+*/=<>(),.]))"
)


class SqlError(Exception):
    """SuiteQL refuses a query; the text names what it does not take."""


@dataclass(frozen=True)
class Word:
    """A word of a query with what kind it is."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        """The word in capitals, for keywords; a text or quoted name is none."""
        return self.text.upper() if self.kind in ("name", "sign") else ""


_END: Final = Word("end", "the end of the query")


class Words:
    """The words of a query, and the place up to which they are read."""

    def __init__(self, query: str) -> None:
        self._words = _cut(query)
        self._next = 0

    @property
    def now(self) -> Word:
        """The word that comes next."""
        return self._words[self._next]

    def take(self) -> Word:
        """Return the word that comes next and go on."""
        word = self.now
        self._next = min(self._next + 1, len(self._words) - 1)
        return word

    def follows(self, *wanted: str) -> bool:
        """Whether these keywords or signs come next."""
        ahead = self._words[self._next : self._next + len(wanted)]
        return [word.upper for word in ahead] == list(wanted)

    def accept(self, *wanted: str) -> bool:
        """Read over these keywords or signs when they come next; False when they do not."""
        found = self.follows(*wanted)
        self._next += len(wanted) if found else 0
        return found

    def expect(self, *wanted: str) -> None:
        """Read over these keywords or signs.

        Raises:
            SqlError: Something else comes next.
        """
        if not self.accept(*wanted):
            raise SqlError(f"{' '.join(wanted)} was expected before {self.now.text}")

    def name(self) -> str:
        """Return the name that comes next, in lower case.

        Raises:
            SqlError: It is none.
        """
        word = self.take()
        if word.kind not in ("name", "quoted"):
            raise SqlError(f"a name was expected instead of {word.text}")
        return word.text.strip('"').lower()


def _cut(query: str) -> list[Word]:
    words, place, query = [], 0, query.rstrip()
    while place < len(query):
        found = _WORD.match(query, place)
        if found is None or found.lastgroup is None:
            raise SqlError(f"{query[place:].strip()[:20]!r} is not understood")
        words.append(Word(found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return [*words, _END]
