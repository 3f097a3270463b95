"""The `admin:` command line of one node: text in, text out, no socket (cucm.md §2).

Rule 1: a command's output is a stream of chunks; an empty chunk only gives the terminal a moment to look for Ctrl-C.
Rule 2: Ctrl-C and a lost connection end the stream; ``interrupt`` tells the command which of them it was.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Callable, Iterator

from ucrenew.simulator import listings
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.database import StatementRefused, table
from ucrenew.simulator.listings import joined
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.services import NOT_ACTIVATED, UNTOUCHABLE, ServiceChange, State

# The last line [C hc]; the one before it is [I].
UNKNOWN_COMMAND = "Executed command unsuccessfully\nNo valid command entered\n"
_OLD_WARNING = (
    " Don't press Ctrl-c while the service is getting RESTARTED."
    "If Service has not Restarted Properly, execute the same Command Again"
)
_NEW_WARNING = (
    " Do not press Ctrl+C while the service is restarting. "
    "If the service has not restarted properly, execute the same command again."
)
_GLANCE_SECONDS = 0.05

Output = Iterator[str]


class CommandLine:
    """One session: the node it is on, and its pager setting."""

    def __init__(self, cluster: Cluster, node: SimulatedNode, account: str) -> None:  # noqa: D107 - the class says it
        self.paginates = True
        self.ended = False
        self._cluster = cluster
        self._node = node
        self._account = account
        self._change: ServiceChange | None = None
        # Words of a command, and what answers; the rest of the line is its argument.
        self._commands: list[tuple[str, Callable[[str], Output]]] = [
            ("show version active", lambda _: self._show(listings.version(self._node))),
            ("show status", lambda _: self._show(listings.status(self._node))),
            ("show network cluster", lambda _: self._show(listings.network_cluster(cluster, node))),
            ("show cert list own", lambda _: self._show(listings.own_certificates(self._node))),
            ("show cert list trust", lambda _: self._show(listings.trust_certificates(self._node))),
            ("show cert own", self._own_certificate),
            ("show cert trust", self._trust_certificate),
            ("show csr list own", lambda _: self._show(listings.request_list(self._node))),
            ("show csr own", self._own_request),
            ("show cli pagination", lambda _: self._show([f"Automatic Pagination : {self._pagination()}."])),
            ("set cli pagination", self._set_pagination),
            ("utils service list", lambda _: self._show(listings.service_list(self._node))),
            ("utils service restart", lambda name: self._change_service("restart", name)),
            ("utils service start", lambda name: self._change_service("start", name)),
            ("utils service stop", lambda name: self._change_service("stop", name)),
            ("utils sso status", lambda _: self._show(listings.sso_status(self._node))),
            ("utils dbreplication runtimestate", lambda _: self._show(listings.replication(cluster, node))),
            ("utils disaster_recovery status backup", lambda _: self._show(listings.backup_status(cluster, node))),
            ("utils disaster_recovery history backup", lambda _: self._show(listings.backup_history(node))),
            ("run sql", self._run_sql),
        ]

    def run(self, line: str) -> Output:
        """Answer one line; nothing for an empty one."""
        words = " ".join(line.split())
        if not words:
            return
        if words in {"exit", "quit"}:
            self.ended = True
            return
        self._cluster.pace.wait(self._cluster.delays.command_seconds + self._node.cli_latency)
        for command, answer in self._commands:
            if words == command or words.startswith(command + " "):
                yield from answer(words[len(command) + 1 :])
                return
        yield UNKNOWN_COMMAND

    def pages(self, line: str) -> bool:
        """Whether the pager holds this output back; a service change streams ([I])."""
        return self.paginates and not re.match(r"\s*utils\s+service\s+(restart|start|stop)\b", line)

    def _show(self, lines: list[str]) -> Output:
        yield joined(lines)

    def _pagination(self) -> str:
        return "On" if self.paginates else "Off"

    def _set_pagination(self, told: str) -> Output:
        """`set cli pagination off|on`: this session only [D]; the text for `on` is [I] by analogy."""
        if told not in {"on", "off"}:
            yield UNKNOWN_COMMAND
            return
        self.paginates = told == "on"
        yield f"Automatic pagination is turned {told}\n"

    def _own_certificate(self, told: str) -> Output:
        """`<unit>` or `<unit>/<unit>.pem`: both forms appear in Cisco's documents [D]."""
        unit = _unit(told, "pem")
        identity = self._node.installed.get(unit)
        if identity is None:
            yield f"The certificate {told} does not exist\n"  # [I] guess
            return
        yield joined(listings.certificate(identity.certificate, old_labels=self._has_old_labels()))

    def _trust_certificate(self, told: str) -> Output:
        store, _, file = told.partition("/")
        held = self._node.trust.get(store)
        for entry in held.entries() if held else ():
            if file in {entry.file, entry.file.removesuffix(".pem")}:
                yield joined(listings.certificate(entry.certificate, old_labels=self._has_old_labels()))
                return
        yield f"The certificate {told} does not exist\n"  # [I] guess

    def _own_request(self, told: str) -> Output:
        unit = _unit(told, "csr")
        pending = self._node.requests.get(unit)
        if pending is None:
            yield f"The CSR {told} does not exist\n"  # [I] guess
            return
        yield joined(listings.request(pending))

    def _has_old_labels(self) -> bool:
        """Labels changed in 14SU2, which is 14.0.1.12900 [D; the number is I]."""
        numbers = [int(part) for part in re.findall(r"\d+", self._node.version)[:4]]
        return numbers < [14, 0, 1, 12900]

    def _change_service(self, verb: str, name: str) -> Output:
        """`utils service restart|start|stop` [T]; names are case-sensitive (cucm.md §2.2). Refusals are [I] guess."""
        service = self._node.services.get(name)
        refusal = None
        if service is None:
            refusal = f"Invalid service name {name}"
        elif name in UNTOUCHABLE:
            refusal = f"{name} cannot be controlled"
        elif service.reason == NOT_ACTIVATED:
            refusal = f"{name}[STOPPED]  {NOT_ACTIVATED}"
        elif service.state not in {State.STARTED, State.STOPPED}:
            refusal = f"{name}[{service.state}]  Operation pending"
        if refusal:
            where = {"service": name, "refused": refusal}
            self._cluster.ledger.write(verb, node=self._node.name, account=self._account, **where)
            yield f"Service Manager is running\n{refusal}\n"
            return
        if verb == "restart":
            yield (_NEW_WARNING if self._node.has_certificate_api() else _OLD_WARNING) + "\n"
        yield "Service Manager is running\n"
        self._change = self._cluster.change_service(self._node, name, verb, self._account)
        yield from self._watch(self._change)

    def _watch(self, change: ServiceChange) -> Output:
        """Lines of a change until it is over; netSSL saw the prompt come back before [STARTED] (cucm.md §2.2 [C])."""
        while True:
            try:
                line = change.lines.get(timeout=_GLANCE_SECONDS)
            except queue.Empty:
                yield ""
                continue
            if line is None:
                return
            yield f"{line}\n"
            if self._cluster.readings.restart_forgets_started and line.endswith(f"[{State.STARTING}]"):
                return

    def interrupt(self, *, lost: bool) -> None:
        """Ctrl-C or a lost connection; the readings say what it does to the restart under way (S19)."""
        readings = self._cluster.readings
        if self._change and (readings.on_hangup if lost else readings.on_interrupt) == "abandons":
            self._change.abandon()

    def _run_sql(self, statement: str) -> Output:
        """`run sql <select>` [T]."""
        cluster = self._cluster
        try:
            with cluster.lock:
                nodes = cluster.nodes.values()
                names, rows = cluster.database.select(statement, nodes, cluster.readings.security_mode)
        except StatementRefused as reason:
            yield f"{reason}\n"  # errors were never seen: [I]
            return
        yield joined(table(names, rows))


def _unit(told: str, ending: str) -> str:
    """The unit in `<unit>` or `<unit>/<unit>.<ending>`."""
    unit, _, file = told.partition("/")
    return unit if file in {"", f"{unit}.{ending}"} else told
