"""One renewal at a time on a cluster: a create-only Variable that names run and life (design.md §7, prefect.md §10).

1. A run that holds the lock keeps it while it is suspended; each of its lives writes its own name into it.
2. An acting step reads it immediately before it acts (the fence): a life that is not named there any more stops
   without an act and without a state, because another life of the run goes on. So does one that was stopped before it
   came to the lock, when the run has been begun anew since.
3. It is released at every orderly end. From a run that died it is taken by recovery or by a person's answer only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger

from tasks.stepping import step
from ucrenew.errors import NeedsPerson, Transient
from ucrenew.life import Life, new_life, parse_life

_PREFIX = "ucrenew-lock-"
# The life in which this process executes a run; a run has one at a time here.
_lives: dict[str, Life] = {}


class Stale(Abort):
    """Another life goes on with this run: stop, act on nothing, and write no state over the other's."""


_PAGE = 200


@dataclass(frozen=True)
class Holder:
    """Who holds a cluster: a run, and the life of it that may act.

    ``since`` is when the server took down that life: the server's clock, as is the timestamp of every state.
    """

    cluster: str
    run: str
    life: Life
    since: datetime | None = None

    @property
    def words(self) -> dict[str, str]:
        """As the Variable keeps it."""
        return {"run": self.run, "life": str(self.life)}


def holder_of(cluster: str) -> Holder | None:
    """Who holds the cluster now. Raises Transient when the server does not say."""
    with _server(cluster) as client:
        return _read(client, cluster)


def holders() -> list[Holder]:
    """Every lock that is held, of whatever cluster."""
    with _server("every cluster") as client:
        names = [name for name in _names(client) if name.startswith(_PREFIX)]
        found = (_read(client, name.removeprefix(_PREFIX)) for name in names)
        return [holder for holder in found if holder is not None]


@step(name="take the cluster's lock")
def take_lock(cluster: str, run: str) -> Holder | None:
    """Begin a life of a run: take the free lock, or write this life's name into the one that the run holds.

    Returns the dead run that holds it, whose place only an answer can give away. Raises NeedsPerson when a run holds
    it that can still act.
    """
    mine = Holder(cluster, run, new_life())
    with _server(cluster) as client:
        _require_newest(client, run)
        held = mine if create_only(client, _PREFIX + cluster, mine.words) else _held(client, cluster)
        if held.run == run:
            _write(client, mine)
        elif state := _can_still_act(client, held.run):
            raise NeedsPerson(
                f"{cluster} is held by run {held.run}, which is {state}; this run ends and has changed nothing."
                " Answer, resume or cancel that run, or let `python -m deployments.recover` prove that it is dead"
            )
        else:
            return held
    _lives[run] = mine.life
    return None


def seize_lock(cluster: str, run: str, *, of: str) -> None:
    """Take the lock of a dead run, because a person said so. Raises NeedsPerson when somebody was quicker."""
    mine = Holder(cluster, run, new_life())
    with _server(cluster) as client:
        held = mine if create_only(client, _PREFIX + cluster, mine.words) else _held(client, cluster)
        if held.run not in {of, run}:
            raise NeedsPerson(f"{cluster} was taken by run {held.run} meanwhile; this run ends")
        _write(client, mine)
    _lives[run] = mine.life


def require_lock(cluster: str, run: str) -> None:
    """The fence: raise Stale unless this very life is the one that the lock names."""
    mine = _lives.get(run)
    if mine is None:
        raise NeedsPerson(f"{cluster}: run {run} does not hold the cluster, so it changes nothing")
    held = holder_of(cluster)
    if held is None or (held.run, held.life) != (run, mine):
        where = f"run {held.run} is named there" if held else "nobody is named there"
        _leave(f"{cluster}: this life of run {run} does not hold the lock any more ({where}); it stops here")


def require_not_stale(cluster: str, run: str) -> None:
    """Before a state is written: raise Stale when this life once held the lock and another one does now."""
    if run in _lives:
        require_lock(cluster, run)


def release_lock(cluster: str, run: str) -> None:
    """Let the cluster go at an orderly end; nothing happens when another life is named there."""
    if mine := _lives.pop(run, None):
        let_go(Holder(cluster, run, mine))


def let_go(held: Holder) -> None:
    """Free a cluster of this very life; nothing happens when another one is named there."""
    with _server(held.cluster) as client:
        found = _read(client, held.cluster)
        if found is not None and found.life == held.life:
            client.delete_variable_by_name(_PREFIX + held.cluster)


def _leave(sentence: str) -> None:
    get_run_logger().warning(sentence)
    raise Stale(sentence)


def _require_newest(client: SyncPrefectClient, run: str) -> None:
    """Raise Stale when the run was begun anew after this life began it: the server has a newer state than ours then.

    Or ours came over another Running one, which a life set that had been given the run by a worker.
    """
    context = FlowRunContext.get()
    begun = context.flow_run.state if context and context.flow_run else None
    states = sorted(client.read_flow_run_states(UUID(run)), key=lambda state: state.timestamp)[-2:]
    if begun is None or not states:
        return
    if states[-1].id != begun.id or [state.type for state in states] == [StateType.RUNNING] * 2:
        _leave(f"run {run} was begun anew after this life of it began, which stops here")


def create_only(client: SyncPrefectClient, name: str, value: str | dict[str, str]) -> bool:
    """Whether the Variable is ours now: of several callers exactly one creates it (design.md §7)."""
    try:
        client.create_variable(VariableCreate(name=name, value=value, tags=["ucrenew"]))
    except ObjectAlreadyExists:
        return False
    return True


def _held(client: SyncPrefectClient, cluster: str) -> Holder:
    found = _read(client, cluster)
    if found is None:
        raise Transient(f"{cluster}: its lock changed hands at this very moment")
    return found


def _write(client: SyncPrefectClient, mine: Holder) -> None:
    client.update_variable(VariableUpdate(name=_PREFIX + mine.cluster, value=mine.words))


def _names(client: SyncPrefectClient) -> list[str]:
    """Of every Variable that may be a lock: the client's own call has no second page."""
    wanted = {"variables": {"name": {"like_": _PREFIX}}, "limit": _PAGE}
    names: list[str] = []
    while page := client.request("POST", "/variables/filter", json={**wanted, "offset": len(names)}).json():
        names += [variable["name"] for variable in page]
    return names


def _read(client: SyncPrefectClient, cluster: str) -> Holder | None:
    found = client.read_variable_by_name(_PREFIX + cluster)
    if found is None or not isinstance(found.value, dict):
        return None
    return Holder(cluster, str(found.value["run"]), parse_life(str(found.value["life"])), found.updated)


def _can_still_act(client: SyncPrefectClient, run: str) -> str | None:
    """The name of the state in which a run may go on; None when it has ended or is gone."""
    try:
        state = client.read_flow_run(UUID(run)).state
    except ObjectNotFound:
        return None
    return None if state is None or state.is_final() else state.name


@contextmanager
def _server(cluster: str) -> Iterator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise Transient(f"{cluster}: the Prefect server did not answer about the lock: {error}") from error
