"""The tokens that the systems have issued, as far as somebody wants them void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.database import Database

TOKEN_TABLES: Final = {"hotwax": "token", "netsuite": "nsToken"}
"""Where each system keeps its tokens."""


def void_tokens(database: Database, system: str) -> int:
    """Let every token of a system end now (Retail Pro issues none: HotWax's), and return how many there are."""
    table = TOKEN_TABLES.get(system, "token")
    return database.run(f"UPDATE {table} SET expires = 0")  # noqa: S608 - the tables are named above
