"""Everything that speaks against a renewal before its first change: the cluster's rules after those of each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.cluster import Product
from ucrenew.domain.facts import ClusterFacts, NodeFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.phone_rules import check_phones
from ucrenew.domain.preflight_node import CALLMANAGER_PREFLIGHT, NODE_PREFLIGHT, sso_is_off
from ucrenew.domain.release import has_api
from ucrenew.domain.rule import Rule, apply

REPLICATION_GOOD = 2


def nodes_are_known(facts: ClusterFacts) -> Finding | None:
    """The profile and the publisher name the same nodes: a new node needs a new request (S4, S31)."""
    ours, theirs = {seen.node.name for seen in facts.nodes}, set(facts.members)
    if ours == theirs:
        return None
    missing, unknown = sorted(theirs - ours), sorted(ours - theirs)
    parts = [f"the publisher also lists {', '.join(missing)}"] if missing else []
    parts += [f"the publisher does not list {', '.join(unknown)}"] if unknown else []
    return Finding(Reason.NODES_DIFFER, f"profile and cluster differ: {'; '.join(parts)}", "S4")


def versions_are_equal(facts: ClusterFacts) -> Finding | None:
    """During an upgrade or a switch-over certificates are left alone (cucm.md §2.4).

    Only active versions are compared. That an upgrade installs, or waits for its switch-over, is not seen: no
    documented command that tells it is known to us.
    Releases without an API are told by a rule of their own, and not again here.
    """
    by_product = [[seen for seen in facts.nodes if seen.node.product is product] for product in Product]
    with_api = [[seen for seen in nodes if has_api(seen.version)] for nodes in by_product]
    differing = [
        f"{seen.node.host} {seen.version}"
        for nodes in with_api
        if len({seen.version for seen in nodes}) > 1
        for seen in nodes
    ]
    if not differing:
        return None
    sentence = f"active versions differ: {', '.join(differing)}; finish the upgrade or the switch-over first"
    return Finding(Reason.VERSIONS_DIFFER, sentence, "cucm.md §2.4", facts.publisher.node.name)


def replication_is_good(facts: ClusterFacts) -> Finding | None:
    """Trust certificates travel by database replication: (2) on every node (cucm_inside.md §A)."""
    bad = [f"{host} ({state})" for host, state in sorted(facts.replication.items()) if state != REPLICATION_GOOD]
    bad += [
        f"{seen.node.host} says that it is not set up"
        for seen in facts.nodes
        if not seen.replication_complete and not bad
    ]
    bad += [f"{seen.node.host} (no row)" for seen in facts.nodes if seen.node.host not in facts.replication]
    if not bad:
        return None
    shown = ", ".join(bad)
    sentence = f"database replication is not (2) everywhere: {shown}"
    return Finding(Reason.REPLICATION, sentence, "cucm.md §4.1", facts.publisher.node.name)


def backup_is_fresh(facts: ClusterFacts) -> Finding | None:
    """There is a successful backup to go back to (cucm.md §4.1)."""
    last, limit = facts.last_backup, facts.backup_max_age_days
    if last is not None and facts.at - last <= timedelta(days=limit):
        return None
    found = "no successful backup is known" if last is None else f"the last successful backup is of {last:%Y-%m-%d}"
    sentence = f"{found}; one of the last {limit} days is wanted"
    return Finding(Reason.BACKUP_OLD, sentence, "cucm.md §4.1", facts.publisher.node.name)


def no_backup_runs(facts: ClusterFacts) -> Finding | None:
    """A backup that runs while certificates change holds keys of both sides (cucm.md §4.1)."""
    if not facts.backup_running:
        return None
    sentence = "a backup is running; wait until it has ended"
    return Finding(Reason.BACKUP_RUNNING, sentence, "cucm.md §4.1", facts.publisher.node.name)


def identities_are_equal(facts: ClusterFacts) -> Finding | None:
    """Beside a multi-server certificate no node has another one (S31, CSCuv75957).

    Before the first multi-server certificate each node has its own, and that is no drift.
    """
    hosts_of = _hosts_of((seen.identity, seen) for seen in facts.nodes if seen.identity)
    if len(hosts_of) <= 1 or not any(_is_multi_server(identity, facts) for identity in hosts_of):
        return None
    shown = "; ".join(f"serial {one.serial_number:x} on {', '.join(hosts)}" for one, hosts in hosts_of.items())
    sentence = (
        f"the nodes do not all have the same certificate: {shown}. A node may be new, may have been restored without"
        " a backup (CSCuv75957), have got another name, or have missed the last upload"
    )
    return Finding(Reason.IDENTITIES_DIFFER, sentence, "S31", severity=Severity.WARN)


def _is_multi_server(identity: crypto.Certificate, facts: ClusterFacts) -> bool:
    return len(x509.names(identity) & {seen.node.name for seen in facts.nodes}) > 1


def no_trust_has_ended(facts: ClusterFacts) -> Finding | None:
    """Expired CA certificates are dropped by upgrades, and hide what is really trusted (cucm.md §4.9)."""
    shown = _authorities(facts, lambda ends: ends <= facts.at)
    if not shown:
        return None
    sentence = f"CA certificates in the trust store have ended: {shown}"
    return Finding(Reason.TRUST_EXPIRED, sentence, "cucm.md §4.9", severity=Severity.WARN)


def no_trust_ends_soon(facts: ClusterFacts) -> Finding | None:
    """A CA certificate that ends takes every certificate below it with it."""
    soon = facts.at + timedelta(days=facts.trust_expires_soon_days)
    shown = _authorities(facts, lambda ends: facts.at < ends <= soon)
    if not shown:
        return None
    sentence = f"CA certificates in the trust store end within {facts.trust_expires_soon_days} days: {shown}"
    return Finding(Reason.TRUST_EXPIRES_SOON, sentence, "cucm.md §4.9", severity=Severity.WARN)


def _authorities(facts: ClusterFacts, ending: Callable[[datetime], bool]) -> str:
    """The CA certificates of all stores that end so, each once, with the nodes that hold it."""
    hosts_of = _hosts_of(
        (kept, seen)
        for seen in facts.nodes
        for kept in seen.trust
        if x509.is_ca(kept) and ending(kept.not_valid_after_utc)
    )
    return "; ".join(f"{_ended(kept)} on {', '.join(hosts)}" for kept, hosts in hosts_of.items())


def _hosts_of(pairs: Iterable[tuple[crypto.Certificate, NodeFacts]]) -> dict[crypto.Certificate, list[str]]:
    found: dict[crypto.Certificate, list[str]] = {}
    for certificate, seen in pairs:
        found.setdefault(certificate, []).append(seen.node.host)
    return found


def _ended(certificate: crypto.Certificate) -> str:
    return f"{certificate.subject.rfc4514_string()} ({certificate.not_valid_after_utc:%Y-%m-%d})"


CLUSTER_PREFLIGHT: tuple[Rule[ClusterFacts], ...] = (
    nodes_are_known,
    versions_are_equal,
    replication_is_good,
    backup_is_fresh,
    no_backup_runs,
    identities_are_equal,
    no_trust_has_ended,
    no_trust_ends_soon,
)


def preflight(facts: ClusterFacts) -> tuple[Finding, ...]:
    """Refusals and warnings, node by node and then for the whole cluster (S1-S3)."""
    phones = check_phones(facts.phones) if facts.phones else ()
    return (*_of_nodes(_rules(facts), facts), *apply(CLUSTER_PREFLIGHT, facts), *phones)


def _rules(facts: ClusterFacts) -> tuple[Rule[NodeFacts], ...]:
    """Single sign-on is driven where Tomcat's certificate changes, with phones or without (S3, cucm.md §4.4)."""
    if facts.sso_is_driven:
        return NODE_PREFLIGHT
    return CALLMANAGER_PREFLIGHT if facts.phones else (*NODE_PREFLIGHT, sso_is_off)


def _of_nodes(rules: Iterable[Rule[NodeFacts]], facts: ClusterFacts) -> tuple[Finding, ...]:
    return tuple(finding for seen in facts.nodes for finding in apply(rules, seen))
