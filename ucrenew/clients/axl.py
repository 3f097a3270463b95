"""AXL of the publisher: what the database says of nodes, phones and parameters (cucm.md §3.1). It looks, and no more.

1. The schema is that of an installed package, found without importing it, and read from its files: nothing is fetched,
   and zeep's own way to the network is closed. What is sent goes over our session, so our decision about TLS holds.
2. Only the operations of the methods below are ever sent; statements are constants of ours.
3. Told that it is busy it waits and asks again, a bounded number of times (`soap.patiently`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests
import zeep
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport
from zeep.wsdl import Document

from ucrenew.clients.soap import SoapService, local, patiently
from ucrenew.clients.tls import Endpoint
from ucrenew.domain.phones import (
    CallManagerGroup,
    EnterpriseParameters,
    KnownPhone,
    SecurityMode,
    enterprise_parameters,
)
from ucrenew.errors import BadInput, UnknownReply

SCHEMA_PACKAGE = "ciscoaxl"
_SCHEMAS = ("12.5", "12.0", "11.5", "11.0", "10.5")  # of the package; a publisher speaks older ones than its own too
PAGE = 1000
MOST_PAGES = 200
_PATH = "/axl/"
_NAMESPACE = "http://www.cisco.com/AXL/API/"
_BINDING = "{http://www.cisco.com/AXLAPIService/}AXLAPIBinding"
_PSEUDO_NODE = "EnterpriseWideData"  # cucm.md §2.3
_MODE = "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"
_PARAMETERS = "select paramname,paramvalue from processconfig"
# Elements that a newer publisher adds are no reason to stop; a document type is.
_TOLERANT = zeep.Settings(strict=False, forbid_dtd=True)
_EVERY: Mapping[str, str] = {"name": "%"}


@dataclass(frozen=True)
class ProcessNode:
    """One row of the cluster's own list of its servers."""

    name: str
    usage: str  # Publisher, Subscriber
    role: str  # CUCM Voice/Video, CUCM IM and Presence


class Axl:
    """The publisher's AXL, over a session that was decided on before (clients/tls.py)."""

    def __init__(  # noqa: PLR0913 - all by name
        self,
        endpoint: Endpoint,
        session: requests.Session,
        user: str,
        password: str,
        *,
        wait: Callable[[float], object],
        version: str = "",
        timeout: float = 120,
    ) -> None:
        """Take an application user; ``version`` is the release of the publisher, ``wait`` is called with seconds."""
        self._wait = wait
        self._service = SoapService(
            endpoint,
            session,
            user,
            password,
            path=_PATH,
            doing="asking AXL",
            role="the role Standard AXL API Access",
            timeout=timeout,
        )
        over_ours = _OverOurSession(self._service)
        client = zeep.Client(_schema(schema_for(version)), transport=over_ours, settings=_TOLERANT)
        self._operations = client.create_service(_BINDING, self._service.address)

    def nodes(self) -> tuple[ProcessNode, ...]:
        """The servers of the cluster, without the pseudo node."""
        tags = {"name": "", "description": "", "nodeUsage": "", "processNodeRole": ""}
        return tuple(
            ProcessNode(_text(row.name), _text(row.nodeUsage), _text(row.processNodeRole))
            for row in self._listed("listProcessNode", "processNode", tags)
            if row.name != _PSEUDO_NODE
        )

    def security_mode(self) -> SecurityMode:
        """Whether the cluster is non-secure or in mixed mode (S24)."""
        mode = self._parameters(_MODE).security_mode
        if mode is None:
            raise UnknownReply(f"{self._service.at}: it shows no parameter ClusterSecurityMode")
        return mode

    def enterprise_parameters(self) -> EnterpriseParameters:
        """What decides about phones; None in it for a parameter that the cluster does not show (cucm.md §4.1, §4.3)."""
        return self._parameters(_PARAMETERS)

    def groups(self) -> tuple[CallManagerGroup, ...]:
        """The CallManager groups, with their servers in order and the device pools that use them."""
        pools = [
            (_text(row.name), _text(row.callManagerGroupName))
            for row in self._listed("listDevicePool", "devicePool", {"name": "", "callManagerGroupName": ""})
        ]
        names = [_text(row.name) for row in self._listed("listCallManagerGroup", "callManagerGroup", {"name": ""})]
        return tuple(
            CallManagerGroup(name, self._members(name), tuple(pool for pool, group in pools if group == name))
            for name in names
        )

    def phones(self) -> Iterator[KnownPhone]:
        """Every phone of the database, registered or not, page by page, with the security of its profile."""
        modes = {
            _text(row.name): _text(row.deviceSecurityMode)
            for row in self._listed(
                "listPhoneSecurityProfile", "phoneSecurityProfile", {"name": "", "deviceSecurityMode": ""}
            )
        }
        tags = {"name": "", "model": "", "protocol": "", "devicePoolName": "", "securityProfileName": ""}
        for row in self._listed("listPhone", "phone", tags):
            yield KnownPhone(
                name=_text(row.name),
                model=_text(row.model),
                protocol=_text(row.protocol),
                pool=_text(row.devicePoolName),
                security=modes.get(_text(row.securityProfileName), ""),
            )

    def _members(self, group: str) -> tuple[str, ...]:
        found = self._call("getCallManagerGroup", name=group).callManagerGroup
        members = found.members.member if found.members else ()
        return tuple(_text(one.callManagerName) for one in sorted(members, key=_priority))

    def _parameters(self, statement: str) -> EnterpriseParameters:
        answer = self._call("executeSQLQuery", sql=statement)
        try:
            return enterprise_parameters(map(_columns, (answer and answer.row) or ()))
        except ValueError as error:
            raise UnknownReply(f"{self._service.at}: {error}") from error

    def _listed(self, operation: str, rows: str, tags: Mapping[str, str]) -> Iterator[Any]:
        """Row after row of a list; a server that does not page is asked no further."""
        last = None
        for number in range(MOST_PAGES):
            answer = self._call(operation, searchCriteria=_EVERY, returnedTags=tags, skip=number * PAGE, first=PAGE)
            page = list((answer and answer[rows]) or ())
            if page and last == page[0].name:
                return
            yield from page
            if len(page) < PAGE:
                return
            last = page[0].name
        raise UnknownReply(f"{self._service.at}: {operation} does not come to an end after {MOST_PAGES} pages")

    def _call(self, operation: str, **arguments: Any) -> Any:  # noqa: ANN401 - what the schema says
        return patiently(lambda: self._once(operation, arguments), self._wait)

    def _once(self, operation: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            return self._operations[operation](**arguments)["return"]
        except ZeepError as error:
            raise UnknownReply(
                f"{self._service.at}: the answer to {operation} is in no form of its schema: {self._quote(error)}"
            ) from error

    def _quote(self, error: Exception) -> str:
        return self._service.quote(str(error) or type(error).__name__)


class _OverOurSession(Transport):
    """Carries what zeep writes over our session; an answer that is none becomes our error before zeep reads it."""

    def __init__(self, service: SoapService | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._service = service

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Send it where our session is bound to, which ``address`` names too."""
        if self._service is None or address != self._service.address:
            raise UnknownReply(f"the schema sends to {address}, and nothing was sent")
        answer = self._service.send(message, headers)
        operation = headers["SOAPAction"].strip('"').rpartition(" ")[2]
        found = self._service.reply(answer, f"{operation}Response")
        # zeep takes what is in another namespace for nothing at all, and nothing is an empty list.
        if not found.tag.startswith(f"{{{_NAMESPACE}{_version_in(headers)}}}"):
            raise UnknownReply(f"{self._service.at}: it answers {operation} in another schema: {found.tag}")
        return answer

    def get(self, address: str, params: object, headers: object) -> Any:  # noqa: ANN401, ARG002 - zeep's signature
        """Nothing is fetched."""
        return self._load_remote_data(address)

    def _load_remote_data(self, url: str) -> Any:  # noqa: ANN401 - zeep's signature
        raise UnknownReply(f"the schema refers to {url}, and nothing is fetched")


def _version_in(headers: Mapping[str, str]) -> str:
    """12.5 out of ``"CUCM:DB ver=12.5 listProcessNode"``."""
    return headers["SOAPAction"].partition("ver=")[2].partition(" ")[0]


def schema_for(version: str) -> str:
    """The newest schema of the package that is not newer than the publisher's release, as ``15.0.1.11900-40``."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found:
        return _SCHEMAS[0]
    release = (int(found[1]), int(found[2]))
    return next((name for name in _SCHEMAS if tuple(map(int, name.split("."))) <= release), _SCHEMAS[-1])


@lru_cache(maxsize=2)
def _schema(name: str) -> Document:
    """Read once a process: it takes two seconds and a hundred megabytes."""
    spec = find_spec(SCHEMA_PACKAGE)  # finds without importing: its code has no part in this
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(f"the package {SCHEMA_PACKAGE}, which brings AXL's schema, is not installed")
    location = Path(spec.submodule_search_locations[0]) / "schema" / name / "AXLAPI.wsdl"
    return Document(str(location), _OverOurSession(), settings=_TOLERANT)  # type: ignore[arg-type] # it means this


def _priority(member: Any) -> int:  # noqa: ANN401
    text = _text(member.priority)
    return int(text) if text.isdecimal() else PAGE  # behind those that have one


def _columns(row: Iterable[Any]) -> dict[str, str]:
    """A row of a SELECT: its columns are elements without a namespace (cucm.md §3.1)."""
    return {local(column): (column.text or "").strip() for column in row}


def _text(value: Any) -> str:  # noqa: ANN401 - a string, or a reference with its text in _value_1
    return str(getattr(value, "_value_1", value) or "")
