"""Control Center with a hand on the services: what is sent, which answers are refusals, and what is never sent."""

from __future__ import annotations

from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest

from tests.protocols.https_door import NODE, Answers, Door, Reply, always, make, opened
from ucrenew.clients import tls
from ucrenew.clients.controlcenter_actions import CLI_ONLY, Action, ServiceControl
from ucrenew.clients.sessions import Unanswered
from ucrenew.clients.soap import Throttled
from ucrenew.errors import BadInput, LoginRefused, Transient, UnknownReply

USER, PASSWORD = "svc-act", "pass-wörd:日本"
OWN = make(label="control center actions")
TFTP = "Cisco Tftp"
AST = "{http://schemas.cisco.com/ast/soap}"


def answer(status="Started", code="-1", words=" ", *, name=TFTP, whole="0", reason="-1", said=""):
    """What Control Center answers about one service (cucm.md §3.2)."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<ns1:soapDoControlServicesResponse xmlns:ns1="http://schemas.cisco.com/ast/soap">'
        f"<ns1:soapDoControlServicesReturn><ns1:ReturnCode>{whole}</ns1:ReturnCode><ns1:ReasonCode>{reason}"
        f"</ns1:ReasonCode><ns1:ReasonString>{said}</ns1:ReasonString><ns1:ServiceInfoList><ns1:item>"
        f"<ns1:ServiceName>{name}</ns1:ServiceName><ns1:ServiceStatus>{status}</ns1:ServiceStatus>"
        f"<ns1:ReasonCode>{code}</ns1:ReasonCode><ns1:ReasonCodeString>{words}</ns1:ReasonCodeString>"
        "<ns1:UpTime>3</ns1:UpTime></ns1:item></ns1:ServiceInfoList></ns1:soapDoControlServicesReturn>"
        "</ns1:soapDoControlServicesResponse></soapenv:Body></soapenv:Envelope>"
    )


def fault(text):
    """A SOAP 1.1 fault."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f"<faultstring>{text}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )


@contextmanager
def answering(answers: Answers | str):
    """A client whose node answers so, and the door."""
    with opened(OWN, answers=always(answers) if isinstance(answers, str) else answers) as door:
        yield client_of(door), door


def client_of(door: Door) -> ServiceControl:
    """A client of the door."""
    endpoint = door.endpoint()
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    return ServiceControl(endpoint, tls.trusted_session(endpoint, decision), USER, PASSWORD, timeout=0.5)


@pytest.mark.parametrize("action", Action)
def test_order_is_as_documented(action):
    """One service on one node is named with what to do, in the documented elements, and markup stays a name."""
    with answering(answer()) as (client, door):
        client.control(action, "Cisco <Tftp>")
    body = ET.fromstring(door.seen[0].body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    request = body[0][0]
    found = [(element.tag.removeprefix(AST), (element.text or "").strip()) for element in request.iter()]

    assert f"{AST}soapDoControlServices" == body[0].tag
    assert [
        ("ControlServiceRequest", ""),
        ("NodeName", NODE.partition(".")[0]),
        ("ControlType", action.value),
        ("ServiceList", ""),
        ("item", "Cisco <Tftp>"),
    ] == found
    assert 1 == len(door.seen)


@pytest.mark.parametrize(
    ("reply", "started"),
    [
        (answer(), True),
        (answer("Starting", "-1019", "Component is not running"), False),
        (answer("Stopping", "-1069", "Commanded Out of Service"), False),
        (answer("Started", "-1039", "Component already started"), True),
        (answer(whole="1", reason="-1039", said="Component already started"), True),
        (answer(whole=""), True),
    ],
)
def test_taken_orders_are_no_refusals(reply, started):
    """Done, begun, or already so is no refusal; the state on the way is told with the service (S26)."""
    with answering(reply) as (client, _):
        found = client.control(Action.RESTART, TFTP)

    assert not found.is_refused
    assert started is found.service.started


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(answer("Stopped", "-1068", "Service Not Activated")), "Service Not Activated (reason code -1068)"),
        (Reply(answer("Stopped", "-1068", "")), "Service Not Activated (reason code -1068)"),
        (Reply(answer("Started", "-1045", "")), "Operation not supported (reason code -1045)"),
        (Reply(answer("Started", "-1075", "")), "it gives no words (reason code -1075)"),
        (Reply(answer(whole="-1", said="servM is down")), "(ReturnCode -1): servM is down"),
        (Reply(fault("not controllable"), 500), "was refused (HTTP 500): not controllable"),
        (Reply("", 403), "may lack a serviceability role"),
        (Reply(answer("Stopped", "-1071", PASSWORD)), "*** (reason code -1071)"),
    ],
)
def test_refusals_are_values(reply, told):
    """A no of the node, in whichever place, comes back as a value in the node's words."""
    with answering(lambda _: reply) as (client, door):
        found = client.control(Action.RESTART, TFTP)

    assert found.is_refused
    assert told in found.refusal
    assert 1 == len(door.seen)


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (Reply("", 401), LoginRefused, "svc-act was refused"),
        (Reply("", 404), Transient, "not there or not ready"),
        (Reply(fault("Exceeded allowed rate"), 500), Throttled, "Exceeded allowed rate"),
        (Reply("<html>Sign in</html>"), UnknownReply, "not its SOAP"),
        (Reply(answer(), cut=50), Unanswered, "restart of Cisco Tftp may be under way: look before"),
        (Reply(drop=True), Unanswered, "may be under way"),
        (Reply(stall=True), Unanswered, "may be under way"),
    ],
)
def test_every_fault_has_its_class(reply, error, told):
    """What is no answer raises, is sent once, and says where the order may be under way all the same."""
    with answering(lambda _: reply) as (client, door), pytest.raises(error, match=told) as trouble:
        client.control(Action.RESTART, TFTP)

    assert error is type(trouble.value)
    assert NODE in str(trouble.value)
    assert 1 == len(door.seen)


@pytest.mark.parametrize("name", sorted(CLI_ONLY))
def test_some_are_for_the_cli_only(name):
    """What only the CLI restarts is refused before anything is sent (cucm.md §2.2)."""
    with answering(answer()) as (client, door), pytest.raises(BadInput, match="nothing was sent"):
        client.control(Action.RESTART, name)

    assert [] == door.seen
