"""Where files move and get their names: each move looks first, so that a repeat after a cut finds its own work."""

import secrets
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from connectors.errors import Ambiguous, ConnectorError, NotFound, Rejected
from connectors.sftp.errors import FileChanged, NameTaken
from connectors.sftp.models import Deposit, RemoteFile
from connectors.sftp.requests import Attributes, Requests
from connectors.sftp.transfer import checksum, remote_file, whole, write_new
from connectors.sftp.wire import Work

LastLook = Callable[[], Work[bool]]

PUBLISH = "publish"
_MARK = ".part-"


def below(folder: str, path: str) -> str:
    """A path below a folder, unless it starts with a slash."""
    return str(PurePosixPath(folder, path))


def temporary_name(name: str) -> str:
    """A name that no other attempt has: two that run at once cannot cut each other's file short."""
    return f"{name}{_MARK}{secrets.token_hex(4)}"


def of_earlier_attempts(name: str, found: Iterable[str]) -> list[str]:
    """The temporary names among these under which earlier attempts began to write this file."""
    return [other for other in found if other.startswith(name + _MARK)]


async def move(requests: Requests, operation: str, source: str, target: str, listed: RemoteFile) -> None:
    """The file lies under `target`, whatever earlier attempts came to; calling it again after any error is safe.

    Raises:
        NotFound: it lies under neither name: somebody else took it.
        FileChanged: it is not as it was listed.
        NameTaken: another file lies under `target`.
        Ambiguous: no answer came; it may have been moved.
    """
    asked = requests.ask_for(source), requests.ask_for(target)
    here = await requests.looked_up(operation, source, asked[0])
    there = await requests.looked_up(operation, target, asked[1])
    if here is None:
        _check_moved(requests, operation, source, target, there, listed)
        return
    _check_as_listed(requests, operation, source, here, listed)
    if there is not None:
        await _settle_twins(requests, operation, source, target, there, listed)
        return
    try:
        await requests.rename(operation, source, target)
    except NotFound:
        if await requests.look_up(operation, source) is None:
            raise NotFound(requests.system, operation, f"{source}: somebody else took it") from None
        await requests.make_folder(operation, str(PurePosixPath(target).parent))
        await requests.rename(operation, source, target)


def _check_moved(
    requests: Requests, operation: str, source: str, target: str, there: Attributes | None, listed: RemoteFile
) -> None:
    if there is None or (there.size, there.modified_at) != (listed.size, listed.modified_at):
        said = f"{source}: neither there nor under {target}; somebody else took it: list the folder again"
        raise NotFound(requests.system, operation, said)


def _check_as_listed(requests: Requests, operation: str, path: str, found: Attributes, listed: RemoteFile) -> None:
    if not found.is_file:
        raise Rejected(requests.system, operation, f"{path}: no regular file; links are not followed; remove it")
    if (found.size, found.modified_at) != (listed.size, listed.modified_at):
        said = f"{path}: {listed.size} bytes when it was listed, {found.size} now; it was not complete"
        raise FileChanged(requests.system, operation, said)


async def _settle_twins(
    requests: Requests, operation: str, source: str, target: str, there: Attributes, listed: RemoteFile
) -> None:
    """Both names exist: a rename was cut in its middle where the server links first, or two files share a name."""
    other = remote_file(listed.name, there)
    if other is None or other.size != listed.size:
        raise _taken(requests, operation, target)
    if await checksum(requests, source, listed) != await checksum(requests, target, other):
        raise _taken(requests, operation, target)
    await requests.remove(operation, source)


async def deposit(
    requests: Requests, temporary: str, target: str, content: bytes, last_look: LastLook | None = None
) -> Deposit:
    """A file with exactly this content under `target`: written elsewhere, read back, then renamed; or there already.

    `last_look` says right before the renaming whether it is there already; by default what lies under `target` counts.

    Raises:
        NameTaken: a file with other bytes lies there.
        Unreachable, Unauthorized: surely nothing was published.
        Ambiguous: it may have been.
    """
    try:
        await _write(requests, temporary, content)
        if not await (last_look() if last_look else is_there(requests, target, content)):
            await requests.rename(PUBLISH, temporary, target)
            return Deposit.WRITTEN
    except Ambiguous:
        raise
    except ConnectorError:
        await requests.try_to_remove(PUBLISH, temporary)
        raise
    await requests.try_to_remove(PUBLISH, temporary)
    return Deposit.ALREADY_THERE


async def is_there(requests: Requests, path: str, content: bytes) -> bool:
    """Whether a file with exactly this content lies under a path.

    Raises:
        NameTaken: something else lies there.
    """
    found = await requests.look_up(PUBLISH, path)
    if found is None:
        return False
    file = remote_file(path, found)
    if file is None or file.size != len(content) or await whole(requests, path, file) != content:
        raise _taken(requests, PUBLISH, path)
    return True


async def _write(requests: Requests, path: str, content: bytes) -> None:
    """The content in a new file; its folder is made where it is missing, those above it never: they may be misspelled.

    Raises:
        NotFound: the folder above is missing too.
    """
    try:
        await write_new(requests, path, content)
    except NotFound:
        folder = PurePosixPath(path).parent
        try:
            await requests.make_folder(PUBLISH, str(folder))
        except NotFound:
            said = (
                f"{folder.parent}: there is no such folder on the server; create it, or correct its name in `folders`"
            )
            raise NotFound(requests.system, PUBLISH, said) from None
        await write_new(requests, path, content)


def _taken(requests: Requests, operation: str, path: str) -> NameTaken:
    said = f"{path}: a file with other bytes lies there, and was not overwritten; look at both, and move it away"
    return NameTaken(requests.system, operation, said)
