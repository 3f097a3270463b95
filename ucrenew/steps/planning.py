"""Drawing up the plan from the profile and the baseline: the same two always give the same digest."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil

from ucrenew.domain import checks, restarts
from ucrenew.domain.acting import Step
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.cluster import Node
from ucrenew.domain.due import Due, renewal_due
from ucrenew.domain.facts import ClusterFacts
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.phone_rules import CALLMANAGER, idle_nodes
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.windows import MARGIN, in_words, is_long_enough, next_opening
from ucrenew.errors import BadInput
from ucrenew.profile import Profile
from ucrenew.site import Site


def draw_up_plan(  # noqa: PLR0913 - each by its name
    profile: Profile,
    purpose: Purpose,
    now: Baseline,
    baseline: Baseline,
    *,
    noticed: Iterable[str] = (),
    sso_driven: Iterable[str] = (),
) -> Plan:
    """What will be done, in order, and what users notice (S4-S8, S19). Raises BadInput for an unknown release.

    Nodes and release are those seen ``now``; what was up, and whose request was outstanding, is of the ``baseline``.
    Single sign-on counts where it was on, is on, or was switched off by this renewal (``sso_driven``).
    """
    nodes = restarts.in_restart_order(purpose.covers(seen.node for seen in now.nodes))
    changes_phones = now.phones is not None or baseline.phones is not None
    rules = _restart_rules(profile, purpose, now, changes_phones=changes_phones)
    wish = profile.certificate
    extra = tuple(name for name in profile.extra_names() if name not in {node.name for node in nodes})
    up = {seen.name: frozenset(seen.started) for seen in (*now.nodes, *baseline.nodes)}
    ever_up = {node.name: {name for one in (now, baseline) for name in one.started(node.name)} for node in nodes}
    idle = _idle(profile, purpose, nodes, ever_up)
    sso_on = {seen.name for seen in (*now.nodes, *baseline.nodes) if seen.sso_enabled} | set(sso_driven)
    if purpose is not Purpose.TOMCAT:
        sso_on = set()  # it rests on Tomcat's certificate alone (S3)
    planned = tuple(
        dict.fromkeys(one for rule in rules for one in restarts.planned_restarts(rule, nodes, up, sso=bool(sso_on)))
    )
    sso_nodes = tuple(node.name for node in nodes if node.name in sso_on)
    identities = {seen.name: seen.identity for seen in now.nodes}
    return Plan(
        cluster=profile.cluster,
        purpose=purpose,
        publisher=baseline.publisher.name,
        nodes=tuple(node.name for node in nodes),
        common_name=wish.common_name,
        names=wanted_names(profile, tuple(node for node in nodes if node not in idle)),
        extra_names=extra,
        optional_names=(*optional_names(profile), *(node.name for node in idle)),
        distribution=wish.distribution,
        key_type=wish.key.type,
        key_length=wish.key.length,
        hash_algorithm=wish.key.hash,
        include_ou=wish.include_ou,
        authority=str(profile.ca),
        restarts=planned,
        not_restarted=restarts.left_alone(rules, planned),
        notices=tuple(line for rule in rules for line in rule.notices),
        replaces=tuple(f"{node.name}: {identities[node.name] or 'nothing'}" for node in nodes),
        findings=(*map(str, plan_findings(profile, baseline)), *noticed),
        sso_nodes=sso_nodes,
        by_hand=tuple(step.value for step in Step if profile.is_by_hand(step)),
        minutes=ceil(restarts.window_needed(planned, sso_nodes, profile.fan_out) / timedelta(minutes=1)),
        windows=tuple(map(str, profile.maintenance_windows)),
        neighbours=tuple(map(str, profile.outside)),
        changes_phones=changes_phones,
    )


def require_window(profile: Profile, plan: Plan, at: datetime) -> None:
    """Raise BadInput when no maintenance window of the profile can hold all that people may notice."""
    windows, needed = profile.maintenance_windows, timedelta(minutes=plan.minutes)
    if not is_long_enough(windows, at, needed) and next_opening(windows, at, needed=needed) is None:
        raise BadInput(
            f"{profile.cluster}: no maintenance window of the profile is as long as needed, {in_words(needed)} by our"
            f" estimate: the restarts, up to {in_words(profile.fan_out)} for the certificate's way to every node"
            f" (limits.fan_out), single sign-on off and on, and {in_words(MARGIN)} for a late start"
        )


def _idle(
    profile: Profile, purpose: Purpose, nodes: Iterable[Node], up: Mapping[str, Container[str]]
) -> tuple[Node, ...]:
    """The nodes that whoever generates the request by hand may leave out of CallManager's certificate (S21)."""
    if purpose is not Purpose.CALLMANAGER or not profile.is_by_hand(Step.CSR):
        return ()
    return tuple(node for node in nodes if CALLMANAGER not in up[node.name])


def wanted_names(profile: Profile, nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Every node and every further name: all have to be in the request (S8)."""
    return tuple(dict.fromkeys((*(node.name for node in nodes), *profile.extra_names())))


def optional_names(profile: Profile) -> tuple[str, ...]:
    """Names that the cluster may add by itself: the common name and the parent domain (S8, cucm.md §4.6)."""
    wish = profile.certificate
    return tuple(name for name in (wish.common_name, wish.parent_domain) if name)


def plan_findings(profile: Profile, baseline: Baseline) -> tuple[Finding, ...]:
    """What a person has to know before saying yes, beside the plan itself."""
    return (*_outstanding(baseline), *_without_window(profile, baseline))


def _without_window(profile: Profile, baseline: Baseline) -> tuple[Finding, ...]:
    if baseline.phones is None or profile.maintenance_windows:
        return ()
    sentence = (
        "phones need a maintenance window, and the profile has none: whoever answers before the upload decides when"
    )
    return (Finding(Reason.NO_WINDOW, sentence, "S22", severity=Severity.WARN),)


def _outstanding(baseline: Baseline) -> tuple[Finding, ...]:
    sentence = "a request is outstanding already; the new one overwrites it, and its certificate could not be installed"
    return tuple(
        Finding(Reason.CSR_OUTSTANDING, sentence, "S7", seen.name, Severity.WARN)
        for seen in baseline.nodes
        if seen.csr is not None
    )


def due(site: Site, purpose: Purpose, facts: ClusterFacts) -> Due:
    """Whether the next renewal is due, and when it will be (S31)."""
    nodes = purpose.covers(seen.node for seen in facts.nodes)
    # A certificate without them is as good as one with them, whoever left them out (S21).
    idle = idle_nodes(facts.phones) if facts.phones and purpose is Purpose.CALLMANAGER else ()
    return renewal_due(
        {seen.node.name: seen.identity for seen in facts.nodes},
        {seen.node.name: seen.served for seen in facts.nodes} if purpose is Purpose.TOMCAT else {},
        frozenset(wanted_names(site.profile, tuple(node for node in nodes if node not in idle))),
        frozenset((*optional_names(site.profile), *(node.name for node in idle))),
        renew_before=site.profile.renew_before,
        at=site.clock(),
        windows=site.profile.maintenance_windows,
    )


def _restart_rules(
    profile: Profile, purpose: Purpose, now: Baseline, *, changes_phones: bool
) -> tuple[restarts.RestartRule, ...]:
    """The purpose's own; where CallManager reuses its certificate, CallManager's after it (cucm.md §4.4).

    No document lists both for one renewal: that all of both are restarted, and in this order, is ours.
    """
    version = now.publisher.version
    release = checks.major_release(version)
    wanted = dict.fromkeys((purpose, *((Purpose.CALLMANAGER,) if changes_phones else ())))
    order = profile.callmanager.restart_order or ""
    rules = [restarts.restart_rule(one, release, order) for one in wanted] if release is not None else [None]
    known = tuple(rule for rule in rules if rule is not None)
    if len(known) < len(rules):
        raise BadInput(f"{profile.cluster}: no list of restarts is known for {purpose.value} on release {version}")
    return known
