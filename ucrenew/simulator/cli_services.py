"""`utils service`: the list, and restart, start and stop as they stream by (cucm.md §2.2)."""

from __future__ import annotations

import queue

from ucrenew.simulator import listings
from ucrenew.simulator.dialogue import Command, Output, Session, SessionDropped
from ucrenew.simulator.faults import SshDrop
from ucrenew.simulator.listings import joined
from ucrenew.simulator.services import NOT_ACTIVATED, UNTOUCHABLE, ServiceChange, State

_OLD_WARNING = (
    " Don't press Ctrl-c while the service is getting RESTARTED."
    "If Service has not Restarted Properly, execute the same Command Again"
)
_NEW_WARNING = (
    " Do not press Ctrl+C while the service is restarting. "
    "If the service has not restarted properly, execute the same command again."
)
_GLANCE_SECONDS = 0.05


class ServiceCommands:
    """The services of the session's node."""

    def __init__(self, session: Session) -> None:  # noqa: D107 - the class says it
        self._session = session
        self._cluster = session.cluster
        self._node = session.node
        self._change: ServiceChange | None = None

    def commands(self) -> list[Command]:
        """What is typed, and what answers."""
        return [
            Command("utils service list", self._list),
            *(self._changing(verb) for verb in ("restart", "start", "stop")),
        ]

    def _changing(self, verb: str) -> Command:
        def answer(name: str) -> Output:
            return self._change_service(verb, name)

        return Command(f"utils service {verb}", answer, streams=True, level=1, kind=verb)

    def interrupt(self, *, lost: bool) -> None:
        """Ctrl-C or a lost connection; the readings say what it does to the restart under way (S19)."""
        readings = self._cluster.readings
        if self._change and (readings.on_hangup if lost else readings.on_interrupt) == "abandons":
            self._change.abandon()

    def _list(self, _: str) -> Output:
        yield joined(listings.service_list(self._node, self._cluster.readings))

    def _change_service(self, verb: str, name: str) -> Output:
        """`utils service restart|start|stop` [T]; names are case-sensitive (cucm.md §2.2)."""
        refusal = self._refusal(name)
        if refusal:
            self._session.note(verb, service=name, refused=refusal)
            yield f"Service Manager is running\n{refusal}\n"
            return
        if verb == "restart":
            yield (_NEW_WARNING if self._node.has_certificate_api() else _OLD_WARNING) + "\n"
        yield "Service Manager is running\n"
        self._change = self._cluster.change_service(self._node, name, verb, self._session.account)
        yield from self._watch(self._change, drops=verb == "restart")

    def _refusal(self, name: str) -> str | None:
        """Why a service cannot be changed now; the texts are [I] guesses."""
        service = self._node.services.get(name)
        if service is None:
            return f"Invalid service name {name}"
        if name in UNTOUCHABLE:
            return f"{name} cannot be controlled"
        if service.reason == NOT_ACTIVATED:
            return f"{name}[STOPPED]  {NOT_ACTIVATED}"
        if service.state not in {State.STARTED, State.STOPPED} and not service.stuck:
            return f"{name}[{service.state}]  Operation pending"
        return None

    def _watch(self, change: ServiceChange, *, drops: bool) -> Output:
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
            if drops and line.endswith(f"[{State.STOPPING}]") and self._node.faults.take(SshDrop):
                raise SessionDropped
            if self._cluster.readings.restart_forgets_started and line.endswith(f"[{State.STARTING}]"):
                return
