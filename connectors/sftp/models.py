"""What is said of files on a server, and of what was done with them."""

from collections.abc import Mapping
from enum import StrEnum

from domain.base import Frozen, Moment


class RemoteFile(Frozen):
    """A regular file in a folder: name, size in bytes, and when it last changed by the server's clock."""

    name: str
    size: int
    modified_at: Moment


class RefusedName(Frozen):
    """An entry of a folder that is not touched: its name, made harmless, and why."""

    shown: str
    why: str


class Listing(Frozen):
    """The regular files of a folder by name, and the entries that are left alone; folders are not told."""

    files: tuple[RemoteFile, ...]
    refused: tuple[RefusedName, ...] = ()


class Seen(Frozen):
    """How a file looked, and since when it has looked so."""

    size: int
    modified_at: Moment
    since: Moment


class Look(Frozen):
    """What one look at a folder gave: complete files, oldest first, and the others, to be handed to the next look."""

    complete: tuple[RemoteFile, ...]
    waiting: Mapping[str, Seen]


class ClaimedFile(Frozen):
    """A file that was taken for oneself: where it lies now, and the name it came under."""

    folder: str
    file: RemoteFile
    original: str


class Deposit(StrEnum):
    """What became of a file that was to be written."""

    WRITTEN = "written"
    ALREADY_THERE = "already_there"
    """The same bytes lie under the name."""
