"""A session that carries files, too: uploads to HotWax's Data Manager, downloads of what it refused (hotwax 2.8)."""

from collections.abc import Mapping

from connectors.errors import Contract, Rejected
from connectors.hotwax.session import Session, failure_in
from connectors.http import Answer, CallBudget, Download, OnCall, Upload
from connectors.settings import HotWaxSettings


class FileSession(Session):
    """An authenticated way to call one HotWax, its half for files included; to be shared with the order driver."""

    def __init__(
        self, name: str, settings: HotWaxSettings, budget: CallBudget | None = None, on_call: OnCall | None = None
    ) -> None:
        super().__init__(name, settings, budget, on_call)
        self._files_at = (settings.ofbiz_url or settings.base_url).rstrip("/")

    def file_url(self, path: str) -> str:
        """The full address of a path below `/api`, which may live on a host of its own (hotwax 0)."""
        return self._files_at + path

    def send_file(self, operation: str, path: str, upload: Upload) -> Answer:
        """The answer to a write of exactly this file, a refusal included."""
        return self._call(operation, "POST", self.file_url(path), upload=upload, write=True)

    def fetch_file(self, operation: str, path: str, params: Mapping[str, str | int], wanted: Download) -> bytes:
        """A file as it comes.

        Raises:
            NotFound, Rejected: HotWax refused, by status or inside a 200.
            Contract: it is a page for browsers, or too large.
        """
        answer = self._call(operation, "GET", self.file_url(path), params=params, download=wanted)
        if not answer.ok:
            self._value(answer)
        start = answer.body.lstrip()[:1]
        if start == b"<":
            raise Contract(self.name, operation, place="body", expected="a file", got="a page for browsers")
        if start == b"{" and (words := _failure_inside(answer)):
            raise Rejected(self.name, operation, f"{answer.status} with an error inside: {words}")
        return answer.body


def _failure_inside(answer: Answer) -> str:
    try:
        return failure_in(answer.json())
    except Contract:
        return ""
