"""Answers of RisPort70 for tests of its client, in the shape of cucm.md §3.3, and a small one that pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from tests.protocols.https_door import Reply, Seen

NAMESPACE = "{http://schemas.cisco.com/ast/soap}"


def phone(name: str, status: str = "Registered", **values: str) -> str:
    """One device as a node lists it."""
    fields = {"Name": name, "Status": status, "StatusReason": "0", "Protocol": "SIP", "Model": "684", **values}
    return "<item>" + "".join(f"<ns1:{key}>{value}</ns1:{key}>" for key, value in fields.items()) + "</item>"


def answer(
    nodes: Mapping[str, Iterable[str]],
    *,
    total: int | None = None,
    state: str = "",
    codes: Mapping[str, str] | None = None,
    operation: str = "selectCmDevice",
) -> str:
    """A reply that lists the phones of each node."""
    listed = {node: list(phones) for node, phones in nodes.items()}
    items = "".join(
        f"<ns1:item><ns1:ReturnCode>{(codes or {}).get(node, 'Ok')}</ns1:ReturnCode><ns1:Name>{node}</ns1:Name>"
        f"<ns1:CmDevices>{''.join(phones)}</ns1:CmDevices></ns1:item>"
        for node, phones in listed.items()
    )
    count = sum(map(len, listed.values())) if total is None else total
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns1:{operation}Response xmlns:ns1="http://schemas.cisco.com/ast/soap"><ns1:{operation}Return>'
        f"<ns1:SelectCmDeviceResult><ns1:TotalDevicesFound>{count}</ns1:TotalDevicesFound>"
        f"<ns1:CmNodes>{items}</ns1:CmNodes></ns1:SelectCmDeviceResult><ns1:StateInfo>{state}</ns1:StateInfo>"
        f"</ns1:{operation}Return></ns1:{operation}Response></soapenv:Body></soapenv:Envelope>"
    )


def question(seen: Seen) -> tuple[str, str, list[str]]:
    """The operation of a request that arrived, the state that it goes on from, and the names that it asks for."""
    body = ET.fromstring(seen.body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    operation = body[0]
    names = [item.text for item in operation.iter(f"{NAMESPACE}Item")]
    return operation.tag.removeprefix(NAMESPACE), operation.find(f"{NAMESPACE}StateInfo").text or "", names


class Cluster:
    """A RisPort with so many phones on two nodes, which hands out at most ``page`` of them at a time."""

    def __init__(self, phones: int, *, page: int = 1000, throttled: Iterable[int] = ()) -> None:
        self.names = [f"SEP{number:012X}" for number in range(phones)]
        self.page, self.asked, self.throttled = page, 0, set(throttled)

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request; those whose number is in ``throttled`` are told that they are too many."""
        self.asked += 1
        if self.asked in self.throttled:
            return Reply(fault("Exceeded allowed rate for Reatime information. Current allowed rate is 15"), 500)
        _, state, names = question(seen)
        wanted = self.names if names == ["*"] else [name for name in names if name in self.names]
        start = int(state or 0)
        shown = wanted[start : start + self.page]
        nodes = {node: [phone(name) for name in shown[at::2]] for at, node in enumerate(("cs-ccm-pub", "cs-ccm-sub"))}
        return Reply(answer(nodes, total=len(wanted), state=str(start + len(shown))))


def fault(text: str) -> str:
    """A SOAP 1.1 fault."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>soapenv:Server</faultcode><faultstring>{text}</faultstring></soapenv:Fault></soapenv:Body>"
        "</soapenv:Envelope>"
    )
