"""What somebody should look at: runs whose process is gone, and the clusters that they hold or not (design.md §4, §7).

Nothing is put right here: that takes proof or an answer. It is said, at every look, until it is so no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.filters import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
)
from prefect.exceptions import ObjectNotFound

from tasks.deaths import fate_of, last_start
from tasks.lock import Holder, holder_of, holders
from tasks.renewal_runs import renewals_in
from tasks.sites import now
from ucrenew.life import Alive

# Prefect's process sends one every 180 s; three times that is what its own automations should wait (prefect.md §3.8).
NO_HEARTBEAT = timedelta(seconds=3 * 180)
LETS_GO = timedelta(minutes=1)  # the state is written first, then the lock is let go
_WORKING = {StateType.RUNNING, StateType.PENDING, StateType.CANCELLING}
_ANEW = "a new run asks whether to go on with its renewal"


def troubled_locks() -> list[str]:
    """A sentence for every cluster that is held by a run which cannot go on by itself."""
    with get_client(sync_client=True) as client:
        return [sentence for holder in holders() for sentence in _judge(client, holder)]


def troubled_runs() -> list[str]:
    """A sentence for every run that says it works, holds no cluster, and whose process is gone.

    It died before it took the lock, or after it had lost it.
    """
    working = FlowRunFilterState(type=FlowRunFilterStateType(any_=sorted(_WORKING)))
    with get_client(sync_client=True) as client:
        found = (_judge_unheld(client, run) for run in list(renewals_in(client, working)))
        return [sentence for sentence in found if sentence]


def _judge_unheld(client: SyncPrefectClient, run: FlowRun) -> str:
    cluster = str(run.parameters["cluster"])
    held = holder_of(cluster)
    if run.state is None or (held is not None and held.run == str(run.id)):
        return ""
    why = _why_dead(client, run, None)
    if not why:
        return ""
    # Recovery gives a run the free lock, and never that of another run.
    is_recoverable = held is None and run.state.type is not StateType.CANCELLING
    way = f"python -m deployments.recover {run.id}" if is_recoverable else "set it to Cancelled"
    return f"{cluster}: run {run.id} says {run.state.name} and holds no cluster, and {why}: {way}"


def _judge(client: SyncPrefectClient, holder: Holder) -> Iterator[str]:
    recover = f"python -m deployments.recover {holder.run}"
    try:
        run = client.read_flow_run(UUID(holder.run))
    except ObjectNotFound:
        yield f"{holder.cluster} is held by run {holder.run}, which was deleted; a new run asks whether to go on"
        return
    state = run.state
    if state is None:
        return
    if state.type is StateType.COMPLETED:
        if now() - state.timestamp > LETS_GO:
            ended = f"run {holder.run}, which has ended as {state.name}"
            yield f"{holder.cluster} is still held by {ended}: {recover} lets it go"
    elif state.type is StateType.CANCELLED:
        yield f"{holder.cluster} is still held by run {holder.run}, which has ended as {state.name}: {_ANEW}"
    elif state.is_final():
        yield (
            f"{holder.cluster} is still held by run {holder.run}, which has ended as {state.name}: {recover} lets it"
            " go on, or a new run asks whether to"
        )
    elif state.type in _WORKING and (why := _why_dead(client, run, holder)):
        way = f"set it to Cancelled, and {_ANEW}" if state.type is StateType.CANCELLING else recover
        yield f"{holder.cluster}: run {holder.run} says {state.name}, and {why}: {way}"


def _why_dead(client: SyncPrefectClient, run: FlowRun, holder: Holder | None) -> str:
    fate = fate_of(client, run, holder)
    match fate.alive:
        case Alive.YES:
            return ""
        case Alive.NO:
            return f"its {fate.process} is gone"
    started = last_start(client, run.id)
    if started and now() - started > NO_HEARTBEAT and not _beats(client, run.id):
        return f"no heartbeat came from {fate.process} for {NO_HEARTBEAT.total_seconds():.0f} s"
    return ""


def _beats(client: SyncPrefectClient, run: UUID) -> bool:
    wanted = EventFilter(
        occurred=EventOccurredFilter.model_validate({"since": now() - NO_HEARTBEAT}),
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        any_resource=EventAnyResourceFilter(id=[f"prefect.flow-run.{run}"]),
    )
    return client.read_events(wanted, limit=1).total > 0
