"""Start a renewal and follow it to its end: ``python -m deployments.renew PROFILE PURPOSE``.

Prints the run's last sentence. Exit code: 0 done or nothing to do, 1 failed, 2 bad input, 3 denied. Leaving with
Ctrl-C leaves the run alone.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import LogSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import get_current_settings

from deployments.commands import Exit, run_command
from ucrenew.domain.gate import Gate
from ucrenew.errors import BadInput
from ucrenew.profile import load_profile

LOOK_EVERY = 1.0  # seconds
PATIENCE = 900.0  # seconds that a server may be away while a run is followed
# Prefect's own lines, which tell a UC engineer nothing.
_CHATTER = ("Downloading flow code", "Beginning flow run", "Finished in state", "Suspending flow run", "View at ")


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
    seen, state_name = 0, ""
    while True:
        found, seen = _look_patiently(client, run, seen)
        if found.state and found.state.name != state_name:
            state_name = found.state.name or ""
            _print_state(found)
        if found.state and found.state.is_final():
            _look_patiently(client, run, seen)
            print(found.state.message or f"the run ended as {found.state.name}", flush=True)
            return exit_of(found)
        threading.Event().wait(LOOK_EVERY)


def _look_patiently(client: SyncPrefectClient, run: UUID, seen: int) -> tuple[FlowRun, int]:
    """The run now and how many of its log lines are printed; a server that is away for a while ends nothing."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            found = client.read_flow_run(run)
            return found, seen + _print_new_lines(client, run, seen)
        except (httpx.TransportError, PrefectHTTPStatusError) as error:
            if not _may_come_back(error) or time.monotonic() > deadline:
                raise
        print("  the Prefect server does not answer; the run is kept there, so we look again", flush=True)
        threading.Event().wait(LOOK_EVERY)


def _may_come_back(error: Exception) -> bool:
    return not isinstance(error, PrefectHTTPStatusError) or error.response.is_server_error


def exit_of(run: FlowRun) -> Exit:
    """The exit code of an ended run."""
    state = run.state
    if state is not None and state.is_completed():
        return Exit.DENIED if state.name == "Denied" else Exit.DONE
    return Exit.BAD_INPUT if state is not None and state.name == "BadInput" else Exit.FAILED


def _print_state(run: FlowRun) -> None:
    if run.state is None or run.state.name != "Suspended":
        return
    key = str(run.state.state_details.pause_key)
    waits = _WAITS.get(key.partition("-")[0]) or f"an answer at gate '{_gate(key)}'"
    print(f"  waiting for {waits}; no process runs meanwhile: {page_of(run.id)}", flush=True)


_WAITS = {"ca": "the CA", "window": "its maintenance window"}


def _gate(key: str) -> str:
    return next((gate.value for gate in Gate if key.startswith(f"{gate}-")), key)


def _print_new_lines(client: SyncPrefectClient, run: UUID, seen: int) -> int:
    only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
    lines = client.read_logs(log_filter=only, offset=seen, sort=LogSort.TIMESTAMP_ASC)
    for line in lines:
        if line.name != "prefect.flow_runs.worker" and not line.message.startswith(_CHATTER):
            print(f"  {line.timestamp:%H:%M:%S} {line.message}", flush=True)
    return len(lines)


def page_of(run: UUID) -> str:
    """The run's page in Prefect's UI."""
    settings = get_current_settings()
    base = settings.ui_url or str(settings.api.url).removesuffix("/api")
    return f"{base}/runs/flow-run/{run}"


if __name__ == "__main__":
    run_command(main)
