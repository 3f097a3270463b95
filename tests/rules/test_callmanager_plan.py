"""The plan data of the CallManager path: orders by release, groups, SAN, and the blast radius (S21, S22, S26)."""

from datetime import timedelta

import pytest

from ucrenew.domain import restarts
from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.blast_radius import blast_radius
from ucrenew.domain.checks import CSR
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Reason, refusals
from ucrenew.domain.handwork import csr_by_hand
from ucrenew.domain.phones import CallManagerGroup
from ucrenew.domain.plan import Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.rule import apply
from ucrenew.profile import load_profile
from ucrenew.site import Site
from ucrenew.steps.planning import draw_up_plan, due

from .builder import NAMES, NODES, NOW, leaf, request
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, reasons, started, write_profile
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


# --- the profile's choices


def planned(folder, *lines, idle=(), idle_before=None):
    """CallManager's plan of the lab; the service does not run on the idle nodes."""
    path = write_profile(folder)
    path.write_text("\n".join([path.read_text(), *lines, ""]))
    now, before = _seen(idle), _seen(idle if idle_before is None else idle_before)
    return draw_up_plan(load_profile(path), Purpose.CALLMANAGER, now, before)


def _seen(idle):
    nodes = (node_facts(node, services={**started(node), **_services(node in idle)}) for node in (PUB, SUB))
    return baseline_of(cluster_facts(*nodes, phones=facts(), members=(PUB.name, SUB.name)))


def _services(is_idle):
    up = dict.fromkeys((CCM, CTI, TVS, TFTP, HAPROXY), "STARTED")
    return {**up, CCM: "STOPPED"} if is_idle else up


@pytest.mark.parametrize("order", ORDERS)
def test_profile_chooses_the_order(tmp_path, order):
    """S26: the order of one of Cisco's documents, whichever the profile names."""
    plan = planned(tmp_path, "[callmanager]", f'restart_order = "{order}"')

    assert [(service, node.name) for service in ORDERS[order] for node in (PUB, SUB)] == [
        (one.service, one.node) for one in plan.restarts
    ]


def test_idle_nodes_are_kept_in(tmp_path):
    """S21: the request names every CUCM node, also one on which CallManager does not run."""
    plan = planned(tmp_path, idle=(PUB,))

    assert {PUB.name, SUB.name} <= set(plan.names)
    assert Reason.CSR_NAME_MISSING in reasons(apply(CSR, CsrFacts(request(names=(SUB.name,)), plan)))


@pytest.mark.parametrize("names", [(SUB.name,), (PUB.name, SUB.name)], ids=["left out", "kept in"])
def test_person_may_leave_idle_nodes_out(tmp_path, names):
    """S21: who generates the request by hand may leave out nodes on which CallManager does not run, and no others."""
    plan = planned(tmp_path, "[by_hand]", "csr = true", idle=(PUB,))
    good = apply(CSR, CsrFacts(request(names=(*names, *plan.extra_names)), plan))
    bad = apply(CSR, CsrFacts(request(names=(PUB.name, *plan.extra_names)), plan))

    assert () == refusals(good)
    assert [Reason.CSR_NAME_MISSING] == reasons(refusals(bad))
    assert f"{PUB.name}, where CallManager does not run, may be left out" in csr_by_hand(plan)


@pytest.mark.parametrize(("idle", "due_now"), [((PUB,), False), ((), True)], ids=["idle", "serving"])
def test_certificate_without_idle_nodes_is_not_due(tmp_path, idle, due_now):
    """S21, S31: a certificate that leaves a node out is due only when CallManager runs there."""
    site = Site(load_profile(write_profile(tmp_path)), str, str, float, lambda: NOW)
    names = (SUB.name, *(name for name in NAMES if name not in NODES))
    identity = leaf(names=names, common_name=SUB.name)
    nodes = [node_facts(node, identity=identity, services=_services(node in idle)) for node in (PUB, SUB)]
    up = {
        node: frozenset(name for name, state in _services(node in idle).items() if state == "STARTED")
        for node in (PUB, SUB)
    }
    seen = cluster_facts(*nodes, phones=facts(started=up), members=(PUB.name, SUB.name))

    found = due(site, Purpose.CALLMANAGER, seen)

    assert due_now is any("does not name" in reason for reason in found.reasons)


@pytest.mark.parametrize(("now", "before"), [((), (PUB,)), ((PUB,), ())], ids=["started since", "stopped since"])
def test_node_that_serves_at_times_is_named(tmp_path, now, before):
    """S21: a node on which CallManager runs now, or did before the first change, is not left out."""
    plan = planned(tmp_path, "[by_hand]", "csr = true", idle=now, idle_before=before)

    assert {PUB.name, SUB.name} <= set(plan.names)


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
