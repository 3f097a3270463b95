"""Faults of the web interfaces: each does what faults.py says of it, and nothing else."""

import time

import pytest
import requests
import urllib3

from tests.simulator.soap import asked, post
from tests.simulator.walk import Rest, TestCa, parsed

PUBLISHER = "cs-ccm-pub.example.com"
BROKEN = (urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError)


def set_fault(simulator, kind, **told):
    simulator.control.post("/faults", {"kind": kind, "node": PUBLISHER, "on": True, **told})


def left(simulator):
    """The kinds that are still set on the publisher."""
    return [fault["kind"] for fault in simulator.control.node(PUBLISHER)["set_faults"]]


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_status(borrowed, status):
    """A status comes with an empty reason phrase and an empty body, and nothing is done; then all is as before."""
    set_fault(borrowed, "rest-status", status=status, times=1)
    rest = Rest(borrowed)
    reply = rest.csr()

    assert (status, "", "") == (reply.status, reply.reason, reply.text)
    assert [] == borrowed.control.ledger()
    assert 200 == rest.csr().status
    assert [] == left(borrowed)


@pytest.mark.parametrize(
    ("body", "kind"), [('{"messages": ["no"]}', "application/json"), ("<html>", "text/html;charset=UTF-8")]
)
def test_status_with_body(borrowed, body, kind):
    """A body can be given; what looks like JSON is called JSON."""
    set_fault(borrowed, "rest-status", status=500, body=body)
    reply = Rest(borrowed).call("GET", "/options")

    assert (500, body, kind) == (reply.status, reply.text, reply.headers["Content-Type"])


def test_fault_meets_its_calls(borrowed):
    """With a path and a method a fault meets these calls on this node only, as often as it is told."""
    rest = Rest(borrowed)
    rest.csr()
    set_fault(borrowed, "rest-status", path="/csr", method="post", times=2)

    assert 200 == rest.call("GET", "/csr?service=tomcat").status
    assert 200 == Rest(borrowed, "cs-ccm-sub").csr().status
    assert [503, 503, 200] == [rest.csr().status for _ in range(3)]


def test_fault_meets_soap(borrowed):
    """A fault without a path spares Control Center; one with its path meets it."""
    set_fault(borrowed, "rest-status")
    spared, _ = post(borrowed, asked("Cisco Tftp"))
    set_fault(borrowed, "rest-status", path="/ControlCenterServices")
    met, _ = post(borrowed, asked("Cisco Tftp"))

    assert (200, 503) == (spared, met)


def test_fault_lasts_until_off(borrowed):
    """Without a number a fault lasts until it is switched off; another kind stays."""
    set_fault(borrowed, "rest-status")
    set_fault(borrowed, "rest-slow", path="/nothing")
    rest = Rest(borrowed)
    before = [rest.call("GET", "/options").status for _ in range(3)]
    borrowed.control.post("/faults", {"kind": "rest-status", "node": PUBLISHER, "on": False})

    assert [503] * 3 == before
    assert 200 == rest.call("GET", "/options").status
    assert ["rest-slow"] == left(borrowed)


def test_half_body(borrowed):
    """The call is done and its answer breaks off in the middle of the body."""
    whole = len(Rest(borrowed).call("GET", "/options").text)
    set_fault(borrowed, "rest-half", times=1)

    with pytest.raises(urllib3.exceptions.ProtocolError) as trouble:
        Rest(borrowed).csr()
    assert "IncompleteRead" in str(trouble.value)
    assert ["csr"] == borrowed.control.kinds()
    assert whole == len(Rest(borrowed).call("GET", "/options").text)


def test_slow_answer(borrowed):
    """The call is done at once and its answer comes later."""
    set_fault(borrowed, "rest-slow", seconds=0.5, times=1)
    begun = time.monotonic()
    reply = Rest(borrowed).csr()

    assert 200 == reply.status
    assert time.monotonic() - begun > 0.5


def test_reset(borrowed):
    """The connection is cut before anything is done."""
    set_fault(borrowed, "rest-reset", times=1)

    with pytest.raises(BROKEN):
        Rest(borrowed).csr()
    assert [] == borrowed.control.ledger()
    assert 200 == Rest(borrowed).csr().status


def test_lost_answer(borrowed):
    """The call is done and nothing of its answer is sent."""
    set_fault(borrowed, "rest-lost", times=1)

    with pytest.raises(BROKEN):
        Rest(borrowed).csr()
    assert ["csr"] == borrowed.control.kinds()
    held = {node["csr"]["tomcat"] for node in borrowed.control.state()["nodes"]}
    assert {borrowed.control.ledger()[0]["fingerprint"]} == held


@pytest.mark.parametrize(
    ("what", "kind", "text"),
    [
        ("csr", "csr", "CSR generation failed"),
        ("trust", "trust-upload", "Trust Certificates with the Same CN are Not Replaced"),
        ("leaf", "leaf-upload", "The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded."),
    ],
)
def test_refusal(simulator, what, kind, text):
    """The next call is refused in the given words whatever the facts, noted once as refused, and changes nothing."""
    rest, ca = Rest(simulator), TestCa()
    leaf = ca.sign(parsed(rest.csr()))
    rest.trust(ca.root, ca.intermediate)
    call = {"csr": rest.csr, "trust": lambda: rest.trust(TestCa().root), "leaf": lambda: rest.leaf(leaf)}[what]
    simulator.control.forget()
    before = [{**node, "set_faults": []} for node in simulator.control.state()["nodes"]]
    set_fault(simulator, "refuse", what=what, status=500, text=text, times=1)
    reply = call()

    assert (500, text) == (reply.status, reply.json["message"])
    assert [(kind, text)] == [(entry["kind"], entry["refused"]) for entry in simulator.control.ledger()]
    assert before == simulator.control.state()["nodes"]
    assert 200 == call().status


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "rest-status", "on": True, "status": 200},
        {"kind": "rest-status", "on": True, "times": 0},
        {"kind": "rest-status", "on": True, "nonsense": 1},
        {"kind": "rest-slow", "on": True, "seconds": "long"},
        {"kind": "refuse", "on": True, "what": "leaf"},
        {"kind": "refuse", "on": True, "what": "all", "text": "no"},
        {"kind": "stuck", "on": True, "service": "Cisco Nonsense"},
        {"kind": "stuck", "on": True, "service": "Cisco Tftp", "at": "STARTED"},
        {"kind": "down-at", "on": True, "stage": "lunch"},
        {"kind": "html", "on": "yes"},
        {"kind": "nonsense", "on": False},
    ],
)
def test_no_fault(standing, told):
    """What is no fault is refused in a sentence, and nothing is set."""
    before = standing.control.state()
    reply = requests.post(standing.scene["control"] + "/faults", json={"node": PUBLISHER, **told}, timeout=20)

    assert 400 == reply.status_code
    assert 1 == len(reply.json()["error"].splitlines())
    assert before == standing.control.state()


def test_all_faults_off(borrowed):
    """One call takes every fault from every node."""
    set_fault(borrowed, "rest-status")
    set_fault(borrowed, "html")
    borrowed.control.post("/faults", {"kind": "hold", "node": "cs-imp.example.com", "on": True})
    borrowed.control.post("/faults", {"kind": "all", "on": False})

    nodes = borrowed.control.state()["nodes"]
    assert [[]] * 3 == [node["set_faults"] for node in nodes]
    assert {False} == {on for node in nodes for on in node["faults"].values()}
