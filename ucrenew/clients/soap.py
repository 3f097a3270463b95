"""SOAP 1.1 over one verified session: what Control Center, RisPort and AXL have in common (cucm.md §3).

1. Replies are read by local names, whatever their prefixes. A document type is refused: SOAP 1.1 §3 forbids it, and
   without one XML has no entities that could expand or reach out.
2. Nothing is sent twice by itself. Only `patiently` asks again, after a pause, where the answer is: you ask too often.
3. A login that was refused is not sent a second time by the same client: accounts lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from xml.etree import ElementTree as ET

import requests

from ucrenew.clients.sessions import basic, exchange, quoted
from ucrenew.clients.tls import Endpoint
from ucrenew.errors import LoginRefused, Refused, Transient, Trouble, UnknownReply

# Seconds. Clients in production begin with 5 and double, or with 30 (cucm.md §3.3): together more than a minute.
PAUSES = (5.0, 10.0, 20.0, 30.0)
_TOO_OFTEN = "exceeded allowed rate"  # cucm.md §3.3

_AST_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:soap="http://schemas.cisco.com/ast/soap"><soapenv:Header/><soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)

Element = ET.Element
T = TypeVar("T")


class Throttled(Transient):
    """Asked too often, or too busy to answer: the same question may be answered after a while."""


class SoapService:
    """One SOAP service of one node, asked with one account over a session that was decided on before (see tls)."""

    def __init__(  # noqa: PLR0913 - all by name
        self,
        endpoint: Endpoint,
        session: requests.Session,
        user: str,
        password: str,
        *,
        path: str,
        doing: str,
        role: str,
        timeout: float,
    ) -> None:
        """Take an application user (not the OS administration account); ``doing`` and ``role`` are for messages."""
        self._endpoint, self._session, self._timeout = endpoint, session, timeout
        self._user, self._password = user, password
        self._path, self._doing, self._role = path, doing, role
        self._refused: LoginRefused | None = None

    @property
    def address(self) -> str:
        """Where requests go."""
        return self._endpoint.origins[0] + self._path

    @property
    def at(self) -> str:
        """Whom we ask, and what for: how every message begins."""
        return f"{self._endpoint}: {self._doing}"

    def send(self, envelope: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send one request, once, and return whatever was answered but a refused login, which raises LoginRefused."""
        if self._refused:
            raise self._refused
        answer = exchange(
            self._session,
            "POST",
            self.address,
            doing=self.at,
            timeout=self._timeout,
            headers={"Content-Type": "text/xml; charset=utf-8", **headers, **basic(self._user, self._password)},
            data=envelope,
        )
        if answer.status_code == requests.codes.unauthorized:
            self._refused = LoginRefused(
                f"{self.at}: account {self._user} was refused (HTTP {answer.status_code}); it is not tried again,"
                " because accounts lock. It has to be an application user, not the OS administration account"
            )
            raise self._refused
        return answer

    def reply(self, answer: requests.Response, *names: str) -> Element:
        """The one place where an answer becomes an element of one of these names, or an error."""
        tree = parsed(answer.content)
        fault = first(tree, "Fault")
        if answer.status_code != requests.codes.ok or fault is not None:
            raise self.trouble(answer, None if fault is None else text_of(fault, "faultstring") or _words(fault))
        found = next((element for name in names if (element := first(tree, name)) is not None), None)
        if found is None:
            raise UnknownReply(f"{self.at}: it answered with something that is not its SOAP: {self.quote(answer.text)}")
        return found

    def trouble(self, answer: requests.Response, fault: str | None) -> Trouble:
        """What an answer that is none means for the caller; ``fault`` is the text of its SOAP fault."""
        status = answer.status_code
        shown = self.quote(answer.text if fault is None else fault) or "an empty body"
        if status == requests.codes.forbidden:
            return Refused(
                f"{self.at} was refused (HTTP {status}): {shown}; account {self._user} may lack {self._role}"
            )
        if status == requests.codes.service_unavailable or (fault and _TOO_OFTEN in fault.lower()):
            return Throttled(f"{self.at}: it is busy, asked too often, or not ready (HTTP {status}): {shown}")
        if fault is not None:
            return Refused(
                f"{self.at} was refused (HTTP {status}): {shown}; see on its Serviceability page that what"
                " answers there is up"
            )
        if status == requests.codes.not_found or status >= requests.codes.server_error:
            why = "its Tomcat may be restarting"
            return Transient(f"{self.at}: it is not there or not ready (HTTP {status}: {shown}); {why}")
        return UnknownReply(f"{self.at}: HTTP {status} with something that is not its SOAP: {shown}")

    def quote(self, text: str) -> str:
        """A text of theirs as one short line without our password."""
        return quoted(text, hide=self._password)


def patiently(ask: Callable[[], T], wait: Callable[[float], object], pauses: Iterable[float] = PAUSES) -> T:
    """For looks only: ask again after each pause while we are told that we ask too often; raises the last Throttled."""
    for pause in pauses:
        try:
            return ask()
        except Throttled:
            wait(pause)
    return ask()


def in_ast_envelope(body: str) -> bytes:
    """An operation whose elements have the prefix ``soap``, as Control Center and RisPort take it (cucm.md §3.2)."""
    return _AST_ENVELOPE.format(body=body).encode()


# --- XML without entities, by local names


class _WithoutDoctype(ET.TreeBuilder):
    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Called by the parser before it reads a single declaration."""
        raise ValueError


def parsed(body: bytes) -> Element | None:
    """The root of an XML document; None for anything else."""
    parser = ET.XMLParser(target=_WithoutDoctype())  # noqa: S314 - without a document type there are no entities
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):  # the last one for an encoding that nobody knows
        return None
    return root


def first(tree: Element | None, name: str) -> Element | None:
    """The first element of a local name, at any depth; None where there is none."""
    return None if tree is None else next((element for element in tree.iter() if local(element) == name), None)


def children(element: Element | None, name: str) -> tuple[Element, ...]:
    """The children of a local name; none of nothing."""
    return () if element is None else tuple(child for child in element if local(child) == name)


def text_of(element: Element, name: str) -> str:
    """The text of a child by its local name; empty where there is none."""
    return next(((child.text or "").strip() for child in element if local(child) == name), "")


def local(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _words(element: Element) -> str:
    return " ".join(element.itertext())
