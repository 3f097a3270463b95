"""The plan: what a person agrees to, in which order it happens, and when it is another plan."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from ucrenew.domain import restarts
from ucrenew.domain.baseline import Baseline, baseline_of
from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.plan import Plan, Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.profile import load_profile
from ucrenew.steps import planning

from .builder import DAY, NODES, PRESENCE, PUBLISHER, SUBSCRIBER, request
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, plan_of, started, write_profile

ELEVEN = (
    (PUBLISHER, "Cisco Tomcat"),
    (PUBLISHER, "Cisco UDS Tomcat"),
    (PUBLISHER, "Cisco AXL Tomcat"),
    (PUBLISHER, "Cisco DRF Master"),
    (PUBLISHER, "Cisco DRF Local"),
    (SUBSCRIBER, "Cisco Tomcat"),
    (SUBSCRIBER, "Cisco UDS Tomcat"),
    (SUBSCRIBER, "Cisco AXL Tomcat"),
    (SUBSCRIBER, "Cisco DRF Local"),
    (PRESENCE, "Cisco Tomcat"),
    (PRESENCE, "Cisco DRF Local"),
)

# One other value for each field of a plan: none may be changed behind the back of the person who said yes.
OTHER = {
    "cluster": "other",
    "purpose": Purpose.CALLMANAGER,
    "publisher": SUBSCRIBER,
    "nodes": NODES[:2],
    "common_name": "other.example.com",
    "names": NODES[::-1],
    "extra_names": ("voice.example.org",),
    "optional_names": (),
    "distribution": "this-server",
    "key_type": "ec",
    "key_length": 4096,
    "hash_algorithm": "sha512",
    "include_ou": True,
    "authority": "https://other.example.com/certsrv/, no template",
    "restarts": tuple(Restart(*pair) for pair in reversed(ELEVEN)),
    "not_restarted": (),
    "notices": (),
    "findings": ("csr-outstanding cs-ccm-pub.example.com",),
    "sso_nodes": (PUBLISHER,),
    "by_hand": ("leaf",),
    "minutes": 999,
    "replaces": ("cs-ccm-pub.example.com: ab",),
    "windows": ("sat from 22:00 for 6 h (Europe/Berlin)",),
    "neighbours": ("exp-c.example.com (expressway)",),
    "changes_phones": True,
}


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


def restarted(plan):
    return tuple((restart.node, restart.service) for restart in plan.restarts)


# --- restarts


def test_eleven_restarts(plan):
    """The document's cluster has exactly eleven restarts: publisher, CUCM subscriber, IM&P (S19)."""
    assert ELEVEN == restarted(plan)


def test_release_14_as_15(tmp_path):
    """Releases 14 and 15 restart the same services (cucm.md §2.4)."""
    nodes = [node_facts(node, version="14.0.1.10000-20") for node in (PUB, SUB, IMP)]

    assert ELEVEN == restarted(plan_of(tmp_path, cluster_facts(*nodes)))


def test_order_of_a_large_cluster():
    """Publisher, CUCM subscribers, IM&P publisher, IM&P subscribers; by name where nothing else tells (S19)."""
    subscribers = [Node(f"sub{number}.example.com", Product.CUCM, Role.SUBSCRIBER) for number in (2, 1)]
    presence = [Node("a-imp.example.com", Product.IMP, Role.SUBSCRIBER), IMP]

    found = restarts.in_restart_order([*presence, *subscribers, PUB])

    assert [PUB.name, "sub1.example.com", "sub2.example.com", IMP.name, "a-imp.example.com"] == [n.name for n in found]


def test_service_that_was_down(tmp_path):
    """A service that was down in the baseline is not restarted: that would start it (S19, cucm.md §4.1)."""
    services = {**started(SUB), "Cisco AXL Tomcat": "STOPPED"}
    facts = cluster_facts(node_facts(PUB), node_facts(SUB, services=services), node_facts(IMP))

    found = restarted(plan_of(tmp_path, facts))

    assert tuple(pair for pair in ELEVEN if pair != (SUBSCRIBER, "Cisco AXL Tomcat")) == found


def test_service_that_is_not_installed(tmp_path):
    """A service that a node's list does not have is not restarted there (S19)."""
    services = {name: state for name, state in started(IMP).items() if name != "Cisco DRF Local"}
    facts = cluster_facts(node_facts(PUB), node_facts(SUB), node_facts(IMP, services=services))

    assert ELEVEN[:-1] == restarted(plan_of(tmp_path, facts))


def test_plan_of_its_document(plan):
    """A plan read back from its document is the same plan: later lives take the approved one from the record (S19)."""
    found = Plan.of_document(plan.document())

    assert plan == found
    assert plan.digest == found.digest
    assert "Cisco Tomcat on cs-imp.example.com" == str(found.restarts[-2])


def test_plan_of_older_document(plan):
    """A document of a time when plans said less is still a plan: a renewal may be open for weeks."""
    later = ("replaces", "sso_nodes", "by_hand", "minutes", "windows", "neighbours")
    document = {name: value for name, value in plan.document().items() if name not in later}

    assert replace(plan, minutes=0, replaces=()) == Plan.of_document(document)


def test_unknown_release(tmp_path):
    """For a release without a known list of restarts there is no plan, and the sentence names purpose and release."""
    nodes = [node_facts(node, version="16.0.1") for node in (PUB, SUB, IMP)]

    with pytest.raises(BadInput, match=r"lab: .*tomcat on release 16\.0\.1"):
        plan_of(tmp_path, cluster_facts(*nodes))


SSOSP = "Cisco SSOSP Tomcat"


def test_single_sign_on_restarts_more():
    """Where single sign-on was on, its own Tomcat joins the restarts of the CUCM nodes, and is told as left no more."""
    rule = restarts.restart_rule(Purpose.TOMCAT, 15)
    up = {node.name: frozenset({*started(node), SSOSP}) for node in (PUB, SUB, IMP)}

    without = restarts.planned_restarts(rule, (PUB, SUB, IMP), up)
    found = restarts.planned_restarts(rule, (PUB, SUB, IMP), up, sso=True)

    assert ELEVEN == tuple((one.node, one.service) for one in without)
    assert {Restart(PUBLISHER, SSOSP), Restart(SUBSCRIBER, SSOSP)} == set(found) - set(without)
    assert [PUBLISHER] * 6 + [SUBSCRIBER] * 5 + [PRESENCE] * 2 == [one.node for one in found]
    assert any(line.startswith(f"{SSOSP}:") for line in rule.not_restarted)
    assert rule.not_restarted == restarts.left_alone([rule], without)
    assert [line for line in rule.not_restarted if not line.startswith(SSOSP)] == [*restarts.left_alone([rule], found)]


def test_single_sign_on_tomcat_that_was_down():
    """Its Tomcat is not restarted where it was down: that would start it (cucm.md §4.1)."""
    rule = restarts.restart_rule(Purpose.TOMCAT, 15)
    up = {node.name: frozenset(started(node)) for node in (PUB, SUB, IMP)}

    found = restarts.planned_restarts(rule, (PUB, SUB, IMP), up, sso=True)

    assert ELEVEN == tuple((one.node, one.service) for one in found)


def test_time_needed(plan):
    """Three restarts of Tomcat and eight of others need 31 minutes by our estimate (S19, S22)."""
    assert timedelta(minutes=31) == restarts.time_needed(plan.restarts)
    assert timedelta() == restarts.time_needed([])


def test_window_needed(tmp_path):
    """A window holds restarts, the certificate's way, single sign-on off and on again, and a late start (S22)."""
    signed_on = cluster_facts(*(node_facts(node, sso_enabled=True) for node in (PUB, SUB, IMP)))

    assert 31 + 35 + 10 == plan_of(tmp_path).minutes
    assert 31 + 35 + 10 + 2 * 2 * 3 == plan_of(tmp_path, signed_on).minutes
    assert timedelta(minutes=31 + 10) == restarts.window_needed(plan_of(tmp_path).restarts, ())


# --- what is in it


def test_plan_says_everything(plan):
    """The plan names nodes, names, key, CA with template, and what users notice (S4-S8)."""
    assert ("lab", Purpose.TOMCAT, PUBLISHER) == (plan.cluster, plan.purpose, plan.publisher)
    assert NODES == plan.nodes
    assert NODES == plan.names
    assert ("cs-ccm-pub-ms.example.com", "example.com") == plan.optional_names
    assert ("multi-server", "rsa", 2048, "sha256") == (
        plan.distribution,
        plan.key_type,
        plan.key_length,
        plan.hash_algorithm,
    )
    assert "https://ca.example.com/certsrv/, template CiscoUC" == plan.authority
    assert plan.notices
    assert plan.not_restarted
    assert () == plan.findings


def test_no_template(tmp_path):
    """A standalone CA has no template, and the plan says so (S13)."""
    assert plan_of(tmp_path, template="").authority.endswith(", no template")


def test_extra_names_in_plan(tmp_path):
    """Further names are wanted beside the nodes; only those that are no node are sent as such (S8)."""
    line = f'extra_names = ["voice.example.org", "{SUBSCRIBER}", "VOICE.example.org"]'

    plan = plan_of(tmp_path, extra_names=line)

    assert (*NODES, "voice.example.org") == plan.names
    assert ("voice.example.org",) == plan.extra_names


def test_outstanding_request_of_any_node(tmp_path):
    """S7: a request that is outstanding on a subscriber only would be overwritten, too: a person has to know."""
    facts = cluster_facts(node_facts(PUB), node_facts(SUB, csr=request()), node_facts(IMP))
    (found,) = planning.plan_findings(load_profile(write_profile(tmp_path)), baseline_of(facts))

    assert (SUBSCRIBER, "S7") == (found.node, found.row)


def test_outstanding_request(tmp_path):
    """A request that is outstanding on the publisher stands in the plan before anybody says yes (S7)."""
    facts = cluster_facts(node_facts(PUB, csr=request()), node_facts(SUB), node_facts(IMP))

    (found,) = plan_of(tmp_path, facts).findings

    assert found.startswith(f"{PUBLISHER}: a request is outstanding")
    assert "[csr-outstanding, S7]" in found


def test_purpose_chooses_nodes(tmp_path):
    """Nodes of the other product are not in the plan of a purpose that does not cover them (S4)."""
    baseline = baseline_of(cluster_facts())
    covered = Purpose.CALLMANAGER.covers(seen.node for seen in baseline.nodes)

    assert NODES[:2] == planning.wanted_names(load_profile(write_profile(tmp_path)), covered)


# --- its digest


def test_digest_is_stable(tmp_path, plan):
    """Drawn up again from the same profile and baseline, the plan has the same digest."""
    facts = cluster_facts()
    kept = Baseline.model_validate_json(baseline_of(facts).model_dump_json())
    profile = load_profile(write_profile(tmp_path))

    assert plan.digest == planning.draw_up_plan(profile, Purpose.TOMCAT, kept, kept).digest


def test_digest_ignores_what_passes(tmp_path, plan):
    """A fuller disk, another clock, a newer backup and the order of looking do not make another plan."""
    looked = [
        node_facts(node, disk_used_percent=90, clock_skew_seconds=-3.0, served={443: "bb"}) for node in (IMP, SUB, PUB)
    ]
    facts = cluster_facts(*looked, last_backup=cluster_facts().at - 2 * DAY)

    assert plan.digest == plan_of(tmp_path, facts).digest


@pytest.mark.parametrize("field", [field.name for field in fields(Plan)])
def test_digest_covers_every_field(plan, field):
    """Whatever field of a plan changes, the digest changes: an old yes does not count for it."""
    changed = replace(plan, **{field: OTHER[field]})

    assert getattr(plan, field) != getattr(changed, field)
    assert plan.digest != changed.digest


@pytest.mark.parametrize(
    "change",
    [
        {"common_name": 'common_name = "other.example.com"'},
        {"parent_domain": ""},
        {"extra_names": 'extra_names = ["voice.example.org"]'},
        {"template": 'template = "WebServer"'},
        {"url": 'url = "https://other.example.com/certsrv/"'},
        {"append": "\n[certificate.key]\nlength = 3072\n"},
        {"renew_before": 'distribution = "multi-san"'},
        {"renew_before": "include_ou = true"},
    ],
    ids=["common name", "parent domain", "extra name", "template", "CA", "key", "distribution", "OU"],
)
def test_digest_follows_profile(tmp_path, plan, change):
    """A profile that was changed while a question was open makes another plan, which is asked again."""
    assert plan.digest != plan_of(tmp_path, **change).digest


@pytest.mark.parametrize(
    "facts",
    [
        cluster_facts(node_facts(PUB), node_facts(SUB)),
        cluster_facts(node_facts(PUB, csr=request()), node_facts(SUB), node_facts(IMP)),
        cluster_facts(node_facts(PUB, services={"Cisco Tomcat": "STARTED"}), node_facts(SUB), node_facts(IMP)),
    ],
    ids=["a node less", "a request outstanding", "services down"],
)
def test_digest_follows_cluster(tmp_path, plan, facts):
    """Another cluster than the one that was looked at makes another plan."""
    assert plan.digest != plan_of(tmp_path, facts).digest


def test_digest_can_be_recomputed(plan):
    """Anybody can compute the digest: SHA-256 of the plan's JSON, keys sorted, no blanks."""
    text = json.dumps(plan.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert hashlib.sha256(text.encode()).hexdigest() == plan.digest
    assert plan.document() == json.loads(text)


# --- the baseline it rests on


def test_baseline_keeps_what_was_up():
    """The baseline remembers which services were up, SSO, certificates and what each port served, and survives JSON."""
    services = {**started(SUB), "Cisco AXL Tomcat": "STOPPED"}
    facts = cluster_facts(node_facts(PUB, csr=request()), node_facts(SUB, services=services, sso_enabled=True))

    found = Baseline.model_validate(json.loads(baseline_of(facts).model_dump_json()))

    assert baseline_of(facts) == found
    assert "Cisco AXL Tomcat" not in found.nodes[1].started
    assert "Cisco Tomcat" in found.nodes[1].started
    assert (False, True) == tuple(seen.sso_enabled for seen in found.nodes)
    assert {443: "aa", 8443: "aa"} == dict(found.nodes[0].served)
    assert PUBLISHER == found.publisher.name
