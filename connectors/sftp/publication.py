"""A file to be published as the ledger stores it, and the search for one whose publishing got no answer."""

from functools import partial

from connectors.errors import NotFound, Unreachable
from connectors.guard import still_allowed
from connectors.sftp.errors import NameTaken
from connectors.sftp.models import Deposit, RemoteFile
from connectors.sftp.names import BadName, name_of
from connectors.sftp.places import PUBLISH, below, deposit, is_there, of_earlier_attempts, temporary_name
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
        part, last_look = below(folder, temporary_name(file.name)), partial(_is_published, requests, file)
        became = await deposit(requests, part, file.path, file.data, last_look)
    except NameTaken as taken:
        return WriteOutcome(outcome=Outcome.REJECTED, number=file.name, problem=taken.message)
    there = became is Deposit.ALREADY_THERE
    return WriteOutcome(outcome=Outcome.ALREADY_EXISTS if there else Outcome.CREATED, number=file.name)


async def _is_published(requests: Requests, file: Publication) -> bool:
    """Whether the file lies there, or was put away by its reader: an attempt that stalled for long is not the only one.

    Raises:
        NameTaken: another file has its name.
        Unreachable: another attempt has taken it over; nothing was published.
    """
    if await is_there(requests, file.path, file.data) or await _put_away_as(requests, file):
        return True
    if not still_allowed():
        said = f"{file.path}: this attempt took too long, another one has taken over; nothing was published"
        raise Unreachable(requests.system, PUBLISH, said)
    return False


async def find(requests: Requests, file: Publication) -> WriteOutcome | None:
    """`already_exists` with the place where the file lies now; None when it lies in none of its folders."""
    found = await requests.look_up(FIND, file.path)
    at_its_path = remote_file(file.name, found) if found else None
    if at_its_path and not await _is_same(requests, file, file.path, at_its_path):
        said = f"{file.path}: a file with other bytes lies there; look at both"
        return WriteOutcome(outcome=Outcome.REJECTED, number=file.name, problem=said)
    path = file.path if at_its_path else await _put_away_as(requests, file)
    return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number=file.name, raw=path) if path else None


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


async def _put_away_as(requests: Requests, file: Publication) -> str | None:
    """Where its reader has put the file away, perhaps with more around its name; None where it has not.

    A first attempt looks as well: it is none where the ledger was restored from a backup of before the real first one.
    """
    for place in (file.folder.archive, file.folder.error):
        folder = below(file.folder.path, place)
        for path in (below(folder, name) for name in await names_in(requests, folder) if file.name in name):
            found = await requests.look_up(FIND, path)
            known = remote_file(file.name, found) if found else None
            if known and await _is_same(requests, file, path, known):
                return path
    return None


async def _is_same(requests: Requests, file: Publication, path: str, found: RemoteFile) -> bool:
    return found.size == len(file.data) and await whole(requests, path, found) == file.data
