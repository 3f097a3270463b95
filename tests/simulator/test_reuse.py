"""Tomcat's certificate reused as CallManager's (cucm.md §4.4, D221070)."""

from cryptography import x509

from tests.simulator.walk import Rest, Shell, TestCa, parsed, sha256

PUBLISHER = "cs-ccm-pub.example.com"


def shown(simulator, unit, host="cs-ccm-pub"):
    """The certificate that `show cert own` prints."""
    shell = Shell(simulator, host).start()
    text = shell.ask(f"show cert own {unit}")
    shell.close()
    return sha256(x509.load_pem_x509_certificate(text[text.index("-----BEGIN") :].encode()))


def test_reuse_equals_tomcat(borrowed):
    """Under reuse CallManager shows Tomcat's certificate on CUCM nodes; IM&P nodes have no such identity."""
    before = [shown(borrowed, unit) for unit in ("tomcat", "CallManager")]
    borrowed.control.post("/cluster", {"reuse_tomcat": True})
    after = [shown(borrowed, unit) for unit in ("tomcat", "CallManager")]

    identities = [node["identity"] for node in borrowed.control.state()["nodes"]]
    assert 2 == len(set(before))
    assert [before[0]] * 2 == after
    assert identities[1]["tomcat"]["installed"] == identities[1]["CallManager"]["installed"]
    assert "CallManager" not in identities[2]
    assert [] == borrowed.control.ledger()


def test_reuse_hides_callmanager(borrowed):
    """Snapshot and list leave CallManager out from 14SU4 on; by the other reading both show it."""
    shell = Shell(borrowed).start()

    def listed():
        snapshot = Rest(borrowed).call("GET", "/snapshot/server").json
        services = [identity["service"] for identity in snapshot["identities"]]
        return "CallManager" in services, "CallManager/CallManager.pem" in shell.ask("show cert list own")

    before = listed()
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"reuse_tomcat": True})
    hidden = listed()
    borrowed.control.post("/cluster", {"reuse_hides_callmanager": False})

    assert (True, True) == before
    assert (False, False) == hidden
    assert (True, True) == listed()
    shell.close()


def test_reuse_follows_uploads(simulator):
    """A Tomcat certificate that is uploaded later is CallManager's at once, on every CUCM node."""
    simulator.control.post("/cluster", {"reuse_tomcat": True})
    rest, ca = Rest(simulator), TestCa()
    leaf = ca.sign(parsed(rest.csr()))
    rest.trust(ca.root, ca.intermediate)
    rest.leaf(leaf)

    assert [sha256(leaf)] * 2 == [shown(simulator, "CallManager", host) for host in ("cs-ccm-pub", "cs-ccm-sub")]
