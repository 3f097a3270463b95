"""Control Center Services of a node: which services run there, and for how long (cucm.md §3.2). It asks, and no more.

1. The one operation in here is ``soapGetServiceStatus``. Names are escaped into its envelope, so nothing that a caller
   passes can turn it into another one; services are controlled on the CLI (clients/platform_cli.py).
2. Replies are read by local names, whatever their prefixes. A document type is refused: SOAP 1.1 §3 forbids it, and
   without one XML has no entities that could expand or reach out.
3. How ``StartTime`` is written is not known: it is kept as text, and ``UpTime``, in seconds, is what to judge by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import requests

from ucrenew.clients.sessions import basic, exchange, quoted
from ucrenew.clients.tls import Endpoint
from ucrenew.errors import LoginRefused, Refused, Transient, Trouble, UnknownReply

_PATH = "/controlcenterservice2/services/ControlCenterServices"
_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "soapGetServiceStatus"}
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:soap="http://schemas.cisco.com/ast/soap"><soapenv:Header/><soapenv:Body>'
    "<soap:soapGetServiceStatus>{names}</soap:soapGetServiceStatus></soapenv:Body></soapenv:Envelope>"
)
_WELL = ("", "0")  # ReturnCode of an answer; clients that run against real clusters take 0 for success
_TOO_OFTEN = "exceeded allowed rate"  # cucm.md §3.3, the same web application

Element = ET.Element


@dataclass(frozen=True)
class RunningService:
    """One service as its node sees it; ``up_seconds`` is None unless it is started and says for how long."""

    name: str
    started: bool
    up_seconds: int | None
    start_time: str
    reason: str


class ControlCenter:
    """One node's Control Center, over a session that was decided on before (clients/tls.py)."""

    def __init__(
        self, endpoint: Endpoint, session: requests.Session, user: str, password: str, *, timeout: float = 45
    ) -> None:
        """Take an application user (not the OS administration account); nothing is sent yet."""
        self._endpoint, self._session, self._timeout = endpoint, session, timeout
        self._user, self._password = user, password

    def services(self, names: Iterable[str] = ()) -> Mapping[str, RunningService]:
        """The named services of this node, or all of them; a name that the node does not list is not in it.

        Raises LoginRefused, Refused with the node's own words, Transient while the service is not there or not ready
        or is asked too often, UnknownReply.
        """
        wanted = tuple(names)
        answer = exchange(
            self._session,
            "POST",
            self._endpoint.origins[0] + _PATH,
            doing=self._at,
            timeout=self._timeout,
            headers={**_HEADERS, **basic(self._user, self._password)},
            data=_question(wanted),
        )
        found = {service.name: service for service in map(_service, _items(self._reply(answer)))}
        if not found and not wanted:
            raise UnknownReply(f"{self._at}: it answered without any service: {self._quote(answer.text)}")
        return found

    def _reply(self, answer: requests.Response) -> Element:
        """The one place where an answer becomes a value or an error."""
        tree = _parsed(answer.content)
        fault, reply = _first(tree, "Fault"), _first(tree, "soapGetServiceStatusReturn")
        if answer.status_code != requests.codes.ok or fault is not None:
            raise self._trouble(answer, None if fault is None else _text(fault, "faultstring") or _words(fault))
        if reply is None:
            raise UnknownReply(
                f"{self._at}: it answered with something that is not its SOAP: {self._quote(answer.text)}"
            )
        if (code := _text(reply, "ReturnCode")) not in _WELL:
            said = self._quote(_text(reply, "ReasonString") or f"reason {_text(reply, 'ReasonCode') or 'not given'}")
            raise Refused(f"{self._at} was refused (ReturnCode {code}): {said}")
        return reply

    def _trouble(self, answer: requests.Response, fault: str | None) -> Trouble:
        status = answer.status_code
        shown = self._quote(answer.text if fault is None else fault) or "an empty body"
        if status == requests.codes.unauthorized:
            return LoginRefused(
                f"{self._at}: account {self._user} was refused (HTTP {status}); it is not tried again, because accounts"
                " lock. It has to be an application user, not the OS administration account"
            )
        if status == requests.codes.forbidden:
            lacking = f"account {self._user} may lack a serviceability role"
            return Refused(f"{self._at} was refused (HTTP {status}): {shown}; {lacking}")
        if fault is not None:
            busy = status == requests.codes.service_unavailable or _TOO_OFTEN in fault.lower()
            return (Transient if busy else Refused)(f"{self._at} was refused (HTTP {status}): {shown}")
        if status == requests.codes.not_found or status >= requests.codes.server_error:
            why = "its Tomcat may be restarting"
            return Transient(f"{self._at}: it is not there or not ready (HTTP {status}: {shown}); {why}")
        return UnknownReply(f"{self._at}: HTTP {status} with something that is not its SOAP: {shown}")

    @property
    def _at(self) -> str:
        return f"{self._endpoint}: asking Control Center which services run"

    def _quote(self, text: str) -> str:
        return quoted(text, hide=self._password)


def _question(names: tuple[str, ...]) -> bytes:
    """One element for each name; one empty element asks for all of them."""
    asked = "".join(f"<soap:ServiceStatus>{escape(name)}</soap:ServiceStatus>" for name in names or ("",))
    return _ENVELOPE.format(names=asked).encode()


def _service(item: Element) -> RunningService:
    status = _text(item, "ServiceStatus")
    started = status.lower() == "started"
    return RunningService(
        name=_text(item, "ServiceName"),
        started=started,
        up_seconds=_seconds(_text(item, "UpTime")) if started else None,
        start_time=_text(item, "StartTime"),
        reason=_reason(item, status),
    )


def _reason(item: Element, status: str) -> str:
    """The node's words; a state between started and stopped is named, and a code that comes without words is too."""
    code = _text(item, "ReasonCode")
    words = _text(item, "ReasonCodeString") or ("" if code in ("", "0", "-1") else f"reason code {code}")
    between = "" if status.lower() in ("started", "stopped") else status
    return ": ".join(part for part in (between, words) if part)


def _seconds(text: str) -> int | None:
    return int(text) if text.isdecimal() else None  # absent or -1 where it does not run


def _items(reply: Element) -> Iterator[Element]:
    return (element for element in reply.iter() if any(_local(child) == "ServiceName" for child in element))


# --- XML without entities, by local names


class _WithoutDoctype(ET.TreeBuilder):
    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        """Called by the parser before it reads a single declaration."""
        raise ValueError


def _parsed(body: bytes) -> Element | None:
    """The root of an XML document; None for anything else."""
    parser = ET.XMLParser(target=_WithoutDoctype())  # noqa: S314 - without a document type there are no entities
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):  # the last one for an encoding that nobody knows
        return None
    return root


def _first(tree: Element | None, name: str) -> Element | None:
    return None if tree is None else next((element for element in tree.iter() if _local(element) == name), None)


def _text(element: Element, name: str) -> str:
    """The text of a child by its local name; empty where there is none."""
    return next(((child.text or "").strip() for child in element if _local(child) == name), "")


def _words(element: Element) -> str:
    return " ".join(element.itertext())


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
