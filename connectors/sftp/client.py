"""The SFTP server of a tenant, over paramiko: what `connectors.sftp.port` asks for."""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from connectors.errors import ConnectorError, NotFound
from connectors.guard import remote_write
from connectors.sftp.connection import connected
from connectors.sftp.models import ClaimedFile, Deposit, Listing, RefusedName, RemoteFile
from connectors.sftp.names import BadName, checked, dated, name_of, shown
from connectors.sftp.places import below, deposit, move, temporary_name
from connectors.sftp.publication import Publication, find, publish
from connectors.sftp.requests import Entry, Requests
from connectors.sftp.settings import InboundFolder, OutboundFolder, SftpFolders, SftpSettings
from connectors.sftp.transfer import Download, remote_file, whole
from connectors.sftp.wire import T, Wire, Work
from domain.outcomes import WriteOutcome

SIDE_BY_SIDE = 64
"""Small files that are read at the same time."""
_MARK = re.compile(r"[A-Za-z0-9_.]{1,32}")
_SHA = 12


class SftpServer:
    """One SFTP server under the name by which messages call it."""

    def __init__(self, name: str, settings: SftpSettings) -> None:
        self.name, self._settings = name, settings

    @property
    def address(self) -> str:
        """Where it is, for people."""
        return f"sftp://{self._settings.host}:{self._settings.port}"

    @property
    def folders(self) -> SftpFolders:
        """What its folders are for."""
        return self._settings.folders

    @contextmanager
    def session(self, on_progress: Callable[[], None] | None = None) -> Iterator["SftpSession"]:
        """A connection for the block, and for its thread only."""
        with connected(self.name, self._settings, on_progress) as wire:
            yield SftpSession(self.name, self._settings, wire)


class SftpSession:
    """One connection: see `connectors.sftp.port.FileSession`."""

    def __init__(self, system: str, settings: SftpSettings, wire: Wire) -> None:
        self._system = system
        self._own_requests = Requests(system, wire, settings.read_back_up_to)
        self._thread = threading.get_ident()

    def list_folder(self, path: str) -> Listing:
        """The files in a folder, by name; hostile names, links and the like are told apart, and never touched."""
        files: list[RemoteFile] = []
        refused: list[RefusedName] = []
        for entry in self._drive(self._requests.entries("list", path)):
            if entry.attributes.is_folder:
                continue
            found = _file_or_refusal(entry)
            files.append(found) if isinstance(found, RemoteFile) else refused.append(found)
        return Listing(files=tuple(sorted(files, key=lambda file: file.name)), refused=tuple(refused))

    def claim(self, folder: InboundFolder, file: RemoteFile, by: str) -> ClaimedFile:
        """The file, taken from everybody else by a rename."""
        if not _MARK.fullmatch(by):
            raise ValueError(f"by={by!r}: who claims is named by up to 32 letters, digits, dots and underscores")
        place, name = below(folder.path, folder.claimed), dated(file.modified_at, by, checked(file.name))
        self._drive(move(self._requests, "claim", below(folder.path, file.name), below(place, name), file))
        return ClaimedFile(folder=place, file=file.model_copy(update={"name": name}), original=file.name)

    def claimed(self, folder: InboundFolder, by: str) -> tuple[ClaimedFile, ...]:
        """What `by` has claimed and not put away."""
        place = below(folder.path, folder.claimed)
        try:
            files = self.list_folder(place).files
        except NotFound:
            return ()
        whose = re.compile(rf"\d{{8}}T\d{{6}}Z-{re.escape(by)}-(.+)", re.DOTALL)
        matched = ((file, whose.fullmatch(file.name)) for file in files)
        return tuple(ClaimedFile(folder=place, file=file, original=match[1]) for file, match in matched if match)

    def read(self, path: str, file: RemoteFile) -> Download:
        """The bytes of a file in a folder, as a stream of bounded memory."""
        return Download(self._requests, below(path, checked(file.name)), file)

    def read_small(self, path: str, files: Iterable[RemoteFile]) -> Iterator[bytes | ConnectorError]:
        """The whole bytes of many small files, in their order."""
        works = (whole(self._requests, below(path, checked(file.name)), file) for file in files)
        return self._requests.wire.drive_all(works, SIDE_BY_SIDE)

    def put_away(
        self, folder: InboundFolder, claimed: ClaimedFile, sha256: str, at: datetime, *, bad: bool = False
    ) -> str:
        """The name under which a claimed file now lies in the archive, or in the error folder."""
        place = below(folder.path, folder.error if bad else folder.archive)
        name = dated(at, sha256[:_SHA], claimed.original)
        source = below(claimed.folder, claimed.file.name)
        self._drive(move(self._requests, "put_away", source, below(place, name), claimed.file))
        return name

    def put(self, folder: OutboundFolder, files: Iterable[tuple[str, bytes]]) -> Iterator[Deposit | ConnectorError]:
        """What became of each of these files (name and content) that only people read."""
        return self._requests.wire.drive_all((self._deposit(folder, *file) for file in files), SIDE_BY_SIDE)

    def _deposit(self, folder: OutboundFolder, name: str, content: bytes) -> Work[Deposit]:
        part = below(below(folder.path, folder.temporary), temporary_name(checked(name)))
        return deposit(self._requests, part, below(folder.path, name), content)

    def file_body(self, folder: OutboundFolder, name: str, content: str) -> str:
        """The exact text that publishes this file, to be stored before it is sent."""
        return Publication(folder=folder, name=checked(name), content=content).model_dump_json()

    @remote_write
    def publish_file(self, body: str) -> WriteOutcome:
        """Publish a file: readers meet all of it or nothing."""
        return self._drive(publish(self._requests, Publication.model_validate_json(body)))

    def find_file(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the file lies where it was published, or where its reader puts files away."""
        return self._drive(find(self._requests, Publication.model_validate_json(body)))

    @property
    def _requests(self) -> Requests:
        if threading.get_ident() != self._thread:
            raise RuntimeError(f"this session of {self._system} belongs to another thread: open one for each")
        return self._own_requests

    def _drive(self, work: Work[T]) -> T:
        return self._requests.wire.drive(work)


def _file_or_refusal(entry: Entry) -> RemoteFile | RefusedName:
    try:
        name = name_of(entry.name)
    except BadName as bad:
        return RefusedName(shown=shown(entry.name), why=bad.why)
    found = remote_file(name, entry.attributes)
    if found is None:
        return RefusedName(shown=shown(entry.name), why="a link or another thing that is no regular file; not followed")
    return found
