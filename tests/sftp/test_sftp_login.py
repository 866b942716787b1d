"""Who the server is, who we are, and what nobody ever gets to read about it."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncssh
import paramiko
import pytest

from connectors.errors import ConnectorError, Unauthorized, Unreachable
from connectors.sftp.client import SftpServer
from connectors.sftp.connection import CIPHERS, MACS
from connectors.sftp.errors import ChangedHostKey, HostKeyRefused, UnknownHostKey
from connectors.sftp.settings import SftpSettings
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import make_key
from tests.sftp.stand import Stand
from tests.support.ports import closed_port

QUICK = timedelta(milliseconds=300)
SECRET = "correct horse battery staple"


def lists(server: SftpServer) -> bool:
    """Whether one can log in and look around."""
    with server.session() as files:
        files.list_folder(".")
    return True


# ---- the server's key ------------------------------------------------------------------------------------------------


def test_an_unknown_server_is_refused_and_the_message_says_what_to_do(stand: Stand) -> None:
    with pytest.raises(UnknownHostKey) as refused:
        lists(stand.server(host_keys=()))
    said = str(refused.value)
    assert f"ssh-keyscan -p {stand.reach.port} {stand.reach.host}" in said
    assert "host_keys" in said
    assert "SHA256:" in said


def test_a_changed_key_is_refused_before_a_password_is_sent(failing_server: FailingSftpServer) -> None:
    stand = Stand(failing_server.reach, "changed-key")
    server = stand.server(private_key=None, password="sesame")
    assert lists(server)
    failing_server.change_host_key()
    with pytest.raises(ChangedHostKey, match="not the pinned server"):
        lists(server)
    assert lists(stand.server(host_keys=failing_server.reach.host_keys))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_pinned_key_of_several_is_enough(openssh: Stand, number: int) -> None:
    """NetSuite knows no Ed25519 (netsuite 5): a server shows several kinds, and is asked for the pinned one."""
    assert lists(openssh.server(host_keys=openssh.reach.host_keys[number : number + 1]))


def test_a_known_hosts_file_serves_as_well_hashed_or_not(openssh: Stand, tmp_path: Path) -> None:
    known, entry = tmp_path / "known_hosts", f"[{openssh.reach.host}]:{openssh.reach.port}"
    for name in (entry, f"other,{entry}", paramiko.HostKeys.hash_host(entry)):
        known.write_text(f"# ours\nother ssh-ed25519 AAAA\n{name} {openssh.reach.host_keys[0]} comment\n")
        assert lists(openssh.server(host_keys=(), known_hosts=known))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", UnknownHostKey),
        ("elsewhere {key}\n", UnknownHostKey),
        ("{entry} {other}\n", ChangedHostKey),
        ("{entry} {key}\n@revoked {entry} {key}\n", UnknownHostKey),
        ("@cert-authority {entry} {key}\n", UnknownHostKey),
    ],
)
def test_what_a_known_hosts_file_does_not_vouch_for_is_refused(
    openssh: Stand, tmp_path: Path, text: str, kind: type[HostKeyRefused]
) -> None:
    known = tmp_path / "known_hosts"
    entry = f"[{openssh.reach.host}]:{openssh.reach.port}"
    known.write_text(text.format(entry=entry, key=openssh.reach.host_keys[0], other=make_key(tmp_path / "other")))
    with pytest.raises(kind):
        lists(openssh.server(host_keys=(), known_hosts=known))


def test_a_missing_known_hosts_file_is_said(openssh: Stand, tmp_path: Path) -> None:
    with pytest.raises(UnknownHostKey, match="cannot be read"):
        lists(openssh.server(host_keys=(), known_hosts=tmp_path / "nowhere"))


# ---- our login -------------------------------------------------------------------------------------------------------


def test_a_password_opens_the_server(failing: Stand) -> None:
    assert lists(failing.server(private_key=None, password="sesame"))


def test_a_server_may_want_the_key_and_the_password(failing: Stand, tmp_path: Path) -> None:
    key = tmp_path / "host_key"
    pinned = make_key(key)
    offered: list[str] = []
    for login, kind in (({"password": SECRET}, Unreachable), ({}, Unauthorized)):
        with listening() as (port, listener):
            thread = threading.Thread(target=serve_with_two_factors, args=(listener, key, offered))
            thread.start()
            with pytest.raises(kind, match=r"starts no SFTP|it wants password besides"):
                lists(failing.server(port=port, host_keys=(pinned,), **login))
            thread.join(10)
    assert offered == ["key", SECRET, "key"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_every_kind_of_key_opens_the_server_with_its_passphrase(state: Path, tmp_path: Path, kind: str) -> None:
    """The server's own client key is replaced by one with a passphrase."""
    key = asyncssh.generate_private_key(
        {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}[kind]
    )
    state.mkdir()
    (state / "client_key").write_bytes(key.export_private_key())
    with OpenSshServer(tmp_path / "files", state, host_key_kinds=["ed25519"]) as reach:
        stand = Stand(reach, "keys")
        encrypted = tmp_path / "encrypted"
        encrypted.write_bytes(key.export_private_key(passphrase=SECRET, rounds=64))
        assert lists(stand.server(private_key=encrypted, passphrase=SECRET))


def test_a_certificate_opens_the_server(state: Path, tmp_path: Path) -> None:
    authority, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    certificate = authority.generate_user_certificate(user, "waybill", principals=["waybill"])
    (tmp_path / "key").write_bytes(user.export_private_key())
    (tmp_path / "key-cert.pub").write_bytes(certificate.export_certificate())
    line = authority.export_public_key().decode()
    with FailingSftpServer(tmp_path / "files", state, authority=line) as server:
        stand = Stand(server.reach, "certificates")
        assert lists(stand.server(private_key=tmp_path / "key", certificate=tmp_path / "key-cert.pub"))
        with pytest.raises(Unauthorized):
            lists(stand.server(private_key=tmp_path / "key"))


def test_a_login_that_is_refused_says_what_to_check(stand: Stand, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    with pytest.raises(Unauthorized, match="check private_key") as refused:
        lists(stand.server(private_key=tmp_path / "stranger"))
    assert refused.value.status == 401


def test_a_key_file_that_is_missing_or_no_key_is_said(failing: Stand, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key")
    (tmp_path / "locked").write_bytes(
        asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="x", rounds=64)
    )
    for wrong in ({"private_key": tmp_path / "nowhere"}, {"private_key": tmp_path / "text"}):
        with pytest.raises(Unauthorized, match=r"nowhere|fit together"):
            lists(failing.server(**wrong))
    with pytest.raises(Unauthorized, match="fit together"):
        lists(failing.server(private_key=tmp_path / "locked"))
    with pytest.raises(Unauthorized, match="fit together"):
        lists(failing.server(private_key=tmp_path / "locked", passphrase=SECRET))


def test_weak_algorithms_are_not_offered() -> None:
    weak = ("cbc", "3des", "md5", "sha1", "arcfour", "-96", "ssh-dss")
    assert not [name for name in (*CIPHERS, *MACS) if any(word in name for word in weak)]


def test_a_server_with_weak_algorithms_only_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "host_key"
    pinned = make_key(key)
    with listening() as (port, accept):
        thread = threading.Thread(target=serve_weakly, args=(accept, key))
        thread.start()
        settings = SftpSettings(host="127.0.0.1", port=port, username="w", password="x", host_keys=(pinned,))
        with pytest.raises(Unreachable, match="no secure connection"):
            lists(SftpServer("netsuite", settings))
        thread.join(10)


# ---- servers that are not there --------------------------------------------------------------------------------------


@contextmanager
def listening() -> Iterator[tuple[int, socket.socket]]:
    """A port where somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1], listener


def serve_weakly(listener: socket.socket, key: Path) -> None:
    """A server that knows 3DES only."""
    connection, _ = listener.accept()
    with paramiko.Transport(connection) as transport:
        transport.set_log_channel("connectors.sftp.ssh")
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(key)))
        transport.get_security_options().ciphers = ("3des-cbc",)
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.start_server(server=paramiko.ServerInterface())


class TwoFactors(paramiko.ServerInterface):
    """Wants a key, then a password; serves nothing."""

    def __init__(self, offered: list[str]) -> None:
        self._offered = offered

    def get_allowed_auths(self, username: str) -> str:
        """What is wanted besides."""
        return "password" if username else ""

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Half the way."""
        del username, key
        self._offered.append("key")
        return paramiko.common.AUTH_PARTIALLY_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:
        """The other half."""
        del username
        self._offered.append(password)
        return paramiko.common.AUTH_SUCCESSFUL


def serve_with_two_factors(listener: socket.socket, key: Path, offered: list[str]) -> None:
    """A server that wants both, until the client has gone."""
    connection, _ = listener.accept()
    with paramiko.Transport(connection) as transport:
        transport.set_log_channel("connectors.sftp.ssh")
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(key)))
        # With an event of ours it does not wait: a client that is done and gone at once would end that wait badly.
        transport.start_server(event=threading.Event(), server=TwoFactors(offered))
        transport.join(10)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with closed_port() as port, pytest.raises(Unreachable, match=f"127.0.0.1:{port} is not reached"):
        lists(SftpServer("netsuite", SftpSettings(host="127.0.0.1", port=port, username="w", password="x")))


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with listening() as (port, _):
        settings = SftpSettings(host="127.0.0.1", port=port, username="w", password="x", timeout_connect=QUICK)
        with pytest.raises(Unreachable, match="no secure connection"):
            lists(SftpServer("netsuite", settings))


# ---- secrets ---------------------------------------------------------------------------------------------------------


def test_secrets_stand_in_no_error_and_no_log(failing: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    locked = tmp_path / "locked"
    locked.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="another", rounds=64))
    said: list[str] = []
    for login in (
        {"private_key": None, "password": SECRET},
        {"private_key": locked, "passphrase": SECRET},
        {"private_key": None, "password": SECRET, "host_keys": ()},
        {"private_key": None, "password": SECRET, "port": 1},
    ):
        server = failing.server(**login)
        with pytest.raises(ConnectorError) as raised:
            lists(server)
        said += [str(raised.value), repr(raised.value), repr(vars(server)), server.__repr__()]
    assert len(said) == 16
    assert SECRET not in "".join(said) + caplog.text
