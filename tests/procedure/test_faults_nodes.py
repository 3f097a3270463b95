"""Nodes that go down, command lines that do not work, services that do not come up again (S19)."""

from collections.abc import Sequence

import pytest

from tests.procedure.faults import Fault, fault_at
from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, SUBSCRIBER, TOMCAT
from tests.procedure.people import begins_anew, uploads_on_the_subscriber
from ucrenew.record import Kind

TITLE = "Nodes, the command line and services"
UDS = "Cisco UDS Tomcat"
STAGES = {
    "csr": "as soon as the request is generated",
    "submit": "as soon as the request is submitted",
    "trust-upload": "as soon as the first CA certificate is uploaded",
    "leaf-upload": "as soon as the certificate is uploaded",
    "restart": "as soon as the first service restarts",
}


def down(node: str, stage: str, **more: object) -> Fault:
    """A node that is gone when this has been done."""
    bends = (fault_at("down-at", node, stage=stage),)
    return Fault(f"{node} goes down", STAGES[stage], bends, stays=(node,), **more)


def shell(what: str, kind: str, limits: str = "") -> Sequence[Fault]:
    """A command line of the subscriber that does not work, at the first look and when its turn to restart comes."""
    bends = (fault_at(kind, SUBSCRIBER),)
    return [
        Fault(what, f"{SUBSCRIBER}, before anything", bends, limits=limits),
        Fault(what, f"{SUBSCRIBER}, before its restarts", bends, at=(Kind.LEAF_INTENT, ""), limits=limits),
    ]


def stuck(service: str, node: str, times: int, at: str = "STOPPED") -> Fault:
    """A service that so many restarts leave in this state."""
    bends = (fault_at("stuck", node, service=service, at=at, times=times),)
    return Fault(f"{service} stays {at} after {times} restart{'s' if times > 1 else ''}", node, bends)


NEVER_STARTED = (("/cluster", {"restart_forgets_started": True}),)
DRILLS: dict[str, Sequence[Fault]] = {
    "subscriber down at once": [down(SUBSCRIBER, "csr", **begins_anew)],
    "subscriber down before the chain": [down(SUBSCRIBER, "submit")],
    "subscriber down with the chain": [down(SUBSCRIBER, "trust-upload")],
    "subscriber down": [down(SUBSCRIBER, "leaf-upload", **uploads_on_the_subscriber), down(SUBSCRIBER, "restart")],
    "publisher down": [down(PUBLISHER, stage) for stage in STAGES],
    "ssh refused": shell("SSH is refused", "ssh-refused"),
    "no prompt": shell("no prompt comes after the login", "no-prompt", limits="prompt = 1\n"),
    "dropped": [
        Fault("the session is cut", f"{SUBSCRIBER}, during its first restart", (fault_at("ssh-drop", SUBSCRIBER),))
    ],
    "no started": [Fault("`[STARTED]` is never printed", "every restart", NEVER_STARTED)],
    "stuck once": [stuck(TOMCAT, SUBSCRIBER, 1)],
    "stuck once, starting": [stuck(UDS, SUBSCRIBER, 1, at="STARTING")],
    "stuck twice": [stuck(TOMCAT, SUBSCRIBER, 2)],
    "stuck twice, starting": [stuck(DRF_LOCAL, IMP, 2, at="STARTING")],
}


@pytest.mark.parametrize("name", DRILLS)
def test_drill(drills, name):
    """Whatever goes down or hangs: the renewal goes on, or stops before anything later is begun, and is retried."""
    assert () == drills.of(name, DRILLS[name]).complaints


def test_docs(drills):
    """docs/faults.md says of these faults what was observed."""
    drills.hold_the_page(TITLE, DRILLS)
