"""Chance that can be repeated: the same seed and name give the same draw, whatever else was drawn."""

from __future__ import annotations

import hashlib


def draw(seed: int, name: str) -> float:
    """Return the draw of a name under a seed, in [0, 1)."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()) / 2**64
