"""Control Center Services of one node, as far as a program reads it: which services run, and since when (cucm.md §3.2).

Rule 1: application users only, by Basic authentication; credentials that were presented and refused go into the ledger.
Rule 2: callers may use any prefix, and any SOAPAction or none; ours is a reading.
Rule 3: nothing is controlled here: a try is answered with a fault and written to the ledger as refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, XMLParser, tostring

from flask import Flask, Response, request

from ucrenew.simulator.accounts import is_application_user
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.listings import stamp
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.services import NOT_ACTIVATED, OUT_OF_SERVICE, Service, State

NAMESPACE = "http://schemas.cisco.com/ast/soap"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PATHS = tuple(f"/controlcenterservice2/services/ControlCenterServices{kind}" for kind in ("", "Ex"))
_SUCCESS, _NOT_RUNNING, _NO_SUCH_SERVICE = -1, -1019, -1010
_REASONS = {NOT_ACTIVATED: -1068, OUT_OF_SERVICE: -1069}

Fields = Iterable[tuple[str, object]]


class Unreadable(Exception):
    """The body is no SOAP call; ``str()`` says why."""


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Answer on both addresses of the service (cucm.md §3.2)."""
    desk = ControlCenter(cluster, node)
    for path in _PATHS:
        app.add_url_rule(path, path, desk.answer, methods=["POST"])


class ControlCenter:
    """The calls of §3.2 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node

    def answer(self) -> Response:
        """One call."""
        told = request.authorization
        user = (told.username or "") if told else ""
        if told is None or not is_application_user(self._cluster.scene, user, told.password or ""):
            if told is not None:
                self._cluster.ledger.write("login-refused", node=self._node.name, account=user)
            return Response("Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="Control Center"'})
        try:
            call = read_call(request.get_data())
        except Unreadable as reason:
            return self._fault(str(reason))
        if _local(call) == "soapGetServiceStatus":
            return self._status(_texts(call))
        if _local(call) == "soapGetStaticServiceList":
            return self._static_list()
        return self._refuse(call, user)

    def _status(self, names: list[str]) -> Response:
        wanted = names or list(self._node.services)
        items = [self._service(name) for name in wanted]
        return self._reply("soapGetServiceStatus", "ServiceInfoList", items)

    def _service(self, name: str) -> Fields:
        """One service by the node's own clock; the form of StartTime is [I] guess."""
        service = self._node.services.get(name)
        code, reason = _reason(service)
        state = service.state if service else State.STOPPED
        started, up = "", -1
        if service and service.started_at and state is State.STARTED:
            up = int((self._node.clock() - service.started_at).total_seconds())
            started = stamp(service.started_at + timedelta(seconds=self._node.clock_skew), zone=False)
        return (
            ("ServiceName", name),
            ("ServiceStatus", state.capitalize()),
            ("ReasonCode", code),
            ("ReasonCodeString", reason),
            ("StartTime", started),
            ("UpTime", up),
        )

    def _static_list(self) -> Response:
        """Which services there are; the fields beside the name are [I] guess."""
        items = [(("ServiceName", name), ("ServiceType", "Service")) for name in self._node.services]
        return self._reply("soapGetStaticServiceList", "Services", items)

    def _refuse(self, call: Element, user: str) -> Response:
        text = "This operation is not supported"
        if _local(call) == "soapDoControlServices":
            told = {_local(part): (part.text or "").strip() for part in call.iter()}
            kind = told.get("ControlType", "").lower()
            if kind in {"restart", "start", "stop"}:
                self._cluster.ledger.write(
                    kind, node=self._node.name, account=user, service=told.get("item"), refused=text
                )
        return self._fault(text)

    def _reply(self, operation: str, listed: str, items: Iterable[Fields]) -> Response:
        envelope, body = _envelope()
        answer = SubElement(body, self._name(f"{operation}Response"), self._declaration())
        returned = SubElement(answer, self._name(f"{operation}Return"))
        self._fill(returned, (("ReturnCode", 0), ("ReasonCode", _SUCCESS), ("ReasonString", "")))
        found = SubElement(returned, self._name(listed))
        for fields in items:
            self._fill(SubElement(found, self._name("item")), fields)
        return _response(envelope, 200)

    def _fill(self, parent: Element, fields: Fields) -> None:
        for name, value in fields:
            SubElement(parent, self._name(name)).text = str(value)

    def _name(self, name: str) -> str:
        prefix = self._cluster.readings.soap_prefix
        return f"{prefix}:{name}" if prefix else name

    def _declaration(self) -> dict[str, str]:
        prefix = self._cluster.readings.soap_prefix
        return {f"xmlns:{prefix}" if prefix else "xmlns": NAMESPACE}

    def _fault(self, text: str) -> Response:
        """A SOAP fault comes with HTTP 500; its texts are [I] guesses."""
        envelope, body = _envelope()
        fault = SubElement(body, "soapenv:Fault")
        SubElement(fault, "faultcode").text = "soapenv:Server"
        SubElement(fault, "faultstring").text = text
        return _response(envelope, 500)


class _NoDoctype(TreeBuilder):
    """Refuses a document type, and with it every entity that somebody could define."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called by the parser before anything of the document type is used."""
        del name, pubid, system
        message = "A document type is not allowed"
        raise Unreadable(message)


def read_call(content: bytes) -> Element:
    """The operation in a SOAP envelope, whatever its prefixes; raises Unreadable."""
    parser = XMLParser(target=_NoDoctype())  # noqa: S314 - see _NoDoctype
    try:
        parser.feed(content)
        root = parser.close()
    except ParseError as trouble:
        raise Unreadable(str(trouble)) from None
    call = next((part for body in root if _local(body) == "Body" for part in body), None)
    if call is None:
        message = "There is no operation in the body"
        raise Unreadable(message)
    return call


def _texts(call: Element) -> list[str]:
    """The names that are asked for, also where they stand in an `item` (ctmcp, unproven)."""
    return [text for part in call.iter() if not len(part) and (text := (part.text or "").strip())]


def _reason(service: Service | None) -> tuple[int, str]:
    """Reason codes as in the table of perlast (cucm.md §3.2 [C])."""
    if service is None:
        return _NO_SUCH_SERVICE, "No such service"
    if service.state is not State.STOPPED:
        return _SUCCESS, ""
    return _REASONS.get(service.reason, _NOT_RUNNING), service.reason or "Component is not running"


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _envelope() -> tuple[Element, Element]:
    envelope = Element("soapenv:Envelope", {"xmlns:soapenv": _ENVELOPE})
    return envelope, SubElement(envelope, "soapenv:Body")


def _response(envelope: Element, status: int) -> Response:
    text = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return Response(text, status, content_type="text/xml;charset=utf-8")
