"""A fault of the simulator, what a renewal made of it, and what must never be true after one."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import Control, Simulator
from tests.procedure.lives import IMP, ISSUING_CA, PUBLISHER, ROOT_CA, SUBSCRIBER
from ucrenew.domain.gate import Question
from ucrenew.record import Kind

# Path and body of a call of the control API, or what is done to whoever meets the fault.
Bend = tuple[str, Mapping[str, object]] | Callable[[Any], object]
# A clause that tells people what to do begins so.
ADVICE = re.compile(
    r"(?:^|[.;:,] |\*\*|then |and |or )(?:ask|begin|change|check|compare|enter|fetch|find out|generate|give|have|look"
    r"|mend|name|next|obtain|press|put|raise|retry|run|see|start|take|tell|upload|which number)\b",
    re.IGNORECASE,
)
WAITS = "waits for the CA"


@dataclass(frozen=True)
class End:
    """How a life of a run ended, with which words, and what it asked."""

    how: str
    says: str = ""
    question: Question | None = None


@dataclass(frozen=True)
class Fault:
    """What goes wrong where, and what a person does beside putting it right, before the run goes on."""

    what: str
    where: str
    bends: tuple[Bend, ...]
    at: tuple[Kind, str] | None = None  # the fact that has to be noted before it happens; None: it is so at once
    person: Callable[[Any, End], object] = field(default=lambda _drill, _end: None)
    by_person: str = ""  # the same in words
    stays: tuple[str, ...] = ()  # the node that it keeps down itself, or the service and its node
    limits: str = ""  # of the profile
    final: bool = False  # it ends the renewal

    def __str__(self) -> str:
        """What, where."""
        return f"{self.what}, {self.where}"


@dataclass(frozen=True)
class Seen:
    """One fault as a renewal met it."""

    fault: Fault
    end: End
    lines: tuple[str, ...]  # of the log
    ledger: Sequence[Mapping[str, Any]]  # of the renewal until then
    advice: str  # of the report that a failed run leaves
    complaints: tuple[str, ...]


def bend(control: Control, what: Bend, meets: object) -> None:
    """Let it happen."""
    if callable(what):
        what(meets)
    else:
        control.post(*what)


def fault_at(kind: str, node: str, **more: object) -> Bend:
    """A fault of a node."""
    return "/faults", {"kind": kind, "node": node, "on": True, **more}


def complaints(simulator: Simulator, before: Any, fault: Fault, end: End, lines: Sequence[str]) -> tuple[str, ...]:
    """Everything that is so and must not be, each with the fault's name."""
    found = (
        *_words(simulator, end),
        *_secrets(simulator, (end.says, *lines)),
        *_twice(simulator),
        *_leaves(simulator, before),
        *_services(simulator, before, fault, end),
    )
    return tuple(f"{fault}: {one}" for one in found)


def _words(simulator: Simulator, end: End) -> Iterator[str]:
    if end.how in {"renewed", WAITS}:
        return
    if "\n" in end.says and end.question is None:
        yield f"more than one line: {end.says}"
    if not any(name in end.says for name in (*_nodes(simulator), simulator.scene["ca"]["url"], "the CA")):
        yield f"neither node nor CA is named: {end.says}"
    if not ADVICE.search(end.says):
        yield f"it is not said what to do: {end.says}"


def _nodes(simulator: Simulator) -> list[str]:
    return [node["name"] for node in simulator.scene["nodes"]]


def _secrets(simulator: Simulator, lines: Sequence[str]) -> Iterator[str]:
    accounts = simulator.scene["accounts"].values()
    secrets = {account["password"] for account in accounts} | {
        base64.b64encode(f"{account['user']}:{account['password']}".encode()).decode() for account in accounts
    }
    for line in lines:
        if any(secret in line for secret in secrets):
            yield f"a secret is told: {line}"
        if "Traceback" in line or 'File "' in line:
            yield f"a stack trace: {line}"


def _twice(simulator: Simulator) -> Iterator[str]:
    """Never a second request or submission, whoever made it; never a second certificate of ours."""
    ours = simulator.scene["accounts"]["platform"]["user"]
    done = Counter(
        entry["kind"]
        for entry in simulator.control.ledger()
        if "refused" not in entry and (entry["kind"] != "leaf-upload" or entry["from"] == ours)
    )
    for kind in ("csr", "submit", "leaf-upload"):
        if done[kind] > 1:
            yield f"{kind} {done[kind]} times"


def _leaves(simulator: Simulator, before: Any) -> Iterator[str]:
    """A leaf that this renewal installed stands on its chain, on every node (S15)."""
    old = {node["name"]: node["identity"]["tomcat"] for node in before["nodes"]}
    for node in simulator.control.state()["nodes"]:
        tomcat, store = node["identity"]["tomcat"], [entry["subject"] for entry in node["trust"]["tomcat-trust"]]
        is_new = (tomcat["installed"], tomcat["running"]) != (
            old[node["name"]]["installed"],
            old[node["name"]]["running"],
        )
        lacks = [name for name in (ROOT_CA, ISSUING_CA) if not any(f"CN={name}," in subject for subject in store)]
        if is_new and not tomcat["self_signed"] and lacks:
            yield f"{node['name']} has a leaf and lacks {', '.join(lacks)}"


def _services(simulator: Simulator, before: Any, fault: Fault, end: End) -> Iterator[str]:
    """What was up is up, unless the fault itself keeps it down: then it is said, and nothing later was begun (S19)."""
    up = {(node["name"], name) for node in before["nodes"] for name in _started(node)}
    now = {(node["name"], name) for node in simulator.control.state()["nodes"] for name in _started(node)}
    down = sorted(f"{name} on {node}" for node, name in up - now)
    if down and not fault.stays:
        yield f"down: {', '.join(down)}"
    if fault.stays and end.how != "renewed" and not all(word in end.says for word in fault.stays):
        yield f"what stays down is not said: {end.says}"
    restarts = [entry for entry in simulator.control.ledger() if "service" in entry]
    if restarts and end.how != "renewed" and fault.stays and not _is_last(restarts[-1], fault.stays, down):
        yield f"something was begun after it: {restarts[-1]['service']} on {restarts[-1]['node']}"


def _is_last(restart: Mapping[str, Any], stays: tuple[str, ...], down: Sequence[str]) -> bool:
    """Whether it is the one that did not come up, or stands before the turn of a node that is gone."""
    if down:
        return f"{restart['service']} on {restart['node']}" in down
    order = (PUBLISHER, SUBSCRIBER, IMP)
    return any(order.index(restart["node"]) <= order.index(node) for node in stays if node in order)


def _started(node: Mapping[str, Any]) -> list[str]:
    return [name for name, service in node["services"].items() if service["state"] == "STARTED"]
