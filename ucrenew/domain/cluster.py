"""Nodes of a Unified Communications cluster: who they are, not how they are reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Product(StrEnum):
    """What runs on a node."""

    CUCM = "cucm"
    IMP = "imp"


class Role(StrEnum):
    """A node's place in the database of its product: one publisher, any number of subscribers."""

    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"


@dataclass(frozen=True, order=True)
class Node:
    """One server of the cluster, by its fully qualified name in lower case."""

    name: str
    product: Product
    role: Role

    @property
    def host(self) -> str:
        """The name without its domain."""
        return self.name.partition(".")[0]

    @property
    def is_cucm_publisher(self) -> bool:
        """True for the one node on which certificates of the whole cluster are handled (S6)."""
        return self.product is Product.CUCM and self.role is Role.PUBLISHER
