"""Files that a run takes out of a folder: what an earlier run has left first, then what is complete now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from activities.beating import beat
from connectors.errors import ConnectorError, NotFound, Rejected, Unauthorized
from connectors.sftp.completeness import look, look_again
from connectors.sftp.errors import FileChanged, ServerFailed
from connectors.sftp.models import ClaimedFile, Listing, RemoteFile, Seen
from connectors.sftp.names import STAMP
from connectors.sftp.port import FileSession
from connectors.sftp.settings import InboundFolder

log = structlog.get_logger()

T = TypeVar("T")

OF_ONE_FILE = (NotFound, Rejected, Unauthorized, ServerFailed)
"""What may be wrong with one file alone: the server still answers, and those behind it are taken all the same."""

BY = "waybill"
"""Whose claims these are: a run finishes what an earlier one of the same tenant has left."""

REFUSED_MARK = "refused"
"""Stands in the name of a refused file, in place of a checksum: it may have been too large to be read."""


class Taking:
    """Takes complete files of one kind; it remembers between the runs which files are still being written.

    `folder_may_be_missing` where others make the folder only when they first need it.
    """

    def __init__(self, *, folder_may_be_missing: bool = False) -> None:
        self._folder_may_be_missing = folder_may_be_missing
        self._waiting: dict[str, Mapping[str, Seen]] = {}
        self._unsteady: dict[str, dict[str, Seen]] = {}
        """Claimed files that were found to change, by tenant and the name they were claimed under."""

    def each(
        self, tenant: str, folder: InboundFolder, files: FileSession, work: Callable[[ClaimedFile], T]
    ) -> Iterator[T]:
        """What the work makes of each file: what a run that died has left, then what is complete now, oldest first.

        A file that changes under the work has a writer who is still at it: it must settle before it is read again.

        Raises:
            ConnectorError: one file could not be taken, worked at or put away; the others were.
        """
        troubles: list[ConnectorError] = []
        for claimed in self._left(tenant, folder, files):
            beat()
            yield from self._worked(tenant, claimed, work, troubles)
        for file in self._complete(tenant, folder, files):
            beat()
            try:
                claimed = files.claim(folder, file, BY)
            except (NotFound, FileChanged) as error:
                _tell_left(tenant, file.name, error)
            except OF_ONE_FILE as error:
                troubles.append(_told(tenant, file.name, error))
            else:
                yield from self._worked(tenant, claimed, work, troubles)
        for trouble in troubles:
            raise trouble

    def _worked(
        self, tenant: str, claimed: ClaimedFile, work: Callable[[ClaimedFile], T], troubles: list[ConnectorError]
    ) -> Iterator[T]:
        """What the work makes of one file; nothing where something is wrong with that file alone."""
        try:
            made = work(claimed)
        except FileChanged as error:
            _tell_left(tenant, claimed.original, error)
            changed = Seen(size=claimed.file.size, modified_at=claimed.file.modified_at, since=datetime.now(UTC))
            self._unsteady.setdefault(tenant, {})[claimed.file.name] = changed
        except OF_ONE_FILE as error:
            troubles.append(_told(tenant, claimed.original, error))
        else:
            yield made

    def _left(self, tenant: str, folder: InboundFolder, files: FileSession) -> Sequence[ClaimedFile]:
        """What a run has claimed and left, but for what changed since and has not settled."""
        claimed = files.claimed(folder, BY)
        known = self._unsteady.get(tenant, {})
        unsteady = [each.file for each in claimed if each.file.name in known or not _is_as_claimed(each)]
        seen = look_again(unsteady, folder.complete.settled_for, datetime.now(UTC), known)
        self._unsteady[tenant] = dict(seen.waiting)
        for name in seen.waiting:
            log.warning("claimed file left until it settles", tenant=tenant, file=name)
        return [each for each in claimed if each.file.name not in seen.waiting]

    def _complete(self, tenant: str, folder: InboundFolder, files: FileSession) -> Sequence[RemoteFile]:
        listing = self._listed(folder, files)
        for refused in listing.refused:
            log.warning("file left alone", tenant=tenant, file=refused.shown, reason=refused.why)
        seen = look(folder, listing.files, datetime.now(UTC), self._waiting.get(tenant, {}))
        self._waiting[tenant] = seen.waiting
        return seen.complete

    def _listed(self, folder: InboundFolder, files: FileSession) -> Listing:
        try:
            return files.list_folder(folder.path)
        except NotFound:
            if self._folder_may_be_missing:
                return Listing(files=())
            raise


def _is_as_claimed(claimed: ClaimedFile) -> bool:
    """Whether nobody wrote to it since it was claimed: its name there begins with its time of change.

    Another worker's run may have found it changing, which this one does not remember.
    """
    return claimed.file.name.startswith(f"{claimed.file.modified_at:{STAMP}}-")


def _tell_left(tenant: str, file: str, error: ConnectorError) -> None:
    log.warning("file left for later", tenant=tenant, file=file, reason=str(error))


def _told(tenant: str, file: str, error: ConnectorError) -> ConnectorError:
    log.error("file stays where it is", tenant=tenant, file=file, reason=str(error))
    return error
