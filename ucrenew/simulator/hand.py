"""The hand behind the scene, as the control API and the management page lend it out: nodes, faults, the CTL client.

Rule: what cannot be done is refused with a sentence and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ucrenew.simulator import faults
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.bend import Bender, CannotBend
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.trust_files import release

# The CTL client is gone from 14, tokens from 14SU3 (cucm.md §2.6 [D]); its number is [I] by D221070.
_NO_TOKENS = (14, 0, 1, 13900)


class Unknown(Exception):
    """There is nothing of that name."""


class Hand:
    """Bends one scene; ``bend`` has all of it but the faults."""

    def __init__(self, cluster: Cluster, authority: Authority) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self.bend = Bender(cluster, authority)

    def node(self, name: str) -> SimulatedNode:
        """A node by its full name; raises Unknown."""
        found = self._cluster.nodes.get(name.lower())
        if found is None:
            message = f"There is no node {name}"
            raise Unknown(message)
        return found

    def fault(self, told: Mapping[str, object]) -> SimulatedNode:
        """Set a fault or take it away (faults.py); the node that has it, the first where all have.

        Raises ValueError, Unknown or CannotBend.
        """
        everywhere = told == {"kind": "all", "on": False}
        nodes = list(self._cluster.nodes.values()) if everywhere else [self.node(str(told.get("node")))]
        fault = None if told.get("on") is False else faults.read(told)
        if isinstance(fault, faults.Stuck) and fault.service not in nodes[0].services:
            message = f"{nodes[0].name} has no service {fault.service}"
            raise CannotBend(message)
        for node in nodes:
            if fault:
                node.faults.set(fault)
            else:
                node.faults.clear(str(told.get("kind")))
            node.changed()
        return nodes[0]

    def run_ctl_client(self, account: str) -> None:
        """The CTL client on somebody's Windows machine, with a token in it (S25). Raises CannotBend."""
        telephony = self._cluster.telephony
        with self._cluster.lock:
            telephony.settle()
            publisher = telephony.publisher
            if publisher is None or telephony.security_mode != 1:
                raise CannotBend("The cluster is not in mixed mode, so the CTL client has nothing to update")
            if release(publisher) >= _NO_TOKENS:
                raise CannotBend("This release takes no CTL that a token signs")
            telephony.update_ctl(account, "token")
