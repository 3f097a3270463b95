"""The CallManager path while AXL, RisPort, Control Center, services, nodes and the CTL fail it (S23-S26)."""

from collections.abc import Sequence

import pytest

from tests.procedure.faults import Fault, fault_at
from tests.procedure.lives import PUBLISHER, SUBSCRIBER
from tests.simulator.phones import CALLMANAGER, TFTP, restart
from ucrenew.record import Kind

TITLE = "Phones"
AXL, RIS, CENTER = "/axl/", "/RISService70", "/ControlCenterServices"
BEGINS, LAST_LOOK = "before anything", "at the last look before the certificate"
BEFORE_LEAF = (Kind.PHONES_BEFORE, "")


def restarted(node: str, service: str) -> tuple[Kind, str]:
    """When this was restarted."""
    return Kind.RESTART_DONE, f"{node} {service}"


def http(path: str, status: int, node: str = PUBLISHER, **more: object) -> tuple:
    """A door that answers so."""
    return (fault_at("rest-status", node, path=path, status=status, **more),)


def update(how: str, words: str) -> Fault:
    """The one command that writes the CTL."""
    bends = (fault_at("ctl-update", PUBLISHER, how=how),)
    return Fault(f"`utils ctl update CTLFile` {words}", "in mixed mode", bends)


THROTTLED = (("/cluster", {"ris_calls": 1, "ris_window_seconds": 30}),)
_SOAP = 'Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"'
FAULTED = f"<{_SOAP}><Body><Fault><faultstring xmlns=''>General fault</faultstring></Fault></Body></Envelope>"
CALLED = restarted(PUBLISHER, CALLMANAGER)
DRILLS: dict[str, Sequence[Fault]] = {
    "axl at once": [Fault("AXL answers 503", BEGINS, http(AXL, 503))],
    "axl later": [Fault("AXL answers 503", LAST_LOOK, http(AXL, 503), at=BEFORE_LEAF)],
    "ris throttled": [Fault("RisPort answers once in half a minute", "every look", THROTTLED)],
    "ris": [
        Fault("RisPort answers 503", BEGINS, http(RIS, 503)),
        Fault("RisPort answers 503", "while phones come back", http(RIS, 503), at=CALLED),
        Fault(
            "RisPort answers with a fault",
            "while phones come back",
            http(RIS, 500, body=FAULTED),
            at=restarted(SUBSCRIBER, CALLMANAGER),
        ),
    ],
    "center": [
        Fault("Control Center answers 503", f"{PUBLISHER}, after a restart", http(CENTER, 503), at=CALLED),
        Fault(
            "Control Center answers with a fault",
            f"{SUBSCRIBER}, after a restart",
            http(CENTER, 500, SUBSCRIBER, body=FAULTED),
            at=restarted(SUBSCRIBER, CALLMANAGER),
        ),
        Fault(
            "Control Center answers 401",
            f"{PUBLISHER}, after a restart",
            http(CENTER, 401),
            at=restarted(PUBLISHER, "Cisco CTIManager"),
        ),
    ],
    "stopping": [
        Fault(
            f"{CALLMANAGER} stays STOPPING",
            PUBLISHER,
            (fault_at("stuck", PUBLISHER, service=CALLMANAGER, at="STOPPING"),),
            stays=(PUBLISHER, CALLMANAGER),
        )
    ],
    "gone": [
        Fault(
            f"{PUBLISHER} goes down",
            "as soon as it restarts",
            (fault_at("down-at", PUBLISHER, stage="restart"),),
            stays=(PUBLISHER,),
        )
    ],
    "gone, subscriber": [
        Fault(
            f"{SUBSCRIBER} goes down",
            "as soon as it restarts",
            (fault_at("down-at", SUBSCRIBER, stage="restart"),),
            at=CALLED,
            stays=(SUBSCRIBER,),
        )
    ],
    "ctl": [
        update("refused", "is refused"),
        update("in-vain", "says success, and nothing changes"),
        update("cut", "is cut off before it is done"),
    ],
    "ctl cut after": [update("cut-after", "is cut off when it is done")],
    "old lists": [
        Fault(
            f"{TFTP} goes on with its old list",
            PUBLISHER,
            (fault_at("old-lists", PUBLISHER),),
            person=lambda drill, _: restart(drill.simulator, TFTP, PUBLISHER),
            by_person=f"restarts {TFTP} there, and retries the run",
        )
    ],
}


@pytest.mark.parametrize("name", DRILLS)
def test_drill(phone_drills, name):
    """Whatever fails on the way, no phone is lost: the renewal goes on, or stops before more is restarted."""
    assert () == phone_drills.of(name, DRILLS[name]).complaints


def test_docs(phone_drills):
    """docs/faults.md says of these faults what was observed."""
    phone_drills.hold_the_page(TITLE, DRILLS)
