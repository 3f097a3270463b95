"""Bending the state from outside: which attributes there are, what they take, what else has to follow.

Rule 1: a name or a value that is not known is refused with a sentence, and nothing is changed by that call.
Rule 2: bending is not a call of the cluster's interfaces: nothing of it is in the ledger.

`POST /nodes/<name>` takes the attributes of ``_PLAIN`` as they are (``time_zone`` an IANA name, or "" to print none),
and

services        {name: state} or {name: {"state": .., "reason": ..}}
sso             "enabled" or "disabled": a person's click on the administration page
fan_out         "normal", "missed" or "broken"; normal delivers what was missed
last_backup     a date, or null
overwrite_csr   a unit: somebody made another CSR there
remove_trust    a fingerprint, to be gone from the stores of this node
expired         true: Tomcat serves a self-signed certificate that ended last month, at once
stale_trust     true: a CA certificate that ended last month is in tomcat-trust
namesake_trust  {"of": "root"|"issuing", "starts": "earlier"|"later"}: another certificate with the name of the CA's
                own is in tomcat-trust, in its place if it was there

`POST /cluster` takes all of that for every node, the fields of ``Delays`` and ``Readings``, and ``clock_offset``, the
seconds that the clock of the whole scene is put forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from functools import cached_property

from cryptography import x509

from ucrenew.simulator import defects, readings
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import FanOut, SimulatedNode
from ucrenew.simulator.pace import Delays
from ucrenew.simulator.services import OUT_OF_SERVICE, State


class CannotBend(Exception):
    """No such attribute, or not such a value; ``str()`` says which."""


Change = Callable[[], None]

_PLAIN: dict[str, tuple[type, ...]] = {
    "replication": (int,),
    "clock_skew": (int, float),
    "disk_used_percent": (int,),
    "backup_running": (bool,),
    "recovery_url": (bool,),
    "version": (str,),
    "time_zone": (str,),
    "cli_latency": (int, float),
    "reachable": (bool,),
    "reuse_tomcat": (bool,),
    "prompt_needs_nudge": (bool,),
    "privilege": (int,),
}


class Bender:
    """The hand that bends one scene."""

    def __init__(self, cluster: Cluster, authority: Authority) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._authority = authority
        # One of a kind, so that every node of the cluster gets the same.
        self._namesakes: dict[tuple[bool, bool], x509.Certificate] = {}
        # Attributes that need more than being set.
        self._special: dict[str, Callable[[SimulatedNode, object], Change]] = {
            "services": _services,
            "sso": _sso,
            "fan_out": self._fan_out,
            "last_backup": _last_backup,
            "overwrite_csr": self._overwrite_csr,
            "remove_trust": _remove_trust,
            "expired": self._expired,
            "stale_trust": self._stale_trust,
            "namesake_trust": self._namesake_trust,
        }

    def node(self, node: SimulatedNode, told: Mapping[str, object]) -> None:
        """Change attributes of one node; raises CannotBend."""
        changes = [self._node_change(node, name, value) for name, value in told.items()]
        self._make(changes)
        node.changed()

    def cluster(self, told: Mapping[str, object]) -> None:
        """Change the clock, delays and readings; an attribute of a node is changed on all. Raises CannotBend."""
        own: list[Change] = []
        rest: dict[str, object] = {}
        for name, value in told.items():
            change = self._own_change(name, value)
            if change:
                own.append(change)
            else:
                rest[name] = value
        nodes = self._cluster.nodes.values()
        self._make(own + [self._node_change(node, name, value) for node in nodes for name, value in rest.items()])
        for node in nodes:
            node.changed()

    def _make(self, changes: list[Change]) -> None:
        with self._cluster.lock:
            for change in changes:
                change()

    def _own_change(self, name: str, value: object) -> Change | None:
        """The change of an attribute of the cluster itself, or None when it has none of that name."""
        if name == "clock_offset":
            seconds = _number(name, value)
            return lambda: setattr(self._cluster.clock, "offset_seconds", seconds)
        if name in {field.name for field in fields(self._cluster.readings)}:
            return _reading_change(self._cluster.readings, name, value)
        if name in {field.name for field in fields(self._cluster.delays)}:
            return _delay_change(self._cluster.delays, name, value)
        return None

    def _node_change(self, node: SimulatedNode, name: str, value: object) -> Change:
        if name == "reachable" and value is True:
            return lambda: self._come_back(node)
        if name in _PLAIN:
            return _plain_change(node, name, value)
        if name in self._special:
            return self._special[name](node, value)
        message = f"A node has no attribute {name}"
        raise CannotBend(message)

    def _come_back(self, node: SimulatedNode) -> None:
        """The network is back, and with it what was sent meanwhile ([I]: at once, not at the next resync)."""
        node.reachable = True
        self._cluster.set_fan_out(node, node.fan_out)

    def _fan_out(self, node: SimulatedNode, value: object) -> Change:
        fan_out = FanOut(str(_choice("fan_out", value, {word.value: word.value for word in FanOut})))
        return lambda: self._cluster.set_fan_out(node, fan_out)

    def _overwrite_csr(self, node: SimulatedNode, value: object) -> Change:
        unit = str(_choice("overwrite_csr", value, {unit: unit for unit in node.installed}))
        return lambda: self._cluster.overwrite_csr(node, unit)

    def _expired(self, node: SimulatedNode, value: object) -> Change:
        _choice("expired", value, {True: True})
        return lambda: defects.expire_tomcat(self._cluster, node)

    def _stale_trust(self, node: SimulatedNode, value: object) -> Change:
        _choice("stale_trust", value, {True: True})
        return lambda: defects.plant(self._cluster, node, self._stale_root)

    @cached_property
    def _stale_root(self) -> x509.Certificate:
        return defects.stale_root(self._cluster.clock())

    def _namesake_trust(self, node: SimulatedNode, value: object) -> Change:
        """`{"of": "root"|"issuing", "starts": "earlier"|"later"}`: than the CA's own."""
        told = value if isinstance(value, Mapping) else {}
        if set(told) != {"of", "starts"}:
            message = "namesake_trust takes an object with of and starts"
            raise CannotBend(message)
        issuing = bool(_choice("of", told["of"], {"root": False, "issuing": True}))
        later = bool(_choice("starts", told["starts"], {"earlier": False, "later": True}))
        if (issuing, later) not in self._namesakes:
            self._namesakes[issuing, later] = self._authority.namesake(issuing=issuing, later=later)
        return lambda: defects.plant(self._cluster, node, self._namesakes[issuing, later])


def _delay_change(delays: Delays, name: str, value: object) -> Change:
    # JSON knows no infinity: null is a wait that never ends by itself.
    seconds = math.inf if value is None else _number(name, value)
    return lambda: setattr(delays, name, seconds)


def _reading_change(chosen: readings.Readings, name: str, value: object) -> Change:
    readings.check(name, value)
    return lambda: setattr(chosen, name, value)


def _plain_change(node: SimulatedNode, name: str, value: object) -> Change:
    kinds = _PLAIN[name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    return lambda: setattr(node, name, value)


def _sso(node: SimulatedNode, value: object) -> Change:
    """A person's click on the administration page, which is the only way to switch it on (cucm.md §2.5)."""
    sso = _choice("sso", value, {"enabled": True, "disabled": False, True: True, False: False})
    return lambda: setattr(node, "sso", sso)


def _services(node: SimulatedNode, told: object) -> Change:
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
            service.state, service.reason, service.stuck = state, reason, False
            node.service_changed(name)

    return change


def _last_backup(node: SimulatedNode, value: object) -> Change:
    day = _day(value)
    return lambda: setattr(node, "last_backup", day)


def _remove_trust(node: SimulatedNode, fingerprint: object) -> Change:
    def change() -> None:
        for store in node.trust.values():
            store.remove(str(fingerprint))

    return change


def _choice(name: str, value: object, choices: Mapping[object, object]) -> object:
    if not isinstance(value, str | bool) or value not in choices:
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    return choices[value]


def _number(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        message = f"{name} does not take {value!r}"
        raise CannotBend(message)
    return float(value)


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        message = f"last_backup takes a date or null, not {value!r}"
        raise CannotBend(message) from None
