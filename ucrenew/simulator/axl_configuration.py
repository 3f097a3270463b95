"""What AXL can list and get: nodes, services, groups, device pools, phones (cucm.md §3.1, schema 10.5-15.0 [D])."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ucrenew.domain.cluster import Product
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.services import NOT_ACTIVATED
from ucrenew.simulator.telephony_tables import key, profile
from ucrenew.simulator.wildcard import matches

_USAGE = {True: "Publisher", False: "Subscriber"}
_ROLE = {Product.CUCM: "CUCM Voice/Video", Product.IMP: "CUCM IM and Presence"}

Value: TypeAlias = str | Sequence[tuple[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class Thing:
    """One object: its name, its uuid and its tags, in the order of the schema."""

    name: str
    key: str
    fields: tuple[tuple[str, Value], ...]


class NotListed(Exception):
    """A kind that cannot be asked for here; ``str()`` is the fault's text ([I] guess)."""


class Configuration:
    """The objects of one cluster."""

    def __init__(self, cluster: Cluster) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._kinds: dict[str, Callable[[], Iterator[Thing]]] = {
            "ProcessNode": self._nodes,
            "ProcessNodeService": self._services,
            "CallManagerGroup": self._groups,
            "DevicePool": self._pools,
            "Phone": self._phones,
            "PhoneSecurityProfile": self._profiles,
        }

    def things(self, kind: str) -> Iterator[Thing]:
        """All of a kind; raises NotListed."""
        if kind not in self._kinds:
            message = f"The operation for {kind} is not known"
            raise NotListed(message)
        return self._kinds[kind]()

    def matching(self, kind: str, criteria: Mapping[str, str]) -> list[Thing]:
        """Those that fit all criteria; `%` stands for anything [D]."""
        return [
            thing
            for thing in self.things(kind)
            if all(matches(str(dict(thing.fields).get(name, "")), wanted, "%") for name, wanted in criteria.items())
        ]

    def _nodes(self) -> Iterator[Thing]:
        """With the pseudo node that a caller has to skip (§3.1)."""
        pseudo = (("name", "EnterpriseWideData"), ("description", ""), ("nodeUsage", "Publisher"))
        yield Thing("EnterpriseWideData", key("node", ""), (*pseudo, ("processNodeRole", _ROLE[Product.CUCM])))
        for node in self._cluster.nodes.values():
            fields = (
                ("name", node.name),
                ("description", node.node.host),
                ("nodeUsage", _USAGE[node.node.is_cucm_publisher]),
                ("processNodeRole", _ROLE[node.node.product]),
            )
            yield Thing(node.name, key("node", node.name), fields)

    def _services(self) -> Iterator[Thing]:
        """Which feature services are activated; that all services are listed here is [I] guess."""
        for node in self._cluster.nodes.values():
            for service in node.services.values():
                active = "false" if service.reason == NOT_ACTIVATED else "true"
                fields = (("processNodeName", node.name), ("service", service.name), ("isActive", active))
                yield Thing(node.name, key("service", node.name, service.name), fields)

    def _groups(self) -> Iterator[Thing]:
        for at, group in enumerate(self._cluster.telephony.groups):
            members = [
                ("member", (("callManagerName", f"CM_{name.partition('.')[0]}"), ("priority", str(number))))
                for number, name in enumerate(group.nodes)
            ]
            fields = (("name", group.name), ("tftpDefault", "false" if at else "true"), ("members", members))
            yield Thing(group.name, key("group", group.name), fields)

    def _pools(self) -> Iterator[Thing]:
        for group in self._cluster.telephony.groups:
            yield Thing(
                group.name, key("pool", group.name), (("name", group.name), ("callManagerGroupName", group.name))
            )

    def _profiles(self) -> Iterator[Thing]:
        """The security profiles that phones have; the words of the mode are [D] (schema, XDeviceSecurityMode)."""
        phones = self._cluster.telephony.registration.phones.values()
        for name, secure in sorted({(profile(phone), phone.secure) for phone in phones}):
            mode = "Encrypted" if secure else "Non Secure"
            yield Thing(name, key("profile", name), (("name", name), ("deviceSecurityMode", mode)))

    def _phones(self) -> Iterator[Thing]:
        for phone in self._cluster.telephony.registration.phones.values():
            fields = (
                ("name", phone.name),
                ("description", f"Phone {phone.line}"),
                ("product", phone.model.name),
                ("model", phone.model.name),
                ("class", "Phone"),
                ("protocol", phone.model.protocol),
                ("devicePoolName", phone.group.name),
                ("securityProfileName", profile(phone)),
            )
            yield Thing(phone.name, key("phone", phone.name), fields)
