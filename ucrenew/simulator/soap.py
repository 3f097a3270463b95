"""What the SOAP services have in common: envelopes in, envelopes out, faults, and who may call (cucm.md §3).

Rule 1: application users only, by Basic authentication; credentials that were presented and refused go into the ledger.
Rule 2: callers may use any prefix, and any SOAPAction or none; ours is a reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, XMLParser, tostring

from flask import Response, request

from ucrenew.simulator.accounts import is_application_user
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode

NAMESPACE = "http://schemas.cisco.com/ast/soap"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

Fields: TypeAlias = Iterable[tuple[str, object]]


class Unreadable(Exception):
    """The body is no SOAP call; ``str()`` says why."""


class _NoDoctype(TreeBuilder):
    """Refuses a document type, and with it every entity that somebody could define."""

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called by the parser before anything of the document type is used."""
        del name, pubid, system
        message = "A document type is not allowed"
        raise Unreadable(message)


class Answer:
    """An envelope under construction; names carry ``prefix``, or none where it is empty."""

    def __init__(self, operation: str, prefix: str, namespace: str = NAMESPACE) -> None:  # noqa: D107 - the class says it
        self._prefix = prefix
        self._envelope, body = _envelope()
        declaration = {f"xmlns:{prefix}" if prefix else "xmlns": namespace}
        self.top = SubElement(body, self._name(operation), declaration)

    def put(self, parent: Element, name: str, value: object = None) -> Element:
        """Add an element with this text, if any."""
        made = SubElement(parent, self._name(name))
        made.text = None if value is None else str(value)
        return made

    def fill(self, parent: Element, fields: Fields) -> None:
        """Add elements with texts."""
        for name, value in fields:
            self.put(parent, name, value)

    def response(self) -> Response:
        """What goes out."""
        return _response(self._envelope, 200)

    def _name(self, name: str) -> str:
        return f"{self._prefix}:{name}" if self._prefix else name


def read_call(content: bytes) -> Element:
    """The operation in a SOAP envelope, whatever its prefixes; raises Unreadable."""
    parser = XMLParser(target=_NoDoctype())  # noqa: S314 - see _NoDoctype
    try:
        parser.feed(content)
        root = parser.close()
    except ParseError as trouble:
        raise Unreadable(str(trouble)) from None
    call = next((part for body in root if local(body) == "Body" for part in body), None)
    if call is None:
        message = "There is no operation in the body"
        raise Unreadable(message)
    return call


def fault(text: str, *, status: int = 500, detail: Element | None = None) -> Response:
    """A SOAP fault comes with HTTP 500; its texts are [I] guesses."""
    envelope, body = _envelope()
    made = SubElement(body, "soapenv:Fault")
    SubElement(made, "faultcode").text = "soapenv:Server"
    SubElement(made, "faultstring").text = text
    if detail is not None:
        SubElement(made, "detail").append(detail)
    return _response(envelope, status)


def refused_login(cluster: Cluster, node: SimulatedNode, realm: str) -> Response | None:
    """401 for everybody but an application user."""
    told = request.authorization
    if told is not None and is_application_user(cluster.scene, told.username or "", told.password or ""):
        return None
    if told is not None:
        cluster.ledger.write("login-refused", node=node.name, account=told.username or "")
    return Response("Unauthorized", 401, {"WWW-Authenticate": f'Basic realm="{realm}"'})


def document(content: str) -> Response:
    """A WSDL."""
    return Response(content, content_type="text/xml;charset=utf-8")


def account() -> str:
    """Who is calling."""
    return (request.authorization.username or "") if request.authorization else ""


def local(element: Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def text_of(call: Element, name: str) -> str:
    """The text of the first element of that name, at any depth; empty where there is none."""
    return next(((part.text or "").strip() for part in call.iter() if local(part) == name), "")


def texts(call: Element) -> list[str]:
    """All texts that elements without children have."""
    return [text for part in call.iter() if not len(part) and (text := (part.text or "").strip())]


def _envelope() -> tuple[Element, Element]:
    envelope = Element("soapenv:Envelope", {"xmlns:soapenv": _ENVELOPE})
    return envelope, SubElement(envelope, "soapenv:Body")


def _response(envelope: Element, status: int) -> Response:
    text = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return Response(text, status, content_type="text/xml;charset=utf-8")
