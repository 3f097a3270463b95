"""Services of a node: which there are on a release 14/15 server, their states, and what a restart does step by step.

Rule 1: a change runs in a thread of its own; who watches it may go away (cucm.md §2.2, S19).
Rule 2: the order is kept at any pace: stopping, stopped, starting, started.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.simulator.pace import Pace, Stopping

TOMCAT = "Cisco Tomcat"
ADMINISTRATIVE_WEB = "Platform Administrative Web Service"
CHANGE_NOTIFICATION = "Cisco Certificate Change Notification"
# Cannot be started or stopped by hand (cucm_inside.md §C, Svc14).
UNTOUCHABLE = frozenset({"Platform Communication Web Service"})
OUT_OF_SERVICE = "Commanded Out of Service"
NOT_ACTIVATED = "Service Not Activated"


class State(StrEnum):
    """The words of `utils service list` (cucm.md §2.2)."""

    STARTED = "STARTED"
    STOPPED = "STOPPED"
    STARTING = "STARTING"
    STOPPING = "STOPPING"


# Names: [D] cucm.md §2.2 (AXLEnums, SG14, D214231, transcripts); which of them run by default is [I] guess.
_ALL = (
    "Cisco AMC Service",
    "Cisco Audit Event Service",
    "Cisco CDP",
    CHANGE_NOTIFICATION,
    "Cisco Certificate Expiry Monitor",
    "Cisco DRF Local",
    "Cisco Database Layer Monitor",
    "Cisco Log Partition Monitoring Tool",
    "Cisco RIS Data Collector",
    "Cisco RTMT Reporter Servlet",
    "Cisco Serviceability Reporter",
    "Cisco Syslog Agent",
    TOMCAT,
    "Cisco Tomcat Stats Servlet",
    "Cisco Trace Collection Service",
    "Host Resources Agent",
    "MIB2 Agent",
    ADMINISTRATIVE_WEB,
    "Platform Communication Web Service",
    "SNMP Master Agent",
    "System Application Agent",
)
_CUCM = (
    "Cisco AXL Tomcat",
    "Cisco AXL Web Service",
    "Cisco CAR Web Service",
    "Cisco CTIManager",
    "Cisco CallManager",
    "Cisco Certificate Authority Proxy Function",
    "Cisco Extension Mobility",
    "Cisco HAProxy",
    "Cisco Intercluster Lookup Service",
    "Cisco Location Bandwidth Manager",
    "Cisco SSOSP Tomcat",
    "Cisco Tftp",
    "Cisco Trust Verification Service",
    "Cisco UDS Tomcat",
    "Cisco UXL Web Service",
)
_IMP = (
    "Cisco Client Profile Agent",
    "Cisco Config Agent",
    "Cisco Intercluster Sync Agent",
    "Cisco Login Datastore",
    "Cisco OAM Agent",
    "Cisco Presence Datastore",
    "Cisco Presence Engine",
    "Cisco Route Datastore",
    "Cisco SIP Proxy",
    "Cisco SIP Registration Datastore",
    "Cisco Server Recovery Manager",
    "Cisco Sync Agent",
    "Cisco XCP Authentication Service",
    "Cisco XCP Config Manager",
    "Cisco XCP Connection Manager",
    "Cisco XCP Router",
)
_IDLE = {
    Product.CUCM: ("Cisco Bulk Provisioning Service", "Cisco Dialed Number Analyzer", "Cisco WebDialer Web Service"),
    Product.IMP: ("Cisco XCP SIP Federation Connection Manager", "Cisco XCP XMPP Federation Connection Manager"),
}


@dataclass
class Service:
    """One service and its state; ``reason`` stands behind a state other than STARTED."""

    name: str
    state: State = State.STARTED
    reason: str = ""
    started_at: datetime | None = None
    # It stopped on its way up, so that nothing is pending however its state reads.
    stuck: bool = False


def installed_services(node: Node, now: datetime) -> dict[str, Service]:
    """The services of a healthy node, by name in the order of `utils service list`."""
    started = _ALL + (_CUCM if node.product is Product.CUCM else _IMP)
    # The DRF Master runs on the CUCM publisher (cucm.md §4.2).
    if node.product is Product.CUCM and node.role is Role.PUBLISHER:
        started += ("Cisco DRF Master",)
    services = [Service(name, started_at=now) for name in started]
    services += [Service(name, State.STOPPED, NOT_ACTIVATED) for name in _IDLE[node.product]]
    return {service.name: service for service in sorted(services, key=lambda service: service.name)}


@dataclass(frozen=True)
class Course:
    """How long a change takes, and where it gets stuck, if it does."""

    stop_seconds: float
    start_seconds: float
    stuck_at: State | None = None


class ServiceChange:
    """A restart, start or stop under way; whoever watches reads ``lines`` up to None."""

    def __init__(  # noqa: D107 - the class says it
        self,
        service: Service,
        pace: Pace,
        clock: Callable[[], datetime],
        course: Course,
        on_change: Callable[[], None],
    ) -> None:
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._service = service
        self._pace = pace
        self._clock = clock
        self._course = course
        self._on_change = on_change
        self._abandoned = threading.Event()

    def begin(self, *, stopping: bool, starting: bool) -> None:
        """Start the change in its own thread."""
        self._service.stuck = False
        threading.Thread(target=self._run, args=(stopping, starting), daemon=True).start()

    def abandon(self) -> None:
        """Ctrl-C: what has not begun to start is not started any more ([I] guess from "Don't press Ctrl-c", S19)."""
        self._abandoned.set()

    def _run(self, stopping: bool, starting: bool) -> None:  # noqa: FBT001
        try:
            if stopping and self._course.stuck_at is State.STOPPING:
                self._show(State.STOPPING)
                self._service.stuck = True
                return
            if stopping:
                self._stop()
                if not starting:  # "same style with STARTED/STOPPED" (cucm.md §2.2 [I])
                    self.lines.put(f"{self._service.name}[{State.STOPPED}]")
            if starting and not self._abandoned.is_set():
                self._start()
        except Stopping:
            pass
        finally:
            self.lines.put(None)

    def _stop(self) -> None:
        self._show(State.STOPPING)
        self._pace.wait(self._course.stop_seconds / 2)
        self._show(State.STOPPING)
        self._pace.wait(self._course.stop_seconds / 2)
        self._enter(State.STOPPED, OUT_OF_SERVICE)

    def _start(self) -> None:
        self._show(State.STARTING)
        self._pace.wait(self._course.start_seconds / 2)
        self._show(State.STARTING)
        self._pace.wait(self._course.start_seconds / 2)
        if self._course.stuck_at:
            self._get_stuck(self._course.stuck_at)
            return
        self._service.started_at = self._clock()
        self._show(State.STARTED)

    def _get_stuck(self, at: State) -> None:
        """The fault `stuck`; how a real one reads is [I] guess."""
        self._service.stuck = True
        if at is State.STOPPED:
            self._enter(at, "Component is not running")
            self.lines.put(f"{self._service.name}[{at}]")

    def _show(self, state: State) -> None:
        """Enter a state and say so; lines repeat because the CLI polls (cucm.md §2.2)."""
        self._enter(state, "")
        self.lines.put(f"{self._service.name}[{state}]")

    def _enter(self, state: State, reason: str) -> None:
        changed = self._service.state is not state
        self._service.state, self._service.reason = state, reason
        if changed:
            self._on_change()
