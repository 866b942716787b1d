"""The role for REST that our project deploys is the one that the sandbox's certificates have."""

import re
from pathlib import Path

from sandbox.netsuite.certificates import PERMISSIONS

ROLE = Path(__file__).parents[2] / "netsuite" / "src" / "Objects" / "customrole_waybill_rest.xml"


def test_what_passes_in_the_sandbox_passes_with_the_permissions_of_our_role_alone() -> None:
    assert sorted(re.findall(r"<permkey>(\w+)</permkey>", ROLE.read_text())) == sorted(PERMISSIONS)
