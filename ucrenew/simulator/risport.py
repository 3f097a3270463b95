"""RisPort70 of one node: which devices are registered where, page by page and not too often (cucm.md §3.3).

Rule 1: it answers for the whole cluster, on any CUCM node; the wildcard of the plain call finds everything.
Rule 2: a page is continued by the StateInfo that came with it; the last one ends with fewer devices than asked for.
Rule 3: more calls in a window than allowed are a fault, and count as well ([I] guess).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from flask import Flask, Response, request

from ucrenew.domain.cluster import Product
from ucrenew.simulator import wsdl
from ucrenew.simulator.churn import Sight
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.phone import Phone
from ucrenew.simulator.soap import Answer, Fields, Unreadable, document, fault, local, read_call, refused_login, text_of
from ucrenew.simulator.wildcard import matches

_PATH = "/realtimeservice2/services/RISService70"
_OPERATIONS = frozenset({"selectCmDevice", "selectCmDeviceExt"})
_CRITERIA = ("Status", "NodeName", "Model", "Protocol", "DeviceClass")
_DATA_COLLECTOR = "Cisco RIS Data Collector"
# [I] guess: how little `...Ext` returns for a wildcard.
_LITTLE = 200


@dataclass(frozen=True)
class Found:
    """A device as one node tells of it."""

    node: str
    phone: Phone
    sight: Sight


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Answer on a CUCM node."""
    if node.node.product is Product.CUCM:
        app.add_url_rule(_PATH, _PATH, RisPort(cluster, node).answer, methods=["GET", "POST"])


class RisPort:
    """The two calls of §3.3 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._telephony = cluster.telephony
        self._node = node
        self._calls: deque[datetime] = deque()

    def answer(self) -> Response:
        """One call."""
        if refusal := refused_login(self._cluster, self._node, "RisPort"):
            return refusal
        if request.method == "GET":
            return document(wsdl.text(wsdl.RISPORT, request.base_url))
        return self._call()

    def _call(self) -> Response:
        if not self._node.is_up(_DATA_COLLECTOR):
            return fault("RIS Data Collector is not running")  # [I] guess
        refused = self._is_too_often()
        at = self._cluster.clock().isoformat()
        self._telephony.asked.append({"at": at, "most": _most(request.get_data()), "refused": refused})
        if refused:
            text = f"Exceeded allowed rate for Realtime information, {self._cluster.readings.ris_calls} requests"
            return fault(text, status=self._cluster.readings.ris_refusal_status)
        try:
            call = read_call(request.get_data())
        except Unreadable as reason:
            return fault(str(reason))
        if local(call) not in _OPERATIONS:
            return fault("This operation is not supported")
        with self._cluster.lock:
            self._telephony.settle()
            return self._select(call, local(call))

    def _is_too_often(self) -> bool:
        """Whether the window has its number of calls; with a window of no length there is no limit."""
        now, length = self._cluster.clock(), self._cluster.delays.ris_window_seconds
        # The clock may have been put back.
        while self._calls and abs((now - self._calls[0]).total_seconds()) >= length:
            self._calls.popleft()
        self._calls.append(now)
        return length > 0 and len(self._calls) > self._cluster.readings.ris_calls

    def _select(self, call: Element, operation: str) -> Response:
        extended = operation.endswith("Ext")
        wanted = {name: text_of(call, name) for name in _CRITERIA}
        found = [one for one in self._found(call, latest=extended) if self._is_meant(wanted, one)]
        start = _offset(text_of(call, "StateInfo"))
        page = found[start : start + self._page_size(call)]
        return self._reply(operation, found, page, start + len(page))

    def _page_size(self, call: Element) -> int:
        told = text_of(call, "MaxReturnedDevices")
        most = self._cluster.readings.ris_page
        return min(int(told), most) if told.isdigit() and int(told) else most

    def _found(self, call: Element, *, latest: bool) -> Iterator[Found]:
        """The devices that are asked for; the plain call has each once for every node that it touched."""
        now = self._cluster.clock()
        phones = self._asked(call)
        if latest and phones is None and self._cluster.readings.ris_ext_wildcard == "little":
            phones = list(self._telephony.registration.phones.values())[:_LITTLE]
        for phone in self._telephony.registration.phones.values() if phones is None else phones:
            sight = self._telephony.churn.sight(phone, now)
            if sight.node is None:
                if self._cluster.readings.ris_never_seen == "Unknown":
                    yield Found(phone.group.nodes[0], phone, sight)
                continue
            yield Found(sight.node, phone, sight)
            if not latest and phone.previous and phone.previous != sight.node:
                yield Found(
                    phone.previous, phone, Sight(phone.previous, registered=False, reason=10, since=phone.since)
                )

    def _asked(self, call: Element) -> list[Phone] | None:
        """The phones that are named, by items or a list with commas; None means all."""
        phones = self._telephony.registration.phones
        told = [(part.text or "") for part in call.iter() if local(part) == "Item"]
        names = [name.strip() for text in told for name in text.split(",") if name.strip()]
        if not names or "*" in names:
            return None
        plain = [phones[name] for name in names if name in phones]
        patterns = [name for name in names if "*" in name]
        return plain + [one for one in phones.values() for pattern in patterns if matches(one.name, pattern, "*")]

    def _is_meant(self, wanted: Mapping[str, str], found: Found) -> bool:
        """The other criteria: status, node, model, protocol, class; `Any` and 255 ask for nothing."""
        node = self._telephony.members.get(found.node) if wanted["NodeName"] else None
        return (
            wanted["Status"] in {"", "Any", _status(found.sight)}
            and (
                not wanted["NodeName"] or bool(node and wanted["NodeName"] in {node.name, node.node.host, node.address})
            )
            and wanted["Model"] in {"", "255", str(found.phone.model.number)}
            and wanted["Protocol"] in {"", "Any", found.phone.model.protocol}
            and wanted["DeviceClass"] in {"", "Any", "Phone"}
        )

    def _reply(self, operation: str, found: list[Found], page: list[Found], end: int) -> Response:
        extended = operation.endswith("Ext")
        name = self._cluster.readings.ris_ext_response if extended else f"{operation}Response"
        made = Answer(name, self._cluster.readings.soap_prefix)
        returned = made.put(made.top, name.replace("Response", "Return"))
        result = made.put(returned, "SelectCmDeviceResult")
        made.put(result, "TotalDevicesFound", len(found))
        nodes = made.put(result, "CmNodes")
        for member in self._telephony.members:
            devices = [one for one in page if one.node == member]
            item = made.put(nodes, "item")
            made.fill(item, (("ReturnCode", "Ok" if devices else "NotFound"), ("Name", member)))
            listed = made.put(item, "CmDevices")
            for one in devices:
                _device(made, made.put(listed, "item"), one)
        # Opaque to the caller ([I]: the real one is XML inside of a text as well).
        made.put(returned, "StateInfo", f'<StateInfo ClusterId=""><Position Id="{end}"/></StateInfo>')
        return made.response()


def _device(made: Answer, item: Element, one: Found) -> None:
    """The fields that are known [C], and some more of the kind [I]."""
    phone = one.phone
    fields: Fields = (
        ("Name", phone.name),
        ("DirNumber", f"{phone.line}-{'Registered' if one.sight.registered else 'UnRegistered'}"),
        ("DeviceClass", "Phone"),
        ("Model", phone.model.number),
        ("Status", _status(one.sight)),
        ("StatusReason", one.sight.reason),
        ("Protocol", phone.model.protocol),
        ("ActiveLoadID", phone.model.load),
        ("TimeStamp", int(one.sight.since.timestamp()) if one.sight.since else 0),
    )
    made.fill(item, fields)
    made.fill(made.put(made.put(item, "IPAddress"), "item"), (("IP", phone.address), ("IPAddrType", "ipv4")))


def _status(sight: Sight) -> str:
    if sight.registered:
        return "Registered"
    return "UnRegistered" if sight.node else "Unknown"


def _most(body: bytes) -> int:
    """How many devices a call asks for; 0 where it does not say."""
    told = re.search(rb"MaxReturnedDevices>\s*(\d+)", body)
    return int(told[1]) if told else 0


def _offset(state: str) -> int:
    told = re.search(r'Position Id="(\d+)"', state)
    return int(told[1]) if told else 0
