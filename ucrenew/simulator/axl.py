"""AXL on a CUCM node: what is configured, and resets of phones (cucm.md §3.1).

Rule 1: a request is answered in its own namespace, that of any release; elements inside of the answer have none.
Rule 2: the first answer brings a session's cookies, which stand for the login from then on.
Rule 3: without its services there is no AXL, and without the role nobody may use it ([I] for the statuses).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement

from flask import Flask, Response, request

from ucrenew.domain.cluster import Product
from ucrenew.simulator import soap
from ucrenew.simulator.axl_configuration import Configuration, NotListed, Thing
from ucrenew.simulator.axl_resets import Resets, Unknown
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.database import StatementRefused
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.soap import Answer, Unreadable, fault, local, read_call, text_of

_PATH = "/axl/"
_SERVICE = "Cisco AXL Web Service"
_OWN_TOMCAT, _OWN_TOMCAT_SINCE = "Cisco AXL Tomcat", 14
_SESSION = "JSESSIONIDSSO"


class Refused(Exception):
    """A fault with this text."""


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Answer on a CUCM node."""
    if node.node.product is Product.CUCM:
        app.add_url_rule(_PATH, _PATH, Axl(cluster, node).answer, methods=["POST"])


class Axl:
    """The calls of §3.1 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node
        self._sessions: set[str] = set()
        self._configuration = Configuration(cluster)
        self._resets = Resets(cluster, soap.account)

    def answer(self) -> Response:
        """One call."""
        refused = self._door()
        if refused:
            return refused
        try:
            call = read_call(request.get_data())
        except Unreadable as reason:
            return fault(str(reason))
        try:
            with self._cluster.lock:
                self._cluster.telephony.settle()
                answered = self._called(call)
        except (Refused, NotListed, Unknown, StatementRefused) as reason:
            return _axl_fault(str(reason), local(call))
        return self._with_session(answered.response())

    def _door(self) -> Response | None:
        """Services, login and role, in this order ([I])."""
        needed = (_SERVICE, _OWN_TOMCAT) if self._node.major >= _OWN_TOMCAT_SINCE else (_SERVICE,)
        if not all(self._node.is_up(name) for name in needed):
            return Response("Service Unavailable", 503)
        if request.cookies.get(_SESSION) not in self._sessions:
            refused = soap.refused_login(self._cluster, self._node, "Cisco Web Services Realm")
            if refused:
                return refused
        if not self._cluster.readings.axl_role:
            return Response("Forbidden", 403)
        return None

    def _with_session(self, answered: Response) -> Response:
        if request.cookies.get(_SESSION) not in self._sessions:
            session = secrets.token_hex(16).upper()
            self._sessions.add(session)
            for name in (_SESSION, "JSESSIONID"):
                answered.set_cookie(name, session, secure=True, httponly=True)
        return answered

    def _called(self, call: Element) -> Answer:
        operation = local(call)
        answered = Answer(f"{operation}Response", "ns", call.tag.partition("}")[0].lstrip("{"))
        returned = SubElement(answered.top, "return")
        own: dict[str, Callable[[Element, Element], None]] = {
            "getCCMVersion": self._version,
            "executeSQLQuery": self._query,
        }
        if operation in own:
            own[operation](call, returned)
        elif operation.startswith("list"):
            self._list(call, operation.removeprefix("list"), returned)
        elif operation.startswith("get"):
            self._get(call, operation.removeprefix("get"), returned)
        else:
            returned.text = self._resets.do(operation, call)
        return answered

    def _version(self, call: Element, returned: Element) -> None:
        """`15.0.1.11900(40)` [D/I]; an unknown node is a fault."""
        asked = text_of(call, "processNodeName").lower()
        nodes = [one for one in self._cluster.nodes.values() if asked in {one.name, one.node.host}]
        if asked and not nodes:
            message = f"No such node {asked}"
            raise Refused(message)
        numbers, _, build = (nodes[0] if nodes else self._node).version.partition("-")
        component = SubElement(returned, "componentVersion")
        SubElement(component, "version").text = f"{numbers}({build})" if build else numbers

    def _query(self, call: Element, returned: Element) -> None:
        """Columns as elements without a namespace [D]; a large result is refused [I]."""
        cluster = self._cluster
        statement = " ".join(text_of(call, "sql").split())
        names, rows = cluster.database.select(statement, cluster.nodes.values(), cluster.readings.security_mode)
        self._refuse_large(len(rows))
        for row in rows:
            found = SubElement(returned, "row")
            for name, value in zip(names, row, strict=True):
                SubElement(found, name).text = value

    def _list(self, call: Element, kind: str, returned: Element) -> None:
        """`list..`: criteria with `%`, the tags that are asked for, `skip` and `first` [D]."""
        found = self._configuration.matching(kind, _children(call, "searchCriteria"))
        first, skip = text_of(call, "first"), text_of(call, "skip")
        if first.isdigit():
            found = found[int(skip or 0) :][: int(first)]
        self._refuse_large(len(found))
        wanted = set(_children(call, "returnedTags"))
        for thing in found:
            _describe(returned, kind, thing, wanted)

    def _get(self, call: Element, kind: str, returned: Element) -> None:
        """`get..` by name or uuid [D]."""
        name, uuid = text_of(call, "name"), text_of(call, "uuid").strip("{}").lower()
        for thing in self._configuration.things(kind):
            if uuid == thing.key or (not uuid and name == thing.name):
                _describe(returned, kind, thing, set(_children(call, "returnedTags")))
                return
        message = f"Item not valid: The specified {name or uuid} was not found"  # [I] guess
        raise Refused(message)

    def _refuse_large(self, rows: int) -> None:
        limit = self._cluster.readings.axl_row_limit
        if rows > limit:
            message = (
                f"Query request too large. Total rows matched: {rows} rows. Suggestive Row Fetch: less than {limit}"
            )
            raise Refused(message)


def _describe(returned: Element, kind: str, thing: Thing, wanted: set[str]) -> None:
    """One thing with the tags that are asked for, or with all."""
    found = SubElement(returned, kind[0].lower() + kind[1:], {"uuid": f"{{{thing.key.upper()}}}"})
    for name, value in thing.fields:
        if wanted and name not in wanted:
            continue
        made = SubElement(found, name)
        if isinstance(value, str):
            made.text = value
        else:
            for inner, fields in value:
                part = SubElement(made, inner)
                for label, text in fields:
                    SubElement(part, label).text = text


def _children(call: Element, name: str) -> dict[str, str]:
    return {local(child): (child.text or "").strip() for part in call if local(part) == name for child in part}


def _axl_fault(text: str, operation: str) -> Response:
    """Element names [D], values [I] (§3.1)."""
    detail = Element("axlError")
    for name, value in (("axlcode", "-1"), ("axlmessage", text), ("request", operation)):
        SubElement(detail, name).text = value
    return fault(text, detail=detail)
