"""Settings of an SFTP server: where it is, by which key it is known, how to log in, and what its folders are for."""

import re
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from domain.base import Frozen

_HOST_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?")


def _folder(path: str) -> str:
    if "\0" in path or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} must not lead upwards")
    return str(PurePosixPath(path))


def _host_key(line: str) -> str:
    if not _HOST_KEY.fullmatch(line.strip()):
        raise ValueError(
            f"{line[:60]!r} is no host key: expected a type and base64, as `ssh-keyscan` prints behind host"
        )
    return " ".join(line.split()[:2])


READ_BACK_UP_TO = 16 << 20
"""More than any file of this flow has: NetSuite's scripts read 10 MB at most (netsuite 5)."""

FolderPath = Annotated[str, AfterValidator(_folder)]
"""A folder on the server; relative ones start where the login leads."""

HostKey = Annotated[str, AfterValidator(_host_key)]
"""A server's public key: `ssh-ed25519 AAAA...`."""


class Completeness(Frozen):
    """When a file is taken for complete. Only looks of our own are compared with each other: clocks may differ."""

    temporary: tuple[str, ...] = ("*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", ".*", "*~")
    """Names that writers use while they write: never taken (case does not matter)."""
    renamed: tuple[str, ...] = ()
    """Names that appear by rename only, because their writer is known to do so: complete when they are seen."""
    settled_for: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0))
    """Time between two looks with the same size and time of change."""
    older_than: timedelta | None = Field(default=None, gt=timedelta(0))
    """Age after which one look is enough; None asks for two looks always.

    It compares the server's clock with ours: a server that is behind, tells local time or none at all makes a file old
    that has only just been begun.
    """


class InboundFolder(Frozen):
    """A folder that others write and Waybill reads."""

    path: FolderPath
    pattern: str = "*"
    """Names that are taken (case does not matter); all others are left alone."""
    claimed: FolderPath = "claimed"
    """Where a file is while it is worked at; this and the others are below `path` unless they start with a slash."""
    archive: FolderPath = "archive"
    error: FolderPath = "error"
    complete: Completeness = Completeness()

    @property
    def places(self) -> frozenset[str]:
        """All that is read, moved or written there."""
        return _places(self.path, self.claimed, self.archive, self.error)


class OutboundFolder(Frozen):
    """A folder that Waybill writes and others read."""

    path: FolderPath
    temporary: FolderPath = "tmp"
    """Where files are written first: a folder, for the stock importer reads every file beside them (hotwax 4.7)."""
    archive: FolderPath = "archive"
    """Where the reader puts a file that it has read, and `error` one that it refused: doubts look there."""
    error: FolderPath = "error"

    @property
    def places(self) -> frozenset[str]:
        """All that is read, moved or written there."""
        return _places(self.path, self.temporary, self.archive, self.error)


def _places(path: str, *below: str) -> frozenset[str]:
    return frozenset({path, *(str(PurePosixPath(path, folder)) for folder in below)})


class SftpFolders(Frozen):
    """The folders of the purchase order flow, as the stock flow has them (hotwax 4.1).

    A table that gives some keys of a folder keeps the defaults of the others.
    """

    orders: InboundFolder = InboundFolder(
        path="netsuite/purchaseorder/fulfillment", pattern="*.csv", complete=Completeness(renamed=("WB-PO-*.csv",))
    )
    receipts: OutboundFolder = OutboundFolder(path="netsuite/purchaseorder/receipt")
    acks: InboundFolder = InboundFolder(path="netsuite/purchaseorder/receipt/ack", pattern="*.ack.json")

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        defaults = {name: field.default.model_dump() for name, field in cls.model_fields.items()}
        return {
            name: {**defaults[name], **value} if name in defaults and isinstance(value, dict) else value
            for name, value in given.items()
        }


class SftpPlace(NamedTuple):
    """A folder on a server, told apart from all others."""

    host: str
    port: int
    login: str
    """Whose, where the path begins at a login's own place."""
    path: str


class SftpSettings(Frozen):
    """How one SFTP server is reached. Passwords and keys come from files or the environment."""

    host: str = Field(min_length=1)
    port: int = Field(default=22, gt=0, lt=65536)
    username: str = Field(min_length=1)
    password: SecretStr | None = None
    """Alone, or besides the key where the server wants both."""
    private_key: Path | None = None
    """A private key file, as `ssh-keygen` writes it."""
    passphrase: SecretStr | None = None
    """Of the private key."""
    certificate: Path | None = None
    """A certificate for the private key (`...-cert.pub`), where the server wants one."""
    host_keys: tuple[HostKey, ...] = ()
    """The server's public keys, pinned."""
    known_hosts: Path | None = None
    """A file with the server's public keys instead, as `ssh-keyscan` writes it."""
    folders: SftpFolders = SftpFolders()
    read_back_up_to: int = Field(default=READ_BACK_UP_TO, ge=0)
    """Bytes of a published file up to which all of it is read back and compared; of larger ones the size is checked."""
    timeout_connect: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    """For each step until the login is done."""
    timeout_read: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    """Silence of the server after which it counts as gone; shorter than the heartbeat of the work that waits."""
    keepalive: timedelta = Field(default=timedelta(seconds=15), gt=timedelta(0))

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if self.password is None and self.private_key is None:
            raise ValueError("SFTP needs private_key or password")
        if self.private_key is None and (self.passphrase or self.certificate):
            raise ValueError("passphrase and certificate belong to private_key, which is missing")
        if self.host_keys and self.known_hosts:
            raise ValueError("host_keys or known_hosts: one of the two")
        return self

    @property
    def places(self) -> frozenset[SftpPlace]:
        """Every folder that is read or written there; a relative one is its login's own."""
        folders = (self.folders.orders, self.folders.receipts, self.folders.acks)
        paths = frozenset(path for folder in folders for path in folder.places)
        return frozenset(map(self._place, paths))

    def _place(self, path: str) -> SftpPlace:
        host, is_absolute = self.host.lower().rstrip("."), path.startswith("/")
        return SftpPlace(host, self.port, *(("", f"/{path.lstrip('/')}") if is_absolute else (self.username, path)))
