"""What `deployments.renew` tells of a run that it follows: every line once, to the last, and that nobody has taken it.

The run is one of the server's, and what happens to it happens between two looks, so nothing here waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, Task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import AwaitingRetry, Cancelled, Completed, Running

from deployments import renew
from deployments.apply import _ensure_pool
from deployments.commands import Exit
from ucrenew.errors import NeedsPerson

FLOW, TASK, WORKER = "prefect.flow_runs", "prefect.task_runs", "prefect.flow_runs.worker"
LAST = "Finished in state Completed()"
END = Completed(message="renewed on 3 nodes")
NOBODY = "no worker has taken the run yet: is one running for work pool nobodys?"

Act = Callable[[], object]


class Between:
    """A client of whom something happens after each look at the lines."""

    def __init__(self, client: SyncPrefectClient, acts: tuple[Act, ...]) -> None:
        self._client, self._acts = client, iter(acts)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the client's."""
        return getattr(self._client, name)

    def read_logs(self, *asked: Any, **more: Any) -> list[Any]:
        """The lines now; then the next thing happens."""
        found = self._client.read_logs(*asked, **more)
        next(self._acts, int)()
        return found


class Followed:
    """A run, and what can happen to it."""

    def __init__(self, client: SyncPrefectClient, capsys: pytest.CaptureFixture[str]) -> None:
        self._client, self._capsys = client, capsys
        _ensure_pool(client, "nobodys")
        flow = client.create_flow(Flow(lambda: None, name="followed"))
        deployment = client.create_deployment(flow, "followed", work_pool_name="nobodys")
        self.id = client.create_flow_run_from_deployment(deployment).id

    def becomes(self, state: State[Any]) -> None:
        """Its state, as its process, the server or a person sets it."""
        self._client.set_flow_run_state(self.id, state, force=True)

    def begins_inside(self) -> UUID:
        """A flow within the run, as Prefect's engine makes one."""
        within = self._client.create_task_run(Task(lambda: None, name="within"), self.id, dynamic_key="within-0")
        return self._client.create_flow_run(Flow(lambda: None, name="within"), parent_task_run_id=within.id).id

    def says(self, *lines: str, at: float = 1, by: str = FLOW, of: UUID | None = None) -> None:
        """A batch of lines arrives, the first logged so many seconds from now, one a second."""
        first = datetime.now(UTC) + timedelta(seconds=at)
        batch = [
            {"name": by, "level": 20, "message": line, "timestamp": str(first + timedelta(seconds=number))}
            for number, line in enumerate(lines)
        ]
        self._client.request("POST", "/logs/", json=[{**one, "flow_run_id": str(of or self.id)} for one in batch])

    def follow(self, *acts: Act) -> tuple[Exit, list[str]]:
        """Follow it while this happens, one thing after each look; the exit code and what was told, without times."""
        self._capsys.readouterr()
        code = renew.follow(Between(self._client, acts), self.id)
        return code, [re.sub(r"^  (\d\d:\d\d:\d\d )?", "", line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def run(in_process, monkeypatch, capsys) -> Iterator[Followed]:  # noqa: ARG001
    """A run that waits in a pool to which nobody looks."""
    monkeypatch.setattr(renew, "LOOK_EVERY", 0)
    with get_client(sync_client=True) as client:
        yield Followed(client, capsys)


def test_last_lines_come_late(run):
    """Lines that arrive after the final state are told, up to the engine's last; then nothing more is waited for."""
    run.becomes(END)
    ended = run.follow(
        lambda: run.says("port 443 serves it"),
        lambda: run.says(LAST, at=3, by=TASK),
        lambda: run.says("port 8443 serves it", LAST, at=4),
        lambda: run.says("the process is gone", at=9, by=WORKER),
        lambda: pytest.fail("looked again after the last line"),
    )

    assert (Exit.DONE, ["port 443 serves it", "port 8443 serves it", END.message]) == ended


def test_last_line_of_an_earlier_life(run):
    """The last line of a life that was suspended is not taken for the end's: what comes after it is told."""
    run.says(LAST, at=-5)
    run.becomes(END)
    ended = run.follow(int, lambda: run.says("one word more", LAST))

    assert (Exit.DONE, ["one word more", END.message]) == ended


def test_lines_of_flows_within(run):
    """What flows within the run say is told among its lines, and their end is not taken for the run's."""
    within = run.begins_inside()
    run.becomes(END)
    ended = run.follow(
        lambda: run.says("restarting Cisco CallManager", at=1, by=TASK, of=within),
        lambda: run.says(LAST, at=2, of=within),
        lambda: run.says("all phones are back", LAST, at=3),
    )

    assert (Exit.DONE, ["restarting Cisco CallManager", "all phones are back", END.message]) == ended


def test_no_last_line(run, monkeypatch):
    """A run whose engine never says its last line, because it is dead, is not waited for without end."""
    monkeypatch.setattr(renew, "LAST_LINES", 0)
    run.becomes(Cancelled(message="cancelled by hand"))

    assert (Exit.FAILED, ["cancelled by hand"]) == run.follow()


def test_overtaken_lines_are_told(run):
    """A line that arrives after one that was logged later is told all the same, and none is told twice."""
    run.becomes(Running())
    ended = run.follow(
        lambda: run.says("second", at=-1),
        lambda: run.says("first", at=-2),
        lambda: run.becomes(END),
        lambda: run.says(LAST),
    )

    assert (Exit.DONE, ["second", "first", END.message]) == ended


def test_many_lines_at_once(run, monkeypatch):
    """Where more lines have come than the server gives at once, all of them are told, in their order."""
    monkeypatch.setattr(renew, "PAGE", 2)
    words = ["one", "two", "three", "four"]
    run.becomes(END)
    run.says(*words, LAST)

    assert (Exit.DONE, [*words, END.message]) == run.follow()


def test_nobody_comes(run, monkeypatch):
    """A run that no worker takes is told to be so, with its pool: once, and again when it waits another time."""
    monkeypatch.setattr(renew, "NOBODY_COMES", 0)
    monkeypatch.setattr(renew, "LAST_LINES", 0)
    ended = run.follow(
        int,
        lambda: run.becomes(Running()),
        lambda: run.becomes(AwaitingRetry()),
        int,
        lambda: run.becomes(Cancelled(message="enough")),
    )

    assert (Exit.FAILED, [NOBODY, NOBODY, "enough"]) == ended


def test_worker_is_given_time(run, monkeypatch):
    """A run that has not been waiting for long is followed without a word about workers."""
    monkeypatch.setattr(renew, "LAST_LINES", 0)

    assert (Exit.FAILED, ["enough"]) == run.follow(int, lambda: run.becomes(Cancelled(message="enough")))


def test_deleted_meanwhile(run):
    """A run that is deleted while it is followed ends the command with a sentence, and no trace."""
    with get_client(sync_client=True) as client, pytest.raises(NeedsPerson, match="was deleted at the Prefect server"):
        run.follow(lambda: client.delete_flow_run(run.id))
