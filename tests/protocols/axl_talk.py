# ruff: noqa: D102, N802 - the methods of the publisher have the names of AXL's operations
"""Answers of AXL for tests of its client, in the shapes of its schema (cucm.md §3.1), and a small publisher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from tests.protocols.https_door import Reply, Seen

NAMESPACE = "http://www.cisco.com/AXL/API/12.5"


def envelope(operation: str, inside: str) -> str:
    """A reply to an operation with this in its ``return``."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        f'<ns:{operation}Response xmlns:ns="{NAMESPACE}">{inside}</ns:{operation}Response>'
        "</soapenv:Body></soapenv:Envelope>"
    )


def listed(operation: str, row: str, rows: Iterable[Mapping[str, str]]) -> str:
    """A reply that lists rows."""
    inside = "".join(
        f'<{row} uuid="{{0A1B2C3D-0000-0000-0000-000000000000}}">'
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in columns.items())
        + f"</{row}>"
        for columns in rows
    )
    return envelope(operation, f"<return>{inside}</return>")


def rows(*columns: Mapping[str, str]) -> str:
    """A reply to a SELECT."""
    return listed("executeSQLQuery", "row", columns).replace(' uuid="{0A1B2C3D-0000-0000-0000-000000000000}"', "")


def fault(text: str) -> str:
    """A fault with AXL's own detail."""
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>soapenv:Server</faultcode><faultstring>{text}</faultstring><detail><axlError><axlcode>-1</axlcode>"
        f"<axlmessage>{text}</axlmessage><request>listProcessNode</request></axlError></detail></soapenv:Fault>"
        "</soapenv:Body></soapenv:Envelope>"
    )


def question(seen: Seen) -> tuple[str, dict[str, str]]:
    """The operation of a request that arrived, and the texts of its elements by their names."""
    body = ET.fromstring(seen.body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    operation = body[0]
    texts = {element.tag: (element.text or "").strip() for element in operation.iter() if not len(element)}
    return operation.tag.removeprefix(f"{{{NAMESPACE}}}"), texts


class Publisher:
    """An AXL with these phones, two groups, and these parameters; ``busy`` are the requests that it is too busy for."""

    def __init__(
        self, *, phones: int = 3, parameters: Mapping[str, str] | None = None, busy: Iterable[int] = ()
    ) -> None:
        self.phones, self.parameters, self.busy, self.asked = phones, dict(parameters or {}), set(busy), []

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        operation, texts = question(seen)
        self.asked.append(operation)
        if len(self.asked) in self.busy:
            return Reply("<html>busy</html>", 503)
        return Reply(getattr(self, operation)(texts))

    def listProcessNode(self, _):
        nodes = (
            ("EnterpriseWideData", "Publisher", "CUCM Voice/Video"),
            ("cs-ccm-pub", "Publisher", "CUCM Voice/Video"),
            ("cs-imp", "Subscriber", "CUCM IM and Presence"),
        )
        fields = ({"name": name, "nodeUsage": usage, "processNodeRole": role} for name, usage, role in nodes)
        return listed("listProcessNode", "processNode", fields)

    def executeSQLQuery(self, texts):
        wanted = texts["sql"].partition("paramname='")[2].rstrip("'")
        found = {name: value for name, value in self.parameters.items() if wanted in ("", name)}
        return rows(*({"paramname": name, "paramvalue": value} for name, value in found.items()))

    def listDevicePool(self, _):
        pools = (("DP-HQ", "CMG-HQ"), ("DP-Lab", "CMG-Lab"), ("DP-Branch", "CMG-HQ"))
        fields = ({"name": name, "callManagerGroupName": group} for name, group in pools)
        return listed("listDevicePool", "devicePool", fields)

    def listCallManagerGroup(self, _):
        return listed("listCallManagerGroup", "callManagerGroup", ({"name": name} for name in ("CMG-HQ", "CMG-Lab")))

    def getCallManagerGroup(self, texts):
        servers = ("CM_cs-ccm-sub", "CM_cs-ccm-pub") if texts["name"] == "CMG-HQ" else ("CM_cs-ccm-pub",)
        members = "".join(
            f"<member><callManagerName>{name}</callManagerName><priority>{len(servers) - at}</priority></member>"
            for at, name in enumerate(servers)
        )
        inside = f"<name>{texts['name']}</name><members>{members}</members>"
        return envelope("getCallManagerGroup", f"<return><callManagerGroup>{inside}</callManagerGroup></return>")

    def listPhoneSecurityProfile(self, _):
        profiles = (("Standard SIP Non-Secure", "Non Secure"), ("HQ Encrypted", "Encrypted"))
        fields = ({"name": name, "deviceSecurityMode": mode} for name, mode in profiles)
        return listed("listPhoneSecurityProfile", "phoneSecurityProfile", fields)

    def listPhone(self, texts):
        start, most = int(texts.get("skip") or 0), int(texts.get("first") or 100_000)
        profiles = ("Standard SIP Non-Secure", "HQ Encrypted", "Universal Device Template")
        fields = (
            {
                "name": f"SEP{number:012X}",
                "model": "Cisco 8845",
                "protocol": "SIP",
                "devicePoolName": "DP-HQ",
                "securityProfileName": profiles[number % 3],
            }
            for number in range(start, min(start + most, self.phones))
        )
        return listed("listPhone", "phone", fields)
