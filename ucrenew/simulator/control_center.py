"""Control Center Services of one node: which services run and since when, and restarts by SOAP (cucm.md §3.2).

Rule 1: status is the node's own; a call names the node that it asks, or it is refused ([I] guess).
Rule 2: what is restarted by the command line alone (§2.2 [D]) is not supported here, and what is not activated neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from xml.etree.ElementTree import Element

from flask import Flask, Response, request

from ucrenew.simulator import wsdl
from ucrenew.simulator.cluster import OUT_OF_REACH, Cluster
from ucrenew.simulator.listings import stamp
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.services import NOT_ACTIVATED, OUT_OF_SERVICE, TOMCAT, UNTOUCHABLE, Service, ServiceChange, State
from ucrenew.simulator.soap import (
    Answer,
    Fields,
    Unreadable,
    account,
    document,
    fault,
    local,
    read_call,
    refused_login,
    text_of,
    texts,
)

_PATHS = tuple(f"/controlcenterservice2/services/ControlCenterServices{kind}" for kind in ("", "Ex"))
_SUCCESS, _NOT_RUNNING, _NO_SUCH_SERVICE, _UNSUPPORTED, _PENDING = -1, -1019, -1010, -1045, -1041
_REASONS = {NOT_ACTIVATED: -1068, OUT_OF_SERVICE: -1069}
_BY_COMMAND_LINE = {TOMCAT, "Cisco UDS Tomcat", "Cisco AXL Tomcat", "Cisco SSOSP Tomcat", "Cisco HAProxy"} | UNTOUCHABLE
_KINDS = {"Restart": "restart", "Start": "start", "Stop": "stop"}


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Answer on both addresses of the service (cucm.md §3.2)."""
    desk = ControlCenter(cluster, node)
    for path in _PATHS:
        app.add_url_rule(path, path, desk.answer, methods=["GET", "POST"])


class ControlCenter:
    """The calls of §3.2 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node

    def answer(self) -> Response:
        """One call."""
        refused = refused_login(self._cluster, self._node, "Control Center")
        if refused:
            return refused
        if request.method == "GET":
            return document(wsdl.text(wsdl.CONTROL_CENTER, request.base_url))
        try:
            call = read_call(request.get_data())
        except Unreadable as reason:
            return fault(str(reason))
        calls: dict[str, Callable[[Element], Response]] = {
            "soapGetServiceStatus": self._status,
            "soapGetStaticServiceList": self._static_list,
            "getStaticServiceListExtended": self._static_list,
            "getProductInformationList": self._products,
            "soapDoControlServices": self._control,
        }
        called = calls.get(local(call))
        return called(call) if called else fault("This operation is not supported")

    def _status(self, call: Element) -> Response:
        wanted = texts(call) or list(self._node.services)
        return self._reply("soapGetServiceStatus", "ServiceInfoList", [self._service(name) for name in wanted])

    def _service(self, name: str, reason: tuple[int, str] | None = None) -> Fields:
        """One service by the node's own clock; the form of StartTime is [I] guess."""
        service = self._node.services.get(name)
        code, words = reason or _reason(service)
        state = service.state if service else State.STOPPED
        started, up = "", -1
        if service and service.started_at and state is State.STARTED:
            up = int((self._node.clock() - service.started_at).total_seconds())
            started = stamp(service.started_at + timedelta(seconds=self._node.clock_skew), zone=False)
        return (
            ("ServiceName", name),
            ("ServiceStatus", state.capitalize()),
            ("ReasonCode", code),
            ("ReasonCodeString", words),
            ("StartTime", started),
            ("UpTime", up),
        )

    def _static_list(self, call: Element) -> Response:
        """Which services there are; the fields beside the name are [I] guess."""
        items = [(("ServiceName", name), ("ServiceType", "Service")) for name in self._node.services]
        return self._reply(local(call), "Services", items)

    def _products(self, _: Element) -> Response:
        """What is installed; all fields are [I] guess."""
        product = (("ProductName", "Cisco Unified Communications Manager"), ("ProductVersion", self._node.version))
        return self._reply("getProductInformationList", "Products", [product])

    def _control(self, call: Element) -> Response:
        """Restart, start or stop the services that are named; each is answered for itself ([I])."""
        kind = _KINDS.get(text_of(call, "ControlType"))
        names = [(part.text or "").strip() for part in call.iter() if local(part) == "item"]
        if kind is None or not names:
            return fault("The request names no ControlType or no service")
        if text_of(call, "NodeName").lower() not in {"", self._node.name, self._node.node.host, self._node.address}:
            return fault(OUT_OF_REACH)
        reasons = {name: self._refusal(name) for name in names}
        changes = [self._change(kind, name, reason) for name, reason in reasons.items()]
        if self._cluster.readings.control_answers == "when-done":
            for change in changes:
                _watch(change)
        return self._reply(
            "soapDoControlServices", "ServiceInfoList", [self._service(name, reasons[name]) for name in names]
        )

    def _change(self, kind: str, name: str, refused: tuple[int, str] | None) -> ServiceChange | None:
        if refused:
            self._cluster.ledger.write(kind, node=self._node.name, account=account(), service=name, refused=refused[1])
            return None
        return self._cluster.change_service(self._node, name, kind, account())

    def _refusal(self, name: str) -> tuple[int, str] | None:
        """Why a service cannot be changed now; the codes are of perlast's table, which of them comes is [I]."""
        service = self._node.services.get(name)
        if service is None:
            return _NO_SUCH_SERVICE, "No such service"
        if service.reason == NOT_ACTIVATED:
            return _REASONS[NOT_ACTIVATED], NOT_ACTIVATED
        if name in _BY_COMMAND_LINE:
            return _UNSUPPORTED, "Operation not supported"
        if service.state not in {State.STARTED, State.STOPPED} and not service.stuck:
            return _PENDING, "Dependencies still pending"
        return None

    def _reply(self, operation: str, listed: str, items: Iterable[Fields]) -> Response:
        made = Answer(f"{operation}Response", self._cluster.readings.soap_prefix)
        returned = made.put(made.top, f"{operation}Return")
        made.fill(returned, (("ReturnCode", 0), ("ReasonCode", _SUCCESS), ("ReasonString", "")))
        found = made.put(returned, listed)
        for fields in items:
            made.fill(made.put(found, "item"), fields)
        return made.response()


def _watch(change: ServiceChange | None) -> None:
    while change and change.lines.get() is not None:
        pass


def _reason(service: Service | None) -> tuple[int, str]:
    """Reason codes as in the table of perlast (cucm.md §3.2 [C])."""
    if service is None:
        return _NO_SUCH_SERVICE, "No such service"
    if service.state is not State.STOPPED:
        return _SUCCESS, ""
    return _REASONS.get(service.reason, _NOT_RUNNING), service.reason or "Component is not running"
