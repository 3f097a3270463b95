"""Each drift of S31 by its name, from made-up looks: a healthy cluster has none, and one defect gives one reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.finding import Reason
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.seen import ClusterSeen, Expected, NodeSeen
from ucrenew.domain.watch import Urgency, judge, unseen
from ucrenew.domain.x509 import fingerprint

from .builder import (
    CLIENT,
    COMMON_NAME,
    DAY,
    NAMES,
    NODES,
    NOW,
    PRESENCE,
    PUBLISHER,
    SERVER,
    SUBSCRIBER,
    authority,
    chain,
    intermediate,
    leaf,
    namesake,
    request,
    root,
    rsa_key,
    self_signed,
)

ADDED = "cs-new.example.com"
OTHER_LEAF = {"key": rsa_key("another"), "begins": NOW - 2 * DAY}


def node_seen(name=PUBLISHER, identity=None, served=None, *more_trust, requests=None):
    """One healthy node but for what is said: it serves what is installed."""
    product = Product.IMP if name == PRESENCE else Product.CUCM
    role = Role.SUBSCRIBER if name in {SUBSCRIBER, ADDED} else Role.PUBLISHER
    own = identity or leaf()
    return NodeSeen(
        Node(name, product, role),
        identities={"tomcat": own},
        requests={"tomcat": requests} if requests else {},
        trust={"tomcat-trust": (*chain(), own, *more_trust)},
        served={443: served or own, 8443: own},
    )


def cluster_seen(*changed, listed=NODES, names=NODES, **more):
    """The document's cluster with these nodes in the place of healthy ones."""
    nodes = {name: node_seen(name) for name in NODES} | {one.node.name: one for one in changed}
    expected = Expected(COMMON_NAME, {Purpose.TOMCAT: frozenset(names)}, lead=timedelta(days=30))
    return ClusterSeen("lab", NOW, tuple(nodes.values()), expected, listed, **more)


def unreached(name):
    """A node of which nothing could be read."""
    why = "cannot be reached: connection refused"
    return replace(node_seen(name), identities={}, trust={}, served={}, troubles=(why,), shows_certificates=False)


def everywhere(certificate):
    """All nodes have this certificate."""
    return [node_seen(name, certificate) for name in NODES]


CSR = request()
DRIFTED = {
    "host name changed": (
        cluster_seen(node_seen(SUBSCRIBER, self_signed("cs-renamed.example.com"))),
        {(Reason.RENAMED, SUBSCRIBER)},
    ),
    "domain changed": (
        cluster_seen(listed=(PUBLISHER, "cs-ccm-sub.example.org", PRESENCE)),
        {(Reason.RENAMED, SUBSCRIBER)},
    ),
    "node added, not in the profile": (cluster_seen(listed=(*NODES, ADDED)), {(Reason.NODE_ADDED, ADDED)}),
    "node added, in the profile": (
        cluster_seen(node_seen(ADDED, self_signed(ADDED)), listed=(*NODES, ADDED), names=(*NODES, ADDED)),
        {(Reason.NODE_ADDED, ADDED), (Reason.NAME_MISSING, None)},
    ),
    "node gone": (cluster_seen(listed=NODES[:2]), {(Reason.NODE_GONE, PRESENCE)}),
    "subscriber restored": (
        cluster_seen(node_seen(SUBSCRIBER, self_signed(SUBSCRIBER))),
        {(Reason.RESTORED, SUBSCRIBER)},
    ),
    "nodes disagree": (
        cluster_seen(node_seen(SUBSCRIBER, leaf(**OTHER_LEAF))),
        {(Reason.IDENTITIES_DIFFER, SUBSCRIBER)},
    ),
    "served is not installed": (
        cluster_seen(node_seen(SUBSCRIBER, leaf(), leaf(**OTHER_LEAF))),
        {(Reason.SERVED_DIFFERS, SUBSCRIBER)},
    ),
    "self-signed everywhere": (
        cluster_seen(*(node_seen(name, self_signed(name)) for name in NODES)),
        {(Reason.SELF_SIGNED, name) for name in NODES},
    ),
    "leftover": (
        cluster_seen(node_seen(PUBLISHER, None, None, self_signed(PUBLISHER))),
        {(Reason.OLD_CERTIFICATE_LEFT, PUBLISHER)},
    ),
    "request outstanding": (
        cluster_seen(*(node_seen(name, requests=CSR) for name in NODES)),
        {(Reason.CSR_OUTSTANDING, None)},
    ),
    "request outstanding for long": (
        cluster_seen(node_seen(requests=CSR), first_seen={fingerprint(CSR): NOW - 10 * DAY}),
        {(Reason.CSR_OLD, None)},
    ),
    "CA certificate ends": (
        cluster_seen(node_seen(PUBLISHER, None, None, authority("Old CA", ends=NOW + 9 * DAY).certificate)),
        {(Reason.TRUST_EXPIRES_SOON, PUBLISHER)},
    ),
    "CA certificate ended": (
        cluster_seen(node_seen(PUBLISHER, None, None, authority("Gone CA", ends=NOW - DAY).certificate)),
        {(Reason.TRUST_EXPIRED, PUBLISHER)},
    ),
    "namesake of a CA": (
        cluster_seen(node_seen(PUBLISHER, None, None, namesake().certificate)),
        {(Reason.NAMESAKE_IN_TRUST, PUBLISHER)},
    ),
    "namesake in the place of the CA": (
        cluster_seen(
            replace(node_seen(), trust={"tomcat-trust": (root().certificate, namesake().certificate, leaf())})
        ),
        {(Reason.NAMESAKE_IN_TRUST, PUBLISHER)},
    ),
    "no client authentication": (
        cluster_seen(*everywhere(leaf(extended=(SERVER,)))),
        {(Reason.EXTENDED_KEY_USAGE, None)},
    ),
    "public CA": (
        cluster_seen(public_roots=frozenset({fingerprint(root().certificate)})),
        {(Reason.CLIENT_AUTHENTICATION_ENDS, None)},
    ),
    "due": (
        cluster_seen(*everywhere(leaf(begins=NOW - 300 * DAY, ends=NOW + 20 * DAY))),
        {(Reason.RENEWAL_DUE, None)},
    ),
    "ended": (cluster_seen(*everywhere(leaf(begins=NOW - 300 * DAY, ends=NOW - DAY))), {(Reason.EXPIRED, None)}),
    "a further name is missing": (
        cluster_seen(names=(*NODES, "voice.example.com")),
        {(Reason.NAME_MISSING, None)},
    ),
    "no identity": (cluster_seen(replace(node_seen(), identities={}, served={})), {(Reason.NO_IDENTITY, PUBLISHER)}),
    "unreachable": (cluster_seen(unreached(SUBSCRIBER)), {(Reason.NOT_LOOKED_AT, SUBSCRIBER)}),
}


def seen_as(seen):
    """Reason and node of every finding."""
    return {(finding.reason, finding.node) for finding in judge(seen).findings}


def test_healthy_cluster():
    """A cluster as a renewal leaves it has no finding at all, and every certificate of every place has a row."""
    found = judge(cluster_seen())

    assert () == found.findings
    assert Urgency.NONE is found.urgency
    assert {"tomcat", "port 443", "port 8443", "tomcat-trust"} == {row.place for row in found.rows}
    assert {(365, NOW + 335 * DAY)} == {(row.days_left, row.due) for row in found.rows if row.place == "tomcat"}
    assert {None} == {row.due for row in found.rows if row.place == "tomcat-trust"}


@pytest.mark.parametrize(("seen", "expected"), DRIFTED.values(), ids=DRIFTED)
def test_drift_has_its_name(seen, expected):
    """S31: each way to drift is found under its own reason, on its node, and nothing else is found with it."""
    assert expected == seen_as(seen)


def test_what_was_not_read_is_not_judged():
    """Where nobody could ask the publisher for its nodes, none is called new or gone."""
    assert set() == seen_as(cluster_seen(listed=None))


def test_purpose_left_alone():
    """A purpose that the profile does not renew may be self-signed on every node: that is no drift."""
    seen = cluster_seen(*(node_seen(name, self_signed(name)) for name in NODES))

    assert set() == seen_as(replace(seen, expected=replace(seen.expected, names={})))


def test_drifted_node_is_not_hidden_by_another():
    """Every finding is told: a node that cannot be reached and one that was restored stand side by side."""
    found = seen_as(cluster_seen(unreached(PRESENCE), node_seen(SUBSCRIBER, self_signed(SUBSCRIBER))))

    assert {(Reason.NOT_LOOKED_AT, PRESENCE), (Reason.RESTORED, SUBSCRIBER)} == found


def test_same_sentence_is_said_once():
    """What lies in every node's store alike is one finding that names the nodes."""
    old = authority("Gone CA", ends=NOW - DAY).certificate
    (found,) = judge(cluster_seen(*(node_seen(name, None, None, old) for name in NODES))).findings

    assert Reason.TRUST_EXPIRED is found.reason
    assert "on cs-ccm-pub, cs-ccm-sub, cs-imp" in found.sentence


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("leftover", Urgency.NOTICE),
        ("request outstanding", Urgency.NOTICE),
        ("subscriber restored", Urgency.WARNING),
        ("due", Urgency.WARNING),
        ("unreachable", Urgency.UNKNOWN),
        ("ended", Urgency.CRITICAL),
    ],
)
def test_urgency(drift, expected):
    """How urgent a cluster is follows from the worst of its findings."""
    assert expected is judge(DRIFTED[drift][0]).urgency


def test_cluster_that_nobody_saw():
    """A cluster of which nothing could be read is reported all the same, with the reason."""
    found = unseen("far", NOW, "the profile cannot be read")

    assert (Urgency.UNKNOWN, ()) == (found.urgency, found.rows)
    assert "the profile cannot be read" in str(found.findings[0])


def test_client_authentication_of_a_private_ca():
    """FN74345: a certificate of a CA that no browser knows, with both usages, is not exposed."""
    both = leaf(extended=(SERVER, CLIENT), names=NAMES, issuer=intermediate())

    assert set() == seen_as(cluster_seen(*everywhere(both), public_roots=frozenset({"0" * 64})))
