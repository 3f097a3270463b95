"""The control API: bending the state, and the CA officer's clicks."""

import pytest
import requests
from cryptography import x509
from requests_ntlm import HttpNtlmAuth

from tests.simulator.walk import Rest

PUBLISHER = "cs-ccm-pub.example.com"


def test_state_is_bent_by_patch(borrowed):
    """`PATCH /state` changes nodes and cluster in one call, and `GET /state` says so."""
    bent = {
        "sso": "enabled", "replication": 4, "clock_skew": 30, "disk_used_percent": 97, "backup_running": True,
        "last_backup": "2026-01-01", "version": "14.0.1.13900-155", "cli_latency": 0.5, "fan_out": "broken",
    }  # fmt: skip
    borrowed.control.patch("/state", {"nodes": {PUBLISHER: bent}, "cluster": {"fan_out_seconds": 3}})

    state = borrowed.control.state()
    assert bent == {name: state["nodes"][0][name] for name in bent}
    assert 3 == state["delays"]["fan_out_seconds"]
    assert [] == borrowed.control.ledger()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/nodes/{PUBLISHER}", {"nonsense": 1}),
        (f"/nodes/{PUBLISHER}", {"replication": "2"}),
        (f"/nodes/{PUBLISHER}", {"replication": 3, "sso": "maybe"}),
        (f"/nodes/{PUBLISHER}", {"services": {"Cisco Nonsense": "STOPPED"}}),
        (f"/nodes/{PUBLISHER}", {"services": {"Cisco Tomcat": "BROKEN"}}),
        (f"/nodes/{PUBLISHER}", {"last_backup": "yesterday"}),
        ("/cluster", {"fan_out_seconds": "soon"}),
        ("/cluster", {"nonsense": True}),
        ("/cluster", {"clock_offset": "tomorrow"}),
        ("/cluster", {"expired": False}),
        ("/cluster", {"namesake_trust": {"of": "root"}}),
        ("/cluster", {"namesake_trust": {"of": "leaf", "starts": "later"}}),
        ("/cluster", {"sso_disable_asks": "maybe"}),
        ("/faults", {"kind": "nonsense", "node": PUBLISHER, "on": True}),
        ("/faults", {"kind": "html", "node": PUBLISHER}),
        ("/ca", {"nonsense": 1}),
        ("/ca", {"submit_answer": "nonsense"}),
        ("/ca", {"logon": ["Kerberos"]}),
        ("/ca", {"channel_binding": True}),
        ("/ca", {"renew": "now", "standalone": True}),
        ("/cluster", ["x"]),
    ],
)
def test_state_refuses_nonsense(standing, path, body):
    """A name or a value that is not known is refused in a sentence, and nothing is changed."""
    before = standing.control.state()
    reply = requests.post(standing.scene["control"] + path, json=body, timeout=20)

    assert 400 == reply.status_code
    assert reply.json()["error"]
    assert before == standing.control.state()


def test_state_knows_names(standing):
    """An unknown node, request or path is answered 404 in a sentence."""
    for path in ("/nodes/nobody.example.com", "/requests/99/issue", "/nothing"):
        reply = requests.post(standing.scene["control"] + path, json={}, timeout=20)

        assert 404 == reply.status_code
        assert reply.json()["error"]


def test_services_are_bent(borrowed):
    """A service's state and reason are set from outside."""
    told = {
        "services": {"Platform Administrative Web Service": {"state": "STOPPED", "reason": "Component is not running"}}
    }
    borrowed.control.post(f"/nodes/{PUBLISHER}", told)

    service = borrowed.control.node(PUBLISHER)["services"]["Platform Administrative Web Service"]
    assert ("STOPPED", "Component is not running") == (service["state"], service["reason"])


def test_missed_csr_is_overwritten(borrowed):
    """`overwrite_csr` puts another CSR in place of ours on every node without a word in the ledger (S7)."""
    ours = Rest(borrowed).csr().json["csr"]
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})

    theirs = [Rest(borrowed, host).call("GET", "/csr?service=tomcat").json["csr"] for host in ("cs-ccm-pub", "cs-imp")]
    assert 1 == len(set(theirs))
    assert ours not in theirs
    assert ["csr"] == borrowed.control.kinds()


def test_trust_is_taken_away(borrowed):
    """`remove_trust` takes one certificate out of a node's stores."""
    entry = borrowed.control.node(PUBLISHER)["trust"]["tomcat-trust"][0]
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"remove_trust": entry["fingerprint"]})

    assert entry not in borrowed.control.node(PUBLISHER)["trust"]["tomcat-trust"]
    assert entry in borrowed.control.node("cs-imp.example.com")["trust"]["tomcat-trust"]


def test_node_unreachable_and_back(borrowed):
    """A node that comes back answers on its old ports and gets what was sent meanwhile."""
    borrowed.control.post("/nodes/cs-imp.example.com", {"reachable": False})
    borrowed.control.post("/nodes/cs-imp.example.com", {"reachable": True})

    assert 200 == Rest(borrowed, "cs-imp").call("GET", "/options").status


def test_officer_issues_what_cluster_takes(simulator, tmp_path):
    """A request shows up as pending, is issued once, a second click is refused, and the cluster takes the leaf."""
    ca, account = simulator.scene["ca"], simulator.scene["accounts"]["ca"]
    anchor = tmp_path / "root.pem"
    anchor.write_text(ca["tls_ca"])
    session = requests.Session()
    session.verify, session.trust_env = str(anchor), False
    session.auth = HttpNtlmAuth(account["user"], account["password"])
    form = {
        "Mode": "newreq", "CertRequest": Rest(simulator).csr().json["csr"],
        "CertAttrib": f"CertificateTemplate:{ca['template']}\r\n", "TargetStoreFlags": "0", "SaveCert": "yes",
    }  # fmt: skip
    page = session.post(ca["url"] + "certfnsh.asp", data=form, timeout=20)
    asked = simulator.control.get("/requests")
    # What a person does with the two CA certificates meanwhile.
    Rest(simulator).trust(*(x509.load_pem_x509_certificate(ca[one].encode()) for one in ("root", "intermediate")))
    issued = simulator.control.post("/requests/32/issue")
    again = requests.post(simulator.scene["control"] + "/requests/32/deny", json={}, timeout=20)

    fetched = session.get(ca["url"] + "certnew.cer?ReqID=32&Enc=b64", timeout=20)
    session.close()
    installed = Rest(simulator).leaf(x509.load_pem_x509_certificate(fetched.content))

    assert 200 == installed.status
    assert 200 == page.status_code
    assert "Your Request Id is 32" in page.text
    assert [(32, "pending", "CiscoUC", account["user"])] == [
        (one["id"], one["status"], one["template"], one["requester"]) for one in asked
    ]
    assert ["issued"] == [one["status"] for one in issued]
    assert 409 == again.status_code
    entries = simulator.control.ledger()
    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload"] == [one["kind"] for one in entries]
    assert ("ca.example.com", 32, account["user"]) == (entries[1]["node"], entries[1]["request_id"], entries[1]["from"])
    assert entries[0]["fingerprint"] == entries[1]["fingerprint"]
