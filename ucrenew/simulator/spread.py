"""How a change reaches the other nodes, and what becomes of it on the way (cucm_inside.md §A, §C).

Rule 1: what a node misses is kept for it in order; a broken way stays broken until it is mended from outside.
Rule 2: nothing here is in the ledger: it was the call at one node that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ucrenew.simulator.node import FanOut, SimulatedNode
from ucrenew.simulator.pace import Delays, Pace
from ucrenew.simulator.services import ADMINISTRATIVE_WEB, CHANGE_NOTIFICATION, TOMCAT

Put = Callable[[SimulatedNode], None]


class Spread:
    """The ways between the nodes: within a call by HTTPS, or afterwards by certificate change notification."""

    def __init__(self, pace: Pace, delays: Delays) -> None:  # noqa: D107 - the class says it
        self._pace = pace
        self._delays = delays

    def within_call(self, put: Put, first: SimulatedNode, others: Iterable[SimulatedNode]) -> list[str]:
        """Bring a CSR or an identity to the nodes it is for; the names of those that have it.

        The way is HTTPS between the nodes, so both web services have to be up there (cucm_inside.md §C [I]). One that
        cannot be reached is left out of the answer and never told ([I]: no failure text is known).
        """
        put(first)
        names = [first.name]
        for other in others:
            if not self.reaches(other):
                continue
            if other.fan_out is FanOut.NORMAL:
                put(other)
                names.append(other.name)
            else:
                self._delay(other, put)
        return names

    def reaches(self, other: SimulatedNode) -> bool:
        """Whether another node can be reached within a call."""
        return other.answers(TOMCAT, ADMINISTRATIVE_WEB)

    def notify(self, put: Put, others: Iterable[SimulatedNode]) -> None:
        """Certificate change notification: 1-2 s, up to 1800 s when missed, never when broken (cucm_inside.md §A.1)."""
        for other in others:
            if other.fan_out is FanOut.NORMAL and other.answers(CHANGE_NOTIFICATION):
                self._later(other, put)
            else:
                self._delay(other, put)

    def bend(self, node: SimulatedNode, fan_out: FanOut) -> None:
        """Bend what reaches ``node``; back to normal delivers what it missed, in order."""
        node.fan_out = fan_out
        if fan_out is FanOut.NORMAL:
            _resync(node)

    def _later(self, node: SimulatedNode, put: Put) -> None:
        self._pace.later(self._delays.fan_out_seconds, lambda: put(node))

    def _delay(self, node: SimulatedNode, put: Put) -> None:
        node.late.append(lambda: put(node))
        if node.fan_out is not FanOut.BROKEN:
            self._pace.later(self._delays.resync_seconds, lambda: _resync(node))


def _resync(node: SimulatedNode) -> None:
    """The full resynchronisation of every 30 minutes brings what was missed (cucm_inside.md §A)."""
    while node.fan_out is not FanOut.BROKEN and node.answers(CHANGE_NOTIFICATION) and node.late:
        node.late.popleft()()
