"""The last look before the leaf is uploaded: from here on people notice, so everything is judged anew (design.md §2).

What a survey saw days ago counts for nothing here. All findings at once; a window that is too short is one of them,
and tells when the next one opens that is long enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.domain import windows
from ucrenew.domain.facts import ClusterFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.plan import Plan
from ucrenew.domain.preflight import no_backup_runs, replication_is_good
from ucrenew.domain.restarts import sso_time
from ucrenew.domain.rule import Rule, apply
from ucrenew.domain.windows import Window, in_words


@dataclass(frozen=True)
class BeforeLeafFacts:
    """The cluster as a fresh survey saw it, and what of this renewal it is compared with."""

    cluster: ClusterFacts  # with the trust store of every node
    plan: Plan
    csr: crypto.CertificateSigningRequest  # ours, of the record
    chain: tuple[crypto.Certificate, ...]  # root first
    windows: tuple[Window, ...] = ()


def request_is_ours(facts: BeforeLeafFacts) -> Finding | None:
    """Byte for byte on every node: a certificate for an overwritten request cannot be installed (S7, S17)."""
    others = [
        f"{seen.node.name} shows {'no request' if seen.csr is None else 'another one'}"
        for seen in facts.cluster.nodes
        if seen.csr != facts.csr
    ]
    if not others:
        return None
    sentence = f"the request is not ours everywhere: {', '.join(others)}. Find out who generated another one"
    return Finding(Reason.CSR_NOT_OURS, sentence, "S7")


def phones_rest_on_it_as_planned(facts: BeforeLeafFacts) -> Finding | None:
    """CallManager may reuse the Tomcat certificate since the plan was agreed: then phones trust it (cucm.md §4.4)."""
    if facts.cluster.phones is None or facts.plan.changes_phones:
        return None
    sentence = (
        "CallManager reuses the Tomcat certificate since this was planned: phones trust it now, and nobody was asked"
        " about them. Abandon this renewal and begin anew"
    )
    return Finding(Reason.TOMCAT_REUSED, sentence, "cucm.md §4.4")


def sso_is_off_everywhere(facts: BeforeLeafFacts) -> Finding | None:
    """Off where it was on, and not switched on meanwhile where it was off (S3)."""
    on = [seen.node.name for seen in facts.cluster.nodes if seen.sso_enabled]
    if not on:
        return None
    return Finding(Reason.SSO_ON, f"single sign-on is enabled on {', '.join(on)}; it has to be off now", "S3")


def sso_is_known_everywhere(facts: BeforeLeafFacts) -> Finding | None:
    """An unknown answer is never taken for "off" (S3)."""
    unknown = [seen.node.name for seen in facts.cluster.nodes if seen.sso_enabled is None]
    if not unknown:
        return None
    sentence = f"whether single sign-on is off cannot be told on {', '.join(unknown)}; look yourself"
    return Finding(Reason.SSO_UNKNOWN, sentence, "S3")


def window_is_long_enough(facts: BeforeLeafFacts) -> Finding | None:
    """What is left of the maintenance window holds what is left to do (S22); without windows a gate decides.

    The late start is over by now, and single sign-on is off.
    """
    whole = timedelta(minutes=facts.plan.minutes)
    at, needed = facts.cluster.at, whole - windows.MARGIN - sso_time(facts.plan.sso_nodes)
    if windows.is_long_enough(facts.windows, at, needed):
        return None
    left = windows.remaining(facts.windows, at)
    opens = windows.next_opening(facts.windows, at, needed=whole)
    state = f"is open for {in_words(left)} only" if left else "is closed"
    then = f"the next one that is long enough opens on {opens:%Y-%m-%d %H:%M} UTC" if opens else "none is long enough"
    sentence = f"the maintenance window {state}, what is left to do needs {in_words(needed)}; {then}"
    return Finding(Reason.WINDOW_TOO_SHORT if left else Reason.WINDOW_CLOSED, sentence, "S22")


def no_namesake_stays(facts: BeforeLeafFacts) -> Finding | None:
    """An upload does not replace a certificate of the same name that began at the same time or later (cucm.md §4.8)."""
    shown = _namesakes(facts, lambda ours, theirs: theirs.not_valid_before_utc >= ours.not_valid_before_utc)
    if not shown:
        return None
    sentence = f"a certificate of the same name is not older and would not be replaced; delete it first: {shown}"
    return Finding(Reason.NAMESAKE_IN_TRUST, sentence, "cucm.md §4.8")


def no_namesake_is_replaced(facts: BeforeLeafFacts) -> Finding | None:
    """One that began earlier is replaced, and what it signed is trusted no more (cucm.md §4.8, SG14)."""
    shown = _namesakes(facts, lambda ours, theirs: theirs.not_valid_before_utc < ours.not_valid_before_utc)
    if not shown:
        return None
    sentence = f"an older certificate of the same name will be replaced, and what it signed loses its issuer: {shown}"
    return Finding(Reason.NAMESAKE_IN_TRUST, sentence, "cucm.md §4.8", severity=Severity.WARN)


def _namesakes(facts: BeforeLeafFacts, fits: Callable[[crypto.Certificate, crypto.Certificate], bool]) -> str:
    """Certificates in the stores that have the name of one of the chain's which is not there yet."""
    found = [
        f"{kept.subject.rfc4514_string()} of {kept.not_valid_before_utc:%Y-%m-%d} (serial {kept.serial_number:x})"
        f" in {facts.plan.purpose.trust_store} on {seen.node.name}"
        for ours in facts.chain
        for seen in facts.cluster.nodes
        if ours not in seen.trust
        for kept in seen.trust
        if kept.subject == ours.subject and fits(ours, kept)
    ]
    return "; ".join(found)


def _of_cluster(rule: Rule[ClusterFacts]) -> Rule[BeforeLeafFacts]:
    return lambda facts: rule(facts.cluster)


NAMESAKES: tuple[Rule[BeforeLeafFacts], ...] = (no_namesake_stays, no_namesake_is_replaced)

BEFORE_LEAF: tuple[Rule[BeforeLeafFacts], ...] = (
    request_is_ours,
    phones_rest_on_it_as_planned,
    sso_is_known_everywhere,
    sso_is_off_everywhere,
    _of_cluster(replication_is_good),
    _of_cluster(no_backup_runs),
    *NAMESAKES,
    window_is_long_enough,
)


def check_namesakes(facts: BeforeLeafFacts) -> tuple[Finding, ...]:
    """Certificates of the chain's names in the stores, as soon as the chain is known."""
    return apply(NAMESAKES, facts)


def check_before_leaf(facts: BeforeLeafFacts) -> tuple[Finding, ...]:
    """Everything that speaks against the upload now, in one go."""
    return apply(BEFORE_LEAF, facts)
