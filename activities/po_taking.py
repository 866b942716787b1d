"""Files that a run takes out of a folder: what an earlier run has left first, then what is complete now."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import structlog

from connectors.errors import NotFound
from connectors.sftp.completeness import look
from connectors.sftp.errors import FileChanged
from connectors.sftp.models import ClaimedFile, Listing, Seen
from connectors.sftp.port import FileSession
from connectors.sftp.settings import InboundFolder

log = structlog.get_logger()

BY = "waybill"
"""Whose claims these are: a run finishes what an earlier one of the same tenant has left."""


class Taking:
    """Takes complete files of one kind; it remembers between the runs which files are still being written.

    `folder_may_be_missing` where others make the folder only when they first need it.
    """

    def __init__(self, *, folder_may_be_missing: bool = False) -> None:
        self._folder_may_be_missing = folder_may_be_missing
        self._waiting: dict[str, Mapping[str, Seen]] = {}

    def files(self, tenant: str, folder: InboundFolder, files: FileSession) -> Iterator[ClaimedFile]:
        """What a run that died has left, then what is complete now, oldest first."""
        yield from files.claimed(folder, BY)
        listing = self._listed(folder, files)
        for refused in listing.refused:
            log.warning("file left alone", tenant=tenant, file=refused.shown, reason=refused.why)
        seen = look(folder, listing.files, datetime.now(UTC), self._waiting.get(tenant, {}))
        self._waiting[tenant] = seen.waiting
        for file in seen.complete:
            try:
                claimed = files.claim(folder, file, BY)
            except (NotFound, FileChanged) as error:
                log.warning("file left for later", tenant=tenant, file=file.name, reason=str(error))
                continue
            yield claimed

    def _listed(self, folder: InboundFolder, files: FileSession) -> Listing:
        try:
            return files.list_folder(folder.path)
        except NotFound:
            if self._folder_may_be_missing:
                return Listing(files=())
            raise
