"""Start a renewal and follow it to its end: ``python -m deployments.renew PROFILE PURPOSE``.

Prints the run's last sentence. Exit code: 0 done or nothing to do, 1 failed, 2 bad input, 3 denied. Leaving with
Ctrl-C leaves the run alone.
"""

from __future__ import annotations

import argparse
import math
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
    LogFilterTimestamp,
)
from prefect.client.schemas.objects import FlowRun, Log, State
from prefect.client.schemas.sorting import LogSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.states import Scheduled
from prefect.types import DateTime

from deployments.commands import Exit, run_command
from ucrenew.domain.gate import Gate
from ucrenew.errors import BadInput, NeedsPerson
from ucrenew.profile import load_profile

LOOK_EVERY = 1.0  # seconds
PATIENCE = 900.0  # seconds that a server may be away while a run is followed
NOBODY_COMES = 30.0  # seconds: a worker looks for work every 10 s unless it is told otherwise
LAST_LINES = 5.0  # seconds that a run's last lines may come after its state: Prefect sends them every 2 s
OVERTAKEN = timedelta(seconds=30)  # how much later a line may come than one that was logged after it
PAGE = 200  # lines; the server gives no more at once
_FINISHED = "Finished in state"  # of the flow: the engine's last line in every life, suspended or ended
# Prefect's own lines, which tell a UC engineer nothing.
_CHATTER = ("Downloading flow code", "Beginning flow run", "Beginning subflow", _FINISHED, "Suspending flow", "View at")


def main() -> Exit:
    """Start, follow, and say how it ended."""
    parser = argparse.ArgumentParser(prog="python -m deployments.renew", description=__doc__)
    parser.add_argument("profile", type=Path, help="the cluster's profile, CLUSTER.toml")
    parser.add_argument("purpose", help="the certificate purpose, e.g. tomcat")
    parser.add_argument("--force", action="store_true", help="renew although it is not due")
    arguments = parser.parse_args()
    profile = load_profile(arguments.profile)
    purpose = profile.require_purpose(arguments.purpose)
    profile.require_files()
    name = f"renew/{profile.cluster}-{purpose.value.lower()}"
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(name)
        except ObjectNotFound as error:
            raise BadInput(
                f"the Prefect server has no deployment {name}: run python -m deployments.apply"
                f" {arguments.profile.parent} first"
            ) from error
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"force": arguments.force})
        print(f"run {run.id}: {page_of(run.id)}", flush=True)
        return follow(client, run.id)


def follow(client: SyncPrefectClient, run: UUID) -> Exit:
    """Print the run's log lines and questions until it has ended; return the exit code of its end."""
    follower = _Follower(client, run)
    while not (state := follower.look()).is_final():
        threading.Event().wait(LOOK_EVERY)
    follower.hear_out(state)
    print(state.message or f"the run ended as {state.name}", flush=True)
    return exit_of(state)


class _Follower:
    """What was told of a run, so that nothing is told twice and nothing is left out.

    Prefect delivers lines in batches: those of one process may overtake another's, and the last come after the state.
    """

    def __init__(self, client: SyncPrefectClient, run: UUID) -> None:
        self._client, self._run = client, run
        self._seen: set[UUID] = set()  # lines, and states that were a question
        self._newest: DateTime | None = None  # of all lines
        self._engine_left: DateTime | None = None
        self._waits_since: float | None = None

    def look(self) -> State[Any]:
        """The run's state now, after everything new was printed; a server that is away for a while ends nothing."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._look()
            except ObjectNotFound as error:
                raise NeedsPerson(
                    f"run {self._run} was deleted at the Prefect server, and is followed no further. Look whether its"
                    " renewal is open: a new run asks whether to go on with it"
                ) from error
            except (httpx.TransportError, PrefectHTTPStatusError) as error:
                if not _may_come_back(error) or time.monotonic() > deadline:
                    raise
            print("  the Prefect server does not answer; the run is kept there, so we look again", flush=True)
            threading.Event().wait(LOOK_EVERY)

    def hear_out(self, ended: State[Any]) -> None:
        """Look on until the engine has said its last line, or nobody does in time."""
        deadline = time.monotonic() + LAST_LINES
        while self._engine_left is None or self._engine_left < ended.timestamp:
            if time.monotonic() > deadline:
                return
            threading.Event().wait(LOOK_EVERY)
            self.look()

    def _look(self) -> State[Any]:
        found = self._client.read_flow_run(self._run)
        state = found.state or Scheduled()
        for line in self._new_lines():
            self._tell(line)
        if state.name == "Suspended" and state.id not in self._seen:
            self._seen.add(state.id)
            _print_question(self._run, str(state.state_details.pause_key))
        self._tell_when_nobody_comes(found, state)
        return state

    def _new_lines(self) -> list[Log]:
        found = page = self._page_of_lines(0)
        while len(page) == PAGE:
            page = self._page_of_lines(len(found))
            found += page
        new = [line for line in found if line.id not in self._seen]
        self._seen.update(line.id for line in new)
        self._newest = found[-1].timestamp if found else self._newest
        return new

    def _page_of_lines(self, offset: int) -> list[Log]:
        after = LogFilterTimestamp(after_=self._newest - OVERTAKEN) if self._newest else None
        only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self._run, *self._sub_flows()]), timestamp=after)
        return self._client.read_logs(only, limit=PAGE, offset=offset, sort=LogSort.TIMESTAMP_ASC)

    def _sub_flows(self) -> list[UUID]:
        """What the run has handed to flows of their own, whose lines are its lines, too."""
        inside = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[self._run]))
        return [one.id for one in self._client.read_flow_runs(flow_run_filter=inside)]

    def _tell(self, line: Log) -> None:
        of_engine = line.name == "prefect.flow_runs" and line.flow_run_id == self._run
        if of_engine and line.message.startswith(_FINISHED):
            self._engine_left = line.timestamp
        elif line.name != "prefect.flow_runs.worker" and not line.message.startswith(_CHATTER):
            print(f"  {line.timestamp:%H:%M:%S} {line.message}", flush=True)

    def _tell_when_nobody_comes(self, run: FlowRun, state: State[Any]) -> None:
        if not state.is_scheduled():
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = time.monotonic()
        if self._waits_since is not None and time.monotonic() - self._waits_since >= NOBODY_COMES:
            self._waits_since = math.inf  # told once
            print(f"  no worker has taken the run yet: is one running for work pool {run.work_pool_name}?", flush=True)


def _may_come_back(error: Exception) -> bool:
    return not isinstance(error, PrefectHTTPStatusError) or error.response.is_server_error


def exit_of(state: State[Any]) -> Exit:
    """The exit code of an ended run."""
    if state.is_completed():
        return Exit.DENIED if state.name == "Denied" else Exit.DONE
    return Exit.BAD_INPUT if state.name == "BadInput" else Exit.FAILED


def _print_question(run: UUID, key: str) -> None:
    waits = _WAITS.get(key.partition("-")[0]) or f"an answer at gate '{_gate(key)}'"
    print(f"  waiting for {waits}; no process runs meanwhile: {page_of(run)}", flush=True)


_WAITS = {"ca": "the CA", "window": "its maintenance window"}


def _gate(key: str) -> str:
    return next((gate.value for gate in Gate if key.startswith(f"{gate}-")), key)


def page_of(run: UUID) -> str:
    """The run's page in Prefect's UI."""
    settings = get_current_settings()
    base = settings.ui_url or str(settings.api.url).removesuffix("/api")
    return f"{base}/runs/flow-run/{run}"


if __name__ == "__main__":
    run_command(main)
