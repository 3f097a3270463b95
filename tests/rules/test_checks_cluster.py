"""What else is looked at before anything changes: services, accounts, sign-on, upgrades, trust stores, reuse."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ucrenew.domain import preflight, preflight_node
from ucrenew.domain.checks import preflight as judge
from ucrenew.domain.finding import Reason, Severity, refusals
from ucrenew.domain.release import is_at_least

from .builder import (
    DAY,
    NODES,
    NOW,
    PUBLISHER,
    SUBSCRIBER,
    authority,
    intermediate,
    leaf,
    root,
    self_signed,
)
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, reasons, started


def with_service(name, state, node=PUB):
    """The services of a node with one of them in another state, or not listed at all."""
    services = {**started(node), name: state}
    return {known: found for known, found in services.items() if found is not None}


# --- services

NOTIFICATION = preflight_node.CHANGE_NOTIFICATION[0]


@pytest.mark.parametrize("spelling", preflight_node.CHANGE_NOTIFICATION)
def test_change_notification_either_spelling(spelling):
    """Certificate Change Notification is recognised in the CLI's spelling and in AXL's (cucm.md §2.2)."""
    assert preflight_node.change_notification_is_up(node_facts(services={spelling: "STARTED"})) is None


@pytest.mark.parametrize(("state", "shown"), [("STOPPED", "is STOPPED"), (None, "is not in its list")])
def test_change_notification_down(state, shown):
    """Without Certificate Change Notification no CA certificate reaches the node: refused (cucm_inside.md §A)."""
    (found,) = judge(
        cluster_facts(
            *map(node_facts, (PUB, SUB)), node_facts(IMP, services=with_service(NOTIFICATION, state)), members=NODES
        )
    )

    assert (Reason.CHANGE_NOTIFICATION_DOWN, IMP.name, Severity.REFUSE) == (found.reason, found.node, found.severity)
    assert f"{NOTIFICATION} {shown}" in found.sentence


@pytest.mark.parametrize(
    ("version", "state", "reason"),
    [
        ("15.0.1.11900-40", "STOPPED", Reason.COMMUNICATION_SERVICE_DOWN),
        ("12.5.1.11900-146", "STOPPED", Reason.COMMUNICATION_SERVICE_DOWN),
        ("15.0.1.11900-40", "STARTED", None),
        ("15.0.1.11900-40", None, None),
        ("12.0.1.10000-10", "STOPPED", None),
    ],
    ids=["down on 15", "down on 12.5", "up", "not listed", "before 12.5"],
)
def test_communication_service(version, state, reason):
    """From 12.5 on the REST web service has to be up where it is listed (cucm_inside.md §C)."""
    services = with_service("Platform Communication Web Service", state)

    found = preflight_node.communication_service_is_up(node_facts(version=version, services=services))

    assert reason == (found and found.reason)
    assert found is None or "cannot be started by hand" in found.sentence


@pytest.mark.parametrize(
    ("version", "expected"),
    [("12.5.1", True), ("12.4", False), ("15", True), ("12", False), ("9.10", False), ("x", False), ("", False)],
)
def test_release_is_compared_by_numbers(version, expected):
    """Releases are compared as numbers: 9.10 is older than 12.5."""
    assert expected is is_at_least(version, 12, 5)


# --- single sign-on (S3)


def test_driven_sign_on_is_no_reason_to_stop():
    """Where the renewal switches single sign-on itself, being on is no finding; else it is today's refusal (S3)."""
    on = cluster_facts(*(node_facts(node, sso_enabled=True, recovery_url=True) for node in (PUB, SUB, IMP)))

    assert [Reason.SSO_ON] * 3 == reasons(judge(on))
    assert () == judge(replace(on, sso_is_driven=True))


def test_unknown_sign_on_stops_even_when_driven():
    """What nobody can read nobody can switch: an unknown answer about single sign-on stops in any case (S3)."""
    facts = cluster_facts(node_facts(PUB, sso_enabled=None), node_facts(SUB), node_facts(IMP), sso_is_driven=True)

    assert [Reason.SSO_UNKNOWN] == reasons(judge(facts))


@pytest.mark.parametrize(
    ("enabled", "recovery", "found"),
    [(True, False, True), (True, True, False), (True, None, False), (False, False, False), (None, False, False)],
)
def test_recovery_url(enabled, recovery, found):
    """Single sign-on without its recovery URL is refused with the command that enables it (S3)."""
    finding = preflight_node.recovery_url_is_on(node_facts(SUB, sso_enabled=enabled, recovery_url=recovery))

    assert found is (finding is not None)
    if finding:
        assert (Reason.RECOVERY_URL_OFF, SUBSCRIBER, "S3") == (finding.reason, finding.node, finding.row)
        assert "'utils sso recovery-url enable'" in finding.sentence


# --- the account


@pytest.mark.parametrize(("may_write", "found"), [(False, True), (True, False), (None, False)])
def test_privilege(may_write, found):
    """An account that may only read is refused before anything begins, naming both ways out (cucm.md §1.1)."""
    finding = preflight_node.account_may_write(node_facts(may_write=may_write))

    assert found is (finding is not None)
    if finding:
        assert (Reason.PRIVILEGE, PUBLISHER) == (finding.reason, finding.node)
        assert "privilege 1" in finding.sentence
        assert 'actuator = "person"' in finding.sentence


# --- Tomcat reused as CallManager


def test_reused_certificate():
    """A CallManager certificate that is the Tomcat one is told, and that phones trust it (cucm.md §4.4)."""
    shared = leaf()

    found = preflight_node.reuse_is_told(node_facts(identity=shared, callmanager=shared))

    assert (Reason.TOMCAT_REUSED, Severity.WARN) == (found.reason, found.severity)
    assert "changes what phones trust" in found.sentence


def test_reused_by_serial():
    """Equal serials are enough: they are how Cisco proves a reuse (cucm.md §4.4)."""
    tomcat = leaf()
    serial = tomcat.serial_number

    found = preflight_node.reuse_is_told(
        node_facts(identity=tomcat, callmanager=self_signed("other.example.com", serial=serial))
    )

    assert Reason.TOMCAT_REUSED == found.reason


@pytest.mark.parametrize("callmanager", [None, self_signed("cm.example.com")], ids=["not seen", "its own"])
def test_certificate_of_its_own(callmanager):
    """A CallManager certificate of its own, or none that was looked at, is no finding (cucm.md §4.4)."""
    assert preflight_node.reuse_is_told(node_facts(callmanager=callmanager)) is None
    assert preflight_node.reuse_is_told(node_facts(identity=None, callmanager=callmanager)) is None


def test_reuse_unknown():
    """cucm.md §4.4: a node on which nobody could see CallManager's certificate is refused, with what to look at."""
    (found,) = judge(
        cluster_facts(node_facts(PUB), node_facts(SUB, callmanager=None, reuse_unknown=True), node_facts(IMP))
    )

    assert (Reason.REUSE_UNKNOWN, SUBSCRIBER, Severity.REFUSE) == (found.reason, found.node, found.severity)
    assert "'show cert own CallManager' with 'show cert own tomcat'" in found.sentence
    assert "privilege 1" in found.sentence


def test_reuse_seen_to_be_none():
    """cucm.md §4.4: a CallManager certificate of its own, by whatever way it was seen, is no finding."""
    assert () == judge(cluster_facts(node_facts(PUB, callmanager=self_signed("call")), *map(node_facts, (SUB, IMP))))


# --- upgrades


def test_versions_differ():
    """Nodes of one product with different active versions are refused with every version: an upgrade is under way."""
    nodes = node_facts(PUB), node_facts(SUB, version="14.0.1.13900-155"), node_facts(IMP, version="15.0.1.10000-9")

    (found,) = judge(cluster_facts(*nodes))

    assert (Reason.VERSIONS_DIFFER, Severity.REFUSE) == (found.reason, found.severity)
    assert "cs-ccm-pub 15.0.1.11900-40, cs-ccm-sub 14.0.1.13900-155" in found.sentence
    assert "cs-imp" not in found.sentence


def test_products_have_their_own_versions():
    """CUCM and IM&P have version numbers of their own: differing ones are no upgrade."""
    facts = cluster_facts(node_facts(PUB), node_facts(SUB), node_facts(IMP, version="15.0.1.10000-9"))

    assert () == judge(facts)


def test_release_without_api_is_told_once():
    """A node of a release without an API is told as that, and not as an upgrade beside (S1)."""
    facts = cluster_facts(node_facts(PUB), node_facts(SUB, version="12.5.1.11900-146"), node_facts(IMP))

    assert [Reason.RELEASE_WITHOUT_API] == reasons(judge(facts))


# --- certificates that differ (S31)


def test_identities_differ():
    """A node that fell out of a multi-server certificate is a warning that says what it may mean (S31, CSCuv75957)."""
    shared = leaf()
    facts = cluster_facts(
        node_facts(PUB, identity=shared),
        node_facts(SUB, identity=self_signed(SUBSCRIBER)),
        node_facts(IMP, identity=shared),
    )

    (found,) = judge(facts)

    assert (Reason.IDENTITIES_DIFFER, "S31", Severity.WARN) == (found.reason, found.row, found.severity)
    assert f"serial {shared.serial_number:x} on cs-ccm-pub, cs-imp; serial" in found.sentence
    assert "CSCuv75957" in found.sentence
    assert () == refusals([found])


def test_identities_of_single_servers():
    """Before the first multi-server certificate every node has its own, and that is no drift (S31)."""
    facts = cluster_facts(*(node_facts(node, identity=self_signed(node.name)) for node in (PUB, SUB, IMP)))

    assert preflight.identities_are_equal(facts) is None


@pytest.mark.parametrize("identity", [leaf(), None], ids=["all the same", "none seen"])
def test_identities_equal(identity):
    """The same certificate on every node, or none seen anywhere, is no drift (S31)."""
    facts = cluster_facts(*(node_facts(node, identity=identity) for node in (PUB, SUB, IMP)))

    assert preflight.identities_are_equal(facts) is None


# --- trust stores


def trusting(*kept, **changes):
    """A cluster whose publisher and subscriber hold these certificates beside the CA that issues."""
    store = (root().certificate, intermediate().certificate, *kept)
    return cluster_facts(node_facts(PUB, trust=store), node_facts(SUB, trust=store), node_facts(IMP), **changes)


ENDED = authority("Old Root CA", begins=NOW - 900 * DAY, ends=NOW).certificate
ENDING = authority("Ending Root CA", ends=NOW + 30 * DAY).certificate
LASTING = authority("Lasting Root CA", ends=NOW + 30 * DAY + timedelta(seconds=1)).certificate


def test_trust_has_ended():
    """An expired CA certificate is a warning that names it, its end and every node that holds it (cucm.md §4.9)."""
    (found,) = judge(trusting(ENDED))

    assert (Reason.TRUST_EXPIRED, Severity.WARN) == (found.reason, found.severity)
    assert "CN=Old Root CA" in found.sentence
    assert "(2026-03-02) on cs-ccm-pub, cs-ccm-sub" in found.sentence


def test_trust_ends_soon():
    """A CA certificate that ends within the profile's days is a warning; a second later it is none."""
    (found,) = judge(trusting(ENDING, LASTING))

    assert (Reason.TRUST_EXPIRES_SOON, Severity.WARN) == (found.reason, found.severity)
    assert "CN=Ending Root CA" in found.sentence
    assert "Lasting" not in found.sentence
    assert () == judge(trusting(ENDING, trust_expires_soon_days=29))


def test_ended_node_certificate_is_no_authority():
    """An expired certificate of a node in a trust store is a leftover (S28), and not told among the CAs."""
    assert () == judge(trusting(self_signed(SUBSCRIBER, begins=NOW - 9 * DAY, ends=NOW - DAY)))
