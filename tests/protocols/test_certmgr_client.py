"""The client of the certificate API against the simulator, what it sends, and how connections fail."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from tests.conftest import Simulator
from tests.protocols.certmgr_talk import (
    OTHER,
    OWN,
    PASSWORD,
    REQUEST_PEM,
    answering,
    every_call,
    wish,
)
from tests.protocols.https_door import NODE, closed_port, make, opened, serving, signed
from ucrenew.clients import tls
from ucrenew.clients.certmgr import CertificateManager, NodeRefused, Reason
from ucrenew.domain import x509
from ucrenew.errors import LoginRefused, Permanent, Transient, UnknownReply, Untrusted

BASE = "/platformcom/api/v1/certmgr/config"


def simulated(simulator: Simulator, host: str = "cs-ccm-pub", **account: str) -> CertificateManager:
    """A client of a simulated node."""
    node, known = simulator.node(host), simulator.scene["accounts"]["platform"]
    endpoint = tls.Endpoint(node["name"], node["address"], node["https_port"])
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({node["tomcat_sha256"]})))
    return CertificateManager(
        endpoint,
        tls.trusted_session(endpoint, decision),
        account.get("user", known["user"]),
        account.get("password", known["password"]),
    )


# --- against the simulator


def test_snapshot_shows_a_node(simulator):
    """A snapshot has the node's name, its running identity, its trust stores and its clock (S2)."""
    node = simulator.node("cs-ccm-pub")
    snapshot = simulated(simulator).snapshot()

    assert node["name"] == snapshot.server
    assert node["tomcat_sha256"] == x509.fingerprint(snapshot.identities["tomcat"].certificate)
    assert snapshot.identities["tomcat"].csr is None
    assert len(snapshot.trusts["tomcat-trust"]) >= 1
    assert abs((datetime.now(UTC) - snapshot.server_date).total_seconds()) < 30
    assert () == snapshot.unreadable


def test_clock_skew_is_seen(simulator):
    """The Date header of a node whose clock is off shows by how much."""
    simulator.control.post("/nodes/cs-ccm-sub.example.com", {"clock_skew": -600})
    date = simulated(simulator, "cs-ccm-sub").snapshot().server_date

    assert 570 < (datetime.now(UTC) - date).total_seconds() < 630


def test_one_request_for_all_nodes(simulator):
    """A multi-server request is generated once and read back equal on every node (S6-S11)."""
    before = simulated(simulator).csr("tomcat")
    made = simulated(simulator).generate_csr(wish())
    seen = [simulated(simulator, host).csr("tomcat") for host in ("cs-ccm-pub", "cs-ccm-sub", "cs-imp")]

    assert before is None
    assert [made] * 3 == seen
    assert {"cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com", "alias.example.com"} <= set(
        x509.names(made)
    )
    assert ["csr"] == simulator.control.kinds()


def test_leaf_without_chain_is_refused(simulator):
    """A leaf whose CA certificates are missing in the trust store is refused with the reason ca-missing (S15)."""
    client = simulated(simulator)
    leaf = signed(client.generate_csr(wish()))
    with pytest.raises(NodeRefused) as refused:
        client.upload_identity("tomcat", [leaf])

    assert Reason.CA_MISSING is refused.value.reason
    assert "CA Certificate is not available" in refused.value.text


def test_trust_upload_is_read_back(simulator):
    """A CA certificate that was uploaded is in the store when it is read again (S15, S16)."""
    client = simulated(simulator)
    root = x509.parse_certificate(simulator.scene["ca"]["root"])
    before = root in client.trust("tomcat")
    client.upload_trust("tomcat", root, description="root, by ucrenew")

    assert (False, True) == (before, root in client.trust("tomcat"))
    assert root in client.snapshot().trusts["tomcat-trust"]


def test_upload_without_request(simulator):
    """A leaf for which the node has no request is refused, and the identity stays as it was."""
    client = simulated(simulator)
    before = client.identity("tomcat")
    with pytest.raises(NodeRefused):
        client.upload_identity("tomcat", [make().certificate])

    assert before == client.identity("tomcat")


def test_wrong_password_is_tried_once(simulator):
    """A wrong password is one refused login in the node's books, and the message does not show it."""
    with pytest.raises(LoginRefused) as refused:
        simulated(simulator, password="not-this-one").snapshot()

    assert ["login-refused"] == simulator.control.kinds()
    assert "not-this-one" not in str(refused.value)
    assert "osadmin" in str(refused.value)


def test_html_is_an_unknown_reply(simulator):
    """A page in place of JSON is an unknown reply that names the node, whatever was asked, and changes nothing."""
    client = simulated(simulator)
    simulator.control.post("/faults", {"kind": "html", "node": "cs-ccm-pub.example.com", "on": True})
    for ask in every_call(client):
        with pytest.raises(UnknownReply, match=NODE):
            ask()


def test_unreachable_node_is_transient(simulator):
    """A node that refuses connections, as one does while its Tomcat restarts, is trouble that may pass."""
    client = simulated(simulator, "cs-imp")
    simulator.control.post("/nodes/cs-imp.example.com", {"reachable": False})
    with pytest.raises(Transient, match="cs-imp"):
        client.snapshot()


# --- what is sent


def test_bodies_are_as_documented():
    """Each call sends the JSON of cucm.md §1: ``service`` a list for trust and a text for identity."""
    with answering({"csr": REQUEST_PEM}) as (client, door):
        client.generate_csr(wish())
        client.generate_csr(wish(alt_names=()))
        client.upload_trust("tomcat", OTHER.certificate, description="root")
        client.upload_identity("tomcat", [OWN.certificate, OTHER.certificate])
    bodies = [json.loads(seen.body) for seen in door.seen]

    assert [f"{BASE}/csr", f"{BASE}/csr", f"{BASE}/trust/certificates", f"{BASE}/identity/certificates"] == [
        seen.path for seen in door.seen
    ]
    assert {
        "service": "tomcat",
        "distribution": "multi-server",
        "commonName": NODE,
        "keyType": "rsa",
        "keyLength": 2048,
        "hashAlgorithm": "sha256",
        "altNames": ["alias.example.com"],
    } == bodies[0]
    assert "altNames" not in bodies[1]
    assert {"service": ["tomcat"], "certificates": [OTHER.pem], "description": "root"} == bodies[2]
    assert {"service": "tomcat", "certificates": [OWN.pem, OTHER.pem]} == bodies[3]
    assert {"application/json"} == {seen.headers["Content-Type"] for seen in door.seen}


def test_looks_name_the_service():
    """The singular paths with the service as query are asked (cucm.md §1.2)."""
    with answering([]) as (client, door):
        client.csr("tomcat-ECDSA")
        client.identity("tomcat")
        client.trust("tomcat")

    assert [
        f"{BASE}/csr?service=tomcat-ECDSA",
        f"{BASE}/identity/certificate?service=tomcat",
        f"{BASE}/trust/certificate?service=tomcat",
    ] == [seen.path for seen in door.seen]


def test_every_call_carries_the_account():
    """Each call carries Basic credentials at once, in UTF-8, and is sent once."""
    expected = "Basic " + base64.b64encode(f"osadmin:{PASSWORD}".encode()).decode()
    with answering({"csr": REQUEST_PEM}) as (client, door):
        client.csr("tomcat")
        client.generate_csr(wish())

    assert [expected, expected] == [seen.headers["Authorization"] for seen in door.seen]


# --- transport


def test_closed_port_is_transient():
    """A refused connection is trouble that may pass."""
    with opened(OWN) as door:
        endpoint = tls.Endpoint(NODE, "127.0.0.1", closed_port())
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    gone = CertificateManager(endpoint, tls.trusted_session(endpoint, decision), "osadmin", PASSWORD)
    with pytest.raises(Transient, match="no connection"):
        gone.snapshot()


def test_changed_node_gets_no_password():
    """When the certificate changed since the decision, no credential leaves."""
    with answering({}) as (client, door):
        door.serves = serving(OTHER)
        with pytest.raises(Untrusted):
            client.snapshot()

    assert [] == door.seen


def test_login_refused_is_permanent():
    """A 401 is permanent, is sent once, and says which account it was."""
    refusing = answering("", 401, WWW_Authenticate='Basic realm="CMPlatform Realm"')
    with refusing as (client, door), pytest.raises(LoginRefused, match="osadmin") as refused:
        client.snapshot()

    assert isinstance(refused.value, Permanent)
    assert 1 == len(door.seen)
