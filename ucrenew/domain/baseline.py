"""The cluster as it was before the first change: read once for a renewal, never again (design.md §3).

After the leaf, single sign-on off and services down would look like "before"; so every later life of a run
takes them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.facts import ClusterFacts, NodeFacts
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.x509 import fingerprint


class NodeBaseline(BaseModel):
    """One node as it was; certificates and requests by fingerprint."""

    model_config = ConfigDict(frozen=True)

    name: str
    product: Product
    role: Role
    version: str
    started: tuple[str, ...]
    sso_enabled: bool
    identity: str | None
    csr: str | None
    served: Mapping[int, str]

    @property
    def node(self) -> Node:
        """Who it is."""
        return Node(self.name, self.product, self.role)


class PhonesBaseline(BaseModel):
    """The phones as they were: counts by node, security mode, and what tells one CTL or ITL from another."""

    model_config = ConfigDict(frozen=True)

    mode: SecurityMode | None
    registered: Mapping[str, int]
    ctl: str
    itls: Mapping[str, str]


class Baseline(BaseModel):
    """All nodes as they were."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    nodes: tuple[NodeBaseline, ...]
    phones: PhonesBaseline | None = None  # where the purpose is one that phones rest on

    def started(self, name: str) -> tuple[str, ...]:
        """The services that were up on a node; none on one that was not there."""
        return next((seen.started for seen in self.nodes if seen.name == name), ())

    @property
    def publisher(self) -> NodeBaseline:
        """The CUCM publisher as it was."""
        return next(seen for seen in self.nodes if seen.node.is_cucm_publisher)


def baseline_of(facts: ClusterFacts) -> Baseline:
    """What of a survey has to be remembered."""
    phones = _phones_baseline(facts.phones) if facts.phones else None
    return Baseline(at=facts.at, nodes=tuple(_node_baseline(seen) for seen in facts.nodes), phones=phones)


def _phones_baseline(seen: PhoneFacts) -> PhonesBaseline:
    return PhonesBaseline(
        mode=seen.mode,
        registered=seen.census.by_node(),
        ctl=seen.ctl.checksum if seen.ctl else "",
        itls={name: itl.checksum for name, itl in seen.itls.items()},
    )


def _node_baseline(seen: NodeFacts) -> NodeBaseline:
    return NodeBaseline(
        name=seen.node.name,
        product=seen.node.product,
        role=seen.node.role,
        version=seen.version,
        started=tuple(sorted(name for name in seen.services if seen.started(name))),
        sso_enabled=bool(seen.sso_enabled),
        identity=fingerprint(seen.identity) if seen.identity else None,
        csr=fingerprint(seen.csr) if seen.csr else None,
        served=seen.served,
    )
