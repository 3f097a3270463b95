"""The ITL and CTL files of the cluster: what goes into them, who signs, which TFTP serves which (cucm.md §2.5, §4.3).

Rule 1: a CTL holds the certificates of the time of its update and follows nothing by itself (S25).
Rule 2: TFTP serves the ITL that it wrote when it last started, if the reading does not say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from ucrenew.domain.cluster import Product
from ucrenew.simulator.identity import new_key
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.phone_readings import PhoneReadings
from ucrenew.simulator.services import NOT_ACTIVATED
from ucrenew.simulator.telephony_scene import Signer
from ucrenew.simulator.trust_list import CAPF, CCM_TFTP, SAST, TFTP, TVS, Record, TrustList, unique

CALLMANAGER_SERVICE = "Cisco CallManager"
TFTP_SERVICE = "Cisco Tftp"
_ITLRECOVERY_SIGNS = (12, 0)
_ONE_ITLRECOVERY = (12, 5)
_ONE_CAPF = (14,)


class TrustFiles:
    """The two files, as they are on the nodes' disks and as TFTP serves them."""

    def __init__(self, readings: PhoneReadings) -> None:  # noqa: D107 - the class says it
        self.ctl: TrustList | None = None
        self.signed_by: Signer = "tokenless"
        self.itl: dict[str, TrustList] = {}
        self._served_ctl: dict[str, TrustList | None] = {}
        self._readings = readings

    def load(self, node: SimulatedNode, nodes: Iterable[SimulatedNode], now: datetime, *, blank: bool) -> None:
        """Let TFTP of this node write its ITL and take up the CTL, as it does when it starts."""
        made = self._itl(node, list(nodes), now, blank=blank)
        if not made.same_certificates(self.itl.get(node.name)):
            self.itl[node.name] = made
        self._served_ctl[node.name] = self.ctl

    def served_ctl(self, node: SimulatedNode) -> TrustList | None:
        """The CTL that a phone gets from this node."""
        at_once = self._readings.tftp_serves_ctl == "at-once"
        return self.ctl if at_once else self._served_ctl.get(node.name)

    def update_ctl(self, nodes: Iterable[SimulatedNode], now: datetime, signed_by: Signer) -> TrustList:
        """Write the CTL anew from the certificates of this moment."""
        members = list(nodes)
        publisher = members[0]
        signer = self._tokens[0] if signed_by == "token" else self._signer(publisher, members)
        administrators = self._tokens if signed_by == "token" else (signer, self._recovery(publisher, members))
        servers = [one for node in members for one in self._servers(node)]
        authorities = [self._record(CAPF, node, CAPF) for node in self._authorities(members)]
        records = (*unique(administrators), *servers, *authorities)
        self.signed_by = signed_by
        self.ctl = TrustList("CTL", records, signer, now)
        return self.ctl

    def _itl(self, node: SimulatedNode, nodes: list[SimulatedNode], now: datetime, *, blank: bool) -> TrustList:
        """ITL as §4.3 lists it; while the cluster is prepared for rollback, TVS and TFTP sections are empty."""
        signer = self._signer(node, nodes)
        records = [signer, self._recovery(node, nodes)]
        if not blank:
            records += self._servers(node)
            records += [self._record(TVS, one, TVS) for one in nodes]
        records += [self._record(CAPF, one, CAPF) for one in self._authorities(nodes)]
        return TrustList("ITL", unique(records), signer, now, blank)

    def _signer(self, node: SimulatedNode, nodes: list[SimulatedNode]) -> Record:
        """CallManager before 12.0, ITLRecovery from then on (§2.6)."""
        if release(node) >= _ITLRECOVERY_SIGNS and self._readings.itl_signer == "release":
            return self._recovery(node, nodes)
        return self._record(SAST, node, "CallManager")

    def _recovery(self, node: SimulatedNode, nodes: list[SimulatedNode]) -> Record:
        """ITLRecovery: one, made by the publisher, from 12.5 (§2.6)."""
        return self._record(SAST, nodes[0] if release(node) >= _ONE_ITLRECOVERY else node, "ITLRecovery")

    def _authorities(self, nodes: list[SimulatedNode]) -> list[SimulatedNode]:
        """CAPF: the publisher's only, from 14 (§2.6)."""
        return nodes[:1] if release(nodes[0]) >= _ONE_CAPF else nodes

    def _servers(self, node: SimulatedNode) -> Iterator[Record]:
        """The CallManager certificate of a node, if it calls or serves files."""
        calls, files = (is_activated(node, name) for name in (CALLMANAGER_SERVICE, TFTP_SERVICE))
        if calls or files:
            yield self._record(CCM_TFTP if calls else TFTP, node, "CallManager")

    def _record(self, function: str, node: SimulatedNode, unit: str) -> Record:
        return Record(function, node.identities()[unit].certificate, node.node.host)

    @cached_property
    def _tokens(self) -> tuple[Record, Record]:
        """Two USB tokens, by the names that real ones have (§2.5 [T]); an update needs only one of them."""
        return _token("SAST-ADN0054f509"), _token("SAST-ADN008580ef")


def release(node: SimulatedNode) -> tuple[int, ...]:
    """The release as numbers, as in (15, 0, 1, 11900, 40)."""
    return tuple(int(part) for part in re.findall(r"\d+", node.version))


def is_activated(node: SimulatedNode, service: str) -> bool:
    """Whether a service is there and activated, running or not."""
    return service in node.services and node.services[service].reason != NOT_ACTIVATED


def cucm_only(nodes: Iterable[SimulatedNode]) -> list[SimulatedNode]:
    """The nodes that phones have to do with, the publisher first."""
    chosen = [node for node in nodes if node.node.product is Product.CUCM]
    return sorted(chosen, key=lambda node: not node.node.is_cucm_publisher)


def _token(name: str) -> Record:
    key = new_key(elliptic=True, length=256)
    start = datetime(2012, 5, 1).astimezone()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name, unit="IPCBU"))
        .issuer_name(_name("Cisco Manufacturing CA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 25))
    )
    return Record(SAST, builder.sign(key, hashes.SHA256()))


def _name(common_name: str, *, unit: str | None = None) -> x509.Name:
    parts = [(NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATIONAL_UNIT_NAME, unit)]
    parts.append((NameOID.ORGANIZATION_NAME, "Cisco Systems"))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])
