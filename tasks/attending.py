"""Looking after suspended runs: which wait for the CA, whether it has decided, and waking them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateName
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging import get_run_logger

from tasks.sites import site_before
from tasks.stepping import step
from ucrenew.clients.certsrv import Pending
from ucrenew.errors import LoginRefused, Trouble

_BUSY = 503  # SQLite's "database is locked"; the click is lost unless it is repeated (prefect.md §1)
_TRIES = 8


@dataclass(frozen=True)
class WaitingForCa:
    """A suspended run and the request that it waits for."""

    run: UUID
    cluster: str
    request_id: int


def suspended_runs(prefix: str) -> list[WaitingForCa]:
    """The runs whose pause key, atomic with the suspension, says that they wait for the CA."""
    suspended = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Suspended"])))
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=suspended)
    return [waiting for run in runs if (waiting := _waiting(run, prefix)) is not None]


def _waiting(run: FlowRun, prefix: str) -> WaitingForCa | None:
    key = str(run.state.state_details.pause_key or "") if run.state else ""
    number = key.removeprefix(prefix).partition("-")[0]
    if not key.startswith(prefix) or not number.isdigit() or "cluster" not in run.parameters:
        return None
    return WaitingForCa(run.id, str(run.parameters["cluster"]), int(number))


@step(name="ask the CA", retries=0)
def ca_has_decided(waiting: WaitingForCa) -> bool:
    """True when the request was issued or denied; trouble is logged and counts as not yet.

    A refused password counts as decided: the run wakes and ends with that sentence, where asking again on every
    schedule would lock the account.
    """
    try:
        return not isinstance(site_before(waiting.cluster).authority.retrieve(waiting.request_id), Pending)
    except Trouble as trouble:
        get_run_logger().warning("%s: request %s: %s", waiting.cluster, waiting.request_id, trouble)
        return isinstance(trouble, LoginRefused)


@step(name="resume the run", retries=0)
def resume(waiting: WaitingForCa) -> None:
    """Wake the run, repeating while the server is busy; what does not work now is left to the next look."""
    with get_client(sync_client=True) as client:
        for _ in range(_TRIES):
            try:
                answer = client.resume_flow_run(waiting.run)
            except PrefectHTTPStatusError as error:
                if error.response.status_code != _BUSY:
                    break
                threading.Event().wait(0.5)
            else:
                decided = f"the CA decided on request {waiting.request_id}; resuming: {answer.status.value}"
                get_run_logger().info("%s: %s", waiting.cluster, decided)
                return
    get_run_logger().warning("%s: run %s could not be resumed; the next look tries again", waiting.cluster, waiting.run)
