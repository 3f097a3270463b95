"""Whether the process that executes a run is dead, as far as this machine can tell (design.md §4, §7; prefect.md §10).

1. A process of this machine that carries the run's id lives.
2. The life in the lock is believed only when it was named there after the run's last start: until the new process has
   come so far, the lock names the previous one, which ended long ago and in order.
3. Otherwise what the worker noted of the process counts, where that names this machine.
4. Everything else cannot be told from here.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType

from tasks.lock import Holder
from tasks.processes import is_running, processes_of_run
from ucrenew.life import Alive

_STARTS = {StateType.PENDING, StateType.RUNNING}


@dataclass(frozen=True)
class Fate:
    """What became of a run's process, and which process that is, in words."""

    alive: Alive
    process: str


def fate_of(client: SyncPrefectClient, run: FlowRun, held: Holder | None) -> Fate:
    """The one judgement on which recovery acts, and on which `attend` speaks."""
    if living := processes_of_run(str(run.id)):
        return Fate(Alive.YES, f"process {', '.join(map(str, living))} on this machine")
    if held is not None and held.run == str(run.id) and _is_of_this_start(held, last_start(client, run.id)):
        return Fate(held.life.alive, f"process {held.life.pid} on {held.life.host}")
    return _as_noted_by_worker(run)


def last_start(client: SyncPrefectClient, run: UUID) -> datetime | None:
    """When the run was last given to a worker or began; ``start_time`` is the very first beginning of all."""
    starts = [state.timestamp for state in client.read_flow_run_states(run) if state.type in _STARTS]
    return max(starts, default=None)


def _is_of_this_start(held: Holder, started: datetime | None) -> bool:
    return started is not None and held.since is not None and held.since > started


def _as_noted_by_worker(run: FlowRun) -> Fate:
    """By ``infrastructure_pid``: "host:pid", or a number alone (3.9.1), which names no machine."""
    host, _, pid = (run.infrastructure_pid or "").rpartition(":")
    if not host or not pid.isdigit():
        return Fate(Alive.UNKNOWN, "a process that nobody has named")
    process = f"process {pid} on {host}"
    # While it is Pending the note may still be that of the previous life: it is written once the new process is up.
    is_new = run.state is not None and run.state.type is not StateType.PENDING
    if host != socket.gethostname() or not is_new or is_running(int(pid)):
        return Fate(Alive.UNKNOWN, process)  # a number that lives and does not carry the run's id may be another's
    return Fate(Alive.NO, process)
