"""The keys that sign for us, as their files have them now: replaced on disk, they are used without a restart."""

import threading
from pathlib import Path
from typing import NamedTuple

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.netsuite.settings import KeySettings

_log = structlog.get_logger("connectors")

Stamp = tuple[tuple[int, int, int], ...]


class KeyUnusableError(Exception):
    """A key's files cannot be used; the message names the file and what to do, never its content."""


class SigningKey(NamedTuple):
    """A private key and the id of its certificate in NetSuite."""

    certificate_id: str
    private_key: RSAPrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.certificate_id})"


class KeyFile:
    """One key on disk, read again whenever its files change; safe to share between threads."""

    def __init__(self, settings: KeySettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._key: SigningKey | None = None

    @property
    def name(self) -> str:
        """The file, for messages."""
        return str(self._settings.private_key)

    def current(self) -> SigningKey:
        """The key as its files have it now; the last good one while they make no sense, as in mid-replacement.

        Raises:
            KeyUnusableError: there has been no good one yet.
        """
        with self._lock:
            try:
                stamp = self._stamp_now()
                if self._key is None or stamp != self._stamp:
                    self._key, self._stamp = self._read(), stamp
            except KeyUnusableError as error:
                if self._key is None:
                    raise
                _log.warning("key not taken over, the old one stays", key=self.name, problem=str(error))
            return self._key

    def _stamp_now(self) -> Stamp:
        return tuple(_stamp_of(file) for file in self._files())

    def _files(self) -> tuple[Path, ...]:
        of_id = self._settings.certificate_id_file
        return (self._settings.private_key, of_id) if of_id else (self._settings.private_key,)

    def _read(self) -> SigningKey:
        return SigningKey(certificate_id(self._settings), self._private_key())

    def _private_key(self) -> RSAPrivateKey:
        file, passphrase = self._settings.private_key, self._settings.passphrase
        content = _bytes_of(file)
        try:
            key = load_pem_private_key(content, passphrase.get_secret_value().encode() if passphrase else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusableError(f"{file} is no private key in PEM that can be opened: {_why(error)}") from None
        if not isinstance(key, RSAPrivateKey):
            raise KeyUnusableError(f"{file} is no RSA key: make one of 3072 or 4096 bits")
        return key


def certificate_id(settings: KeySettings) -> str:
    """The id of a key's certificate, as the configuration or its file has it now.

    Raises:
        KeyUnusableError: the file cannot be read, or is empty.
    """
    file = settings.certificate_id_file
    if file is None:
        return settings.certificate_id or ""
    if not (text := _bytes_of(file).decode("ascii", "replace").strip()):
        raise KeyUnusableError(f"{file} is empty: write the certificate's id from NetSuite into it")
    return text


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise KeyUnusableError(f"{file} cannot be read: {error.strerror}") from None


def _stamp_of(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise KeyUnusableError(f"{file} cannot be read: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _why(error: Exception) -> str:
    """A few words of our own: the library's could quote what it met."""
    if isinstance(error, TypeError):
        return "its passphrase is missing, or it has none"
    return "it is damaged, of another kind, or its passphrase is wrong"
