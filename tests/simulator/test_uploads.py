"""Uploads: what the platform takes, what it refuses and in which words (cucm.md §1.5, §1.6, §4.8)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conftest import until
from tests.simulator.walk import Rest, TestCa, names, parsed, sha256


@pytest.fixture
def ca():
    return TestCa()


def stored(simulator, host="cs-ccm-pub"):
    """Fingerprints in tomcat-trust of one node."""
    trust = simulator.control.node(f"{host}.example.com")["trust"]["tomcat-trust"]
    return [entry["fingerprint"] for entry in trust]


def installed(simulator):
    return [node["identity"]["tomcat"]["installed"] for node in simulator.control.state()["nodes"]]


def test_upload_installs_everywhere(simulator, ca):
    """After root, intermediate and leaf every node has the identity, the CSR is consumed, old rows stay (S17, S28)."""
    rest = Rest(simulator)
    before = installed(simulator)
    leaf = ca.sign(parsed(rest.csr()))
    replies = [rest.trust(ca.root), rest.trust(ca.intermediate), rest.leaf(leaf)]

    nodes = simulator.control.state()["nodes"]
    messages = replies[-1].json["messages"]
    listed = "cs-ccm-pub.example.com,cs-ccm-sub.example.com,cs-imp.example.com"
    assert [200, 200, 200] == [reply.status for reply in replies]
    assert f"Certificate upload operation successful for the nodes {listed}." == messages[0]
    assert [sha256(leaf)] * 3 == installed(simulator)
    assert [None] * 3 == [node["csr"]["tomcat"] for node in nodes]
    assert [False] * 3 == [node["identity"]["tomcat"]["self_signed"] for node in nodes]
    for host, old in zip(("cs-ccm-pub", "cs-ccm-sub", "cs-imp"), before, strict=True):
        assert {old, sha256(ca.root), sha256(ca.intermediate), sha256(leaf)} <= set(stored(simulator, host))


def test_upload_ledger(simulator, ca):
    """The ledger has one entry a call at the node addressed, with purpose and fingerprint, and none for fan-out."""
    rest = Rest(simulator)
    request = parsed(rest.csr())
    rest.trust(ca.root, ca.intermediate)
    leaf = ca.sign(request)
    rest.leaf(leaf)

    entries = simulator.control.ledger()
    assert ["csr", "trust-upload", "trust-upload", "leaf-upload"] == [entry["kind"] for entry in entries]
    assert {"cs-ccm-pub.example.com"} == {entry["node"] for entry in entries}
    assert {"osadmin"} == {entry["from"] for entry in entries}
    assert {"tomcat"} == {entry["purpose"] for entry in entries}
    assert [sha256(ca.root), sha256(ca.intermediate), sha256(leaf)] == [entry["fingerprint"] for entry in entries[1:]]
    assert request.subject.rfc4514_string() == entries[0]["subject"]
    assert [] == [entry for entry in entries if "refused" in entry]
    assert sorted(entry["at"] for entry in entries) == [entry["at"] for entry in entries]


def refuse(simulator, reply, status, text):
    """The reply is this refusal, the ledger says so, and nothing was installed."""
    entry = simulator.control.ledger()[-1]
    assert (status, text) == (reply.status, reply.json["message"])
    assert ("leaf-upload", text) == (entry["kind"], entry["refused"])
    assert all(node["identity"]["tomcat"]["self_signed"] for node in simulator.control.state()["nodes"])


def test_upload_without_chain(borrowed, ca):
    """A leaf is refused with 400 while its chain is not in the trust store, also with only the root there."""
    rest = Rest(borrowed)
    leaf = ca.sign(parsed(rest.csr()))
    text = "CA Certificate is not available in the trust-store"

    refuse(borrowed, rest.leaf(leaf), 400, text)
    rest.trust(ca.root)
    refuse(borrowed, rest.leaf(leaf), 400, text)
    refuse(borrowed, rest.leaf(leaf, ca.intermediate, ca.root), 400, text)


def test_upload_chain_counts(simulator, ca):
    """With the other reading the chain that comes with the leaf is enough."""
    simulator.control.post("/cluster", {"chain_with_leaf": "counts"})
    rest = Rest(simulator)

    assert 200 == rest.leaf(ca.sign(parsed(rest.csr())), ca.intermediate, ca.root).status


def test_upload_other_names(simulator, ca):
    """A leaf with one name less or one more than the CSR is refused; the order of the names is free."""
    rest = Rest(simulator)
    request = parsed(rest.csr())
    rest.trust(ca.root, ca.intermediate)
    asked = names(request)
    text = "CSR SAN and Certificate SAN does not match"

    refuse(simulator, rest.leaf(ca.sign(request, dns=asked[1:])), 400, text)
    refuse(simulator, rest.leaf(ca.sign(request, dns=[*asked, "www.example.com"])), 400, text)
    assert 200 == rest.leaf(ca.sign(request, dns=asked[::-1])).status


def test_upload_replaced_request(borrowed, ca):
    """A leaf for a CSR that was overwritten is answered 500; the status can be switched (§1.3, §4.8)."""
    rest = Rest(borrowed)
    stale = ca.sign(parsed(rest.csr()))
    rest.trust(ca.root, ca.intermediate)
    borrowed.control.post("/nodes/cs-ccm-pub.example.com", {"overwrite_csr": "tomcat"})
    text = "CSR public key and Certificate public key do not match"

    refuse(borrowed, rest.leaf(stale), 500, text)
    borrowed.control.post("/cluster", {"key_mismatch_status": 400})
    refuse(borrowed, rest.leaf(stale), 400, text)
    assert 1 == borrowed.control.kinds().count("csr")


def test_upload_foreign_key(borrowed, ca):
    """A leaf for another key is refused."""
    rest = Rest(borrowed)
    request = parsed(rest.csr())
    rest.trust(ca.root, ca.intermediate)
    leaf = ca.sign(request, key=rsa.generate_private_key(65537, 2048))

    refuse(borrowed, rest.leaf(leaf), 500, "CSR public key and Certificate public key do not match")


def test_upload_twice(simulator, ca):
    """The second upload of a leaf finds no CSR any more: the first consumed it."""
    rest = Rest(simulator)
    leaf = ca.sign(parsed(rest.csr()))
    rest.trust(ca.root, ca.intermediate)
    first, second = rest.leaf(leaf), rest.leaf(leaf)

    assert 200 == first.status
    assert 400 == second.status
    assert "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist" == second.json["message"]


@pytest.mark.parametrize("days", [(-90, -1), (1, 90)])
def test_upload_out_of_time(borrowed, ca, days):
    """An expired leaf is refused, and so is one that is not valid yet."""
    rest = Rest(borrowed)
    leaf = ca.sign(parsed(rest.csr()), days=days)
    rest.trust(ca.root, ca.intermediate)

    refuse(borrowed, rest.leaf(leaf), 400, "Certificate is expired or not yet valid")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/identity/certificates", {"service": ["tomcat"], "certificates": ["x"]}),
        ("/identity/certificates", {"service": "tomcat", "certificates": []}),
        ("/identity/certificates", {"service": "tomcat", "certificates": ["-----BEGIN CERTIFICATE-----\nMIID"]}),
        ("/trust/certificates", {"service": "tomcat", "certificates": ["x"]}),
        ("/trust/certificates", {"service": ["tomcat-trust"], "certificates": ["x"]}),
        ("/trust/certificates", {"service": ["tomcat"], "certificates": ["x"]}),
        ("/trust/certificates", ["x"]),
    ],
)
def test_upload_wrong_shape(standing, path, body):
    """A body of another shape, or a text that is no certificate, is refused with 400 and changes nothing."""
    before = stored(standing)
    reply = Rest(standing).call("POST", path, body)

    assert 400 == reply.status
    assert reply.json["messages"]
    assert before == stored(standing)


def test_upload_expired_root(borrowed):
    """An expired CA certificate is refused and noted, and the store stays as it was."""
    ca = TestCa()
    old = ca.ca_certificate("Old Root", datetime.now(UTC) - timedelta(days=500))
    before = stored(borrowed)
    reply = Rest(borrowed).trust(old)

    assert 400 == reply.status
    assert before == stored(borrowed)
    assert reply.json["message"] == borrowed.control.ledger()[0]["refused"]


def test_upload_same_subject(borrowed):
    """Of two roots with one subject the store keeps the one that starts later, and says nothing (§4.8)."""
    ca = TestCa()
    older = ca.ca_certificate("Twin Root", datetime.now(UTC) - timedelta(days=20))
    newer = ca.ca_certificate("Twin Root", datetime.now(UTC) - timedelta(days=10))
    rest = Rest(borrowed)

    assert 200 == rest.trust(older).status
    assert 200 == rest.trust(newer).status
    assert (False, True) == (sha256(older) in stored(borrowed), sha256(newer) in stored(borrowed))
    assert 200 == rest.trust(older).status
    assert (False, True) == (sha256(older) in stored(borrowed), sha256(newer) in stored(borrowed))
    borrowed.control.post("/cluster", {"older_namesake": "error"})
    assert 400 == rest.trust(older).status


def test_upload_already_there(borrowed, ca):
    """A second upload of one CA certificate changes nothing; whether it is an error can be switched (§1.6)."""
    rest = Rest(borrowed)
    first, second = rest.trust(ca.root), rest.trust(ca.root)
    before = stored(borrowed)
    borrowed.control.post("/cluster", {"already_there": "error"})
    third = rest.trust(ca.root)

    assert [200, 200, 400] == [first.status, second.status, third.status]
    assert before == stored(borrowed)
    assert 1 == before.count(sha256(ca.root))


def test_upload_intermediate_first(borrowed, ca):
    """By the strict reading an intermediate is refused until its root is there (S15)."""
    borrowed.control.post("/cluster", {"issuer_needed_in_trust": True})
    rest = Rest(borrowed)

    assert 400 == rest.trust(ca.intermediate).status
    assert [200, 200] == [rest.trust(ca.root).status, rest.trust(ca.intermediate).status]


def test_trust_missed_then_released(borrowed, ca):
    """A node that missed the event has the trust only when it is released; the ledger knows nothing of it (A.1)."""
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "missed"})
    Rest(borrowed).trust(ca.root)

    assert sha256(ca.root) in stored(borrowed, "cs-ccm-sub")
    assert sha256(ca.root) not in stored(borrowed, "cs-imp")
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "normal"})
    assert sha256(ca.root) in stored(borrowed, "cs-imp")
    assert ["trust-upload"] == borrowed.control.kinds()


def test_trust_missed_until_resync(borrowed, ca):
    """A missed event is made good by the next full resynchronisation; a broken node never is."""
    borrowed.control.post("/cluster", {"resync_seconds": 0.5})
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "missed"})
    borrowed.control.post("/nodes/cs-ccm-sub.example.com", {"fan_out": "broken"})
    Rest(borrowed).trust(ca.root)

    assert sha256(ca.root) not in stored(borrowed, "cs-imp")
    assert until(lambda: sha256(ca.root) in stored(borrowed, "cs-imp"))
    assert sha256(ca.root) not in stored(borrowed, "cs-ccm-sub")
    assert 1 == borrowed.control.node("cs-ccm-sub.example.com")["late"]


def test_trust_takes_time(borrowed, ca):
    """Trust reaches the other nodes some time after the upload was answered."""
    borrowed.control.post("/cluster", {"fan_out_seconds": 1})
    Rest(borrowed).trust(ca.root)

    assert sha256(ca.root) in stored(borrowed)
    assert sha256(ca.root) not in stored(borrowed, "cs-imp")
    assert until(lambda: sha256(ca.root) in stored(borrowed, "cs-imp"))


def test_trust_by_hand(borrowed, ca):
    """A trust certificate that stays missing on a node can be uploaded on that node."""
    borrowed.control.post("/nodes/cs-imp.example.com", {"fan_out": "broken"})
    Rest(borrowed).trust(ca.root)
    Rest(borrowed, "cs-imp").trust(ca.root)

    assert sha256(ca.root) in stored(borrowed, "cs-imp")
    assert ["cs-ccm-pub.example.com", "cs-imp.example.com"] == [one["node"] for one in borrowed.control.ledger()]


def test_leaf_left_out(simulator, ca):
    """A node whose web service is down gets neither CSR nor leaf and is missing from both lists (S9, S17)."""
    stopped = {"services": {"Platform Administrative Web Service": "STOPPED"}}
    simulator.control.post("/nodes/cs-ccm-sub.example.com", stopped)
    rest = Rest(simulator)
    csr = rest.csr()
    rest.trust(ca.root, ca.intermediate)
    reply = rest.leaf(ca.sign(parsed(csr)))

    selves = [node["identity"]["tomcat"]["self_signed"] for node in simulator.control.state()["nodes"]]
    expected = "CSR export operation successful on the nodes [cs-ccm-pub.example.com, cs-imp.example.com]."
    assert expected == csr.json["messages"][-1]
    assert "for the nodes cs-ccm-pub.example.com,cs-imp.example.com." in reply.json["messages"][0]
    assert [False, True, False] == selves


def test_leaf_arrives_late(simulator, ca):
    """A node that missed the leaf keeps its old identity and the CSR until the leaf arrives."""
    rest = Rest(simulator)
    leaf = ca.sign(parsed(rest.csr()))
    rest.trust(ca.root, ca.intermediate)
    simulator.control.post("/nodes/cs-imp.example.com", {"fan_out": "missed"})
    rest.leaf(leaf)

    late = simulator.control.node("cs-imp.example.com")
    assert (True, True) == (late["identity"]["tomcat"]["self_signed"], late["csr"]["tomcat"] is not None)
    simulator.control.post("/nodes/cs-imp.example.com", {"fan_out": "normal"})
    assert [sha256(leaf)] * 3 == installed(simulator)
