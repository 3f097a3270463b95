"""The whole truth about the cluster as JSON, for tests, the rehearsal and a person."""

from __future__ import annotations

from dataclasses import asdict

from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.identity import Identity, fingerprint
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.trust import TrustEntry


def cluster_state(cluster: Cluster) -> dict[str, object]:
    """Nodes, delays, readings and the clock."""
    with cluster.lock:
        return {
            "nodes": [node_state(node) for node in cluster.nodes.values()],
            # JSON knows no infinity: a wait that never ends by itself is null.
            "delays": {
                name: None if seconds == float("inf") else seconds for name, seconds in asdict(cluster.delays).items()
            },
            "readings": asdict(cluster.readings),
            "clock_offset": cluster.clock.offset_seconds,
        }


def node_state(node: SimulatedNode) -> dict[str, object]:
    """Everything about one node."""
    return {
        "name": node.name,
        "product": node.node.product.value,
        "role": node.node.role.value,
        "version": node.version,
        "services": {
            service.name: {
                "state": service.state.value,
                "reason": service.reason,
                "started_at": service.started_at.isoformat() if service.started_at else None,
            }
            for service in node.services.values()
        },
        "identity": {unit: _identity(node, unit, identity) for unit, identity in node.identities().items()},
        "csr": {unit: node.requests[unit].fingerprint if unit in node.requests else None for unit in node.installed},
        "trust": {store: [_trust(node, entry) for entry in held.entries()] for store, held in node.trust.items()},
        "sso": "enabled" if node.sso else "disabled",
        "recovery_url": node.recovery_url,
        "replication": node.replication,
        "clock_skew": node.clock_skew,
        "disk_used_percent": node.disk_used_percent,
        "backup_running": node.backup_running,
        "last_backup": node.last_backup.isoformat() if node.last_backup else None,
        "time_zone": node.time_zone,
        "cli_latency": node.cli_latency,
        "fan_out": node.fan_out.value,
        "late": len(node.late),
        "reachable": node.reachable,
        "reuse_tomcat": node.reuse_tomcat,
        "prompt_needs_nudge": node.prompt_needs_nudge,
        "privilege": node.privilege,
        "faults": {
            "html": node.faults.html,
            "no-prompt": node.faults.no_prompt,
            "hold": node.faults.hold_next or bool(node.faults.held),
        },
        "set_faults": node.faults.described(),
        "held_sessions": len(node.faults.held),
    }


def _identity(node: SimulatedNode, unit: str, identity: Identity) -> dict[str, object]:
    served = node.running.get(unit)
    return {
        "installed": fingerprint(identity.certificate),
        "running": fingerprint(served.identity.certificate) if served else None,
        "self_signed": identity.self_signed,
    }


def _trust(node: SimulatedNode, entry: TrustEntry) -> dict[str, str]:
    certificate = entry.certificate
    return {
        "fingerprint": fingerprint(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "file": node.file_of(entry),
    }
