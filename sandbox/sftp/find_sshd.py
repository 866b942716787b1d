"""The `sshd` program of this machine, installed from Debian when it is missing and root may do so."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = "openssh-server"
INSTALL_TIMEOUT_S = 300
_SUBSYSTEMS = ("/usr/lib/openssh", "/usr/libexec/openssh", "/usr/lib/ssh", "/usr/libexec", "/usr/lib64/ssh")
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/ssh", "/usr/libexec", "/opt/homebrew/sbin")


class SshdUnavailableError(RuntimeError):
    """No OpenSSH server can be had here; the message says why, and the ways out."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"No OpenSSH server (sshd) on this machine: {why}. Ways out, any one of them:\n"
            f"  - on Debian or Ubuntu: apt-get update && apt-get install -y --no-install-recommends {PACKAGE}\n"
            f"  - on Fedora: dnf install {PACKAGE}; on Alpine: apk add {PACKAGE}\n"
            "  - run this as root on Debian, and it installs the package itself"
        )


def find_sshd(say: Callable[[str], None], *, install: bool = True) -> Path:
    """The full path of `sshd`, which OpenSSH demands of itself.

    Args:
        say: Is told before anything is installed.
        install: Whether root may install the Debian package.

    Raises:
        SshdUnavailableError: There is none and none can be installed.

    """
    found = _look()
    if found:
        return found
    apt = shutil.which("apt-get")
    if not install or apt is None or os.geteuid() != 0:
        raise SshdUnavailableError("it is not installed, and only root on Debian gets it installed from here")
    say(f"installing Debian's {PACKAGE} for the SFTP server on loopback (nothing of it is started by itself)")
    _install(apt)
    found = _look()
    if not found:
        raise SshdUnavailableError(f"{PACKAGE} was installed and brought no sshd")
    return found


def find_sftp_server(say: Callable[[str], None]) -> Path:
    """The full path of `sftp-server`, which speaks SFTP on its standard input and output.

    Raises:
        SshdUnavailableError: There is none and none can be installed.

    """
    find_sshd(say)
    found = shutil.which("sftp-server", path=os.pathsep.join(_SUBSYSTEMS))
    if not found:
        raise SshdUnavailableError("sftp-server, which belongs to it, is missing")
    return Path(found)


def _look() -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    found = shutil.which("sshd", path=path)
    return Path(found).resolve() if found else None


def _install(apt: str) -> None:
    command = [apt, "install", "-y", "--no-install-recommends", PACKAGE]
    # RUNLEVEL=1 keeps the package's own service from starting: it would listen on port 22 of every address.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        done = _run(command, environment)
        if done.returncode:
            _run([apt, "update"], environment)
            done = _run(command, environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SshdUnavailableError(f"apt-get did not come to an end: {error}") from None
    if done.returncode:
        raise SshdUnavailableError(f"apt-get refused: {' '.join(done.stderr.split())[-300:]}")


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the program was found on this machine, the arguments are constants
        command, env=environment, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, check=False
    )
