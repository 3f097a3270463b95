"""`deployments.drain`: a pool gives out no more work, and nobody stops its worker while a run has a process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from secrets import token_hex
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.states import Completed, Running, Scheduled, Suspended

from deployments import drain
from deployments.apply import _ensure_pool
from deployments.commands import Exit
from ucrenew.errors import BadInput, NeedsPerson

POOL = f"drained-{token_hex(4)}"

Drain = Callable[..., Exit]


@pytest.fixture
def run(in_process) -> Iterator[UUID]:  # noqa: ARG001
    """A run in a pool of its own that no worker looks at."""
    with get_client(sync_client=True) as client:
        _ensure_pool(client, POOL)
        deployment = client.create_deployment(
            client.create_flow(Flow(lambda: None, name="drained")), "drained", work_pool_name=POOL
        )
        made = client.create_flow_run_from_deployment(deployment).id
        yield made
        client.delete_flow_run(made)


@pytest.fixture
def drained(monkeypatch) -> Drain:
    """The command."""

    def command(*arguments: str) -> Exit:
        monkeypatch.setattr(sys, "argv", ["drain", "--pool", POOL, *arguments])
        return drain.main()

    return command


def becomes(run: UUID, state) -> None:
    """The run's state, as its process or the server sets it."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run, state, force=True)


def is_paused() -> bool:
    """Whether the pool gives out no work."""
    with get_client(sync_client=True) as client:
        return client.read_work_pool(POOL).is_paused


def test_running_is_waited_for(run, drained, monkeypatch):
    """prefect.md §3.7: it waits until what runs has ended, with the pool paused; then the worker may go."""
    monkeypatch.setattr(drain, "LOOK_EVERY", 0.05)
    becomes(run, Running())
    looks = []
    look = drain.with_a_process

    def ends_at_the_third_look(*asked):
        found = look(*asked)
        looks.append((len(found), is_paused()))
        if len(looks) == 3:
            becomes(run, Completed())
        return found

    monkeypatch.setattr(drain, "with_a_process", ends_at_the_third_look)

    assert Exit.DONE is drained()
    assert [(1, True), (1, True), (1, True), (0, True)] == looks


def test_what_does_not_end_is_named(run, drained):
    """What still runs when the time is over is named, and the pool stays paused."""
    becomes(run, Running())
    with pytest.raises(NeedsPerson, match=rf"still runs \S+ \({run}\)"):
        drained("--within", "0")

    assert is_paused()


@pytest.mark.parametrize("state", [Suspended(), Scheduled()], ids=["suspended", "scheduled"])
def test_what_has_no_process_is_not_waited_for(run, drained, state):
    """A run that waits for a person or for a worker has no process; and --resume opens the pool again."""
    becomes(run, state)
    ended, paused = drained("--within", "0"), is_paused()

    assert (Exit.DONE, True) == (ended, paused)
    assert Exit.DONE is drained("--resume")
    assert not is_paused()


def test_unknown_pool(in_process, monkeypatch):  # noqa: ARG001
    """A pool that is not there is a mistake of the person's, in one sentence."""
    monkeypatch.setattr(sys, "argv", ["drain", "--pool", "nowhere"])
    with pytest.raises(BadInput, match="there is no work pool nowhere"):
        drain.main()
