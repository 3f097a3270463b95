"""A cluster that changes while it runs: nodes, certificates out of their time, namesakes, the clock (S31, §4.8)."""

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from cryptography import x509

from tests.simulator.walk import Rest, Shell, TestCa, names, parsed, sha256

PUBLISHER = "cs-ccm-pub.example.com"
NEWCOMER = {"host": "cs-new", "product": "cucm", "role": "subscriber"}


def served(node):
    """The certificate that a described node serves now."""
    return x509.load_pem_x509_certificate(ssl.get_server_certificate((node["address"], node["https_port"])).encode())


def stored(simulator, name=PUBLISHER):
    return {one["fingerprint"]: one["subject"] for one in simulator.control.node(name)["trust"]["tomcat-trust"]}


def test_node_joins(simulator):
    """A newcomer is described as in the JSON file, listens, is self-signed, and is a member for every other node."""
    described = simulator.control.post("/nodes", NEWCOMER)
    simulator.scene["nodes"].append(described)
    shell, own = Shell(simulator).start(), Shell(simulator, "cs-new").start()
    shown = shell.ask("show network cluster")
    release = own.ask("show version active")
    shell.close()
    own.close()

    assert set(simulator.scene["nodes"][0]) == set(described)
    assert ("cs-new.example.com", "cucm", "subscriber") == tuple(described[one] for one in ("name", "product", "role"))
    assert described["tomcat_sha256"] == sha256(served(described))
    assert 200 == Rest(simulator, "cs-new", port="tomcat_port").call("GET", "/snapshot/server").status
    assert "192.0.2.14 cs-new.example.com cs-new Subscriber callmanager DBSub authenticated using TCP since " in shown
    assert shown.endswith("\ncs-imp\ncs-new\n")
    assert "15.0.1.11900-40" in release
    assert described["tomcat_sha256"] in stored(simulator)
    assert set(stored(simulator)) == set(stored(simulator, "cs-new.example.com"))
    assert [] == simulator.control.ledger()


def test_newcomer_is_covered(simulator):
    """A CSR made after a node joined names it and is brought to it."""
    before = names(parsed(Rest(simulator).csr()))
    simulator.scene["nodes"].append(simulator.control.post("/nodes", NEWCOMER))
    reply = Rest(simulator).csr()

    assert "cs-new.example.com" not in before
    assert "cs-new.example.com" in names(parsed(reply))
    assert "cs-new.example.com]." in reply.json["messages"][-1]
    assert reply.json["csr"] == Rest(simulator, "cs-new").call("GET", "/csr?service=tomcat").json["csr"]


@pytest.mark.parametrize(
    "told",
    [
        {"host": "cs-imp", "product": "imp", "role": "subscriber"},
        {"host": "", "product": "imp", "role": "subscriber"},
        {"host": "cs-new", "product": "phone", "role": "subscriber"},
        {"host": "cs-new", "product": "imp"},
        {**NEWCOMER, "address": "192.0.2.1"},
    ],
)
def test_node_is_refused(standing, told):
    """A node that is there already, or is described otherwise, is refused in a sentence."""
    before = standing.control.state()
    reply = requests.post(standing.scene["control"] + "/nodes", json=told, timeout=20)

    assert 400 == reply.status_code
    assert reply.json()["error"]
    assert before == standing.control.state()


def test_certificate_expires(simulator):
    """A bent node serves at once a self-signed certificate that ended last month; the others keep theirs."""
    simulator.control.post(f"/nodes/{PUBLISHER}", {"expired": True})
    found = served(simulator.node("cs-ccm-pub"))
    other = simulator.node("cs-imp")

    identity = simulator.control.node(PUBLISHER)["identity"]["tomcat"]
    assert found.subject == found.issuer
    assert timedelta(days=29) < datetime.now(UTC) - found.not_valid_after_utc < timedelta(days=31)
    assert [PUBLISHER] == names(found)
    assert (sha256(found), sha256(found), True) == tuple(identity.values())
    assert other["tomcat_sha256"] == sha256(served(other))


def test_scene_clock_moves(borrowed):
    """With its clock put forward the whole scene dates later: nodes, ledger, and what the CA judges by."""
    borrowed.control.post("/cluster", {"clock_offset": 86400})
    rest, ca = Rest(borrowed), TestCa()
    reply = rest.csr()
    leaf = ca.sign(parsed(reply), days=(-1, 0))
    rest.trust(ca.root, ca.intermediate)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    told = parsedate_to_datetime(reply.headers["Date"])
    written = datetime.fromisoformat(borrowed.control.ledger()[0]["at"])
    assert 400 == rest.leaf(leaf).status
    assert abs(told - tomorrow) < timedelta(seconds=20)
    assert abs(written - tomorrow) < timedelta(seconds=20)


def test_stale_trust(simulator):
    """An expired CA certificate is in tomcat-trust of every node, the same one, although no upload would take it."""
    simulator.control.post("/cluster", {"stale_trust": True})
    shell = Shell(simulator, "cs-imp").start()
    listing = shell.ask("show cert list trust")
    shell.close()
    entries = Rest(simulator).call("GET", "/trust/certificate?service=tomcat").json
    certificates = [x509.load_pem_x509_certificate(entry["certificate"].encode()) for entry in entries]

    (stale,) = [one for one in certificates if one.not_valid_after_utc < datetime.now(UTC)]
    assert "tomcat-trust/Stale_Root_CA_" in listing
    assert sha256(stale) in stored(simulator, "cs-imp.example.com")


@pytest.mark.parametrize("of", ["root", "issuing"])
@pytest.mark.parametrize(("starts", "stays"), [("earlier", False), ("later", True)])
def test_namesake_in_trust(simulator, of, starts, stays):
    """A namesake of a CA certificate stays in its way when it starts later, and gives way when earlier (§4.8)."""
    ca = simulator.scene["ca"]
    ours = [x509.load_pem_x509_certificate(ca[one].encode()) for one in ("root", "intermediate")]
    real = ours[0] if of == "root" else ours[1]
    before = set(stored(simulator))
    simulator.control.post(f"/nodes/{PUBLISHER}", {"namesake_trust": {"of": of, "starts": starts}})
    (planted,) = set(stored(simulator)) - before
    subject = stored(simulator)[planted]
    reply = Rest(simulator).trust(*ours)

    assert real.subject.rfc4514_string() == subject
    assert sha256(real) != planted
    assert 200 == reply.status
    assert (stays, not stays) == (planted in stored(simulator), sha256(real) in stored(simulator))


def test_namesake_replaces_real(simulator):
    """A namesake can be planted over the CA certificate that is there already."""
    root = x509.load_pem_x509_certificate(simulator.scene["ca"]["root"].encode())
    Rest(simulator).trust(root)
    simulator.control.post("/cluster", {"namesake_trust": {"of": "root", "starts": "earlier"}})

    found = [
        [one for one, subject in stored(simulator, name).items() if subject == root.subject.rfc4514_string()]
        for name in (PUBLISHER, "cs-imp.example.com")
    ]
    assert found[0] == found[1]
    assert [sha256(root)] != found[0]
    assert 1 == len(found[0])
