"""The dialogue "Generate Certificate Signing Request": what fills in by itself, and what it then asks for (S6, S8)."""

from __future__ import annotations

from collections.abc import Mapping

from ucrenew.simulator.certificate_list import MULTI_SERVER
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import EC_LENGTHS, ECDSA, HASHES, RSA_LENGTHS, Unacceptable, covered, default_common_name
from ucrenew.simulator.node import SimulatedNode


def filled_in(
    cluster: Cluster, node: SimulatedNode, chosen: Mapping[str, str], typed: Mapping[str, str]
) -> dict[str, object]:
    """The fields for the purpose and the distribution that are chosen; what was typed stays."""
    units = list(node.installed)
    unit = chosen.get("purpose", "") if chosen.get("purpose") in units else units[0]
    domains = _auto_populated(cluster, unit)
    shared = chosen.get("distribution") == MULTI_SERVER and bool(domains)
    elliptic = unit.endswith(ECDSA)
    name = default_common_name(unit, domains[0] if shared else None, node.node)
    return {
        "units": units,
        "unit": unit,
        "distributions": [node.name, *([MULTI_SERVER] if domains else [])],
        "distribution": MULTI_SERVER if shared else node.name,
        "common_name": typed.get("common_name") or name,
        "domains": domains if shared else [],
        "parent": cluster.scene.domain,
        "other_domains": typed.get("other_domains", ""),
        "lengths": [str(one) for one in sorted(EC_LENGTHS if elliptic else RSA_LENGTHS)],
        "length": typed.get("key_length", "384" if elliptic else "2048"),
        "hashes": [one.upper() for one in HASHES],
        "hash": typed.get("hash", "SHA384" if elliptic else "SHA256"),
    }


def wish(cluster: Cluster, typed: Mapping[str, str]) -> dict[str, object]:
    """What the form says, in the words of the certificate API (cucm.md §1.3)."""
    unit, length = typed.get("purpose", ""), typed.get("key_length", "")
    shared = typed.get("distribution") == MULTI_SERVER
    return {
        "service": unit,
        "distribution": cluster.readings.multi_server_word if shared else "this-server",
        "commonName": typed.get("common_name", "").strip(),
        "altNames": typed.get("other_domains", "").split(),
        "keyType": "ec" if unit.endswith(ECDSA) else "rsa",
        "keyLength": int(length) if length.isdecimal() else 0,
        "hashAlgorithm": typed.get("hash", "").casefold(),
    }


def _auto_populated(cluster: Cluster, unit: str) -> list[str]:
    """The nodes of a multi-server certificate (S4); none where there is no such thing."""
    try:
        return [node.name for node in covered(unit, [one.node for one in cluster.nodes.values()])]
    except Unacceptable:
        return []
