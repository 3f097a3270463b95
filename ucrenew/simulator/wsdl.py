"""The WSDL that a live server hands out for RisPort70 and Control Center Services (cucm.md §3.2, §3.3).

Namespace, binding of RisPort and names of elements are [D/C]; types, and all that no working client shows, are [I].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from ucrenew.simulator.soap import NAMESPACE

Members = Sequence[tuple[str, str]]

_STRING, _INT, _LONG = "xsd:string", "xsd:int", "xsd:long"


@dataclass(frozen=True)
class Contract:
    """One service: its operations as (members of the call, members of the answer), and the types in them."""

    name: str
    action: str
    operations: Mapping[str, tuple[Members, Members]]
    types: Mapping[str, Members]
    arrays: Mapping[str, str] = field(default_factory=dict)


_SELECT: Members = (("StateInfo", _STRING), ("CmSelectionCriteria", "CmSelectionCriteria"))
RISPORT = Contract(
    "Ris",
    "http://schemas.cisco.com/ast/soap/action/#RisPort#",
    {
        "selectCmDevice": (_SELECT, (("selectCmDeviceReturn", "Selected"),)),
        "selectCmDeviceExt": (_SELECT, (("selectCmDeviceExtReturn", "Selected"),)),
    },
    {
        "CmSelectionCriteria": (
            ("MaxReturnedDevices", "xsd:unsignedInt"),
            ("DeviceClass", _STRING),
            ("Model", "xsd:unsignedInt"),
            ("Status", _STRING),
            ("NodeName", _STRING),
            ("SelectBy", _STRING),
            ("SelectItems", "SelectItems"),
            ("Protocol", _STRING),
            ("DownloadStatus", _STRING),
        ),
        "SelectItem": (("Item", _STRING),),
        "Selected": (("SelectCmDeviceResult", "SelectCmDeviceResult"), ("StateInfo", _STRING)),
        "SelectCmDeviceResult": (("TotalDevicesFound", _LONG), ("CmNodes", "CmNodes")),
        "CmNode": (("ReturnCode", _STRING), ("Name", _STRING), ("CmDevices", "CmDevices")),
        "CmDevice": (
            ("Name", _STRING),
            ("DirNumber", _STRING),
            ("DeviceClass", _STRING),
            ("Model", _INT),
            ("Status", _STRING),
            ("StatusReason", _INT),
            ("Protocol", _STRING),
            ("ActiveLoadID", _STRING),
            ("TimeStamp", _LONG),
            ("IPAddress", "IPAddresses"),
        ),
        "IPAddressType": (("IP", _STRING), ("IPAddrType", _STRING)),
    },
    {"SelectItems": "SelectItem", "CmNodes": "CmNode", "CmDevices": "CmDevice", "IPAddresses": "IPAddressType"},
)
_STATUS: Members = (
    ("ReturnCode", _INT),
    ("ReasonCode", _INT),
    ("ReasonString", _STRING),
    ("ServiceInfoList", "ServiceInfoList"),
)
CONTROL_CENTER = Contract(
    "ControlCenterServices",
    "",
    {
        "soapGetServiceStatus": ((("ServiceStatus", _STRING + "*"),), (("soapGetServiceStatusReturn", "Status"),)),
        "soapDoControlServices": (
            (("ControlServiceRequest", "ControlServiceRequest"),),
            (("soapDoControlServicesReturn", "Status"),),
        ),
    },
    {
        "ControlServiceRequest": (("NodeName", _STRING), ("ControlType", _STRING), ("ServiceList", "ServiceList")),
        "ServiceList": (("item", _STRING + "*"),),
        "Status": _STATUS,
        "ServiceInformation": (
            ("ServiceName", _STRING),
            ("ServiceStatus", _STRING),
            ("ReasonCode", _INT),
            ("ReasonCodeString", _STRING),
            ("StartTime", _STRING),
            ("UpTime", _LONG),
        ),
    },
    {"ServiceInfoList": "ServiceInformation"},
)


def text(contract: Contract, address: str) -> str:
    """The document, which names ``address`` as the place of the service."""
    operations = contract.operations
    elements = "".join(
        _element(name, call) + _element(f"{name}Response", answer) for name, (call, answer) in operations.items()
    )
    types = "".join(_type(name, members) for name, members in contract.types.items())
    arrays = "".join(_type(name, (("item", f"{inner}*"),)) for name, inner in contract.arrays.items())
    messages = "".join(
        f'<message name="{name}{end}"><part name="parameters" element="tns:{name}{end}"/></message>'
        for name in operations
        for end in ("", "Response")
    )
    port = "".join(
        f'<operation name="{name}"><input message="tns:{name}"/><output message="tns:{name}Response"/></operation>'
        for name in operations
    )
    bound = "".join(_bound(name, contract.action) for name in operations)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><definitions name="{contract.name}" targetNamespace="{NAMESPACE}" '
        f'xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:tns="{NAMESPACE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><types>'
        f'<xsd:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">{elements}{types}{arrays}'
        f'</xsd:schema></types>{messages}<portType name="{contract.name}PortType">{port}</portType>'
        f'<binding name="{contract.name}Binding" type="tns:{contract.name}PortType">'
        f'<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}</binding>'
        f'<service name="{contract.name}Service"><port name="{contract.name}Port" '
        f'binding="tns:{contract.name}Binding"><soap:address location={quoteattr(address)}/></port></service>'
        "</definitions>"
    )


def _element(name: str, members: Members) -> str:
    return f'<xsd:element name="{name}"><xsd:complexType>{_sequence(members)}</xsd:complexType></xsd:element>'


def _type(name: str, members: Members) -> str:
    return f'<xsd:complexType name="{name}">{_sequence(members)}</xsd:complexType>'


def _sequence(members: Members) -> str:
    """A type with a star may stand there any number of times."""
    parts = []
    for name, kind in members:
        often = ' maxOccurs="unbounded"' if kind.endswith("*") else ""
        plain = kind.rstrip("*")
        plain = plain if ":" in plain else f"tns:{plain}"
        parts.append(f'<xsd:element name="{name}" type="{plain}" minOccurs="0"{often}/>')
    return f"<xsd:sequence>{''.join(parts)}</xsd:sequence>"


def _bound(name: str, action: str) -> str:
    # RisPort's action has a capital letter where the element has none (§3.3 [C]).
    told = f"{action}{name[0].upper()}{name[1:]}" if action else ""
    return (
        f'<operation name="{name}"><soap:operation soapAction="{told}"/>'
        '<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>'
    )
