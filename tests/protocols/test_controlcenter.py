"""The client of Control Center Services: what it asks, every shape of an answer, and that it can only ask."""

from __future__ import annotations

import base64
import inspect
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import pytest

from tests.protocols.https_door import NODE, Answers, Door, Reply, always, make, opened
from ucrenew.clients import tls
from ucrenew.clients.controlcenter import ControlCenter, RunningService
from ucrenew.clients.sessions import Unanswered
from ucrenew.clients.soap import Throttled
from ucrenew.errors import LoginRefused, Refused, Transient, UnknownReply

USER, PASSWORD = "svc-look", "pass-wörd:日本"
OWN = make(label="control center")
PATH = "/controlcenterservice2/services/ControlCenterServices"
TOMCAT = {
    "ServiceName": "Cisco Tomcat",
    "ServiceStatus": "Started",
    "ReasonCode": "-1",
    "ReasonCodeString": " ",
    "StartTime": "Mon Nov 23 09:00:00 2026",
    "UpTime": "3600",
    "UpTimeString": "0 days 1 hour",
}
DRF = {
    "ServiceName": "Cisco DRF Master",
    "ServiceStatus": "Stopped",
    "ReasonCode": "-1069",
    "ReasonCodeString": "Commanded Out of Service",
    "StartTime": "",
    "UpTime": "-1",
}


def answer(*items: dict[str, str], prefix: str = "ns1:", code: str | None = "0", words: str = "") -> str:
    """A reply of cucm.md §3.2 with every element under a prefix, or under none."""

    def element(name: str, content: str) -> str:
        return f"<{prefix}{name}>{content}</{prefix}{name}>"

    listed = "".join(element("item", "".join(element(*pair) for pair in item.items())) for item in items)
    judged = "" if code is None else element("ReturnCode", code)
    declared = f'xmlns{":" + prefix[:-1] if prefix else ""}="http://schemas.cisco.com/ast/soap"'
    return (
        '<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope'
        ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f"<{prefix}soapGetServiceStatusResponse {declared}><{prefix}soapGetServiceStatusReturn>{judged}"
        f"{element('ReasonCode', '-1')}{element('ReasonString', words)}{element('ServiceInfoList', listed)}"
        f"</{prefix}soapGetServiceStatusReturn>"
        f"</{prefix}soapGetServiceStatusResponse></soapenv:Body></soapenv:Envelope>"
    )


def fault(text: str) -> str:
    """A SOAP 1.1 fault."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>soapenv:Server</faultcode><faultstring>{text}</faultstring></soapenv:Fault></soapenv:Body>"
        "</soapenv:Envelope>"
    )


def client_of(door: Door, *, timeout: float = 10) -> ControlCenter:
    """A client of the door."""
    endpoint = door.endpoint()
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    return ControlCenter(endpoint, tls.trusted_session(endpoint, decision), USER, PASSWORD, timeout=timeout)


@contextmanager
def answering(answers: Answers | str | bytes):
    """A client whose node answers so, and the door."""
    with opened(OWN, answers=always(answers) if isinstance(answers, str | bytes) else answers) as door:
        yield client_of(door), door


def asked(door: Door) -> list[list[tuple[str, list[str]]]]:
    """The operations of each request that arrived, with the texts in them."""
    bodies = [ET.fromstring(seen.body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body") for seen in door.seen]
    return [[(operation.tag, [child.text for child in operation]) for operation in body] for body in bodies]


# --- what is asked


def test_question_is_as_documented():
    """Named services are one element each, all services are one empty element, on the path and port that were given."""
    with answering(answer(TOMCAT)) as (client, door):
        client.services(["Cisco Tomcat", "Cisco DRF Master"])
        client.services()
    operation = "{http://schemas.cisco.com/ast/soap}soapGetServiceStatus"

    assert [[(operation, ["Cisco Tomcat", "Cisco DRF Master"])], [(operation, [None])]] == asked(door)
    assert [("POST", PATH)] * 2 == [(seen.method, seen.path) for seen in door.seen]
    assert {"text/xml; charset=utf-8"} == {seen.headers["Content-Type"] for seen in door.seen}


def test_account_goes_along_once():
    """Basic credentials of the application user go along at once, in UTF-8, and the request is sent once."""
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    with answering(answer(TOMCAT)) as (client, door):
        client.services()

    assert [expected] == [seen.headers["Authorization"] for seen in door.seen]


def test_nothing_can_be_controlled():
    """Markup in a name arrives as a name, so no caller can make a control operation out of the question."""
    smuggled = "</soap:ServiceStatus></soap:soapGetServiceStatus><soap:soapDoControlServices/>&quot;<!-- {names}"
    with answering(answer(TOMCAT)) as (client, door):
        client.services([smuggled])
    public = {name for name, _ in inspect.getmembers(ControlCenter, inspect.isfunction) if not name.startswith("_")}

    assert [[("{http://schemas.cisco.com/ast/soap}soapGetServiceStatus", [smuggled])]] == asked(door)
    assert {"services"} == public


# --- what is answered


@pytest.mark.parametrize("prefix", ["ns1:", "soapenv2:", ""])
@pytest.mark.parametrize("code", ["0", "", None])
def test_services_under_any_prefix(prefix, code):
    """Services are read under any namespace prefix and under none, with a return code that says "well" or without."""
    with answering(answer(TOMCAT, DRF, prefix=prefix, code=code)) as (client, _):
        found = client.services()

    up = RunningService("Cisco Tomcat", started=True, up_seconds=3600, start_time="Mon Nov 23 09:00:00 2026", reason="")
    down = RunningService(
        "Cisco DRF Master", started=False, up_seconds=None, start_time="", reason="Commanded Out of Service"
    )

    assert {up.name: up, down.name: down} == found


@pytest.mark.parametrize(
    ("changes", "started", "up_seconds", "reason"),
    [
        ({"ServiceStatus": "started"}, True, 3600, ""),
        ({"UpTime": "0"}, True, 0, ""),
        ({"UpTime": ""}, True, None, ""),
        ({"UpTime": "1 day"}, True, None, ""),
        ({"ServiceStatus": "Stopped", "UpTime": "0"}, False, None, ""),
        ({"ServiceStatus": "Starting"}, False, None, "Starting"),
        ({"ServiceStatus": "Stopped", "ReasonCode": "-1068", "ReasonCodeString": ""}, False, None, "reason code -1068"),
        ({"ServiceStatus": "", "ReasonCodeString": "No such service"}, False, None, "No such service"),
    ],
)
def test_each_state(changes, started, up_seconds, reason):
    """Only "Started" is started, seconds are known only where they are given, and the node's reason is kept."""
    with answering(answer({**TOMCAT, **changes})) as (client, _):
        service = client.services()["Cisco Tomcat"]

    assert (started, up_seconds, reason) == (service.started, service.up_seconds, service.reason)


def test_start_time_is_kept_as_text():
    """A start time in whatever form is kept as it came: nobody has seen its format."""
    with answering(answer({**TOMCAT, "StartTime": "1795424400 or so"})) as (client, _):
        assert "1795424400 or so" == client.services()["Cisco Tomcat"].start_time


def test_unlisted_service_is_not_invented():
    """A named service that the node does not list is not in the answer; no service at all is no answer."""
    with answering(answer()) as (client, _):
        assert {} == client.services(["Cisco Nonsense"])
        with pytest.raises(UnknownReply, match="without any service"):
            client.services()


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (Reply("<html>no</html>", 401), LoginRefused, "svc-look was refused.*application user, not the OS"),
        (Reply("<html>401</html>", 401, cut=3), LoginRefused, "not tried again"),
        (Reply("", 403), Refused, "HTTP 403.*serviceability role"),
        (Reply("<html>none</html>", 404), Transient, "not there or not ready .HTTP 404"),
        (Reply("", 500), Transient, "HTTP 500: an empty body"),
        (Reply("<html>busy</html>", 503), Throttled, "HTTP 503.*busy"),
        (Reply(fault("no such operation"), 500), Refused, "HTTP 500.*: no such operation"),
        (Reply(fault("no such operation")), Refused, "HTTP 200.*: no such operation"),
        (Reply(fault("Exceeded allowed rate for Serviceability"), 500), Throttled, "Exceeded allowed rate"),
        (Reply(fault("overloaded"), 503), Throttled, "overloaded"),
        (Reply(answer(code="-1", words="servM is down")), Refused, "ReturnCode -1.: servM is down"),
        (Reply(answer(code="1")), Refused, "ReturnCode 1.: reason -1"),
        (Reply("<html><br>Sign in</html>"), UnknownReply, "not its SOAP: <html><br>Sign in"),
        (Reply(""), UnknownReply, "not its SOAP"),
        (Reply(answer(TOMCAT)[:300]), UnknownReply, "not its SOAP"),
        (Reply("", 302), UnknownReply, "HTTP 302"),
        (Reply(answer(TOMCAT), cut=300), Unanswered, "no answer"),
        (Reply(drop=True), Unanswered, "no answer"),
        (Reply(reset=True), Unanswered, "no answer"),
        (Reply(stall=True), Unanswered, "no answer"),
    ],
)
def test_every_fault_has_its_class(reply, error, told):
    """Every answer that is none has its class and one sentence that names the node, and is asked for once."""
    with opened(OWN, answers=lambda _: reply) as door, pytest.raises(error, match=told) as trouble:
        client_of(door, timeout=0.3).services()

    assert error is type(trouble.value)
    assert NODE in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert 1 == len(door.seen)


def test_broken_handshake_sent_no_password():
    """A node that resets connections, as one does while its Tomcat restarts, is trouble that may pass; nothing left."""
    with answering(answer(TOMCAT)) as (client, door):
        door.breaks = "reset"
        with pytest.raises(Transient, match="no connection") as trouble:
            client.services()

    assert not isinstance(trouble.value, Unanswered)
    assert [] == door.seen


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "Cisco Tomcat">', '<!ENTITY a SYSTEM "file:///etc/hostname">', '<!ENTITY a "&a;&a;">']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(declared, encoding):
    """A reply with a document type is no reply, in any encoding: nothing in it is expanded or looked up."""
    text = answer({**TOMCAT, "ServiceName": "&a;"}).replace('"utf-8"?>', f'"{encoding}"?><!DOCTYPE a [{declared}]>')
    with answering(text.encode(encoding)) as (client, _), pytest.raises(UnknownReply, match="not its SOAP"):
        client.services()


def test_password_is_in_no_message():
    """A reply that echoes the password is quoted without it."""
    for reply in (Reply(f"<html>{PASSWORD}</html>"), Reply(fault(PASSWORD), 500)):
        with answering(lambda _, reply=reply: reply) as (client, _), pytest.raises((UnknownReply, Refused)) as refused:
            client.services()

        assert PASSWORD not in str(refused.value)
        assert "***" in str(refused.value)
