"""What a terminal would obey, and not show, as what it is: nobody's text may write over the line before it."""

import json
import re
import unicodedata

import rich.text

_UNCOMMON = re.compile(r"[^\n\t\x20-\x7e]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control characters, those that turn text around or are not seen, half characters, and other ends of a line."""


def visible(text: str) -> str:
    r"""The text with each character that is not seen as its escape in JSON, `\u001b`; line ends and tabs stay.

    JSON stays the same JSON.
    """
    return _UNCOMMON.sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if unicodedata.category(character) in _UNSEEN else character


class Text(rich.text.Text):
    """A text of a screen, in which everything is seen."""

    def __init__(self, text: str, style: str = "") -> None:
        super().__init__(visible(text), style)
