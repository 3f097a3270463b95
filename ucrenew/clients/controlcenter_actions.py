"""Control Center Services of a node, to start, stop and restart services (cucm.md §3.2): only for who acts.

1. A refusal of one service is a value with the node's own words, and so is a state between two states: what becomes of
   it, the caller sees by asking Control Center or the CLI again (S26).
2. A request that may have left and was not answered is Unanswered, and says so: look before it is sent again.
3. Services that Control Center cannot control are refused before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from xml.sax.saxutils import escape

import requests

from ucrenew.clients.controlcenter import PATH, ROLE, RunningService, refusal_of, services_of
from ucrenew.clients.sessions import Unanswered
from ucrenew.clients.soap import Element, SoapService, in_ast_envelope, text_of
from ucrenew.clients.tls import Endpoint
from ucrenew.errors import BadInput, Refused

# Restarted by the CLI on each node; all others may be restarted here too (cucm.md §2.2).
CLI_ONLY = frozenset({
    "Cisco Tomcat",
    "Cisco UDS Tomcat",
    "Cisco AXL Tomcat",
    "Cisco SSOSP Tomcat",
    "Cisco HAProxy",
})  # fmt: skip
# The table of cucm.md §3.2; the words are the node's where it sends some.
REASONS: Mapping[str, str] = {
    "-1010": "No such service",
    "-1019": "Component is not running",
    "-1031": "Operation timed-out",
    "-1039": "Component already started",
    "-1040": "Component already stopped",
    "-1041": "Dependencies still pending",
    "-1045": "Operation not supported",
    "-1048": "Operation pending on active dependencies",
    "-1050": "Shutdown is in progress",
    "-1068": "Service Not Activated",
    "-1069": "Commanded Out of Service",
    "-1071": "Encountered exception",
}
# Well, already so, or a word about the state on the way: the caller looks again anyhow.
_NO_REFUSAL = frozenset({"", "0", "-1", "-1039", "-1040", "-1019", "-1069"})


class Action(StrEnum):
    """What Control Center can do to a service."""

    START = "Start"
    STOP = "Stop"
    RESTART = "Restart"


@dataclass(frozen=True)
class Outcome:
    """What the node said to one action; ``service`` is None where it lists none."""

    action: Action
    name: str
    refusal: str  # in the node's words; empty where it did what it was told, or began to
    service: RunningService | None

    @property
    def is_refused(self) -> bool:
        """True where the node said no."""
        return bool(self.refusal)


class ServiceControl:
    """One node's Control Center with a hand on its services, over a session that was decided on before."""

    def __init__(
        self, endpoint: Endpoint, session: requests.Session, user: str, password: str, *, timeout: float = 300
    ) -> None:
        """Take an application user; ``timeout`` is long because some nodes answer when the service is up again."""
        self._node = endpoint.name.partition(".")[0]
        self._service = SoapService(
            endpoint,
            session,
            user,
            password,
            path=PATH,
            doing="having Control Center act on a service",
            role=ROLE,
            timeout=timeout,
        )

    def control(self, action: Action, name: str) -> Outcome:
        """Do this to one service and return what the node said; that is no proof: look again.

        Raises BadInput for a service that only the CLI restarts, Unanswered where it may be under way, LoginRefused,
        Transient and UnknownReply; a refusal is in the outcome.
        """
        if name in CLI_ONLY:
            raise BadInput(f"{self._service.at}: {name} is restarted on the CLI only; nothing was sent")
        order = in_ast_envelope(_order(self._node, action, name))
        try:
            answer = self._service.send(order, {"SOAPAction": "soapDoControlServices"})
            reply = self._service.reply(answer, "soapDoControlServicesReturn")
        except Refused as error:
            return Outcome(action, name, str(error), None)
        except Unanswered as error:
            under_way = f"the {action.lower()} of {name} may be under way: look before it is sent again"
            raise Unanswered(f"{error}; {under_way}") from error
        return self._outcome(action, name, reply)

    def _outcome(self, action: Action, name: str, reply: Element) -> Outcome:
        listed = {service.name: service for service in services_of(reply)}
        as_whole = "" if text_of(reply, "ReasonCode") in ("-1039", "-1040") else refusal_of(reply)
        refusal = as_whole or _refusal_of_service(reply, name)
        return Outcome(action, name, self._service.quote(refusal), listed.get(name))


def _order(node: str, action: Action, name: str) -> str:
    return (
        "<soap:soapDoControlServices><soap:ControlServiceRequest>"
        f"<soap:NodeName>{escape(node)}</soap:NodeName><soap:ControlType>{action}</soap:ControlType>"
        f"<soap:ServiceList><soap:item>{escape(name)}</soap:item></soap:ServiceList>"
        "</soap:ControlServiceRequest></soap:soapDoControlServices>"
    )


def _refusal_of_service(reply: Element, name: str) -> str:
    """Why this one service was not acted on, though the request as a whole was taken."""
    items = (item for item in reply.iter() if text_of(item, "ServiceName") == name)
    for item in items:
        code = text_of(item, "ReasonCode")
        if code not in _NO_REFUSAL:
            return f"{text_of(item, 'ReasonCodeString') or REASONS.get(code, 'it gives no words')} (reason code {code})"
    return ""
