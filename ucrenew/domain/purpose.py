"""Certificate purposes, the nodes each one covers (S4) and the names Cisco's interfaces give them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from ucrenew.domain.cluster import Node, Product


class Purpose(StrEnum):
    """A purpose that can carry one multi-server SAN certificate for the whole cluster (S4, S5).

    The value is the purpose's name on the wire, in the certificate list and in the CLI.
    """

    TOMCAT = "tomcat"
    CALLMANAGER = "CallManager"
    CUP_XMPP = "cup-xmpp"
    CUP_XMPP_S2S = "cup-xmpp-s2s"

    @property
    def trust_store(self) -> str:
        """The store that holds the CA certificates of this purpose (S15)."""
        return f"{self.value}-trust"

    @property
    def products(self) -> frozenset[Product]:
        """The products whose nodes the certificate has to name (S4)."""
        return _PRODUCTS[self]

    def covers(self, nodes: Iterable[Node]) -> tuple[Node, ...]:
        """The nodes that a certificate of this purpose has to name, in the order given."""
        return tuple(node for node in nodes if node.product in self.products)


_PRODUCTS = {
    Purpose.TOMCAT: frozenset({Product.CUCM, Product.IMP}),
    Purpose.CALLMANAGER: frozenset({Product.CUCM}),
    Purpose.CUP_XMPP: frozenset({Product.IMP}),
    Purpose.CUP_XMPP_S2S: frozenset({Product.IMP}),
}
