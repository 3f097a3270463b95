"""Everything that a step needs of the world: the profile, ways to the nodes and the CA, the record, clock and wait.

Whom we talk to is verified before any credential leaves: clients/tls.py decides, once a session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from cryptography import x509 as crypto

from ucrenew.clients import platform_cli, tls
from ucrenew.clients.certmgr import CertificateManager
from ucrenew.clients.certsrv import CertSrv
from ucrenew.clients.controlcenter import ControlCenter
from ucrenew.clients.controlcenter_actions import ServiceControl
from ucrenew.clients.risport import Allowance, RisPort
from ucrenew.credentials import BlockReader, password_of
from ucrenew.domain import x509
from ucrenew.errors import BadInput, LoginRefused
from ucrenew.profile import Account, ClusterNode, Profile, Trust

if TYPE_CHECKING:
    from ucrenew.clients.axl import Axl

HTTPS = 443


@dataclass
class Site:
    """One cluster and its CA, as one process sees them."""

    profile: Profile
    read_block: BlockReader
    say: Callable[[str], None]
    wait: Callable[[float], object]  # seconds
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    fence: Callable[[], None] = lambda: None  # called immediately before every act; does not return to a stale process
    installed_leaves: frozenset[str] = frozenset()  # fingerprints of the leaves that renewals of ours installed
    discovered: tuple[ClusterNode, ...] = ()  # nodes that only the publisher named
    refused: str = ""  # what was said when a login was refused: no password leaves any more, because accounts lock

    def entry(self, name: str) -> ClusterNode:
        """How a node is reached, whether the profile names it or the publisher did. Raises BadInput."""
        return next((found for found in self.discovered if found.name == name), None) or self.profile.entry(name)

    def rest(self, entry: ClusterNode) -> CertificateManager:
        """The node's certificate API over a session that trusts this node and nobody else."""
        endpoint, session = self._trusted(entry, entry.https_port)
        user, password = self._credentials(self.profile.accounts.platform)
        return CertificateManager(endpoint, session, user, password)

    def control_center(self, entry: ClusterNode) -> ControlCenter | None:
        """The node's Control Center over a session of the same kind; None where the profile names no user for it."""
        reached = self._application(entry)
        return ControlCenter(*reached) if reached else None

    def service_control(self, entry: ClusterNode) -> ServiceControl | None:
        """The same with a hand on the services: for steps that act."""
        reached = self._application(entry)
        return ServiceControl(*reached) if reached else None

    def risport(self, publisher: ClusterNode) -> RisPort | None:
        """Which phones are registered; None where the profile names no application user."""
        reached = self._application(publisher)
        return RisPort(*reached, wait=self.wait, allowance=self._allowance) if reached else None

    def axl(self, publisher: ClusterNode, version: str = "") -> Axl | None:
        """What the database says; ``version`` is the publisher's release. None where there is no application user."""
        from ucrenew.clients.axl import Axl  # noqa: PLC0415 - zeep takes its time, and most runs ask for no phones

        reached = self._application(publisher)
        return Axl(*reached, wait=self.wait, version=version) if reached else None

    def cli(self, entry: ClusterNode) -> platform_cli.PlatformCli:
        """The node's ``admin:`` prompt; use it in a ``with``."""
        user, password = self._credentials(self.profile.accounts.platform)
        host_keys = frozenset((*self.profile.trust.ssh_host_keys, *entry.trust.ssh_host_keys))
        try:
            return platform_cli.connect(
                entry.host,
                entry.ssh_port,
                name=entry.name,
                user=user,
                password=password,
                host_keys=host_keys,
                login_deadline=self.profile.limits.prompt,
            )
        except LoginRefused as refused:
            self.refused = str(refused)  # for those who look side by side
            raise

    @cached_property
    def authority(self) -> CertSrv:
        """The CA's web pages. Raises BadInput for a CA that has none: a person does its part."""
        account = self.profile.accounts.ca
        if account is None or self.profile.ca.is_by_hand:
            raise BadInput(f"{self.profile.cluster}: the profile's CA is {self.profile.ca}: there are no pages to ask")
        parts = urlsplit(self.profile.ca.url)
        host = parts.hostname or ""
        endpoint = tls.Endpoint(host, host, parts.port or HTTPS)
        decision = tls.decide_trust(endpoint, self._anchors(self.profile.ca.trust))
        self._tell(endpoint, decision)
        user, password = self._credentials(account)
        session = tls.trusted_session(endpoint, decision)
        return CertSrv(self.profile.ca.url, session, user, password, logon=self.profile.ca.logon)

    @cached_property
    def _allowance(self) -> Allowance:
        return Allowance(self.clock, self.wait)

    @cached_property
    def known_chain(self) -> tuple[crypto.Certificate, ...]:
        """The certificates of the profile's chain file; empty when it names none."""
        return self.profile.chain()

    def presented(self, entry: ClusterNode, port: int) -> crypto.Certificate:
        """The certificate that a port presents now, unverified: for comparing, nothing is sent."""
        return tls.presented_certificate(tls.Endpoint(entry.name, entry.host, port), key_type="rsa")

    def proven(self, entry: ClusterNode, port: int, root: crypto.Certificate) -> crypto.Certificate:
        """The leaf of a fresh connection that trusts this root only. Raises Untrusted when it does not verify."""
        endpoint = tls.Endpoint(entry.name, entry.host, port)
        return tls.served_chain_is_valid(endpoint, roots_pem=x509.pem(root))

    def _application(self, entry: ClusterNode) -> tuple[tls.Endpoint, requests.Session, str, str] | None:
        """Where and as whom SOAP is spoken, on port 8443 (cucm.md §3)."""
        if self.profile.accounts.application is None:
            return None
        endpoint, session = self._trusted(entry, entry.tomcat_port)
        return endpoint, session, *self._credentials(self.profile.accounts.application)

    def _credentials(self, account: Account) -> tuple[str, str]:
        if self.refused:
            raise LoginRefused(self.refused)
        return account.user, password_of(self.profile, account, self.read_block)

    def _trusted(self, entry: ClusterNode, port: int) -> tuple[tls.Endpoint, requests.Session]:
        endpoint = tls.Endpoint(entry.name, entry.host, port)
        decision = tls.decide_trust(endpoint, self._anchors(entry.trust, self.profile.trust))
        self._tell(endpoint, decision)
        return endpoint, tls.trusted_session(endpoint, decision)

    def _tell(self, endpoint: tls.Endpoint, decision: tls.TrustDecision) -> None:
        if decision.note:
            self.say(f"{endpoint.name}: {decision.note}")

    def _anchors(self, *trusts: Trust) -> tls.TrustAnchors:
        files = [self.profile.certificates_of(trust.ca_file) for trust in trusts if trust.ca_file]
        authorities = "".join(x509.pem(one) for file in files for one in file)
        pins = frozenset(pin for trust in trusts for pin in trust.sha256)
        return tls.TrustAnchors(ca_pem=authorities or None, pins=pins, leaves=self.installed_leaves)
