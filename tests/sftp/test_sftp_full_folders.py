"""Folders of more entries than are listed: archives that nobody prunes."""

import pytest

from connectors.errors import Contract
from connectors.guard import writing_allowed
from connectors.sftp import requests
from domain.outcomes import Outcome
from tests.sftp.stand import Stand


@pytest.mark.parametrize("full", ["archive", "error"])
def test_a_full_folder_is_named_with_what_to_do_and_publishing_goes_on_once_it_is_pruned(
    openssh: Stand, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    monkeypatch.setattr(requests, "MOST_ENTRIES", 3)
    old = [openssh.write(f"out/{full}/{number}.json", b"[0]") for number in range(4)]
    with openssh.server().session() as files, writing_allowed():
        body = files.file_body(openssh.outbound, "a.json", "[1]")
        with pytest.raises(Contract, match=rf"out/{full}: expected at most 3 entries \(move its oldest files out"):
            files.publish_file(body)
        assert openssh.names("out") == []
        old[0].unlink()
        assert files.publish_file(body).outcome is Outcome.CREATED
