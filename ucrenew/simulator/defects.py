"""Certificates that a test wants to find on a node: out of their time, or in the way of others (cucm.md §4.8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import ECDSA
from ucrenew.simulator.identity import SELF_SIGNED_LIFE, ca_certificate, new_key, self_signed
from ucrenew.simulator.node import TOMCAT_UNITS, SimulatedNode
from ucrenew.simulator.trust import TrustEntry

_LAST_MONTH = timedelta(days=30)


def expire_tomcat(cluster: Cluster, node: SimulatedNode) -> None:
    """Put self-signed certificates that ended last month in Tomcat's place; it serves them at once."""
    made = cluster.clock() - SELF_SIGNED_LIFE - _LAST_MONTH
    for unit in TOMCAT_UNITS:
        if unit in node.installed:
            elliptic = unit.endswith(ECDSA)
            name = f"{node.node.host}{'-EC' if elliptic else ''}.{cluster.scene.domain}"
            identity = self_signed(name, new_key(elliptic=elliptic), made, names=(node.name,))
            node.installed[unit] = identity
            cluster.database.add(node, unit, identity.certificate)
    node.load_tomcat()


def stale_root(now: datetime) -> x509.Certificate:
    """A CA certificate that ended last month, as a trust store collects them over the years."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stale Root CA")])
    return ca_certificate(name, now - timedelta(days=3650), now - _LAST_MONTH)


def plant(cluster: Cluster, node: SimulatedNode, certificate: x509.Certificate) -> None:
    """Put a certificate into tomcat-trust past every rule, in the place of its namesake if there is one."""
    node.store("tomcat").plant(TrustEntry(certificate))
    cluster.database.add(node, "tomcat-trust", certificate)
