"""Rules that change while workers run: from one moment to the next, and for everybody."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from operators import bootstrap
from operators.bootstrap import LiveTenants, open_budget
from operators.settings import Settings, load
from tests.operators.po_desk import PoDesk

PATIENCE_S = 120


def test_nobody_decides_by_rules_that_are_just_being_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, path = PoDesk(tmp_path), tmp_path / "waybill.toml"
    loading, go_on = threading.Event(), threading.Event()

    def slowly(file: Path) -> Settings:
        loading.set()
        assert go_on.wait(PATIENCE_S)
        return load(file)

    before = load(path)
    with closing(LiveTenants(before, open_budget(before, desk.ledger), path)) as tenants, ThreadPoolExecutor(2) as pool:
        path.write_text(f'{path.read_text()}\n[tenants.{desk.tenant}.stores]\nAIRPORT = "ST105"\n')
        monkeypatch.setattr(bootstrap, "load", slowly)
        first = pool.submit(tenants.get, desk.tenant)
        assert loading.wait(PATIENCE_S)
        second = pool.submit(tenants.get, desk.tenant)
        assert second not in wait([second], timeout=0.3).done
        go_on.set()
        assert [asked.result().policy.stores for asked in (first, second)] == [{"AIRPORT": "ST105"}] * 2


def test_an_account_that_workers_have_no_slots_for_waits_for_their_restart(tmp_path: Path) -> None:
    desk, path = PoDesk(tmp_path), tmp_path / "waybill.toml"
    rest = f"""
[tenants.{desk.tenant}.stores]
AIRPORT = "ST105"
[tenants.{desk.tenant}.netsuite.rest]
base_url = "http://127.0.0.1:1"
account = "1234567_SB1"
client_id = "waybill"
key = {{ private_key = "/none/key", certificate_id = "c1" }}
"""
    before = load(path)
    with closing(LiveTenants(before, open_budget(before, desk.ledger), path)) as tenants, capture_logs() as logs:
        path.write_text(path.read_text() + rest)
        found = tenants.get(desk.tenant)
    assert (found.policy.stores, found.purchasing.rest) == ({}, None)
    [told] = [line for line in logs if line["event"] == "configuration not taken over"]
    assert (told["tenants"], told["next"].partition(":")[0]) == ([desk.tenant], "restart the workers")
