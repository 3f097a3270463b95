"""Proof that every node serves the new certificate on every port (S20), and what was left lying about (S28)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
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

    The pages' ports show Tomcat's certificate: for another purpose there is nothing to see on them.
    Trusting nothing but the root makes the connection fail where a node does not send its intermediates.
    Raises Untrusted or Permanent naming node and port.
    """
    if plan.purpose is not Purpose.TOMCAT:
        return ()
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
