"""A fact that the reference only infers, as an attribute that switches between the readings (design.md §6).

Rule 1: each names the line of the reference that leaves it open, and says what is open there.
Rule 2: the first setting is the one that is thought likeliest; ``free`` ones take other words too.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias, TypeVar

Asks: TypeAlias = Literal["nothing", "yes-no", "y-n"]
_T = TypeVar("_T")


def reading(default: _T, *others: _T, source: str, says: str, free: bool = False) -> _T:
    """A field with its settings, where the reference leaves it open, and what is open there."""
    return field(
        default=default,
        metadata={"settings": (default, *others), "source": source, "says": says, "free": free},
    )
