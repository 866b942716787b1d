"""A file to be published as the ledger stores it, and the search for one whose publishing got no answer."""

from collections.abc import AsyncIterator

from connectors.errors import NotFound
from connectors.sftp.errors import NameTaken
from connectors.sftp.models import Deposit, RemoteFile
from connectors.sftp.names import BadName, name_of
from connectors.sftp.places import below, deposit, of_earlier_attempts, temporary_name
from connectors.sftp.requests import Requests
from connectors.sftp.settings import OutboundFolder
from connectors.sftp.transfer import remote_file, whole
from domain.base import Frozen
from domain.outcomes import Outcome, WriteOutcome

FIND = "find"


class Publication(Frozen):
    """A text file to be published: the folder as it was configured then, its name, its content."""

    folder: OutboundFolder
    name: str
    content: str

    @property
    def data(self) -> bytes:
        """The exact bytes."""
        return self.content.encode()

    @property
    def path(self) -> str:
        """Where it is published."""
        return below(self.folder.path, self.name)


async def publish(requests: Requests, file: Publication) -> WriteOutcome:
    """The file under its name, whole; what earlier attempts left behind under temporary names is removed."""
    folder = below(file.folder.path, file.folder.temporary)
    for left in of_earlier_attempts(file.name, await names_in(requests, folder)):
        await requests.try_to_remove("publish", below(folder, left))
    try:
        became = await deposit(requests, below(folder, temporary_name(file.name)), file.path, file.data)
    except NameTaken as taken:
        return WriteOutcome(outcome=Outcome.REJECTED, number=file.name, problem=taken.message)
    there = became is Deposit.ALREADY_THERE
    return WriteOutcome(outcome=Outcome.ALREADY_EXISTS if there else Outcome.CREATED, number=file.name)


async def find(requests: Requests, file: Publication) -> WriteOutcome | None:
    """`already_exists` with the place where the file lies now; None when it lies in none of its folders."""
    async for path, found in _candidates(requests, file):
        if found.size == len(file.data) and await whole(requests, path, found) == file.data:
            return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number=file.name, raw=path)
        if path == file.path:
            said = f"{path}: a file with other bytes lies there; look at both"
            return WriteOutcome(outcome=Outcome.REJECTED, number=file.name, problem=said)
    return None


async def names_in(requests: Requests, path: str) -> list[str]:
    """The names in a folder that are fit to be used; none where it is missing."""
    try:
        entries = await requests.entries(FIND, path)
    except NotFound:
        return []
    names = []
    for entry in entries:
        try:
            names.append(name_of(entry.name))
        except BadName:
            continue
    return names


async def _candidates(requests: Requests, file: Publication) -> AsyncIterator[tuple[str, RemoteFile]]:
    """The files that may be it: under its path, and where its reader puts files away, with more around the name."""
    paths = [file.path]
    for place in (file.folder.archive, file.folder.error):
        folder = below(file.folder.path, place)
        paths += [below(folder, name) for name in await names_in(requests, folder) if file.name in name]
    for path in paths:
        found = await requests.look_up(FIND, path)
        if found and (known := remote_file(file.name, found)):
            yield path, known
