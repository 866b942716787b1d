"""A depot whose NetSuite is reached over REST: no file, no script of theirs."""

from pathlib import Path
from typing import Any

from temporalio.client import Client

from domain.po_messages import PoRun
from sandbox.sftp.reach import Reach
from tests.netsuite_rest.keys import public_pem, write_key
from tests.support.depot import Depot
from tests.support.sandbox import SandboxProcess

CLIENT, CERTIFICATE = "waybill", "cert-1"


def an_account(sandbox: SandboxProcess, folder: Path) -> dict[str, Any]:
    """The settings by which the sandbox's account is reached, with a certificate that it knows."""
    certificate = {"certificateId": CERTIFICATE, "clientId": CLIENT, "certificate": public_pem()}
    sandbox.post("/admin/netsuite/certificates", certificate)
    return {
        "base_url": sandbox.netsuite_url,
        "account": "1234567_SB1",
        "client_id": CLIENT,
        "key": {"private_key": str(write_key(folder)), "certificate_id": CERTIFICATE},
        "visible_after": 0,
        "timeout_connect": 2,
        "timeout_read": 2,
    }


class RestDepot(Depot):
    """Its runs are the same; what NetSuite's scripts would do between them has happened when a call is answered."""

    def __init__(
        self, sandbox: SandboxProcess, client: Client, ledger_url: str, reach: Reach, folder: Path, **tenant: Any
    ) -> None:
        given = tenant.get("netsuite", {})
        rest = {**an_account(sandbox, folder), **given.get("rest", {})}
        netsuite = {**given, "policy": {"netsuite_mode": "rest", **given.get("policy", {})}, "rest": rest}
        super().__init__(sandbox, client, ledger_url, reach, **{**tenant, "netsuite": netsuite})

    def _netsuite(self, tenant: dict[str, Any]) -> dict[str, Any]:
        made = super()._netsuite(tenant)
        del made["sftp"]
        return {**made, "rest": tenant["netsuite"]["rest"]}

    @property
    def kind(self) -> str:
        """No scripts at all."""
        return "rest"

    async def export(self, kind: str | None = None) -> None:
        """What NetSuite has is read."""
        del kind
        await self.run(PoRun.FILES)

    async def take_files(self) -> None:
        """There are none: what NetSuite has is read."""
        await self.run(PoRun.FILES)

    async def at_netsuite(self) -> None:
        """Receipts go to NetSuite, which answers at once; what it has by then is read."""
        await self.run(PoRun.RECEIPT_FILES)
        await self.run(PoRun.ANSWERS)
