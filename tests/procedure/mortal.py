"""Lives of a run in processes of their own that die by a real SIGKILL at a moment of a test's choice.

``python -m tests.procedure.mortal`` reads one life a line from its input, as JSON, forks, and writes what became of
the process: its exit code, -9 where it was killed. A fork a life: importing everything takes longer than living.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import prefect.events.utilities
import prefect.tasks
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from flows.renew import renew_multi_server_certificate
from tasks import sites
from tasks.sites import PROFILES
from ucrenew.record import Fact

KILLED = -signal.SIGKILL


class Mortals:
    """The process that forks a life when it is told to."""

    def __init__(self, ground: Ground, profiles: Path) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.procedure.mortal"],
            env={**ground.programs.environment, PROFILES: str(profiles)},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def live(self, run: str, *, step: tuple[str, int] = ("", 0), note: str = "") -> int:
        """One life: killed after so many steps of a flow of that name, or after a fact of this kind and subject."""
        assert self._program.stdin
        assert self._program.stdout
        self._program.stdin.write(json.dumps({"run": run, "step": step, "note": note}) + "\n")
        self._program.stdin.flush()
        return int(self._program.stdout.readline())

    def end(self) -> None:
        """No more lives."""
        self._program.communicate(timeout=60)


def main() -> None:
    """A fork a line."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _live(**json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _live(run: str, step: tuple[str, int], note: str) -> None:
    prefect.events.utilities.should_emit_events = lambda: False  # nothing here reads them
    _die_after_step(*step)
    _die_after_note(note)
    quiet = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with temporary_settings(quiet), get_client(sync_client=True) as client, suppress(Pause, Abort):
        found = client.read_flow_run(run)
        run_flow(renew_multi_server_certificate, flow_run=found, parameters=found.parameters, return_type="state")


def _die_after_step(flow: str, number: int) -> None:
    """SIGKILL when so many steps have been done directly in this flow."""
    done = 0
    call = prefect.tasks.Task.__call__

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal done
        result = call(self, *arguments, **named)
        within = FlowRunContext.get()
        if within is not None and within.flow is not None and within.flow.name == flow:
            done += 1
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return result

    prefect.tasks.Task.__call__ = counted  # type: ignore[method-assign]


def _die_after_note(wanted: str) -> None:
    """SIGKILL when a fact of this kind and subject has been kept."""

    class Hooked(sites.PrefectStore):
        def append(self, key: str, fact: Fact) -> None:
            super().append(key, fact)
            if wanted and f"{fact.kind} {fact.about}".startswith(wanted):
                os.kill(os.getpid(), signal.SIGKILL)

    sites.PrefectStore = Hooked  # type: ignore[misc]


if __name__ == "__main__":
    main()
