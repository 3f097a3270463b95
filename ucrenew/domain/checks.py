"""Rules before the first change and on what comes back: one small function each, ordered lists at the end.

A rule takes one record of facts and returns a finding or None. Lists answer one question each and report every
finding, never only the first: a person has to decide on all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

from cryptography.exceptions import InvalidSignature

from ucrenew.domain import x509
from ucrenew.domain.facts import ClusterFacts, CsrFacts, NodeFacts
from ucrenew.domain.finding import Finding, Reason, Severity

_Facts = TypeVar("_Facts")
Rule = Callable[[_Facts], Finding | None]

OLDEST_RELEASE_WITH_API = 14
LARGEST_CLOCK_SKEW = 120  # seconds; beyond it a fresh certificate may not be valid yet on a node
FULLEST_DISK = 95  # percent of the active partition; 82 was seen on a healthy node (cucm.md §2.3)
REPLICATION_GOOD = 2
TOMCAT = "Cisco Tomcat"
# Both spellings are about: the CLI's list, and the same with the company's name before it (S2).
PLATFORM_SERVICES = ("Platform Administrative Web Service", "Cisco Platform Administrative Web Service")


def apply(rules: Iterable[Rule[_Facts]], facts: _Facts) -> tuple[Finding, ...]:
    """Every finding of a list of rules, in the list's order."""
    return tuple(finding for rule in rules if (finding := rule(facts)) is not None)


def major_release(version: str) -> int | None:
    """15 out of ``15.0.1.11900-40``; None when it does not begin with a number."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else None


def has_api(version: str) -> bool:
    """The certificate REST API came with release 14 (S1, cucm.md §1.1)."""
    release = major_release(version)
    return release is not None and release >= OLDEST_RELEASE_WITH_API


# --- one node, before anything changes


def release_has_api(facts: NodeFacts) -> Finding | None:
    """The certificate REST API came with release 14 (S1, cucm.md §1.1)."""
    if has_api(facts.version):
        return None
    sentence = f"runs {facts.version}, and releases before 14 have no certificate REST API"
    return Finding(Reason.RELEASE_WITHOUT_API, sentence, "S1", facts.node.name)


def platform_service_is_up(facts: NodeFacts) -> Finding | None:
    """The Platform Administrative Web Service carries the fan-out between nodes (S2, cucm_inside.md §C)."""
    if any(facts.started(name) for name in PLATFORM_SERVICES):
        return None
    state = next((facts.services[name] for name in PLATFORM_SERVICES if name in facts.services), "not in its list")
    sentence = f"{PLATFORM_SERVICES[0]} is {state}, it has to be STARTED"
    return Finding(Reason.PLATFORM_SERVICE_DOWN, sentence, "S2", facts.node.name)


def tomcat_is_up(facts: NodeFacts) -> Finding | None:
    """Cisco Tomcat answers the API and the pages (S2)."""
    if facts.started(TOMCAT):
        return None
    sentence = f"{TOMCAT} is {facts.services.get(TOMCAT, 'not in its list')}, it has to be STARTED"
    return Finding(Reason.TOMCAT_DOWN, sentence, "S2", facts.node.name)


def sso_is_off(facts: NodeFacts) -> Finding | None:
    """Single sign-on has to be off before a Tomcat certificate is replaced (S3)."""
    if facts.sso_enabled is False:
        return None
    if facts.sso_enabled is None:
        sentence = "its answer to 'utils sso status' is in no form that we know; look yourself before anything changes"
        return Finding(Reason.SSO_UNKNOWN, sentence, "S3", facts.node.name)
    sentence = "single sign-on is enabled; disable it, run this again, and enable it after the renewal"
    return Finding(Reason.SSO_ON, sentence, "S3", facts.node.name)


def clock_is_right(facts: NodeFacts) -> Finding | None:
    """A node whose clock is off may refuse a fresh certificate, or take an old one."""
    skew = facts.clock_skew_seconds
    if skew is not None and abs(skew) <= LARGEST_CLOCK_SKEW:
        return None
    if skew is None and not (facts.started(TOMCAT) and has_api(facts.version)):
        return None  # nobody could answer, which is a finding of its own
    found = "shows no time in its REST replies" if skew is None else f"has a clock {skew:+.0f} s from ours"
    sentence = f"{found}; at most {LARGEST_CLOCK_SKEW} s is safe for a fresh certificate"
    return Finding(Reason.CLOCK_SKEW, sentence, "cucm.md §4.8", facts.node.name)


def disk_has_room(facts: NodeFacts) -> Finding | None:
    """A full active partition breaks uploads and logs half-way."""
    used = facts.disk_used_percent
    if used is not None and used <= FULLEST_DISK:
        return None
    found = "does not say how full its active partition is" if used is None else f"has {used} % of its disk in use"
    return Finding(Reason.DISK_FULL, f"{found}; at most {FULLEST_DISK} % is safe", "cucm.md §2.3", facts.node.name)


# --- the cluster, before anything changes


def nodes_are_known(facts: ClusterFacts) -> Finding | None:
    """The profile and the publisher name the same nodes: a new node needs a new request (S4, S31)."""
    ours, theirs = {seen.node.name for seen in facts.nodes}, set(facts.members)
    if ours == theirs:
        return None
    missing, unknown = sorted(theirs - ours), sorted(ours - theirs)
    parts = [f"the publisher also lists {', '.join(missing)}"] if missing else []
    parts += [f"the publisher does not list {', '.join(unknown)}"] if unknown else []
    return Finding(Reason.NODES_DIFFER, f"profile and cluster differ: {'; '.join(parts)}", "S4")


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


# --- the request as it was read back


def csr_signature_holds(facts: CsrFacts) -> Finding | None:
    """The request is signed by its own key (RFC 2986 §4.2)."""
    try:
        if facts.csr.is_signature_valid:
            return None
    except InvalidSignature:
        pass
    return Finding(Reason.CSR_SIGNATURE, "the request's own signature does not verify", "S8")


def csr_names_everyone(facts: CsrFacts) -> Finding | None:
    """Every node and every further name is in the SAN (S8)."""
    missing = sorted(set(facts.plan.names) - x509.names(facts.csr))
    if not missing:
        return None
    return Finding(Reason.CSR_NAME_MISSING, f"the request does not name {', '.join(missing)}", "S8")


def csr_names_nobody_else(facts: CsrFacts) -> Finding | None:
    """Beside them only the common name and the parent domain may stand there (S8)."""
    allowed = {*facts.plan.names, *facts.plan.optional_names}
    unexpected = sorted(x509.names(facts.csr) - allowed)
    if not unexpected:
        return None
    return Finding(
        Reason.CSR_NAME_UNEXPECTED, f"the request names {', '.join(unexpected)}, which nobody asked for", "S8"
    )


def csr_common_name_is_ours(facts: CsrFacts) -> Finding | None:
    """The common name is the plan's (S8); compared without case, as names are."""
    found = x509.common_name(facts.csr)
    if found.lower() == facts.plan.common_name.lower():
        return None
    sentence = f"the request's common name is {found or 'empty'}, the plan says {facts.plan.common_name}"
    return Finding(Reason.CSR_COMMON_NAME, sentence, "S8")


def csr_repeats_common_name(facts: CsrFacts) -> Finding | None:
    """A common name that is not in the SAN counts for nothing in browsers (S29, CSCus47235)."""
    found = x509.common_name(facts.csr).lower()
    if found in x509.names(facts.csr):
        return None
    sentence = f"the common name {found} is not in the SAN of the request; browsers will not accept it as a name"
    return Finding(Reason.CSR_COMMON_NAME_NOT_IN_SAN, sentence, "S29", severity=Severity.WARN)


def csr_key_is_as_planned(facts: CsrFacts) -> Finding | None:
    """Type and length of the key (S6)."""
    kind, length = x509.key_kind(facts.csr)
    if (kind, length) == (facts.plan.key_type, facts.plan.key_length):
        return None
    sentence = f"the request's key is {kind} {length}, the plan says {facts.plan.key_type} {facts.plan.key_length}"
    return Finding(Reason.CSR_KEY, sentence, "S6")


def csr_hash_is_as_planned(facts: CsrFacts) -> Finding | None:
    """Hash algorithm of the request's signature (S6)."""
    found = facts.csr.signature_hash_algorithm
    name = found.name if found else "none"
    if name == facts.plan.hash_algorithm:
        return None
    return Finding(
        Reason.CSR_HASH, f"the request is signed with {name}, the plan says {facts.plan.hash_algorithm}", "S6"
    )


def csr_unit_is_as_planned(facts: CsrFacts) -> Finding | None:
    """An OU stands in the request when, and only when, it was asked for (cucm.md §1.3); harmless, so a warning."""
    found = x509.has_organizational_unit(facts.csr)
    if found is facts.plan.include_ou:
        return None
    sentence = "the request has an OU that was not asked for" if found else "the request lacks the OU asked for"
    return Finding(Reason.CSR_ORGANIZATIONAL_UNIT, sentence, "cucm.md §1.3", severity=Severity.WARN)


NODE_PREFLIGHT: tuple[Rule[NodeFacts], ...] = (
    release_has_api,
    platform_service_is_up,
    tomcat_is_up,
    sso_is_off,
    clock_is_right,
    disk_has_room,
)

CLUSTER_PREFLIGHT: tuple[Rule[ClusterFacts], ...] = (
    nodes_are_known,
    replication_is_good,
    backup_is_fresh,
    no_backup_runs,
)

CSR: tuple[Rule[CsrFacts], ...] = (
    csr_signature_holds,
    csr_names_everyone,
    csr_names_nobody_else,
    csr_common_name_is_ours,
    csr_repeats_common_name,
    csr_key_is_as_planned,
    csr_hash_is_as_planned,
    csr_unit_is_as_planned,
)


def preflight(facts: ClusterFacts) -> tuple[Finding, ...]:
    """Everything that speaks against a renewal, node by node and then for the whole cluster (S1-S3)."""
    by_node = (finding for node in facts.nodes for finding in apply(NODE_PREFLIGHT, node))
    return (*by_node, *apply(CLUSTER_PREFLIGHT, facts))
