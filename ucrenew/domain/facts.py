"""What was seen on a cluster at one moment: plain records that the rules judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ucrenew.domain.cluster import Node
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.plan import Plan


@dataclass(frozen=True)
class NodeFacts:
    """One node as its REST API, its CLI and its TLS ports show it."""

    node: Node
    version: str
    services: Mapping[str, str]  # name -> STARTED, STOPPED ...
    sso_enabled: bool | None  # None: the answer was in no form that we know
    clock_skew_seconds: float | None  # the node's clock less ours, by the REST reply's Date
    disk_used_percent: int | None
    identity: x509.Certificate | None  # installed for the purpose
    csr: x509.CertificateSigningRequest | None
    replication: Mapping[str, int]  # on a publisher: host -> the number in brackets, 2 is good
    served: Mapping[int, str]  # port -> SHA-256 of what it presents
    replication_complete: bool = True  # on a publisher: set up on every row, and all of its services run
    callmanager: x509.Certificate | None = None  # installed for CallManager, looked at when the purpose is tomcat
    reuse_unknown: bool = False  # REST shows none, as under reuse, and the CLI was not allowed to say more
    may_write: bool | None = None  # of the platform account; None: not known, or a person does all the writing
    trust: tuple[x509.Certificate, ...] = ()  # the purpose's trust store
    recovery_url: bool | None = None  # of single sign-on; None: not shown

    @property
    def reuses_tomcat(self) -> bool:
        """Whether CallManager's certificate is this one, of Tomcat: the same bytes, or its serial (cucm.md §4.4)."""
        tomcat, callmanager = self.identity, self.callmanager
        if tomcat is None or callmanager is None:
            return False
        return tomcat == callmanager or tomcat.serial_number == callmanager.serial_number

    def started(self, service: str) -> bool:
        """True when Service Manager says so."""
        return self.services.get(service) == "STARTED"


@dataclass(frozen=True)
class ClusterFacts:
    """The cluster at the moment ``at`` (UTC)."""

    at: datetime
    nodes: tuple[NodeFacts, ...]
    members: tuple[str, ...]  # names that the publisher lists as its cluster
    replication: Mapping[str, int]  # of every publisher's database: host -> the number in brackets
    last_backup: datetime | None
    backup_running: bool
    backup_max_age_days: int
    trust_expires_soon_days: int = 30
    phones: PhoneFacts | None = None  # looked at where the purpose is one that phones rest on
    sso_is_driven: bool = False  # this renewal switches single sign-on off and on: being on is no reason to stop

    @property
    def publisher(self) -> NodeFacts:
        """The CUCM publisher: certificates of the whole cluster are handled there."""
        return next(facts for facts in self.nodes if facts.node.is_cucm_publisher)


@dataclass(frozen=True)
class CsrFacts:
    """A request as it was read back, and the plan it has to satisfy."""

    csr: x509.CertificateSigningRequest
    plan: Plan


@dataclass(frozen=True)
class IssuedFacts:
    """A certificate that came back from the CA, with everything it is compared with."""

    leaf: x509.Certificate
    csr: x509.CertificateSigningRequest
    chain: tuple[x509.Certificate, ...]  # root first, as far as it could be built
    trusted_roots: tuple[x509.Certificate, ...]  # from the profile's chain file; empty: none is demanded
    at: datetime
    at_hand: tuple[x509.Certificate, ...] = ()  # everything that the chain was looked for in
