"""Depots for the commands about purchase orders."""

from tests.purchase.conftest import make_depot, openssh

__all__ = ["make_depot", "openssh"]
