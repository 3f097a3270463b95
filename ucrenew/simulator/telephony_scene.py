"""The phones that a scene begins with: `[telephony]` in the scene's file.

    [telephony]
    security_mode = 1
    signed_by = "token"
    idle = { "cs-ccm-pub" = ["Cisco CallManager"] }

    [[telephony.groups]]
    name = "CMG_A"
    nodes = ["cs-ccm-sub", "cs-ccm-pub"]
    phones = 200
    secure = 0.3

Rule 1: ``nodes`` of a group are in the order in which its phones prefer them; a group may have a single one.
Rule 2: everything has a default, so that a scene which says nothing has some phones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ucrenew.domain.cluster import Node, Product
from ucrenew.simulator.services import NOT_ACTIVATED, Service, State

Share = Annotated[float, Field(ge=0, le=1)]
Signer = Literal["tokenless", "token"]
_CALLMANAGER = "Cisco CallManager"
_DEFAULT_PHONES = 300


class Group(BaseModel):
    """A call-manager group and its device pool of the same name, with the phones in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    nodes: Annotated[tuple[str, ...], Field(min_length=1)]
    phones: Annotated[int, Field(ge=0, le=60000)] = 0
    secure: Share = 0.2
    lsc: Share = 0.3
    dot1x: Share = 0.1
    offline: Share = 0.02


class TelephonyScene(BaseModel):
    """Groups and phones, security mode, who signed the CTL, services that are not activated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[Group, ...] | None = None
    security_mode: Literal[0, 1] = 0
    signed_by: Signer = "tokenless"
    idle: Mapping[str, tuple[str, ...]] = {}

    def complete(self, nodes: list[Node]) -> tuple[Group, ...]:
        """The groups with full names of nodes, or the default ones; raises ValueError with a sentence."""
        names = {name: node.name for node in nodes for name in (node.host, node.name)}
        callers = [node for node in nodes if _CALLMANAGER not in self._idle(node)]
        chosen = default_groups(callers) if self.groups is None else self.groups
        for group in chosen:
            unknown = [name for name in group.nodes if name not in names]
            if unknown:
                raise ValueError(f"the call-manager group {group.name} names {unknown[0]}, which is no CUCM node")
        return tuple(group.model_copy(update={"nodes": tuple(names[name] for name in group.nodes)}) for group in chosen)

    def deactivate(self, node: Node, services: Mapping[str, Service]) -> None:
        """Take the services out that are not activated on this node."""
        for name in self._idle(node):
            if name in services:
                service = services[name]
                service.state, service.reason, service.started_at = State.STOPPED, NOT_ACTIVATED, None

    def _idle(self, node: Node) -> tuple[str, ...]:
        return (*self.idle.get(node.host, ()), *self.idle.get(node.name, ()))


def read(told: object) -> TelephonyScene:
    """The scene of the JSON file; raises ValueError with a sentence."""
    try:
        return TelephonyScene.model_validate(told or {})
    except ValidationError as trouble:
        first = trouble.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"telephony of the scene: {where}: {first['msg']}") from None


def cucm_nodes(nodes: list[Node]) -> list[Node]:
    """The nodes that can have phones."""
    return [node for node in nodes if node.product is Product.CUCM]


def default_groups(nodes: list[Node]) -> tuple[Group, ...]:
    """For each node a group that prefers it and falls back to the next one, and one small group without a backup."""
    names = [node.name for node in nodes]
    if not names:
        return ()
    share = (_DEFAULT_PHONES - 20) // len(names)
    groups = [
        Group(
            name=f"CMG_{name.partition('.')[0]}",
            nodes=tuple(dict.fromkeys((name, names[(at + 1) % len(names)]))),
            phones=share,
        )
        for at, name in enumerate(names)
    ]
    return (*groups, Group(name="CMG_single", nodes=(names[-1],), phones=20))
