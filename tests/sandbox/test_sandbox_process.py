"""The sandbox as a process: start, restart, end, configuration, documentation."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.__main__ import main
from sandbox.admin.routes import AdminApi
from sandbox.app import build
from sandbox.netsuite.runner import Runner
from tests.sandbox.bodies import P1, eventually, invoice, order, slip
from tests.sandbox.conftest import TOWN
from tests.support.sandbox import ROOT, SandboxProcess


def invoicing(sandbox: SandboxProcess) -> httpx.Response:
    return httpx.post(f"{sandbox.retailpro_url}/api/v1/Document/Ordertoinvoice", json=invoice(), trust_env=False)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_finds_everything_as_it_was(tmp_path: Path, end: signal.Signals) -> None:
    with SandboxProcess(tmp_path) as first:
        first.seed(**TOWN, orders=[order()])
        first.change(invoice_repeat="ignores")
        first.fault("status", calls=[1, 4], path="/api/v1/Document")
        assert [invoicing(first).status_code for _ in range(2)] == [503, 200]
        first.deed("fulfill", "HW1", after_s=0.5)
        before = {path: first.get(f"/admin/{path}") for path in ("invoices", "stock", "faults", "settings")}
        first.process.send_signal(end)
        first.process.wait(timeout=60)
    with SandboxProcess(tmp_path) as second:
        assert {path: second.get(f"/admin/{path}") for path in before} == before
        assert [invoicing(second).status_code for _ in range(2)] == [200, 503]
        assert [call["seq"] for call in second.calls()] == [1, 2, 3, 4]
        assert eventually(lambda: second.get("/admin/orders/HW1")["statusId"] == "ORDER_COMPLETED")


def test_sigterm_ends_it_at_once_even_while_it_holds_a_call(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as running:
        running.fault("stall")
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{running.hotwax_url}/rest/s1/oms/facilities", timeout=0.3, trust_env=False)
        running.process.terminate()
        assert running.process.wait(timeout=60) == 0


def test_a_reset_forgets_data_and_keeps_settings_unless_told(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order()], stock=[{"store": "GT101", "upc": P1, "quantity": 1}])
    sandbox.change(slip_repeat="ignores")
    sandbox.fault("status")
    sandbox.post("/admin/reset")
    assert sandbox.get("/admin/orders") == {"orders": []}
    assert sandbox.get("/admin/stock") == {"stock": []}
    assert sandbox.get("/admin/faults") == {"faults": []}
    assert sandbox.get("/admin/settings")["slip_repeat"] == "ignores"
    sandbox.post("/admin/reset", {"settings": True})
    assert sandbox.get("/admin/settings")["slip_repeat"] == "rejects"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--set", "invoice_repeat=explodes"], "invoice_repeat"),
        (["--set", "colour=1"], "colour"),
        (["--set", "colour"], "NAME=VALUE"),
        (["--config", "/no/such/file.toml"], "/no/such/file.toml"),
    ],
)
def test_a_wrong_configuration_ends_with_status_2_and_its_reason(
    capsys: pytest.CaptureFixture[str], options: list[str], named: str
) -> None:
    assert main(options) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert named in said.err


def test_settings_come_from_a_file_and_single_ones_go_over_it(tmp_path: Path) -> None:
    config = tmp_path / "sandbox.toml"
    lines = [
        'slip_repeat = "ignores"',
        'invoice_repeat = "ignores"',
        "[retailpro_auth]",
        'kind = "bearer"',
        'token = "t"',
    ]
    config.write_text("\n".join(lines))
    command = [sys.executable, "-m", "sandbox", "--config", str(config), "--set", "slip_repeat=duplicates"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        assert process.stdout
        url = json.loads(process.stdout.readline())["admin"]
        settings = httpx.get(f"{url}/admin/settings", trust_env=False).json()
        process.terminate()
    assert [settings[name] for name in ("slip_repeat", "invoice_repeat")] == ["duplicates", "ignores"]
    assert settings["retailpro_auth"]["token"] == "t"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slip_repeat": "x"}, "slip_repeat"),
        ({"speed": 1}, "speed"),
        ({"retailpro_auth": {"kind": 1}}, "retailpro_auth.kind"),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(
    sandbox: SandboxProcess, changes: dict[str, object], field: str
) -> None:
    before = sandbox.get("/admin/settings")
    answer = sandbox.admin.patch("/admin/settings", json=changes)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert sandbox.get("/admin/settings") == before


def test_a_path_that_nobody_knows_is_404(sandbox: SandboxProcess) -> None:
    assert sandbox.admin.get("/admin/nothing").status_code == 404
    assert sandbox.admin.get("/").status_code == 404


def test_a_body_that_is_no_json_is_a_clear_400(sandbox: SandboxProcess) -> None:
    for content in (b"{", b"[]"):
        answer = sandbox.admin.post("/admin/seed", content=content)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "body")


def test_half_a_character_is_refused_by_every_door(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN)
    order_no = httpx.post(
        f"{sandbox.retailpro_url}/api/v1/Document/Ordertoinvoice",
        content=json.dumps(invoice(OrderNo="\ud800")),
        trust_env=False,
    )
    assert order_no.json()["success"] is False
    seed = sandbox.admin.post("/admin/seed", content=json.dumps({"products": [{"productId": "\ud800"}]}))
    assert seed.status_code == 400
    assert sandbox.get("/admin/counts")["invoices"] == 0


def test_the_whole_order_of_a_hundred_lines_comes_back(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order(lines=[{"productId": "P1", "facilityId": "GT101", "quantity": 100}])])
    [group] = sandbox.get("/admin/orders/HW1")["shipGroups"]
    assert len(group["items"]) == 100


def test_every_setting_fault_and_deed_is_in_the_documentation(sandbox: SandboxProcess) -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text()
    assert [name for name in sandbox.get("/admin/settings") if f"`{name}`" not in text] == []
    kinds = {"faults": "kind", "deeds": "action", "wrongs": "kind", "po-deeds": "action"}
    kinds |= {"netsuite/faults": "kind", "netsuite/acts": "action"}
    assert all("Field required" in sandbox.admin.post(f"/admin/{path}", json={}).text for path in kinds)
    answers = [sandbox.admin.post(f"/admin/{path}", json={field: "?"}).json() for path, field in kinds.items()]
    names = [name for answer in answers for name in re.findall(r"'(\w+)'", answer["error"])]
    assert len(names) > 45
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_path_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text()
    sandbox = build()
    paths = {route.path for route in AdminApi(sandbox.world, Runner(sandbox.world)).routes() if "{" not in route.path}
    sandbox.world.database.close()
    assert len(paths) > 20
    assert sorted(path for path in paths if path not in text) == []


def test_a_slip_and_an_invoice_may_have_the_same_number(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN)
    base = f"{sandbox.retailpro_url}/api/v1"
    answers = [
        httpx.post(f"{base}/Document/Ordertoinvoice", json=invoice(OrderNo="1"), trust_env=False),
        httpx.post(f"{base}/Transfer/Slip", json=slip(SlipNo="1"), trust_env=False),
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
