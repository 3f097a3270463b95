"""What a watch saw of one cluster, and what its profile expects there: plain records that the rules judge (S31)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509 as crypto

from ucrenew.domain.cluster import Node
from ucrenew.domain.due import THIRD, Lead
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.windows import Window

Certificates = tuple[crypto.Certificate, ...]


@dataclass(frozen=True)
class NodeSeen:
    """One node; what could not be looked at is empty, and ``troubles`` says why."""

    node: Node
    identities: Mapping[str, crypto.Certificate] = field(default_factory=dict)  # by the service's name
    requests: Mapping[str, crypto.CertificateSigningRequest] = field(default_factory=dict)
    trust: Mapping[str, Certificates] = field(default_factory=dict)  # by the store's name
    served: Mapping[int, crypto.Certificate] = field(default_factory=dict)  # by port, of Tomcat
    troubles: tuple[str, ...] = ()
    shows_certificates: bool = True  # False: nothing is known of identities, requests and trust


@dataclass(frozen=True)
class Expected:
    """What the profile says of its cluster's certificates."""

    common_name: str
    names: Mapping[Purpose, frozenset[str]]  # of the purposes that we renew: what each certificate has to name
    lead: Lead = THIRD
    windows: tuple[Window, ...] = ()
    trust_expires_soon: timedelta = timedelta(days=30)
    request_is_old: timedelta = timedelta(days=10)  # S14: after ten days a Microsoft CA's pages forget it


@dataclass(frozen=True)
class ClusterSeen:
    """One cluster at the moment ``at`` (UTC)."""

    cluster: str
    at: datetime
    nodes: tuple[NodeSeen, ...]
    expected: Expected
    listed: tuple[str, ...] | None = None  # names that the publisher lists as its cluster; None: not known
    public_roots: frozenset[str] = frozenset()  # fingerprints of roots that browsers know
    # When a request was seen first, by its fingerprint: only who looks again and again can tell (the watch).
    first_seen: Mapping[str, datetime] = field(default_factory=dict)

    def holders(self, service: str) -> Iterator[tuple[NodeSeen, crypto.Certificate]]:
        """The nodes that hold an identity of this service, each with it."""
        for seen in self.nodes:
            if service in seen.identities:
                yield seen, seen.identities[service]

    @property
    def services(self) -> tuple[str, ...]:
        """Every service of which a node holds an identity, in the order met."""
        return tuple(dict.fromkeys(service for seen in self.nodes for service in seen.identities))
