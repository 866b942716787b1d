"""What the engine may ask of an SFTP server, whatever carries it out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from connectors.errors import ConnectorError
from connectors.sftp.models import ClaimedFile, Deposit, Listing, RemoteFile
from connectors.sftp.settings import InboundFolder, OutboundFolder, SftpFolders
from domain.outcomes import WriteOutcome


class FileStream(Protocol):
    """A file's bytes, for a `with` block, to be iterated once."""

    @property
    def sha256(self) -> str:
        """The checksum of all bytes; only after the end."""
        ...

    def __enter__(self) -> Self:
        """Open."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """The bytes in order; raises `FileChanged` where the file was not complete."""
        ...


class FileSession(Protocol):
    """One connection, for one run in one thread.

    Everything may raise `Unreachable` (nothing was published or moved: safe to retry), `Unauthorized`, `Rejected`,
    `NotFound` or `Contract`; what moves files also `Ambiguous`. After `Unreachable` or `Ambiguous` the session may be
    at its end: open another.
    """

    def list_folder(self, path: str) -> Listing:
        """The files in a folder; hostile names, links and the like are told apart, and never touched."""

    def claim(self, folder: InboundFolder, file: RemoteFile, by: str) -> ClaimedFile:
        """The file, taken from everybody else by a rename. The same `by` may call again after any error.

        Raises:
            NotFound: somebody else has it.
            FileChanged: it is not as it was listed: it was not complete.
        """

    def claimed(self, folder: InboundFolder, by: str) -> tuple[ClaimedFile, ...]:
        """What `by` has claimed and not put away: what a run that died has left."""

    def read(self, path: str, file: RemoteFile) -> FileStream:
        """The bytes of a file in a folder, as a stream of bounded memory."""

    def read_small(self, path: str, files: Iterable[RemoteFile]) -> Iterator[bytes | ConnectorError]:
        """The whole bytes of many small files, in their order; what goes wrong with one stands in its place."""

    def put_away(
        self, folder: InboundFolder, claimed: ClaimedFile, sha256: str, at: datetime, *, bad: bool = False
    ) -> str:
        """The name under which a claimed file now lies in the archive (or the error folder, when `bad`).

        Unique by time and checksum; the same arguments may come again after any error. The file must be as it was read.

        Raises:
            FileChanged: somebody wrote to it after it was read: read it again.
        """

    def put(self, folder: OutboundFolder, files: Iterable[tuple[str, bytes]]) -> Iterator[Deposit | ConnectorError]:
        """What became of each of these files (name and content) that only people read: error reports.

        Each is written as `publish_file` does, without the books; many are on the way side by side, and what goes
        wrong with one (`NameTaken` where a file with other bytes has the name) stands in its place.
        """

    def file_body(self, folder: OutboundFolder, name: str, content: str) -> str:
        """The exact text that publishes this file, to be stored before it is sent."""

    def publish_file(self, body: str) -> WriteOutcome:
        """Publish a file. Guarded: raises `UnguardedWrite` outside the effect mechanism.

        It is written under a temporary name, read back, and renamed: readers meet all of it or nothing.

        Raises:
            Unreachable, Unauthorized: surely nothing was published.
            Ambiguous: it may have been.
        """

    def find_file(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the file lies where it was published, or where its reader puts files away.

        None when it lies nowhere there. It was published nevertheless only if somebody removed it from all of these.
        """


class FilePort(Protocol):
    """A server of files. Sessions are opened per run, one per thread."""

    @property
    def address(self) -> str:
        """Where it is, for people."""

    @property
    def folders(self) -> SftpFolders:
        """What its folders are for."""

    def session(self, on_progress: Callable[[], None] | None = None) -> AbstractContextManager[FileSession]:
        """A connection for the block; `on_progress` is called about twice a second while the server is waited for.

        Raises:
            UnknownHostKey, ChangedHostKey: the server is not known to be the right one.
            Unauthorized: it does not let us in.
            Unreachable: it is not there.
        """
