"""The look of a watch against simulated clusters over real sockets: each drift of S31 is recognised by its name."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

from deployments.rehearsal.scene import write_profile
from tests.conftest import until
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, TOMCAT, scene_now
from tests.procedure.walked import TestCa
from ucrenew.clients.certmgr import CsrWish
from ucrenew.domain.finding import Reason
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.watch import judge
from ucrenew.profile import load_profile
from ucrenew.site import Site
from ucrenew.steps.look import look

NEWCOMER = "cs-ccm-sub2.example.com"
SELF_SIGNED_EVERYWHERE = {(Reason.SELF_SIGNED, node) for node in (PUBLISHER, SUBSCRIBER, IMP)}


def site_of(simulator, folder):
    """The site of a watch at this cluster, with a profile written as of now."""
    path = write_profile(scene_now(simulator), folder)
    return Site(load_profile(path), str, [].append, threading.Event().wait, lambda: datetime.now(UTC))


def reasons(simulator, folder):
    """Reason and node of everything that a look finds."""
    return {(finding.reason, finding.node) for finding in judge(look(site_of(simulator, folder))).findings}


def renew(simulator, folder, restarted):
    """A person renews Tomcat for all nodes and restarts it on some; old self-signed ones stay behind (S28)."""
    site, ca = site_of(simulator, folder / "renewing"), TestCa()
    rest = site.rest(site.profile.publisher)
    leaf = ca.sign(rest.generate_csr(CsrWish("tomcat", "multi-server", PUBLISHER, "rsa", 2048, "sha256")))
    for issuer in (ca.root, ca.intermediate):
        rest.upload_trust("tomcat", issuer, description="a test's")
    rest.upload_identity("tomcat", [leaf])
    restart(simulator, *restarted)
    simulator.control.forget()
    return ca


def restart(simulator, *nodes):
    """Tomcat starts again and loads what is installed."""
    for node in nodes:
        for state in ("STOPPED", "STARTED"):
            simulator.control.post(f"/nodes/{node}", {"services": {TOMCAT: state}})


def test_fresh_cluster_is_self_signed(borrowed, tmp_path):
    """Day one: three self-signed certificates are told as that, and the look leaves nothing behind in the cluster."""
    found = reasons(borrowed, tmp_path)

    assert SELF_SIGNED_EVERYWHERE == {one for one in found if one[0] is Reason.SELF_SIGNED}
    assert [] == borrowed.control.ledger()


def test_whole_cluster_is_seen(borrowed, tmp_path):
    """Own certificates, trust stores and both ports of every node, and who the publisher lists."""
    seen = look(site_of(borrowed, tmp_path))

    assert (PUBLISHER, SUBSCRIBER, IMP) == tuple(one.node.name for one in seen.nodes)
    assert {PUBLISHER, SUBSCRIBER, IMP} == set(seen.listed)
    assert [2, 2, 2] == [len(one.served) for one in seen.nodes]
    assert all(one.identities["tomcat"] in one.trust["tomcat-trust"] for one in seen.nodes)
    assert {Purpose.TOMCAT} == set(seen.expected.names)


def test_account_that_only_reads(borrowed, tmp_path):
    """Privilege 0 sees everything that privilege 1 sees."""
    for node in (PUBLISHER, SUBSCRIBER, IMP):
        borrowed.control.post(f"/nodes/{node}", {"privilege": 0})
    found = reasons(borrowed, tmp_path)

    assert Reason.NOT_LOOKED_AT not in {reason for reason, _ in found}
    assert SELF_SIGNED_EVERYWHERE <= found


def test_unreachable_publisher_does_not_end_the_look(borrowed, tmp_path):
    """Where the publisher is away it is told, nobody concludes who is in the cluster, and the others are seen."""
    site = site_of(borrowed, tmp_path)
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"reachable": False})
    seen = look(site)

    assert seen.listed is None
    assert [False, True, True] == [one.shows_certificates for one in seen.nodes]
    assert [PUBLISHER] == [one.node.name for one in seen.nodes if one.troubles]


def test_refused_password_leaves_once(borrowed, tmp_path):
    """A wrong password is presented to one node, once; the others still show what their ports serve."""
    site = site_of(borrowed, tmp_path)
    (tmp_path / "platform.password").write_text("of-last-year")
    seen = look(site)

    assert ["login-refused"] == borrowed.control.kinds()
    assert [False, False, False] == [one.shows_certificates for one in seen.nodes]
    assert [2, 2, 2] == [len(one.served) for one in seen.nodes]
    assert "of-last-year" not in repr(seen)


# One after the other on one cluster: what is done there behind everybody's back, and what is found beside the before.
DRIFT = (
    ({"overwrite_csr": "tomcat"}, {(Reason.CSR_OUTSTANDING, None)}),
    ({"stale_trust": True}, {(Reason.TRUST_EXPIRED, SUBSCRIBER)}),
    ({"expired": True}, {(Reason.EXPIRED, None), (Reason.RESTORED, SUBSCRIBER)}),
    ({"reachable": False}, {(Reason.NOT_LOOKED_AT, SUBSCRIBER)}),
)


def test_each_drift_by_its_name(simulator, tmp_path):
    """S31, S28: what is done to a renewed cluster is found under its name, on its node, and nothing beside it."""
    renew(simulator, tmp_path, restarted=(PUBLISHER, IMP))
    looks = [reasons(simulator, tmp_path)]
    restart(simulator, SUBSCRIBER)
    looks.append(reasons(simulator, tmp_path))
    for bent, _ in DRIFT:
        simulator.control.post(f"/nodes/{SUBSCRIBER}", bent)
        looks.append(reasons(simulator, tmp_path))
    simulator.control.post("/nodes", {"host": "cs-ccm-sub2", "product": "cucm", "role": "subscriber"})
    looks.append(reasons(simulator, tmp_path))
    changes = [now - before for before, now in itertools.pairwise(looks)]

    assert {(Reason.SERVED_DIFFERS, SUBSCRIBER)} == looks[0] - looks[1]
    assert [set(), *(expected for _, expected in DRIFT), {(Reason.NODE_ADDED, NEWCOMER)}] == changes
    assert (Reason.OLD_CERTIFICATE_LEFT, None) in looks[1]


def test_missed_upload_then_namesake(simulator, tmp_path):
    """S31: a subscriber that missed an upload disagrees with the others; a CA's namesake took its place everywhere."""
    renew(simulator, tmp_path, restarted=(PUBLISHER, SUBSCRIBER, IMP))
    before = reasons(simulator, tmp_path)
    simulator.control.post(f"/nodes/{SUBSCRIBER}", {"fan_out": "broken"})
    ca = renew(simulator, tmp_path, restarted=(PUBLISHER, IMP))
    missed = reasons(simulator, tmp_path)
    namesake = ca.ca_certificate(f"Issuing {ca.name}", datetime.now(UTC) - timedelta(hours=1))
    site = site_of(simulator, tmp_path)
    site.rest(site.profile.publisher).upload_trust("tomcat", namesake, description="another key, the same name")

    assert {(Reason.IDENTITIES_DIFFER, SUBSCRIBER)} == missed - before
    assert until(lambda: {Reason.NAMESAKE_IN_TRUST} == {reason for reason, _ in reasons(simulator, tmp_path) - missed})
