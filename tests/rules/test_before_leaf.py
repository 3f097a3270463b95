"""The last look before the leaf: each thing that may have changed since the first one."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from ucrenew.domain.before_leaf import BeforeLeafFacts, check_before_leaf
from ucrenew.domain.finding import Reason, Severity
from ucrenew.domain.windows import Window

from .builder import (
    DAY,
    NODES,
    NOW,
    PRESENCE,
    SUBSCRIBER,
    authority,
    chain,
    intermediate,
    namesake,
    request,
    root,
    rsa_key,
)
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, plan_of, reasons
from .phone_lab import facts as phone_facts

HOUR = timedelta(hours=1)
# Open on the Monday of NOW from 08:00 to 10:00 UTC: an hour is left.
MONDAY = Window(frozenset({0}), time(8), 2 * HOUR, "UTC")
SUNDAY = Window(frozenset({6}), time(22), 3 * HOUR, "UTC")


@pytest.fixture
def plan(tmp_path):
    return replace(plan_of(tmp_path), minutes=41)


def facts_of(plan, cluster=None, **changes):
    """A cluster that is ready for the leaf, but for the changes."""
    known = {"cluster": cluster or ready(), "plan": plan, "csr": request(), "chain": chain(), "windows": (), **changes}
    return BeforeLeafFacts(**known)


def ready(at_node=None, *, cluster=None, **changes):
    """Our request on every node and the chain in every store; one node or the cluster with these changes."""
    nodes = [
        node_facts(node, **{"csr": request(), "trust": chain(), **(changes if node is at_node else {})})
        for node in (PUB, SUB, IMP)
    ]
    return cluster_facts(*nodes, **(cluster or {}))


def test_ready_cluster_passes(plan):
    """A cluster as it has to be gives no finding: our request everywhere, sign-on off, (2), no backup, time enough."""
    assert () == check_before_leaf(facts_of(plan))
    assert () == check_before_leaf(facts_of(plan, windows=(MONDAY,)))


@pytest.mark.parametrize(
    ("csr", "shown"),
    [(request(key=rsa_key("a stranger")), "shows another one"), (None, "shows no request")],
    ids=["overwritten", "gone"],
)
def test_request_not_ours(plan, csr, shown):
    """A request that is not ours, byte for byte, on one node is refused with the node (S7, S17)."""
    (found,) = check_before_leaf(facts_of(plan, ready(SUB, csr=csr)))

    assert (Reason.CSR_NOT_OURS, Severity.REFUSE, "S7") == (found.reason, found.severity, found.row)
    assert f"{SUBSCRIBER} {shown}" in found.sentence
    assert PRESENCE not in found.sentence


def test_reuse_since_the_plan(plan):
    """cucm.md §4.4: where CallManager came to reuse the certificate since the plan was agreed, nothing is uploaded."""
    seen = ready(cluster={"phones": phone_facts()})

    assert [Reason.TOMCAT_REUSED] == reasons(check_before_leaf(facts_of(plan, seen)))
    assert () == check_before_leaf(facts_of(replace(plan, changes_phones=True), seen))


@pytest.mark.parametrize(("state", "reason"), [(True, Reason.SSO_ON), (None, Reason.SSO_UNKNOWN)])
@pytest.mark.parametrize("was_on", [(), NODES])
def test_sign_on_is_not_off(plan, state, reason, was_on):
    """Single sign-on that is on, or that nobody can read, is refused: also where it was off at first (S3)."""
    facts = facts_of(replace(plan, sso_nodes=was_on), ready(IMP, sso_enabled=state))

    (found,) = check_before_leaf(facts)

    assert (reason, "S3") == (found.reason, found.row)
    assert PRESENCE in found.sentence


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"backup_running": True}, Reason.BACKUP_RUNNING), ({"replication": {"cs-ccm-pub": 4}}, Reason.REPLICATION)],
)
def test_cluster_is_busy(plan, changes, reason):
    """A backup that runs now, or replication that is not (2) any more, is refused by the same rules as at first."""
    assert [reason] == reasons(check_before_leaf(facts_of(plan, ready(cluster=changes))))


# --- the window (S22)


def test_window_closed(plan):
    """A closed window is refused and the next opening told (S22)."""
    (found,) = check_before_leaf(facts_of(plan, windows=(SUNDAY,)))

    assert (Reason.WINDOW_CLOSED, "S22") == (found.reason, found.row)
    assert (
        "is closed, what is left to do needs 31 min; the next one that is long enough opens on 2026-03-08 22:00 UTC"
        in (found.sentence)
    )


@pytest.mark.parametrize(("minutes", "expected"), [(70, []), (71, [Reason.WINDOW_TOO_SHORT])])
def test_window_holds_every_restart(plan, minutes, expected):
    """What is left to do has to fit into what is left of the window, the margin for a late start aside (S22)."""
    assert expected == reasons(check_before_leaf(facts_of(replace(plan, minutes=minutes), windows=(MONDAY,))))


def test_sign_on_is_off_by_now(plan):
    """The time to switch single sign-on off is behind us at the last look, so it is not asked for again (S3, S22)."""
    signed_on = replace(plan, sso_nodes=NODES)

    assert () == check_before_leaf(facts_of(replace(signed_on, minutes=76), windows=(MONDAY,)))
    assert [Reason.WINDOW_TOO_SHORT] == reasons(
        check_before_leaf(facts_of(replace(signed_on, minutes=77), windows=(MONDAY,)))
    )


def test_no_window_is_ever_long_enough(plan):
    """Where no window holds the whole restart plan, that is said (S22)."""
    (found,) = check_before_leaf(facts_of(replace(plan, minutes=191), windows=(MONDAY, SUNDAY)))

    assert Reason.WINDOW_TOO_SHORT == found.reason
    assert "is open for 1 h only, what is left to do needs 3 h 1 min; none is long enough" in found.sentence


# --- names that a trust store holds already (cucm.md §4.8)

ISSUING = intermediate().certificate


def begun(shift):
    """The issuing CA's name and issuer, another key, and a beginning so much later than the chain's own."""
    begins = ISSUING.not_valid_before_utc + shift
    return authority("Example Issuing CA", root(), key=f"namesake {shift}", begins=begins).certificate


@pytest.mark.parametrize(
    ("shift", "severity"),
    [
        (timedelta(), Severity.REFUSE),
        (DAY, Severity.REFUSE),
        (-timedelta(seconds=1), Severity.WARN),
    ],
    ids=["equally old", "newer", "older"],
)
def test_namesake_in_store(plan, shift, severity):
    """A same-named certificate that is not older stays at an upload: refused; an older one is replaced: a warning."""
    theirs = begun(shift)

    (found,) = check_before_leaf(facts_of(plan, ready(SUB, trust=(root().certificate, theirs))))

    assert (Reason.NAMESAKE_IN_TRUST, severity) == (found.reason, found.severity)
    assert f"CN=Example Issuing CA,O=Example,C=DE of {theirs.not_valid_before_utc:%Y-%m-%d}" in found.sentence
    assert f"(serial {theirs.serial_number:x}) in tomcat-trust on {SUBSCRIBER}" in found.sentence
    assert ("delete it first" in found.sentence) is (severity is Severity.REFUSE)


def test_namesake_beside_chain(plan):
    """Where the chain's own certificate is in the store already, nothing is uploaded and a namesake matters not."""
    store = (*chain(), namesake().certificate)

    assert () == check_before_leaf(facts_of(plan, ready(SUB, trust=store)))


def test_other_names_do_not_matter(plan):
    """A store that lacks the chain and holds other CAs is ready: the upload adds to it (S15)."""
    other = authority("Somebody Else's Root CA").certificate

    assert () == check_before_leaf(facts_of(plan, ready(SUB, trust=(other,))))


def test_all_findings_at_once(plan):
    """Everything that changed since the first look is told in one go, in the list's order."""
    cluster = ready(
        PUB,
        csr=None,
        sso_enabled=True,
        trust=(begun(DAY),),
        cluster={"backup_running": True, "replication": {}},
    )

    found = check_before_leaf(facts_of(plan, cluster, windows=(SUNDAY,)))

    assert [
        Reason.CSR_NOT_OURS,
        Reason.SSO_ON,
        Reason.REPLICATION,
        Reason.BACKUP_RUNNING,
        Reason.NAMESAKE_IN_TRUST,
        Reason.WINDOW_CLOSED,
    ] == reasons(found)
    assert NOW == cluster.at
