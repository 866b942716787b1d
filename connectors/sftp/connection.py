"""A login on an SFTP server: sure of who the server is, with strong algorithms only, and never longer than allowed."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import paramiko

from connectors.errors import Unauthorized, Unreachable
from connectors.sftp.host_keys import check_host_key, pinned_keys, preferred_types
from connectors.sftp.settings import SftpSettings
from connectors.sftp.wire import Lost, Wire

CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
_WINDOW = 1 << 27
"""Bytes that the server may send ahead; what is asked for at a time stays far below."""
_TAKE = 1 << 18
_CONNECT, _LOG_IN = "connect", "log_in"
_LOG = "connectors.sftp.ssh"

# Paramiko logs tracebacks of what is raised here anyhow, in words that operators need.
logging.getLogger(_LOG).setLevel(logging.CRITICAL)


class ReadAhead(socket.socket):
    """A socket that takes in much at a time: paramiko asks for a few bytes, then for a packet, and again."""

    _taken, _at = b"", 0

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Up to so many bytes; none at the end."""
        if self._at == len(self._taken):
            self._taken, self._at = super().recv(_TAKE, flags), 0
        piece = self._taken[self._at : self._at + bufsize]
        self._at += len(piece)
        return piece


@contextmanager
def connected(system: str, settings: SftpSettings, on_progress: Callable[[], None] | None = None) -> Iterator[Wire]:
    """An SFTP session for the block.

    Raises:
        UnknownHostKey, ChangedHostKey: the server is not known to be the right one.
        Unauthorized: it does not let us in.
        Unreachable: it is not there, does not answer, or knows no algorithm that is safe.
    """
    progress = on_progress or _nothing
    pinned = pinned_keys(system, settings)
    transport = paramiko.Transport(_socket(system, settings), default_window_size=_WINDOW)
    try:
        progress()
        _shake_hands(system, settings, transport, pinned)
        progress()
        _log_in(system, settings, transport)
        progress()
        yield _session(system, settings, transport, on_progress)
    finally:
        transport.close()


def _nothing() -> None:
    """What nobody waits to be told."""


def _socket(system: str, settings: SftpSettings) -> socket.socket:
    address = (settings.host, settings.port)
    try:
        opened = socket.create_connection(address, settings.timeout_connect.total_seconds())
    except OSError as error:
        said = error.strerror or "no answer in time" if isinstance(error, TimeoutError) else str(error)
        where = f"{settings.host}:{settings.port}"
        raise Unreachable(system, _CONNECT, f"{where} is not reached ({said}); nothing was sent") from None
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ReadAhead(fileno=opened.detach())


def _shake_hands(system: str, settings: SftpSettings, transport: paramiko.Transport, pinned: tuple[str, ...]) -> None:
    seconds = settings.timeout_connect.total_seconds()
    transport.set_log_channel(_LOG)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = seconds
    options = transport.get_security_options()
    options.ciphers, options.digests = CIPHERS, MACS
    options.key_types = preferred_types(pinned, options.key_types)
    try:
        transport.start_client(timeout=seconds)
        # Where the time is over, paramiko says so only now.
        shown = transport.get_remote_server_key()
    except (paramiko.SSHException, EOFError, OSError) as error:
        where = f"{settings.host}:{settings.port}"
        said = f"no secure connection with {where} within {seconds:g} s ({error}); nothing was sent"
        raise Unreachable(system, _CONNECT, said) from None
    check_host_key(system, settings, pinned, shown)
    transport.set_keepalive(max(1, round(settings.keepalive.total_seconds())))


def _log_in(system: str, settings: SftpSettings, transport: paramiko.Transport) -> None:
    try:
        missing = _offer_all(system, settings, transport)
    except paramiko.BadAuthenticationType as error:
        raise _not_let_in(system, settings, f"it takes {', '.join(error.allowed_types)} only") from None
    except paramiko.AuthenticationException:
        raise _not_let_in(system, settings, "the login was refused") from None
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unreachable(system, _LOG_IN, f"cut during the login ({type(error).__name__}); nothing was sent") from None
    if not transport.is_authenticated():
        raise _not_let_in(system, settings, f"it wants {', '.join(missing)} besides")


def _offer_all(system: str, settings: SftpSettings, transport: paramiko.Transport) -> Sequence[str]:
    """What the server wants besides, after the key, and then the password, were offered."""
    missing: Sequence[str] = ()
    if settings.private_key:
        missing = transport.auth_publickey(settings.username, _private_key(system, settings))
    if settings.password and not transport.is_authenticated():
        missing = transport.auth_password(settings.username, settings.password.get_secret_value())
    return missing


def _private_key(system: str, settings: SftpSettings) -> paramiko.PKey:
    secret = settings.passphrase.get_secret_value() if settings.passphrase else None
    try:
        key = _read_key(str(settings.private_key), secret)
        if settings.certificate:
            key.load_certificate(str(settings.certificate))
    except OSError as error:
        raise _not_let_in(system, settings, f"{error.filename}: {error.strerror}") from None
    except (paramiko.SSHException, ValueError):
        raise _not_let_in(system, settings, "private_key, passphrase and certificate do not fit together") from None
    return key


def _read_key(path: str, passphrase: str | None) -> paramiko.PKey:
    """The key in a file, of whichever kind it is."""
    kinds = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for kind in kinds:
        try:
            return kind.from_private_key_file(path, passphrase)
        except paramiko.SSHException:
            continue
    raise paramiko.SSHException("no kind of key that is known, or another passphrase")


def _not_let_in(system: str, settings: SftpSettings, why: str) -> Unauthorized:
    advice = f"check private_key, passphrase, certificate or password of {settings.username}; nothing was sent"
    return Unauthorized(system, _LOG_IN, f"{why}; {advice}", HTTPStatus.UNAUTHORIZED)


def _session(
    system: str, settings: SftpSettings, transport: paramiko.Transport, on_progress: Callable[[], None] | None
) -> Wire:
    seconds = settings.timeout_connect.total_seconds()
    try:
        channel = transport.open_session(window_size=_WINDOW, timeout=seconds)
        channel.settimeout(seconds)
        channel.invoke_subsystem("sftp")
        return Wire(channel, settings.timeout_read.total_seconds(), on_progress)
    except (paramiko.SSHException, EOFError, OSError, Lost) as error:
        raise Unreachable(system, _CONNECT, f"the server starts no SFTP ({error}); nothing was sent") from None
