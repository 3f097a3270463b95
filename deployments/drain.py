"""Before a worker is stopped: pause its pool and wait until nothing runs, ``python -m deployments.drain``.

A worker that is told to stop kills what it runs within a second, and Prefect shows those runs as Running for ever
(prefect.md §3.7). So nothing new is begun, what runs comes to its next question or its end, and then the worker may go.
Runs that wait for a person or a CA have no process and stay as they are. ``--resume`` opens the pool again.
"""

from __future__ import annotations

import argparse
import threading
import time
from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound

from deployments.apply import POOL
from deployments.commands import Exit, run_command
from ucrenew.errors import BadInput, NeedsPerson

_WITH_A_PROCESS = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
LOOK_EVERY = 2.0  # seconds


def main() -> Exit:
    """Pause, wait, say what is still running when the time is over; the pool stays paused."""
    arguments = _arguments()
    with get_client(sync_client=True) as client:
        _set_paused(client, arguments.pool, paused=not arguments.resume)
        if arguments.resume:
            print(f"the pool {arguments.pool} gives out work again")
            return Exit.DONE
        print(f"the pool {arguments.pool} gives out no more work; waiting for what runs")
        left = _wait(client, arguments.pool, timedelta(minutes=arguments.within))
    if left:
        named = ", ".join(f"{run.name} ({run.id})" for run in left)
        raise NeedsPerson(
            f"after {arguments.within} minutes the pool {arguments.pool} still runs {named}; a worker that is stopped"
            " now kills them in the middle of what they do. Wait and drain again; the pool stays paused"
        )
    print("nothing runs: the worker may be stopped")
    return Exit.DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.drain", description=__doc__)
    parser.add_argument("--pool", default=POOL, help="the work pool (default: %(default)s)")
    parser.add_argument("--within", type=int, default=120, metavar="MINUTES", help="default: %(default)s")
    parser.add_argument("--resume", action="store_true", help="give out work again, and nothing else")
    return parser.parse_args()


def _set_paused(client: SyncPrefectClient, pool: str, *, paused: bool) -> None:
    try:
        client.update_work_pool(pool, WorkPoolUpdate(is_paused=paused))
    except ObjectNotFound as error:
        raise BadInput(f"there is no work pool {pool}: run python -m deployments.apply first, or say --pool") from error


def _wait(client: SyncPrefectClient, pool: str, within: timedelta) -> list[FlowRun]:
    """What still has a process when the time is over; none as soon as nothing has."""
    until = time.monotonic() + within.total_seconds()
    while (left := with_a_process(client, pool)) and time.monotonic() < until:
        threading.Event().wait(LOOK_EVERY)
    return left


def with_a_process(client: SyncPrefectClient, pool: str) -> list[FlowRun]:
    """The runs of a pool that are at work, or about to be."""
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_WITH_A_PROCESS))),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )


if __name__ == "__main__":
    run_command(main)
