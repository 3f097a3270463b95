"""Faults of the command line and of whole nodes: each does what faults.py says of it, and nothing else."""

import socket

import pytest
import urllib3

from tests.conftest import until
from tests.simulator.phones import begin, renew, restart, update_ctl
from tests.simulator.walk import PROMPT, Rest, Shell, TestCa, parsed, sha256

PUBLISHER, SUBSCRIBER = "cs-ccm-pub.example.com", "cs-ccm-sub.example.com"
TFTP = "Cisco Tftp"


def set_fault(simulator, kind, node=PUBLISHER, **told):
    simulator.control.post("/faults", {"kind": kind, "node": node, "on": True, **told})


def service(simulator, name=TFTP):
    return simulator.control.node(PUBLISHER)["services"][name]


@pytest.fixture
def shell(borrowed):
    opened = Shell(borrowed).start()
    yield opened
    opened.close()


def test_ssh_refused(borrowed):
    """The SSH port refuses connections while the web goes on, and opens again under its number."""
    node = borrowed.node("cs-ccm-pub")
    set_fault(borrowed, "ssh-refused")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node["address"], node["ssh_port"]), timeout=5)
    assert 200 == Rest(borrowed).call("GET", "/options").status
    borrowed.control.post("/faults", {"kind": "ssh-refused", "node": PUBLISHER, "on": False})
    Shell(borrowed).start().close()


def test_ssh_dropped_in_restart(borrowed, shell):
    """The connection is cut after [STOPPING], the restart goes on to its end, and the next one is left alone."""
    before = service(borrowed)["started_at"]
    set_fault(borrowed, "ssh-drop")
    borrowed.control.post("/cluster", {"service_stop_seconds": 0.2})
    shell.channel.sendall(f"utils service restart {TFTP}\r")
    seen = shell.read_to("[STOPPING]\r\n")
    shell.channel.settimeout(10)

    assert "[STARTED]" not in seen
    assert b"" == shell.channel.recv(100)
    assert until(lambda: not shell.transport.is_active())
    assert until(lambda: service(borrowed)["started_at"] != before and service(borrowed)["state"] == "STARTED")
    again = Shell(borrowed).start()
    assert f"{TFTP}[STARTED]" in again.ask(f"utils service restart {TFTP}")
    again.close()


@pytest.mark.parametrize("at", ["STOPPED", "STARTING"])
def test_service_stuck(borrowed, shell, at):
    """A stuck service is never [STARTED] by its restart, says where it is, and comes up by a start."""
    set_fault(borrowed, "stuck", service=TFTP, at=at, times=1)
    seen = shell.ask(f"utils service restart {TFTP}")
    listed = shell.ask("utils service list")
    started = shell.ask(f"utils service start {TFTP}")

    assert "[STARTED]" not in seen
    assert f"{TFTP}[STARTING]" in seen
    assert f"{TFTP}[{at}]" in listed
    assert f"{TFTP}[STARTED]" in started
    assert f"{TFTP}[STARTED]" in shell.ask(f"utils service restart {TFTP}")
    assert ["restart", "start", "restart"] == borrowed.control.kinds()


def test_service_stuck_twice(borrowed, shell):
    """A service that is stuck on its way up can be restarted again; other services are left alone."""
    set_fault(borrowed, "stuck", service=TFTP, at="STARTING", times=2)
    texts = [shell.ask(f"utils service restart {name}") for name in (TFTP, "Cisco CTIManager", TFTP, TFTP)]

    assert [False, True, False, True] == ["[STARTED]" in text for text in texts]


def test_stuck_tomcat_serves_nothing(borrowed, shell):
    """A Tomcat that is stuck refuses connections until it is started."""
    set_fault(borrowed, "stuck", service="Cisco Tomcat", times=1)
    node = borrowed.node("cs-ccm-pub")
    shell.ask("utils service restart Cisco Tomcat")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node["address"], node["https_port"]), timeout=5)
    shell.ask("utils service start Cisco Tomcat")
    assert 200 == Rest(borrowed).call("GET", "/options").status


def down(simulator):
    return [node["name"] for node in simulator.control.state()["nodes"] if not node["reachable"]]


def test_down_at_csr(borrowed):
    """A node that goes down at the CSR gets nothing of it, stays down, and can come back once and for all."""
    set_fault(borrowed, "down-at", SUBSCRIBER, stage="csr")
    messages = Rest(borrowed).csr().json["messages"]
    gone = down(borrowed)
    borrowed.control.post(f"/nodes/{SUBSCRIBER}", {"reachable": True})
    Rest(borrowed).csr()

    assert [SUBSCRIBER] == gone
    assert SUBSCRIBER not in messages[-1]
    assert [] == down(borrowed)


def test_down_at_leaf(simulator):
    """A node that goes down at the leaf keeps its old identity; a refused leaf takes nothing down."""
    rest, ca = Rest(simulator), TestCa()
    leaf = ca.sign(parsed(rest.csr()))
    set_fault(simulator, "down-at", SUBSCRIBER, stage="leaf-upload")
    refused = rest.leaf(leaf)
    up = down(simulator)
    rest.trust(ca.root, ca.intermediate)
    rest.leaf(leaf)

    installed = [node["identity"]["tomcat"]["installed"] for node in simulator.control.state()["nodes"]]
    assert 400 == refused.status
    assert [] == up
    assert [SUBSCRIBER] == down(simulator)
    assert [True, False, True] == [one == sha256(leaf) for one in installed]


def test_down_at_own_call(borrowed):
    """The node that is called goes down itself: the call is done and its answer never comes."""
    set_fault(borrowed, "down-at", stage="csr")

    with pytest.raises((urllib3.exceptions.ProtocolError, urllib3.exceptions.SSLError)):
        Rest(borrowed).csr()
    assert ["csr"] == borrowed.control.kinds()
    assert [PUBLISHER] == down(borrowed)


def test_down_at_restart(borrowed, shell):
    """A node that goes down at its own restart cuts the session; the service comes up behind the closed ports."""
    before = service(borrowed)["started_at"]
    set_fault(borrowed, "down-at", stage="restart")
    shell.channel.sendall(f"utils service restart {TFTP}\r")

    assert until(lambda: not shell.transport.is_active())
    assert until(lambda: service(borrowed)["started_at"] != before)
    assert [PUBLISHER] == down(borrowed)
    node = borrowed.node("cs-ccm-pub")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node["address"], node["ssh_port"]), timeout=5)


@pytest.mark.parametrize(("how", "written"), [("refused", 0), ("in-vain", 0), ("cut", 0), ("cut-after", 1)])
def test_ctl_update_fails(borrowed, how, written):
    """An update of the CTL is refused, changes nothing, or is cut off before or after it is done; the next one goes."""
    begin(borrowed, security_mode=1)
    set_fault(borrowed, "ctl-update", how=how)
    shell = Shell(borrowed).start()
    shell.channel.sendall("utils ctl update CTLFile\r")
    if how != "refused":
        shell.read_to("(y/n):")
        shell.channel.sendall("y\r")
    if how.startswith("cut"):
        assert until(lambda: not shell.transport.is_active())
    else:
        assert ("CTL file Updated" in shell.read_to(PROMPT)) is (how == "in-vain")
    shell.close()
    done = [one for one in borrowed.control.ledger() if one["kind"] == "ctl-update" and "refused" not in one]

    assert written == len(done)
    assert "CTL file Updated" in update_ctl(borrowed)


def test_old_lists(borrowed):
    """A TFTP keeps its list over a restart until this is switched off."""
    begin(borrowed)
    set_fault(borrowed, "old-lists")
    leaf = renew(borrowed)
    serial = f"{leaf.serial_number:x}"

    def itl():
        shell = Shell(borrowed).start()
        text = shell.ask("show itl").lower().replace(":", "")
        shell.close()
        return text

    restart(borrowed, TFTP)
    kept = itl()
    borrowed.control.post("/faults", {"kind": "old-lists", "node": PUBLISHER, "on": False})
    restart(borrowed, TFTP)

    assert serial not in kept
    assert serial in itl()
