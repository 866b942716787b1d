"""The sandbox as a process of its own, with a small client of its admin API (docs/sandbox.md)."""

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
_START_S = 20.0


class SandboxProcess:
    """A running sandbox on a free port; a context manager that ends it.

    Args:
        state: the folder that keeps its state; a second process on the same folder goes on where the first ended.
        port: a fixed port, for a restart at the same address.
        settings: its settings at the start, such as `invoice_repeat="ignores"`.
    """

    def __init__(self, state: Path, *, port: int = 0, **settings: object) -> None:
        self._command = [sys.executable, "-m", "sandbox", "--port", str(port), "--state", str(state)]
        for name, value in settings.items():
            self._command += ["--set", f"{name}={json.dumps(value)}"]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own module
        try:
            said = json.loads(self._first_line())
        except BaseException:
            self._end()
            raise
        self.hotwax_url: str = said["hotwax"]
        self.retailpro_url: str = said["retailpro"]
        self.admin_url: str = said["admin"]
        self.admin = httpx.Client(base_url=self.admin_url, timeout=30, trust_env=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.admin.close()
        self._end()

    def get(self, path: str, **params: str | int) -> Any:
        """What the admin API answers."""
        return self._checked(self.admin.get(path, params=params))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the admin API answers to this request."""
        return self._checked(self.admin.post(path, json=body or {}))

    def _checked(self, answer: httpx.Response) -> Any:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
        return answer.json()

    def _first_line(self) -> bytes:
        assert self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(_START_S), f"the sandbox said nothing for {_START_S} s"
        line = self.process.stdout.readline()
        assert line, f"the sandbox ended with status {self.process.wait()} before it was ready"
        return line

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
