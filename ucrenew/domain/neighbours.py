"""Systems outside the cluster that see its Tomcat certificate: what each kind has to trust (cucm.md §4.5, §4.9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NeighbourKind(StrEnum):
    """The kinds of systems that a renewal can cut off."""

    EXPRESSWAY = "expressway"
    IDP = "idp"
    UCCX = "uccx"
    LDAP = "ldap"
    CLUSTER = "cluster"
    OTHER = "other"


@dataclass(frozen=True)
class Neighbour:
    """One system, by the name that its people know."""

    kind: NeighbourKind
    name: str

    def __str__(self) -> str:
        """Who it is, and what it needs before the new certificate is in service."""
        return f"{self.name} ({self.kind}): {_NEEDS[self.kind]}"


_NEEDS = {
    NeighbourKind.EXPRESSWAY: "Expressway-C trusts the new chain, and its own CA is in tomcat-trust and"
    " CallManager-trust here (CSCwc69661, CSCwa25108); else mobile and remote access fails",
    NeighbourKind.IDP: "the identity provider gets the new service provider metadata where the Tomcat certificate"
    " signs it (D225746)",
    NeighbourKind.UCCX: "its tomcat-trust holds the new CA certificates, else Finesse logins fail",
    NeighbourKind.LDAP: "the directory accepts the new certificate where it asks for a client certificate (FN74345)",
    NeighbourKind.CLUSTER: "its tomcat-trust holds the new CA certificates; extension mobility across clusters needs"
    " the bulk certificate export again",
    NeighbourKind.OTHER: "it trusts the new chain, if it connects to this cluster at all",
}
