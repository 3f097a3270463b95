"""Bending the state from outside: which attributes there are, what they take, what else has to follow.

Rule 1: a name or a value that is not known is refused with a sentence, and nothing is changed by that call.
Rule 2: bending is not a call of the cluster's interfaces: nothing of it is in the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import get_args, get_type_hints

from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import FanOut, SimulatedNode
from ucrenew.simulator.pace import Delays
from ucrenew.simulator.readings import Readings
from ucrenew.simulator.services import OUT_OF_SERVICE, State


class CannotBend(Exception):
    """No such attribute, or not such a value; ``str()`` says which."""


class Fault(StrEnum):
    """Faults of `POST /faults`."""

    HTML = "html"
    NO_PROMPT = "no-prompt"
    HOLD = "hold"


Change = Callable[[], None]


def bend_node(cluster: Cluster, node: SimulatedNode, told: Mapping[str, object]) -> None:
    """Change attributes of one node; raises CannotBend."""
    changes = [_node_change(cluster, node, name, value) for name, value in told.items()]
    with cluster.lock:
        for change in changes:
            change()
    node.changed()


def bend_cluster(cluster: Cluster, told: Mapping[str, object]) -> None:
    """Change delays and readings of the cluster; an attribute of a node is changed on all. Raises CannotBend."""
    own: list[Change] = []
    rest: dict[str, object] = {}
    for name, value in told.items():
        for target in (cluster.delays, cluster.readings):
            if name in {field.name for field in fields(target)}:
                own.append(_own_change(target, name, value))
                break
        else:
            rest[name] = value
    per_node = [
        _node_change(cluster, node, name, value) for node in cluster.nodes.values() for name, value in rest.items()
    ]
    with cluster.lock:
        for change in (*own, *per_node):
            change()
    for node in cluster.nodes.values():
        node.changed()


def set_fault(node: SimulatedNode, fault: Fault, *, on: bool) -> None:
    """Switch a fault; releasing `hold` lets go whoever is held and whoever would be held next."""
    if fault is Fault.HTML:
        node.html = on
    elif fault is Fault.NO_PROMPT:
        node.no_prompt = on
    else:
        node.hold_next = on
        if not on:
            node.held.clear()


def _own_change(target: Delays | Readings, name: str, value: object) -> Change:
    present = getattr(type(target)(), name)
    # JSON knows no infinity: null is a wait that never ends by itself.
    if value is None and isinstance(present, float):
        value = math.inf
    kinds: tuple[type, ...] = (int, float) if isinstance(present, float) else (type(present),)
    choices = get_args(get_type_hints(type(target))[name]) or (value,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and not isinstance(present, bool)):
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    if value not in choices:
        message = f"{name} is one of {', '.join(choices)}, not {value}"
        raise CannotBend(message)
    return lambda: setattr(target, name, value)


def _node_change(cluster: Cluster, node: SimulatedNode, name: str, value: object) -> Change:  # noqa: PLR0911 - a table
    if name == "reachable" and value is True:
        return lambda: _come_back(cluster, node)
    if name in _PLAIN:
        return _plain_change(node, name, value)
    if name == "services":
        return _services_change(node, value)
    if name == "sso":
        sso = _choice(name, value, {"enabled": True, "disabled": False, True: True, False: False})
        return lambda: setattr(node, "sso", sso)
    if name == "fan_out":
        fan_out = FanOut(str(_choice(name, value, {word.value: word.value for word in FanOut})))
        return lambda: cluster.set_fan_out(node, fan_out)
    if name == "last_backup":
        day = _day(value)
        return lambda: setattr(node, "last_backup", day)
    if name == "overwrite_csr":
        unit = str(_choice(name, value, {unit: unit for unit in node.installed}))
        return lambda: cluster.overwrite_csr(node, unit)
    if name == "remove_trust":
        return lambda: _remove_trust(node, str(value))
    message = f"A node has no attribute {name}"
    raise CannotBend(message)


_PLAIN: dict[str, tuple[type, ...]] = {
    "replication": (int,),
    "clock_skew": (int, float),
    "disk_used_percent": (int,),
    "backup_running": (bool,),
    "recovery_url": (bool,),
    "version": (str,),
    "cli_latency": (int, float),
    "reachable": (bool,),
    "reuse_tomcat": (bool,),
    "prompt_needs_nudge": (bool,),
    "privilege": (int,),
}


def _plain_change(node: SimulatedNode, name: str, value: object) -> Change:
    kinds = _PLAIN[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    return lambda: setattr(node, name, value)


def _services_change(node: SimulatedNode, told: object) -> Change:
    """`{"Cisco Tomcat": "STOPPED"}` or `{"Cisco Tomcat": {"state": .., "reason": ..}}`."""
    if not isinstance(told, Mapping):
        message = "services takes an object of names and states"
        raise CannotBend(message)
    wanted: list[tuple[str, State, str]] = []
    for name, value in told.items():
        detail = value if isinstance(value, Mapping) else {"state": value}
        if name not in node.services or detail.get("state") not in set(State):
            message = f"{node.name} has no service {name}, or {detail.get('state')!r} is no state of it"
            raise CannotBend(message)
        state = State(detail["state"])
        reason = "" if state is State.STARTED else str(detail.get("reason", OUT_OF_SERVICE))
        wanted.append((name, state, reason))

    def change() -> None:
        for name, state, reason in wanted:
            service = node.services[name]
            if (service.state, service.reason) == (state, reason):
                # Started and started again would load Tomcat's files without a restart.
                continue
            if state is State.STARTED and service.state is not State.STARTED:
                service.started_at = node.clock()
            service.state, service.reason = state, reason
            node.service_changed(name)

    return change


def _come_back(cluster: Cluster, node: SimulatedNode) -> None:
    """The network is back, and with it what was sent meanwhile ([I]: at once, not at the next resync)."""
    node.reachable = True
    cluster.set_fan_out(node, node.fan_out)


def _remove_trust(node: SimulatedNode, fingerprint: str) -> None:
    for store in node.trust.values():
        store.remove(fingerprint)


def _choice(name: str, value: object, choices: Mapping[object, object]) -> object:
    if not isinstance(value, str | bool) or value not in choices:
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    return choices[value]


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        message = f"last_backup takes a date or null, not {value!r}"
        raise CannotBend(message) from None
