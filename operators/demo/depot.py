"""The SFTP server of a demo: a real OpenSSH on loopback, the line to it, and the folders that files pass through."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from operators.demo.place import Place
from operators.demo.processes import WIRE, Crew, watch, watch_no_more
from operators.demo.wire import CUT, READY
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import Reach

SSHD = "sshd"
BASE = "netsuite"
FULFILLMENT = f"{BASE}/purchaseorder/fulfillment"
UNFINISHED, ACKS = f"{BASE}/purchaseorder/receipt/tmp", f"{BASE}/purchaseorder/receipt/ack"
"""Where Waybill writes receipt files before it renames them, and where NetSuite answers them."""

_TABLE = """\
[tenants.{tenant}.netsuite]
interval = 2
sweep_interval = 20

[tenants.{tenant}.netsuite.sftp]
host = "{host}"
port = {port}
username = "{username}"
private_key = "{private_key}"
host_keys = {host_keys}
timeout_read = 5

[tenants.{tenant}.netsuite.sftp.folders.acks]
path = "netsuite/purchaseorder/receipt/ack"
pattern = "*.ack.json"
complete = {{ renamed = ["*.ack.json"] }}

[tenants.{tenant}.netsuite.waits]
answer = 60
hold_retry = 5
receipt_overlap = 10
receipt_settled = 0.5
"""


class Depot:
    """Starts and ends the server and the line, and plays whoever else puts files there."""

    def __init__(self, place: Place, crew: Crew) -> None:
        self._place, self._crew = place, crew
        self._server = OpenSshServer(place.sftp, place.folder / SSHD)
        self._reach: Reach | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def reach(self) -> Reach:
        """How the server is reached, past the line."""
        if self._reach is None:
            raise RuntimeError("the SFTP server was not started yet")
        return self._reach

    def start(self, say: Callable[[str], None]) -> None:
        """Start both; `say` is told when OpenSSH must be installed.

        Raises:
            SshdUnavailableError, ProcessError: one of them did not start.
        """
        self._server = OpenSshServer(self._place.sftp, self._place.folder / SSHD, say=say)
        self._reach = self._server.start()
        self._watch = watch(self._server.pid or 0)
        for path in (FULFILLMENT, UNFINISHED, ACKS):
            self.folder(path).mkdir(parents=True, exist_ok=True)
        watched = str(self.folder(UNFINISHED))
        self._crew.start(WIRE, "-m", "operators.demo.wire", "--to", str(self._reach.port), "--watch", watched)
        self._port = int(self._crew.await_line(WIRE, READY).rsplit(" ", 1)[1])

    def end(self) -> None:
        """End the server; the line is one of the crew."""
        watch_no_more(self._watch)
        self._server.stop()

    def leave_running(self) -> int:
        """Let the server go on when this process is gone; its process id."""
        watch_no_more(self._watch)
        return self._server.leave_running() or 0

    def table(self, tenant: str) -> str:
        """The part of waybill.toml that leads there, over the line."""
        return _TABLE.format(
            tenant=tenant,
            host=self.reach.host,
            port=self._port,
            username=self.reach.username,
            private_key=self.reach.private_key,
            host_keys=json.dumps(self.reach.host_keys),
        )

    def login(self) -> Mapping[str, Any]:
        """The login of NetSuite's scripts, which go there directly."""
        return {
            "host": self.reach.host,
            "port": self.reach.port,
            "username": self.reach.username,
            "private_key": self.reach.private_key.read_text(encoding="utf-8"),
            "host_key": self.reach.host_keys[0],
            "folder": BASE,
        }

    # ---- the line ----------------------------------------------------------------------------------------------------

    def arm_cut(self) -> None:
        """Have the line cut in the middle of Waybill's next upload."""
        os.kill(self._crew.pids()[WIRE], signal.SIGUSR1)

    def cut(self) -> str | None:
        """What the line says about its cut, once it was."""
        said = self._crew.log(WIRE).read_text(encoding="utf-8").splitlines()
        return next((line for line in said if line.startswith(CUT)), None)

    # ---- files -------------------------------------------------------------------------------------------------------

    def folder(self, path: str) -> Path:
        """A folder of the server as this machine sees it."""
        return self._place.sftp / path

    def waiting(self) -> list[str]:
        """The files of purchase orders that nobody has taken or put away yet, finished or not."""
        places = (self.folder(FULFILLMENT), self.folder(f"{FULFILLMENT}/claimed"))
        return [path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_file()]

    def put(self, name: str, content: bytes) -> None:
        """Put a file of purchase orders there, as a person with an FTP client would."""
        part = self.folder(FULFILLMENT) / f".{name}"
        part.write_bytes(content)
        part.rename(part.with_name(name))

    def archived(self, name: str) -> bytes:
        """The content of a file in the archive."""
        return (self.folder(f"{FULFILLMENT}/archive") / name).read_bytes()
