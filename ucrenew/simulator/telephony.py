"""Telephony of the cluster: phones, trust files, security mode, and what each service shows since its start (§4.2-4.4).

Rule 1: a service shows the certificate that it loaded when it started; installing one changes nothing yet (S26).
Rule 2: everything happens under the cluster's lock, and whoever looks lets first happen what is due.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from cryptography import x509

from ucrenew.simulator import phone as reasons
from ucrenew.simulator import telephony_tables
from ucrenew.simulator.churn import Churn
from ucrenew.simulator.faults import OldLists
from ucrenew.simulator.identity import fingerprint, self_signed
from ucrenew.simulator.node import REUSES_TOMCAT, SimulatedNode
from ucrenew.simulator.phone import Phone, populate
from ucrenew.simulator.registration import TVS_SERVICE, Registration
from ucrenew.simulator.telephony_scene import Group, Signer, cucm_nodes
from ucrenew.simulator.trust_files import CALLMANAGER_SERVICE, TFTP_SERVICE, TrustFiles, cucm_only, is_activated

if TYPE_CHECKING:
    from ucrenew.simulator.cluster import Cluster

# Which certificate a service loads (§4.2).
SERVICES = {
    CALLMANAGER_SERVICE: "CallManager",
    "Cisco CTIManager": "CallManager",
    "Cisco HAProxy": "CallManager",
    TFTP_SERVICE: "CallManager",
    TVS_SERVICE: "TVS",
    "Cisco Certificate Authority Proxy Function": "CAPF",
}
# "Phone Interaction on Certificate Update" acts when one of these changes (cucm_inside.md §E).
_TOUCHES_PHONES = frozenset({"CallManager", "CallManager-ECDSA", "TVS", "CAPF", "ITLRecovery"})
_HAS_INTERACTION = 14


@dataclass
class Parameters:
    """Enterprise parameters: whether phones are reset by themselves (14+, §4.1), and the rollback (§4.3)."""

    resets_phones: bool = True
    rollback: bool = False


class Telephony:
    """Everything about the phones of one cluster."""

    def __init__(self, cluster: Cluster) -> None:  # noqa: D107 - the class says it
        self.readings = cluster.readings
        self.parameters = Parameters()
        self.files = TrustFiles(self.readings)
        self.groups: tuple[Group, ...] = ()
        self.automatic_resets = 0
        self._cluster = cluster
        self._shown: dict[str, dict[str, x509.Certificate]] = {}
        self._last_change: dict[str, str] = {}
        self.asked: deque[dict[str, object]] = deque(maxlen=1000)
        self.churn = Churn(cluster.delays)
        self.registration = Registration((), self, cluster.delays, cluster.clock)

    @property
    def security_mode(self) -> int:
        """0 non-secure, 1 mixed (S24)."""
        return self.readings.security_mode

    @property
    def members(self) -> dict[str, SimulatedNode]:
        """The CUCM nodes by name, the publisher first."""
        return {node.name: node for node in cucm_only(self._cluster.nodes.values())}

    @property
    def publisher(self) -> SimulatedNode | None:
        """The node on which a CTL is made."""
        return next((node for node in self.members.values() if node.node.is_cucm_publisher), None)

    def begin(self) -> None:
        """Put up the phones of the scene."""
        scene = self._cluster.scene.telephony
        self.groups = scene.complete(cucm_nodes([node.node for node in self._cluster.nodes.values()]))
        if scene.security_mode:
            self.readings.security_mode = scene.security_mode
        self.files.signed_by = scene.signed_by
        self.furnish(self.groups)
        self._cluster.database.also = self._tables

    def furnish(self, groups: Iterable[Group]) -> None:
        """Replace all groups and phones; every phone has registered long ago."""
        self.groups = tuple(groups)
        self.files.ctl = None
        if self.security_mode == 1 and self.members:
            self.files.update_ctl(self.members.values(), self._cluster.clock(), self.files.signed_by)
        for node in self.members.values():
            self._load_files(node)
        phones = populate(self.groups)
        self.registration = Registration(phones, self, self._cluster.delays, self._cluster.clock)
        self.registration.begin()

    def welcome(self, node: SimulatedNode) -> None:
        """Follow a server that has joined."""
        self._cluster.scene.telephony.deactivate(node.node, node.services)
        node.on_service = partial(self._follow, node)
        self._load_all(node)
        if self.groups and node.name in self.members:
            self._load_files(node)

    def furnish_again(self) -> None:
        """Let everything be as if it had been so for long: services have loaded, phones know it."""
        with self._cluster.lock:
            for node in self.members.values():
                self._load_all(node)
            self.furnish(self.groups)

    def settle(self) -> None:
        """Let happen what is due; a cluster that somebody has set to mixed mode has a CTL, and phones know it."""
        with self._cluster.lock:
            if self.security_mode == 1 and self.files.ctl is None and self.members:
                self.files.update_ctl(self.members.values(), self._cluster.clock(), self.files.signed_by)
                for phone in self.registration.phones.values():
                    phone.ctl = self.files.ctl
            self.registration.settle()
            self.churn.settle(self.multi_server_nodes(), self._cluster.clock())

    def shown(self, node: SimulatedNode, service: str) -> x509.Certificate | None:
        """The certificate that a service loaded when it started."""
        return self._shown.get(node.name, {}).get(service)

    def known(self) -> frozenset[str]:
        """TVS vouches for every certificate of the cluster's own (§4.3); when it learns of a new one is [I] guess."""
        return frozenset(
            fingerprint(identity.certificate)
            for node in self.members.values()
            for identity in node.identities().values()
        )

    def multi_server_nodes(self) -> set[str]:
        """The nodes whose CallManager shows a multi-server certificate (CSCup28852)."""
        found = set()
        for node in self.members.values():
            identity = node.identities().get("CallManager")
            if identity and identity.multi_server and self.shown(node, CALLMANAGER_SERVICE) == identity.certificate:
                found.add(node.name)
        return found

    def certificate_changed(self, node: SimulatedNode, unit: str) -> None:
        """Follow a new own certificate: where Tomcat's is reused it is CallManager's too (§4.4)."""
        changed = REUSES_TOMCAT if unit == "tomcat" and node.reuse_tomcat else unit
        if changed not in _TOUCHES_PHONES or node.name not in self.members:
            return
        with self._cluster.lock:
            self.settle()
            if changed == "TVS" and node.major >= _HAS_INTERACTION and self.readings.tvs_restarts_itself:
                self._load(node, TVS_SERVICE)
            if self.readings.itl_rebuilt == "certificate-change":
                for member in self.members.values():
                    self._load_files(member)
            self._interact(node, changed)

    def update_ctl(self, account: str, by: Signer) -> None:
        """Write the CTL anew and note it with the CallManager certificate that it holds now (S25)."""
        with self._cluster.lock:
            members = self.members
            publisher = next(iter(members.values()))
            present = publisher.identities()["CallManager"].certificate
            self._cluster.ledger.write(
                "ctl-update", node=publisher.name, account=account, by=by, fingerprint=fingerprint(present)
            )
            self.files.update_ctl(members.values(), self._cluster.clock(), by)
            self.settle()

    def set_mixed_mode(self, account: str) -> None:
        """Move the cluster to mixed mode; phones learn of it at their next reset (§2.5)."""
        with self._cluster.lock:
            self.update_ctl(account, "tokenless")
            self.readings.security_mode = 1

    def reset(self, phones: Iterable[Phone], reason: int, *, account: str, what: str, scope: str) -> None:
        """Let phones start again because somebody asked for it: one entry of the ledger."""
        chosen = list(phones)
        self._note_reset(chosen, account, what, scope)
        with self._cluster.lock:
            self.settle()
            self.registration.reset(chosen, reason)

    def apply(self, phones: Iterable[Phone], *, account: str, what: str, scope: str) -> None:
        """Let phones fetch their files because somebody applied the configuration."""
        chosen = list(phones)
        self._note_reset(chosen, account, what, scope)
        with self._cluster.lock:
            self.settle()
            self.registration.fetch(chosen)

    def regenerate(self, node: SimulatedNode, unit: str, account: str) -> None:
        """`set cert regen`: a new self-signed certificate on this node alone; a CSR of it is gone (cucm_inside.md §E).

        With the old key, because nobody here looks at it and a new one costs time.
        """
        old = node.installed[unit]
        name = f"{node.node.host}{'-EC' if unit.endswith('-ECDSA') else ''}.{self._cluster.scene.domain}"
        made = self_signed(name, old.key, self._cluster.clock(), names=(node.name,))
        self._cluster.ledger.write(
            "regenerate", node=node.name, account=account, purpose=unit, fingerprint=fingerprint(made.certificate)
        )
        with self._cluster.lock:
            node.installed[unit] = made
            node.requests.pop(unit, None)
            self._cluster.database.add(node, unit, made.certificate)
        self.certificate_changed(node, unit)

    def _note_reset(self, phones: list[Phone], account: str, what: str, scope: str) -> None:
        node = next(iter(self.members))
        self._cluster.ledger.write(
            "phone-reset", node=node, account=account, what=what, scope=scope, phones=len(phones)
        )

    def _tables(self, connection: sqlite3.Connection, statement: str) -> None:
        self.settle()
        telephony_tables.fill(connection, statement, self)

    def _interact(self, node: SimulatedNode, unit: str) -> None:
        """Phones are reset by themselves, once for each certificate (cucm_inside.md §E)."""
        certificate = fingerprint(node.identities()[unit].certificate)
        if self._last_change.get(unit) == certificate:
            return
        self._last_change[unit] = certificate
        if node.major >= _HAS_INTERACTION and self.parameters.resets_phones:
            self.automatic_resets += 1
            self.registration.reset(self.registration.phones.values(), reasons.CALLMANAGER_RESET)

    def _follow(self, node: SimulatedNode, service: str) -> None:
        """A service of a node has changed its state."""
        if service not in SERVICES:
            return
        with self._cluster.lock:
            if node.is_up(service):
                self._load(node, service)
            self.settle()
            if node.is_up(service) and service == TFTP_SERVICE:
                self._load_files(node)
                self.registration.fetch_from(node)
            elif node.is_up(service):
                self.registration.retry()

    def _load_all(self, node: SimulatedNode) -> None:
        for service in filter(node.is_up, SERVICES):
            self._load(node, service)

    def _load(self, node: SimulatedNode, service: str) -> None:
        """Let a service read its certificate."""
        identity = node.identities().get(SERVICES[service])
        if identity:
            self._shown.setdefault(node.name, {})[service] = identity.certificate

    def _load_files(self, node: SimulatedNode) -> None:
        if is_activated(node, TFTP_SERVICE) and not node.faults.has(OldLists):
            now: datetime = self._cluster.clock()
            self.files.load(node, self.members.values(), now, blank=self.parameters.rollback)
