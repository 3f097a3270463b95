"""Control Center Services of a node: which services run there, and for how long (cucm.md §3.2). It asks, and no more.

1. The one operation in here is ``soapGetServiceStatus``. Names are escaped into its envelope, so nothing that a caller
   passes can turn it into another one; who controls services says so by another module (controlcenter_actions).
2. How ``StartTime`` is written is not known: it is kept as text, and ``UpTime``, in seconds, is what to judge by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import requests

from ucrenew.clients.soap import Element, SoapService, in_ast_envelope, local, text_of
from ucrenew.clients.tls import Endpoint
from ucrenew.errors import Refused, UnknownReply

PATH = "/controlcenterservice2/services/ControlCenterServices"
ROLE = "a serviceability role"
WELL = ("", "0")  # ReturnCode of an answer; clients that run against real clusters take 0 for success


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
        self._service = SoapService(
            endpoint,
            session,
            user,
            password,
            path=PATH,
            doing="asking Control Center which services run",
            role=ROLE,
            timeout=timeout,
        )

    def services(self, names: Iterable[str] = ()) -> Mapping[str, RunningService]:
        """The named services of this node, or all of them; a name that the node does not list is not in it.

        Raises LoginRefused, Refused with the node's own words, Transient while the service is not there or not ready
        or is asked too often, UnknownReply.
        """
        wanted = tuple(names)
        answer = self._service.send(_question(wanted), {"SOAPAction": "soapGetServiceStatus"})
        reply = self._service.reply(answer, "soapGetServiceStatusReturn")
        if refusal := refusal_of(reply):
            raise Refused(f"{self._service.at} was refused {self._service.quote(refusal)}")
        found = {service.name: service for service in services_of(reply)}
        if not found and not wanted:
            shown = self._service.quote(answer.text)
            raise UnknownReply(f"{self._service.at}: it answered without any service: {shown}")
        return found


def _question(names: tuple[str, ...]) -> bytes:
    """One element for each name; one empty element asks for all of them."""
    asked = "".join(f"<soap:ServiceStatus>{escape(name)}</soap:ServiceStatus>" for name in names or ("",))
    return in_ast_envelope(f"<soap:soapGetServiceStatus>{asked}</soap:soapGetServiceStatus>")


def refusal_of(reply: Element) -> str:
    """The code and the words of an answer that says no; empty where it says well."""
    if (code := text_of(reply, "ReturnCode")) in WELL:
        return ""
    said = text_of(reply, "ReasonString") or f"reason {text_of(reply, 'ReasonCode') or 'not given'}"
    return f"(ReturnCode {code}): {said}"


def services_of(reply: Element) -> Iterator[RunningService]:
    """The services that an answer lists, whichever element holds them."""
    return map(_service, (item for item in reply.iter() if any(local(child) == "ServiceName" for child in item)))


def _service(item: Element) -> RunningService:
    status = text_of(item, "ServiceStatus")
    started = status.lower() == "started"
    return RunningService(
        name=text_of(item, "ServiceName"),
        started=started,
        up_seconds=_seconds(text_of(item, "UpTime")) if started else None,
        start_time=text_of(item, "StartTime"),
        reason=_reason(item, status),
    )


def _reason(item: Element, status: str) -> str:
    """The node's words; a state between started and stopped is named, and a code that comes without words is too."""
    code = text_of(item, "ReasonCode")
    words = text_of(item, "ReasonCodeString") or ("" if code in ("", "0", "-1") else f"reason code {code}")
    between = "" if status.lower() in ("started", "stopped") else status
    return ": ".join(part for part in (between, words) if part)


def _seconds(text: str) -> int | None:
    return int(text) if text.isdecimal() else None  # absent or -1 where it does not run
