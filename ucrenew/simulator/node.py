"""One node: services, identities, trust, pending requests and every attribute that can be bent.

Rule 1: ``installed`` is what the files hold, ``running`` is what Tomcat loaded when it last started (S19, S20).
Rule 2: only the cluster changes a node, under its lock; the views read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from cryptography import x509

from ucrenew.domain.cluster import Node, Product
from ucrenew.simulator.csr import ECDSA, PendingRequest
from ucrenew.simulator.faults import Faults, SshRefused
from ucrenew.simulator.identity import Identity
from ucrenew.simulator.services import TOMCAT, Service, State
from ucrenew.simulator.trust import TrustEntry, TrustStore, issuers

REUSES_TOMCAT = "CallManager"
TOMCAT_UNITS = ("tomcat", "tomcat" + ECDSA)


class FanOut(StrEnum):
    """What becomes of a change that another node sends here (cucm_inside.md §A.1)."""

    NORMAL = "normal"
    MISSED = "missed"
    BROKEN = "broken"


@dataclass(frozen=True)
class Served:
    """One certificate as Tomcat serves it: leaf first, then the intermediates it found, and the key."""

    identity: Identity
    intermediates: tuple[x509.Certificate, ...]


@dataclass(eq=False)
class SimulatedNode:
    """A server of the cluster and all that is true about it."""

    node: Node
    address: str
    version: str
    services: dict[str, Service]
    clock: Callable[[], datetime]
    installed: dict[str, Identity] = field(default_factory=dict)
    running: dict[str, Served] = field(default_factory=dict)
    requests: dict[str, PendingRequest] = field(default_factory=dict)
    trust: dict[str, TrustStore] = field(default_factory=dict)
    booted_at: datetime = field(init=False)
    # How often Tomcat has loaded its files: a new number means a new TLS context.
    loaded: int = 0

    # Facts that a preflight looks at; a test bends them.
    sso: bool = False
    recovery_url: bool = True
    replication: int = 2
    clock_skew: float = 0.0
    disk_used_percent: int = 38
    backup_running: bool = False
    last_backup: date | None = None
    time_zone: str = "Etc/UTC"
    cli_latency: float = 0.0
    fan_out: FanOut = FanOut.NORMAL
    reachable: bool = True
    reuse_tomcat: bool = False

    # Faults and readings.
    faults: Faults = field(default_factory=Faults)
    prompt_needs_nudge: bool = False
    privilege: int = 1

    # What fan-out has not brought yet, oldest first, and who is told when ports may have to open or close.
    late: deque[Callable[[], None]] = field(default_factory=deque)
    on_change: Callable[[], None] = field(default=lambda: None)
    on_service: Callable[[str], None] = field(default=lambda _: None)

    def __post_init__(self) -> None:
        """Note when the node came up and load what Tomcat serves."""
        self.booted_at = self.clock()

    @property
    def name(self) -> str:
        """The fully qualified name."""
        return self.node.name

    @property
    def major(self) -> int:
        """The release, as in 15 of 15.0.1.11900-40."""
        return int(self.version.partition(".")[0])

    def is_before_14su2(self) -> bool:
        """14SU2, with which labels and the rules of the command line changed, is 14.0.1.12900 [D; the number is I]."""
        return self._release() < [14, 0, 1, 12900]

    def file_of(self, entry: TrustEntry) -> str:
        """How a file of a trust store is called: with the serial from 14SU1 [D] on, which is 14.0.1.11900 [I]."""
        return entry.file(with_serial=self._release() >= [14, 0, 1, 11900])

    def _release(self) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", self.version)[:4]]

    def now(self) -> datetime:
        """What the node's own clock shows."""
        return self.clock() + timedelta(seconds=self.clock_skew)

    def has_certificate_api(self) -> bool:
        """The REST API exists from release 14 (cucm.md §1.1)."""
        return self.major >= 14  # noqa: PLR2004

    def store(self, unit: str) -> TrustStore:
        """The trust store of ``unit``, made when first asked for; ECDSA shares the one of RSA (cucm.md §4.2)."""
        return self.trust.setdefault(f"{unit.removesuffix(ECDSA)}-trust", TrustStore())

    def find_trust(self, store: str, file: str) -> TrustEntry | None:
        """The file of a trust store by its name, with or without `.pem`."""
        held = self.trust.get(store)
        entries = held.entries() if held else ()
        return next((one for one in entries if self.file_of(one) in {file, f"{file}.pem"}), None)

    def is_up(self, service: str) -> bool:
        """Whether a service is started."""
        return service in self.services and self.services[service].state is State.STARTED

    def answers(self, *services: str) -> bool:
        """Whether another node reaches these services of it."""
        return self.reachable and all(self.is_up(service) for service in services)

    def opens_ssh(self) -> bool:
        """Whether the SSH port is open."""
        return self.reachable and not self.faults.has(SshRefused)

    def go_down(self) -> None:
        """Become unreachable."""
        self.reachable = False
        self.changed()

    def load_tomcat(self) -> None:
        """Let Tomcat read its files, as it does whenever it starts: only now a new certificate is served (S19)."""
        for unit in TOMCAT_UNITS:
            if unit in self.installed:
                identity = self.installed[unit]
                found, _ = issuers(identity.certificate, self.store("tomcat").certificates())
                between = tuple(one for one in found if one.issuer != one.subject)
                self.running[unit] = Served(identity, between)
        self.loaded += 1

    def changed(self) -> None:
        """Follow a change of services: Tomcat loads its files when it has started, ports open or close."""
        self.on_change()

    def service_changed(self, name: str) -> None:
        """Follow a change of one service's state."""
        if name == TOMCAT and self.is_up(TOMCAT):
            self.load_tomcat()
        self.on_service(name)
        self.changed()

    def identities(self) -> dict[str, Identity]:
        """Own certificates in the order of `show cert list own` (cucm.md §2.4).

        Where Tomcat's is reused, CallManager's is Tomcat's, now and after every later upload (cucm.md §4.4).
        """
        if self.reuse_tomcat and REUSES_TOMCAT in self.installed:
            return {**self.installed, REUSES_TOMCAT: self.installed["tomcat"]}
        return dict(self.installed)


def own_units(product: Product, *, ecdsa: bool) -> tuple[str, ...]:
    """The identities of a node: `show cert list own` of a real 15 server and the IM&P additions (cucm.md §2.4)."""
    common = ("tomcat", *(["tomcat" + ECDSA] if ecdsa else []), "ipsec")
    if product is Product.CUCM:
        return (*common, "ITLRecovery", "CallManager-ECDSA", "CallManager", "CAPF", "TVS")
    return (*common, "cup", "cup-ECDSA", "cup-xmpp", "cup-xmpp-ECDSA", "cup-xmpp-s2s", "cup-xmpp-s2s-ECDSA")
