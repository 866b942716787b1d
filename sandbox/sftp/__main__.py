"""`python -m sandbox.sftp`: a real SFTP server on loopback until it is told to end."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from sandbox.sftp.find_sshd import SshdUnavailableError
from sandbox.sftp.openssh import OpenSshServer


def main() -> int:
    """Serve until SIGTERM or SIGINT; first, one line of JSON on stdout says how it is reached."""
    options = _options()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    server = OpenSshServer(options.folder, options.state, port=options.port, say=_say)
    try:
        with server as reach:
            sys.stdout.write(json.dumps(reach.as_json()) + "\n")
            sys.stdout.flush()
            end.wait()
    except SshdUnavailableError as error:
        _say(str(error))
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.sftp", description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where clients start; made when it is missing")
    parser.add_argument("--state", type=Path, required=True, help="where keys, configuration and log are kept")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
