"""Proof that every node serves the new certificate on every port (S20), and what was left lying about (S28)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.plan import Plan
from ucrenew.errors import Permanent
from ucrenew.site import Site


@dataclass(frozen=True)
class Served:
    """What one port of one node served before the renewal and serves now, by fingerprint."""

    node: str
    port: int
    before: str
    after: str


def prove(
    site: Site,
    plan: Plan,
    baseline: Baseline,
    leaf: crypto.Certificate,
    chain: tuple[crypto.Certificate, ...],
) -> tuple[Served, ...]:
    """Connect anew to every port of every node; trust the chain's root only; compare the leaf byte for byte (S20).

    Trusting nothing but the root makes the connection fail where a node does not send its intermediates.
    Raises Untrusted or Permanent naming node and port.
    """
    before = {seen.name: seen.served for seen in baseline.nodes}
    rows = []
    for node in plan.nodes:
        entry = site.entry(node)
        for port in entry.tls_ports:
            served = site.proven(entry, port, chain[0])
            if served != leaf:
                raise Permanent(f"{node}:{port} serves {x509.fingerprint(served)}, not the new certificate")
            rows.append(Served(node, port, before[node].get(port, ""), x509.fingerprint(served)))
            site.say(f"{node}: port {port} serves the new certificate with its chain")
    return tuple(rows)


def leftovers(site: Site, plan: Plan, leaf: crypto.Certificate) -> tuple[Finding, ...]:
    """Old self-signed certificates of nodes in the trust stores, reported and left alone (S28, CSCur97909)."""
    found = []
    for node in plan.nodes:
        store = site.rest(site.entry(node)).trust(plan.purpose.value)
        old = [kept for kept in store if kept != leaf and _is_of_a_node(kept, plan)]
        if old:
            names = ", ".join(sorted({x509.common_name(kept) for kept in old}))
            sentence = f"{len(old)} old self-signed certificate(s) in {plan.purpose.trust_store}: {names}"
            found.append(Finding(Reason.OLD_CERTIFICATE_LEFT, sentence, "S28", node, Severity.WARN))
    return tuple(found)


def _is_of_a_node(certificate: crypto.Certificate, plan: Plan) -> bool:
    return x509.is_self_signed(certificate) and x509.common_name(certificate).lower() in plan.nodes
