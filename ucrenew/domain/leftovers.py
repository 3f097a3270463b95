"""What lies in the trust stores after a renewal: leftovers of S28, ended certificates, and what nothing needs.

Everything here is reported. It is deleted only behind a gate, and the leaf's own copy is never among it: the cluster
keeps one in every trust store (S28, seed's certificate list).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.purpose import Purpose

Certificates = tuple[crypto.Certificate, ...]


class Covered(Protocol):
    """What has to be known of a certificate to tell its nodes' old ones: a plan says it, or whoever looks."""

    @property
    def purpose(self) -> Purpose:
        """What it is for."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes by their names."""

    @property
    def common_name(self) -> str:
        """The subject's, on all of them."""


@dataclass(frozen=True)
class CoveredNodes:
    """The same where there is no plan."""

    purpose: Purpose
    nodes: tuple[str, ...]
    common_name: str


@dataclass(frozen=True)
class StoreFacts:
    """The trust stores of a purpose after its renewal, and what of the cluster builds on them."""

    plan: Covered
    leaf: crypto.Certificate
    chain: Certificates  # root first
    stores: Mapping[str, Certificates]  # node -> what its trust store holds
    at: datetime
    in_use: Certificates = ()  # identities of the nodes for this and other purposes, as far as they were looked at
    expires_soon: timedelta = timedelta(days=30)


def leftovers(facts: StoreFacts, node: str) -> Certificates:
    """Old self-signed certificates of the cluster's nodes that nothing serves any more (S28, CSCur97909)."""
    kept_for = {facts.leaf, *facts.in_use}
    return tuple(kept for kept in facts.stores[node] if kept not in kept_for and _is_of_a_node(kept, facts.plan))


def unneeded(facts: StoreFacts, node: str) -> Certificates:
    """What neither the chain nor any certificate of the cluster builds on, as far as we see, beside the leftovers.

    Other things may need it: LDAP, licensing, a neighbour's certificate. A person decides.
    """
    store = facts.stores[node]
    needed = {facts.leaf, *facts.chain, *facts.in_use, *_builds_on((facts.leaf, *facts.in_use), store)}
    return tuple(kept for kept in store if kept not in needed and not _is_of_a_node(kept, facts.plan))


def check_stores(facts: StoreFacts) -> tuple[Finding, ...]:
    """All of it as warnings, node by node."""
    return tuple(finding for node in facts.stores for finding in _check_store(facts, node))


def _check_store(facts: StoreFacts, node: str) -> Iterable[Finding]:
    store = facts.plan.purpose.trust_store
    soon = facts.at + facts.expires_soon
    reports = (
        (Reason.OLD_CERTIFICATE_LEFT, "S28", f"old self-signed certificate(s) in {store}", leftovers(facts, node)),
        (
            Reason.TRUST_EXPIRED,
            "cucm.md §4.9",
            f"certificate(s) in {store} have ended",
            _ending(facts, node, lambda ends: ends <= facts.at),
        ),
        (
            Reason.TRUST_EXPIRES_SOON,
            "cucm.md §4.9",
            f"certificate(s) in {store} end within {facts.expires_soon.days} days",
            _ending(facts, node, lambda ends: facts.at < ends <= soon),
        ),
        (
            Reason.TRUST_UNNEEDED,
            "cucm.md §5",
            f"certificate(s) in {store} that nothing of this cluster builds on, as far as we see",
            unneeded(facts, node),
        ),
    )
    for reason, row, what, found in reports:
        if found:
            yield Finding(reason, f"{len(found)} {what}: {_named(found)}", row, node, Severity.WARN)


def _ending(facts: StoreFacts, node: str, fits: Callable[[datetime], bool]) -> Certificates:
    """Those that end so; leftovers are told once, as leftovers."""
    left = leftovers(facts, node)
    return tuple(kept for kept in facts.stores[node] if kept not in left and fits(kept.not_valid_after_utc))


def _is_of_a_node(certificate: crypto.Certificate, plan: Covered) -> bool:
    ours = {plan.common_name.lower(), *plan.nodes, *(node.partition(".")[0] for node in plan.nodes)}
    return x509.common_name(certificate).lower() in ours and x509.is_self_signed(certificate)


def _builds_on(identities: Sequence[crypto.Certificate], store: Certificates) -> set[crypto.Certificate]:
    """Every CA certificate of the store that signed one of them, and so on upwards: also cross-signed ones."""
    found: set[crypto.Certificate] = set()
    below = list(identities)
    while below:
        last = below.pop()
        above = {ca for ca in store if ca not in found and x509.is_ca(ca) and x509.issued_by(last, ca)}
        found |= above
        below += above
    return found


def _named(certificates: Certificates) -> str:
    return ", ".join(
        f"{x509.common_name(kept) or kept.subject.rfc4514_string()} (serial {kept.serial_number:x},"
        f" ends {kept.not_valid_after_utc:%Y-%m-%d})"
        for kept in certificates
    )
