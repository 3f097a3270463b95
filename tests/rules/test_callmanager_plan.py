"""The plan data of the CallManager path: orders by release, groups, SAN, and the blast radius (S21, S22, S26)."""

from datetime import timedelta

import pytest

from ucrenew.domain import restarts
from ucrenew.domain.blast_radius import blast_radius
from ucrenew.domain.phones import CallManagerGroup
from ucrenew.domain.plan import Restart
from ucrenew.domain.purpose import Purpose

from .lab import IMP, PUB, SUB
from .phone_lab import facts, known, mixed, name

TVS, TFTP = "Cisco Trust Verification Service", "Cisco Tftp"
CCM, CTI, HAPROXY = "Cisco CallManager", "Cisco CTIManager", "Cisco HAProxy"
ALL = frozenset({TVS, TFTP, CCM, CTI, HAPROXY, "Cisco Tomcat"})
ORDERS = {
    "D118731": [TFTP, CCM, CTI, TVS],
    "D217138": [TVS, TFTP, CCM, CTI, HAPROXY],
    "D214231": [CCM, CTI, TVS, TFTP, HAPROXY],
}


@pytest.mark.parametrize(
    ("release", "order"), [(10, "D118731"), (11, "D118731"), (12, "D118731"), (14, "D217138"), (15, "D214231")]
)
def test_latest_document_of_the_release_is_kept(release, order):
    """The order is that of the most recent document about the release, and its source is named (S26)."""
    rule = restarts.restart_rule(Purpose.CALLMANAGER, release)

    assert ORDERS[order] == [service for service, _ in rule.services]
    assert order.removeprefix("D") in rule.source


@pytest.mark.parametrize("order", ORDERS)
def test_other_order_can_be_chosen(order):
    """Cisco's documents contradict each other: each of the three orders can be kept on any release."""
    rule = restarts.restart_rule(Purpose.CALLMANAGER, 15, order)

    assert ORDERS[order] == [service for service, _ in rule.services]


def test_unknown_releases_and_orders_have_no_rule():
    """A release or an order that no document is about has no list: nothing is guessed."""
    assert restarts.restart_rule(Purpose.CALLMANAGER, 13) is None
    assert restarts.restart_rule(Purpose.CALLMANAGER, 16, "D214231") is None
    assert restarts.restart_rule(Purpose.CALLMANAGER, 15, "D1") is None


def test_services_only_where_they_run():
    """A service is restarted on all its nodes, publisher first, before the next one, and nowhere else (S26)."""
    rule = restarts.restart_rule(Purpose.CALLMANAGER, 15)
    up = {PUB.name: ALL - {TFTP}, SUB.name: ALL - {CTI}, IMP.name: ALL}
    found = restarts.planned_restarts(rule, (SUB, IMP, PUB), up)
    expected = [(PUB, CCM), (SUB, CCM), (PUB, CTI), (PUB, TVS), (SUB, TVS), (SUB, TFTP), (PUB, HAPROXY), (SUB, HAPROXY)]

    assert [Restart(node.name, service) for node, service in expected] == list(found)


def test_one_callmanager_at_a_time():
    """Each CallManager is a group by itself, so that phones are counted before the next server goes (S26)."""
    rule = restarts.restart_rule(Purpose.CALLMANAGER, 14)
    found = restarts.phone_groups(restarts.planned_restarts(rule, (PUB, SUB), {PUB.name: ALL, SUB.name: ALL}))

    assert [
        [(TVS, PUB.host), (TVS, SUB.host)],
        [(TFTP, PUB.host), (TFTP, SUB.host)],
        [(CCM, PUB.host)],
        [(CCM, SUB.host)],
        [(CTI, PUB.host), (CTI, SUB.host)],
        [(HAPROXY, PUB.host), (HAPROXY, SUB.host)],
    ] == [[(one.service, one.node.partition(".")[0]) for one in group] for group in found]


def test_san_is_of_callmanager_nodes():
    """The certificate names every CUCM node, also where CallManager does not run, and no IM&P node (S21)."""
    assert (PUB, SUB) == Purpose.CALLMANAGER.covers((PUB, SUB, IMP))


def test_renewable_are_those_with_a_path():
    """Tomcat's and CallManager's certificates are renewed from end to end, those of IM&P are not."""
    assert [Purpose.TOMCAT, Purpose.CALLMANAGER] == [one for one in Purpose if restarts.has_restart_rule(one)]


def test_blast_radius_in_numbers():
    """Nodes, services, phones by node, secure ones, single-server groups and time are counted (S22)."""
    book = {name(n): known(n, "DP-Lab" if n == 2 else "DP-HQ", "Encrypted" if n == 3 else "") for n in range(6)}
    seen = mixed(known=book, groups=(CallManagerGroup("CMG-Lab", ("CM_pub",), ("DP-Lab",)),))
    found = blast_radius(seen, [Restart(PUB.name, CCM), Restart(SUB.name, CCM), Restart(PUB.name, CTI)])
    lines = found.lines()

    assert {CCM: (PUB.name, SUB.name), CTI: (PUB.name,)} == found.services
    assert {"cs-ccm-pub": 2, "cs-ccm-sub": 2} == found.registered
    assert (4, 1, {"CMG-Lab": 1}, 2) == (found.phones, found.secure, found.alone, len(found.offline))
    assert timedelta(minutes=22) == found.needed
    assert "4 phones are registered: 2 on cs-ccm-pub, 2 on cs-ccm-sub" == lines[0]
    assert "out of service while their one server restarts: 1 of CMG-Lab" in lines
    assert "2 desk phones are not registered now, and may need hands later" in lines
    assert any("22 min" in line for line in lines)


def test_what_resets_is_said():
    """What resets phones is said in the cluster's own words, and that a CTL is fetched when phones are reset."""
    (quiet,) = [line for line in blast_radius(facts(), []).lines() if line.startswith("what resets")]
    (unknown,) = [line for line in blast_radius(mixed(parameters=None), []).lines() if line.startswith("what resets")]

    assert quiet.endswith("on the update of the certificate: 'Reset'")
    assert "by default they reset by themselves; secure phones fetch the new CTL" in unknown
