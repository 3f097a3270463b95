"""Let a run go on whose process died: ``python -m deployments.recover RUN``.

1. Prove that the old process is dead: on this machine by its life in the cluster's lock and by every process that
   carries the run's id. Of another machine nothing can be proved from here: ``--sworn "NAME: how you know"``.
2. Wait out Prefect's second crash report, which would overwrite a retry made before it (prefect.md §3.7).
3. Write another life into the lock: should the old process live after all, it can neither act nor set a state.
4. Set the run to Crashed where it still says Running, and have it scheduled again.
"""

from __future__ import annotations

import argparse
import threading
import time
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Crashed

from deployments.commands import Exit, run_command
from deployments.renew import page_of
from tasks.lock import holder_of, seize_lock
from tasks.processes import processes_of_run
from tasks.sites import record_of, renewals_of
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput, NeedsPerson
from ucrenew.life import Alive
from ucrenew.record import Kind

SETTLED = (
    8.0  # seconds without a new state: the second report followed the first by 1.3 s; 8 s worked (prefect.md §3.7)
)
_WAITS = {StateType.SCHEDULED: "is scheduled already", StateType.PAUSED: "is suspended and waits for an answer"}


def main() -> Exit:
    """Recover one run; exit 1 when its process cannot be shown to be dead."""
    arguments = _arguments()
    run_id = arguments.run
    with get_client(sync_client=True) as client:
        run = _run(client, run_id)
        cluster = str(run.parameters["cluster"])
        if waits := _WAITS.get(run.state.type if run.state else StateType.SCHEDULED):
            raise BadInput(f"run {run_id} {waits}; there is nothing to recover")
        _require_ours(cluster, run_id)
        _require_dead(cluster, run_id, sworn=arguments.sworn)
        state = _settled(client, run.id)
        if state.type is StateType.COMPLETED:
            raise BadInput(f"run {run_id} has ended as {state.name}: {state.message}")
        seize_lock(cluster, run_id, of=run_id)
        _note(cluster, Purpose(run.parameters["purpose"]), run_id, arguments.sworn or "its process is gone")
        _schedule_again(client, run.id, state)
    print(f"run {run_id} goes on where its process died: {page_of(run.id)}")
    return Exit.DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.recover", description=__doc__)
    parser.add_argument("run", help="the id of the flow run")
    parser.add_argument("--sworn", metavar="'NAME: HOW'", default="", help="you know that the process is dead; kept")
    return parser.parse_args()


def _run(client: SyncPrefectClient, run_id: str) -> FlowRun:
    try:
        found = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError) as error:
        raise BadInput(f"the Prefect server has no run {run_id}") from error
    if not {"cluster", "purpose"} <= found.parameters.keys():
        raise BadInput(f"run {run_id} is no renewal")
    return found


def _require_ours(cluster: str, run_id: str) -> None:
    held = holder_of(cluster)
    if held is not None and held.run != run_id:
        raise NeedsPerson(f"{cluster} is held by run {held.run} now; run {run_id} has lost its place there")


def _require_dead(cluster: str, run_id: str, *, sworn: str) -> None:
    if sworn:
        return
    if living := processes_of_run(run_id):
        raise NeedsPerson(f"run {run_id} has living processes here: {', '.join(map(str, living))}; nothing was changed")
    held = holder_of(cluster)
    alive = held.life.alive if held else Alive.NO
    if alive is Alive.YES:
        raise NeedsPerson(f"process {held.life.pid if held else ''} of run {run_id} lives; nothing was changed")
    if alive is Alive.UNKNOWN:
        where = held.life.host if held else "another machine"
        raise NeedsPerson(
            f"run {run_id} was executed on {where}: whether it is dead cannot be told from here. Look there, or say"
            " --sworn 'NAME: how you know'"
        )


def _settled(client: SyncPrefectClient, run: UUID) -> State[object]:
    """The run's state, once none has come for a while."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < SETTLED:
        state = client.read_flow_run(run).state
        if state is not None and (seen is None or state.id != seen.id):
            seen, since = state, time.monotonic()
        threading.Event().wait(0.5)
    if seen is None:
        raise BadInput(f"run {run} has no state")
    return seen


def _note(cluster: str, purpose: Purpose, run_id: str, how: str) -> None:
    renewal = renewals_of(cluster, purpose).current()
    if renewal is not None and renewal.run == run_id:
        record_of(renewal).note(Kind.RECOVERED, {"run": run_id, "how": how})


def _schedule_again(client: SyncPrefectClient, run: UUID, state: State[object]) -> None:
    if not state.is_final():
        client.set_flow_run_state(run, Crashed(message="its process is dead; recovered"), force=True)
    client.set_flow_run_state(run, AwaitingRetry(message="recovered"), force=True)


if __name__ == "__main__":
    run_command(main)
