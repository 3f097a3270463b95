"""Looking at many nodes at once, and never with a password that the first of them refuses: accounts lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Node = TypeVar("_Node")
_Seen = TypeVar("_Seen")

NODES_SIDE_BY_SIDE = 6


def each(look: Callable[[_Node], _Seen], nodes: Iterable[_Node]) -> list[_Seen]:
    """What is seen on each node, in their order: some at the same time."""
    with ThreadPoolExecutor(NODES_SIDE_BY_SIDE) as pool:
        return list(pool.map(look, nodes))


def first_alone(look: Callable[[_Node], _Seen], nodes: Iterable[_Node]) -> list[_Seen]:
    """The same where nobody has logged in yet: the others only after the first one let us in."""
    first, *others = nodes
    return [look(first), *each(look, others)]
