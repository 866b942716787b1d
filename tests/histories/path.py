"""What a path of a recorded history is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Path:
    """A path: its play, and the tenant's settings that it needs.

    The play is given a town whose workers run, or a depot where the path `has_files`, and returns the workflow's id.
    """

    play: Callable[[Any], Awaitable[str]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    has_files: bool = False
    is_long: bool = False
    """Whether it has more steps than can be waited for where each replays the whole history."""
