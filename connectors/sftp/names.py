"""File names as a server tells them: data, which must never lead out of their folder."""

import hashlib
import unicodedata
from datetime import datetime
from fnmatch import fnmatchcase

from connectors.errors import shortened

LONGEST = 255
"""Bytes of a name that common file systems take."""
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_HASH = 12
STAMP = "%Y%m%dT%H%M%SZ"
"""How a name that was given here begins: with a time."""


class BadName(ValueError):  # noqa: N818 - reads as what it is
    """A name that is not used; the message says why, and shows it harmlessly."""

    def __init__(self, name: bytes, why: str) -> None:
        super().__init__(f"{shown(name)}: {why}")
        self.why = why


def shown(name: bytes) -> str:
    """A name for messages and screens: nothing in it can act on a terminal."""
    return shortened(ascii(name.decode("utf-8", "backslashreplace")).strip("'\""), 120)


def name_of(raw: bytes) -> str:
    """The name as text.

    Raises:
        BadName: it could lead elsewhere, or deceive whoever reads it.
    """
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadName(raw, "not UTF-8") from None
    if not name or len(raw) > LONGEST:
        raise BadName(raw, f"{len(raw)} bytes, where 1 to {LONGEST} are possible")
    if name in {".", ".."} or "/" in name or "\\" in name:
        raise BadName(raw, "leads to another folder")
    if any(unicodedata.category(character) in _UNFIT for character in name):
        raise BadName(raw, "has control characters")
    return name


def checked(name: str) -> str:
    """A name of ours that goes to the server.

    Raises:
        BadName: it is none.
    """
    return name_of(name.encode("utf-8", "surrogatepass"))


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether the name fits one of the patterns; case does not matter."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def dated(at: datetime, mark: str, name: str) -> str:
    """A name that is the file's alone: when, what, and the name it came under, shortened in its middle if need be."""
    whole = f"{at:{STAMP}}-{mark}-{name}"
    if len(whole.encode()) <= LONGEST:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    room = LONGEST - len(f"{at:{STAMP}}-{mark}-{digest}-".encode())
    return f"{at:{STAMP}}-{mark}-{digest}-{name.encode()[-room:].decode('utf-8', 'ignore')}"
