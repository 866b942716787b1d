"""The demo's own folder and environment: everything it writes is there, and nothing of a real set-up is read."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from operators.demo.goods import AIRPORT, AIRPORT_STORE, STORES, TENANT
from operators.settings import CONFIG_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(".waybill")
NOTES = "demo.json"

_CONFIG = """\
# The configuration of one demo; it goes with its folder.
ledger_url = "sqlite:///{folder}/ledger.db"
temporal_ui = "{temporal_ui}"

[worker]
http_port = 0
drain = 5

[tenants.{tenant}.hotwax]
base_url = "{sandbox}"
token_file = "hotwax.token"
calls_per_second = 60
concurrency = 6
timeout_connect = 2
timeout_read = 3
overlap = 5

[tenants.{tenant}.retailpro]
base_url = "{sandbox}"
repeat = "rejects"
concurrency = 4
timeout_connect = 2
timeout_read = 3
identity_number_default = "0000"
identity_type_default = "dpi"
proof_export = "{folder}/retailpro-export.json"

[tenants.{tenant}.policy]
invoicing_store = "first_shipped"
tax_mode = "excluded"
digital_lines = "invoice"
digital_store = "{digital_store}"

[tenants.{tenant}.feed]
interval = 1

[tenants.{tenant}.waits]
call = 10
patience = 60
retry_first = 0.5
retry_longest = 2
hold_retry = 10

{netsuite}
{branch}
[tenants.{tenant}.stores]
{stores}
"""


class Place:
    """One demo's folder; paths in it are absolute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.config = self.folder / "waybill.toml"
        self.logs = self.folder / "logs"
        self.export = self.folder / "retailpro-export.json"
        self.branch_export = self.folder / "branch-export.json"
        self.sftp = _without_spaces(self.folder / "sftp")

    @classmethod
    def make(cls) -> "Place":
        """A new folder that no other demo has."""
        HOME.mkdir(exist_ok=True)
        place = cls(Path(tempfile.mkdtemp(prefix="demo-", dir=HOME)))
        place.logs.mkdir()
        return place

    @classmethod
    def of(cls, folder: Path) -> "Place":
        """The folder of a demo that was left running.

        Raises:
            FileNotFoundError: no demo was left there.
        """
        place = cls(folder)
        place.notes()
        return place

    @property
    def name(self) -> str:
        """The folder as a person would write it."""
        here = Path.cwd()
        return str(self.folder.relative_to(here)) if self.folder.is_relative_to(here) else str(self.folder)

    def configure(self, sandbox: str, netsuite: str, branch: str, temporal_ui: str | None) -> None:
        """Write waybill.toml, with the tables of NetSuite and of the branch, and the sandbox's token beside it."""
        stores = "\n".join(f'{facility} = "{code}"' for facility, code in STORES.items())
        text = _CONFIG.format(
            folder=self.folder,
            sandbox=sandbox,
            netsuite=netsuite,
            branch=branch,
            temporal_ui=temporal_ui or "http://127.0.0.1:8233",
            tenant=TENANT,
            digital_store=next(iter(STORES.values())),
            stores=stores,
        )
        self.config.write_text(text, encoding="utf-8")
        (self.folder / "hotwax.token").write_text("sandbox-token", encoding="utf-8")

    def map_airport(self) -> str:
        """Add the missing store to waybill.toml, as an operator's editor would; the line that was added."""
        line = f'{AIRPORT} = "{AIRPORT_STORE}"'
        fresh = self.config.with_suffix(".new")
        fresh.write_text(self.config.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
        fresh.replace(self.config)
        return line

    def note(self, notes: Mapping[str, Any]) -> None:
        """Keep what `python -m operators.demo stop` must know."""
        (self.folder / NOTES).write_text(json.dumps(notes, indent=2), encoding="utf-8")

    def notes(self) -> dict[str, Any]:
        """What was kept.

        Raises:
            FileNotFoundError: nothing was.
        """
        notes: dict[str, Any] = json.loads((self.folder / NOTES).read_text(encoding="utf-8"))
        return notes

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder)
        shutil.rmtree(self.sftp, ignore_errors=True)


def _without_spaces(folder: Path) -> Path:
    """The folder, or one of the system's temporary ones: sshd starts no session in a path with spaces."""
    if not any(map(str.isspace, str(folder))):
        return folder
    return Path(tempfile.gettempdir()) / f"waybill-{folder.parent.name}-{folder.name}"


def forget_real_set_up() -> list[str]:
    """Take out of this process's environment what leads to a real ledger or configuration; the names taken out."""
    names = [name for name in os.environ if name in {"DATABASE_URL", CONFIG_VARIABLE} or name.startswith("WAYBILL__")]
    for name in names:
        del os.environ[name]
    return names


def point_at(place: Place, temporal: str, namespace: str | None) -> dict[str, str]:
    """Let this process and its children use the demo's configuration and server; the variables that say so.

    `namespace` is None on a server of the demo's own: then nothing of the user's Temporal settings counts either.
    """
    variables = {CONFIG_VARIABLE: str(place.config), "TEMPORAL_ADDRESS": temporal}
    if namespace is None:
        for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
            del os.environ[name]
        variables["TEMPORAL_CONFIG_FILE"] = os.devnull
    else:
        variables["TEMPORAL_NAMESPACE"] = namespace
    os.environ.update(variables)
    return variables
