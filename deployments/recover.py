"""Let a run go on whose process died: ``python -m deployments.recover RUN``.

1. Prove that the process of its last start is dead (tasks/deaths.py). Where this machine cannot tell:
   ``--sworn "NAME: how you know"``.
2. Wait out Prefect's second crash report, which would overwrite a retry made before it (prefect.md §3.7), and look
   again: the run may have been retried, answered or cancelled meanwhile.
3. Note it, and write another life into the lock: should the old process live after all, it can neither act nor set a
   state.
4. Set the run to Crashed where it still says Running, and have it scheduled again.

A run that somebody cancelled is not brought back. One that has completed, and died before it let its cluster go,
only lets it go.
"""

from __future__ import annotations

import argparse
import threading
import time
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry, Crashed

from deployments.commands import Exit, renewal_run, run_command
from deployments.renew import page_of
from tasks.deaths import fate_of
from tasks.lock import Holder, holder_of, let_go, seize_lock
from tasks.sites import record_of, renewals_of
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput, NeedsPerson
from ucrenew.life import Alive
from ucrenew.record import Kind

SETTLED = (
    8.0  # seconds without a new state: the second report followed the first by 1.3 s; 8 s worked (prefect.md §3.7)
)
_CANCELLED = (
    "was cancelled: somebody wanted it to end, so it is not brought back. When it says Cancelled, a new run asks at"
    " `take-over` whether to go on with its renewal"
)
_STAYS = {
    StateType.SCHEDULED: "is scheduled already; there is nothing to recover",
    StateType.PAUSED: "is suspended and waits for an answer; there is nothing to recover",
    StateType.CANCELLING: _CANCELLED,
    StateType.CANCELLED: _CANCELLED,
}


def main() -> Exit:
    """Recover one run; exit 1 when its process cannot be shown to be dead."""
    arguments = _arguments()
    with get_client(sync_client=True) as client:
        run = renewal_run(client, arguments.run)
        _require_dead(client, run, sworn=arguments.sworn)
        run = _settled(client, run.id)
        held = _require_dead(client, run, sworn=arguments.sworn)
        if held is not None and _type(run) is StateType.COMPLETED:
            let_go(held)
            print(f"run {run.id} had ended in order and has let {held.cluster} go now")
            return Exit.DONE
        _note(run, arguments.sworn or "its process is gone")
        seize_lock(_cluster(run), str(run.id), of=str(run.id))
        _schedule_again(client, run)
    print(f"run {run.id} goes on where its process died: {page_of(run.id)}")
    return Exit.DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.recover", description=__doc__)
    parser.add_argument("run", help="the id of the flow run")
    parser.add_argument("--sworn", metavar="'NAME: HOW'", default="", help="you know that the process is dead; kept")
    return parser.parse_args()


def _type(run: FlowRun) -> StateType:
    return run.state.type if run.state else StateType.SCHEDULED


def _cluster(run: FlowRun) -> str:
    return str(run.parameters["cluster"])


def _require_dead(client: SyncPrefectClient, run: FlowRun, *, sworn: str) -> Holder | None:
    """The run's hold on its cluster, if any. Raises BadInput for a run to leave alone, NeedsPerson for one that lives.

    Prefect lets a run say anything while its process works: a Completed one too has to be dead.
    """
    held = holder_of(_cluster(run))
    if stays := _STAYS.get(_type(run)):
        raise BadInput(f"run {run.id} {stays}")
    is_ours = held is not None and held.run == str(run.id)
    if run.state and _type(run) is StateType.COMPLETED and not is_ours:
        raise BadInput(f"run {run.id} has ended as {run.state.name}: {run.state.message}")
    if held is not None and not is_ours:
        raise NeedsPerson(f"{held.cluster} is held by run {held.run} now; run {run.id} has lost its place there")
    if not sworn:
        _require_proof(client, run, held)
    return held


def _require_proof(client: SyncPrefectClient, run: FlowRun, held: Holder | None) -> None:
    fate = fate_of(client, run, held)
    if fate.alive is Alive.YES:
        raise NeedsPerson(f"run {run.id} lives: {fate.process}; nothing was changed")
    if fate.alive is Alive.UNKNOWN:
        raise NeedsPerson(
            f"run {run.id} was last executed by {fate.process}: whether it is dead cannot be told from here; nothing"
            " was changed. Look where it ran, or say --sworn 'NAME: how you know'"
        )


def _settled(client: SyncPrefectClient, run_id: UUID) -> FlowRun:
    """The run, once no state has come for a while."""
    seen, since = client.read_flow_run(run_id), time.monotonic()
    while time.monotonic() - since < SETTLED:
        threading.Event().wait(0.5)
        run = client.read_flow_run(run_id)
        if run.state_id != seen.state_id:
            since = time.monotonic()
        seen = run
    return seen


def _note(run: FlowRun, how: str) -> None:
    renewal = renewals_of(_cluster(run), Purpose(run.parameters["purpose"])).current()
    if renewal is not None and renewal.run == str(run.id):
        record_of(renewal).note(Kind.RECOVERED, {"run": str(run.id), "how": how})


def _schedule_again(client: SyncPrefectClient, run: FlowRun) -> None:
    if run.state is not None and not run.state.is_final():
        client.set_flow_run_state(run.id, Crashed(message="its process is dead; recovered"), force=True)
    client.set_flow_run_state(run.id, AwaitingRetry(message="recovered"), force=True)


if __name__ == "__main__":
    run_command(main)
