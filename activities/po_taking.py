"""Files that a run takes out of a folder: what an earlier run has left first, then what is complete now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from connectors.errors import ConnectorError, NotFound, Rejected, Unauthorized
from connectors.sftp.completeness import look
from connectors.sftp.errors import FileChanged, ServerFailed
from connectors.sftp.models import ClaimedFile, Listing, RemoteFile, Seen
from connectors.sftp.port import FileSession
from connectors.sftp.settings import InboundFolder

log = structlog.get_logger()

T = TypeVar("T")

OF_ONE_FILE = (NotFound, FileChanged, Rejected, Unauthorized, ServerFailed)
"""What may be wrong with one file alone: the server still answers, and those behind it are taken all the same."""

BY = "waybill"
"""Whose claims these are: a run finishes what an earlier one of the same tenant has left."""


class Taking:
    """Takes complete files of one kind; it remembers between the runs which files are still being written.

    `folder_may_be_missing` where others make the folder only when they first need it.
    """

    def __init__(self, *, folder_may_be_missing: bool = False) -> None:
        self._folder_may_be_missing = folder_may_be_missing
        self._waiting: dict[str, Mapping[str, Seen]] = {}

    def each(
        self, tenant: str, folder: InboundFolder, files: FileSession, work: Callable[[ClaimedFile], T]
    ) -> Iterator[T]:
        """What the work makes of each file: what a run that died has left, then what is complete now, oldest first.

        Raises:
            ConnectorError: one file could not be taken, worked at or put away; the others were.
        """
        trouble: ConnectorError | None = None
        for claimed in files.claimed(folder, BY):
            try:
                yield work(claimed)
            except OF_ONE_FILE as error:
                trouble = _told(tenant, claimed.original, error, trouble)
        for file in self._complete(tenant, folder, files):
            try:
                yield work(files.claim(folder, file, BY))
            except (NotFound, FileChanged) as error:
                log.warning("file left for later", tenant=tenant, file=file.name, reason=str(error))
            except OF_ONE_FILE as error:
                trouble = _told(tenant, file.name, error, trouble)
        if trouble:
            raise trouble

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


def _told(tenant: str, file: str, error: ConnectorError, earlier: ConnectorError | None) -> ConnectorError:
    log.error("file stays where it is", tenant=tenant, file=file, reason=str(error))
    return earlier or error
