"""Which files of a folder are complete, as far as anybody can know who sees only names, sizes and times (design 10)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from connectors.sftp.models import Look, RemoteFile, Seen
from connectors.sftp.names import matches
from connectors.sftp.settings import InboundFolder

NOTHING_SEEN: Mapping[str, Seen] = {}


def look(
    folder: InboundFolder, files: Iterable[RemoteFile], at: datetime, earlier: Mapping[str, Seen] = NOTHING_SEEN
) -> Look:
    """What is complete now, and what must be looked at again.

    Temporary names are never taken. A name of a writer who renames is complete at once; any other file when it has not
    changed for `settled_for` from one look to another, or since `older_than`, where that is set.

    Args:
        folder: Its pattern and its rules.
        files: What lies in it.
        at: Now.
        earlier: The `waiting` of the look before.
    """
    complete: list[RemoteFile] = []
    waiting: dict[str, Seen] = {}
    for file in sorted(files, key=lambda file: (file.modified_at, file.name)):
        if not matches(file.name, (folder.pattern,)) or matches(file.name, folder.complete.temporary):
            continue
        seen = _seen(file, at, earlier.get(file.name))
        if _is_complete(folder, file, seen, at):
            complete.append(file)
        else:
            waiting[file.name] = seen
    return Look(complete=tuple(complete), waiting=waiting)


def look_again(
    files: Iterable[RemoteFile], settled_for: timedelta, at: datetime, earlier: Mapping[str, Seen] = NOTHING_SEEN
) -> Look:
    """As `look`, for files that changed after they had been taken for complete: neither name nor age vouch for them."""
    looks = [(file, _seen(file, at, earlier.get(file.name))) for file in files]
    complete = tuple(file for file, seen in looks if at - seen.since >= settled_for)
    return Look(complete=complete, waiting={file.name: seen for file, seen in looks if at - seen.since < settled_for})


def _seen(file: RemoteFile, at: datetime, before: Seen | None) -> Seen:
    if before and (before.size, before.modified_at) == (file.size, file.modified_at):
        return before
    return Seen(size=file.size, modified_at=file.modified_at, since=at)


def _is_complete(folder: InboundFolder, file: RemoteFile, seen: Seen, at: datetime) -> bool:
    rules = folder.complete
    if matches(file.name, rules.renamed) or at - seen.since >= rules.settled_for:
        return True
    return rules.older_than is not None and at - file.modified_at >= rules.older_than
