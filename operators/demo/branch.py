"""The demo's second tenant: systems of its own in another sandbox, its NetSuite reached over REST instead of files."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from domain.purchase_order import ImportState
from operators.demo.cues import until
from operators.demo.door import Door
from operators.demo.goods import MUG, PRODUCTS, STORES
from operators.demo.orders import morning
from operators.demo.picture import Lookout
from operators.demo.place import Place
from operators.demo.processes import BRANCH_SANDBOX, Crew, start_sandbox
from operators.demo.purchases import DayPo

BRANCH_TENANT = "branch"
_CLIENT, _CERTIFICATE = "waybill-demo", "demo-certificate"
_KEY_BITS = 3072

LOST, TURNED_AWAY, TOKEN_ENDED = (
    "NetSuite makes a receipt over REST and its answer is lost",
    "NetSuite's account has too many calls",
    "NetSuite's token ends in the middle of a receipt",
)
_TRANSFORM = {"system": "netsuite", "method": "POST", "path_regex": "!transform"}
_FAULTS: Mapping[str, Mapping[str, object]] = {
    LOST: {"kind": "drop", "when": "after", "calls": [1], **_TRANSFORM},
    TURNED_AWAY: {"kind": "status", "status": 429, "retry_after": 1, "calls": [3], **_TRANSFORM},
    TOKEN_ENDED: {"kind": "expire_token", "calls": [5], **_TRANSFORM},
}

_TABLES = """\
[tenants.{tenant}.hotwax]
base_url = "{sandbox}"
token_file = "hotwax.token"
calls_per_second = 60
timeout_connect = 2
timeout_read = 3
overlap = 5

[tenants.{tenant}.retailpro]
base_url = "{sandbox}"
repeat = "rejects"
identity_number_default = "0000"
identity_type_default = "dpi"
proof_export = "{export}"

[tenants.{tenant}.feed]
interval = 5

[tenants.{tenant}.stores]

[tenants.{tenant}.netsuite]
interval = 2
sweep_interval = 20
policy = {{ netsuite_mode = "rest" }}

[tenants.{tenant}.netsuite.rest]
base_url = "{sandbox}"
account = "1234567_SB1"
client_id = "{client}"
timeout_connect = 1
timeout_read = 2
visible_after = 2

[tenants.{tenant}.netsuite.rest.key]
private_key = "{key}"
certificate_id = "{certificate}"

[tenants.{tenant}.netsuite.waits]
answer = 60
hold_retry = 5
receipt_overlap = 10
receipt_settled = 0.5
"""


class Branch:
    """Starts the second tenant's systems, and plays who works with them."""

    door: Door

    def __init__(self, pos: Sequence[DayPo], place: Place, crew: Crew) -> None:
        self._pos, self._place, self._crew = pos, place, crew
        self._faults: dict[int, str] = {}
        self._key = place.folder / "netsuite.pem"

    def start(self) -> None:
        """Start its sandbox."""
        self._address = start_sandbox(self._crew, self._place.folder / BRANCH_SANDBOX, BRANCH_SANDBOX)
        self.door = Door(self._address)

    def tables(self) -> str:
        """The part of waybill.toml that is about it."""
        key, export = self._key, self._place.branch_export
        about = {"tenant": BRANCH_TENANT, "client": _CLIENT, "certificate": _CERTIFICATE}
        return _TABLES.format(sandbox=self._address, key=key, export=export, **about)

    async def open_doors(self) -> None:
        """Let the day begin: its NetSuite knows our key and has its purchase orders; some calls will go wrong."""
        await self.door.post("netsuite/certificates", await asyncio.to_thread(self._new_certificate))
        till = {"store": next(iter(STORES.values())), "upc": PRODUCTS[MUG].upc, "quantity": 5}
        await self.door.post("seed", {**morning(()), "stock": [till]})
        await self.door.post("netsuite/seed", {"purchaseOrders": [po.seed for po in self._pos]})
        self._faults = {await self.door.arm(fault): name for name, fault in _FAULTS.items()}

    def _new_certificate(self) -> Mapping[str, str]:
        """A key for Waybill, and what an administrator uploads of it."""
        key = rsa.generate_private_key(65537, _KEY_BITS)
        sealed, private = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
        self._key.write_bytes(key.private_bytes(serialization.Encoding.PEM, private, sealed))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {"certificateId": _CERTIFICATE, "clientId": _CLIENT, "certificate": public.decode()}

    async def play(self, lookout: Lookout, announce: Callable[[str], None]) -> None:
        """Associates receive each purchase order once HotWax has it.

        Raises:
            ScriptError: one never came.
        """
        await asyncio.gather(*(self._receive(po, lookout) for po in self._pos))
        announce(f"{len(self._pos)} purchase orders of {BRANCH_TENANT} are being received; its NetSuite has no files")

    async def _receive(self, po: DayPo, lookout: Lookout) -> None:
        async def there() -> bool:
            now = lookout.now()
            return po.po_id in now.pos and now.pos[po.po_id].state is ImportState.DONE

        await until(there, f"{po.number} is in HotWax")
        for deed in po.kind.deeds:
            await self.door.post("po-deeds", {**deed, "poId": po.po_id})
        if po.kind.visits:
            play = {"orders": [po.po_id], "over_s": 10, "parts": po.kind.visits, "seed": 7}
            await self.door.post("po-play", play)

    async def struck(self) -> dict[str, int]:
        """How often each thing went wrong, by its name."""
        fired = await self.door.fired()
        return {name: fired[fault] for fault, name in self._faults.items()}
