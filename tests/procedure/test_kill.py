"""SIGKILL to the process of a flow, between two restarts; then a retry: the cluster sees what it always sees."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from tests.conftest import Simulator, until
from tests.procedure.stage import (
    BEFORE_RESTARTS,
    LOOK_EVERY,
    PRESENCE,
    PUBLISHER,
    RESTARTS,
    SUBSCRIBER,
    WORKS,
    Followed,
    Run,
    flow_process,
    kill_now,
    kinds,
    processes_of,
    restarts,
    started_unasked,
)

NEVER = 3600  # seconds between two runs of `attend`: nothing waits here


@pytest.fixture
def renewing(ground: Ground, simulator: Simulator, new_profile: Callable[..., Path]) -> Iterator[tuple[Run, str]]:
    """A run before its second question, which was asked at once because the CA issues at once; and its record's key."""
    profile = started_unasked(new_profile())
    simulator.control.post("/ca", {"template": {"CiscoUC": {"approval": False}}})
    ground.attend_every = NEVER
    ground.apply(profile.parent)
    renew = Followed(ground, profile)
    try:
        run = Run(ground.api, renew.started())
        run.comes_to("activate")
        yield run, f"ucrenew-{profile.stem}-tomcat-1"
    finally:
        renew.kill()


def hold(simulator: Simulator, node: str, *, on: bool) -> None:
    """Let the next CLI login at the node wait for its prompt, or let it have it."""
    simulator.control.post("/faults", {"kind": "hold", "node": node, "on": on})


def fan_out(simulator: Simulator, node: str, word: str) -> None:
    """Let a node miss what other nodes send it, or have all that it missed."""
    simulator.control.post(f"/nodes/{node}", {"fan_out": word})


def has_chain(simulator: Simulator, node: str) -> bool:
    """True when both CA certificates are in a node's store."""
    uploaded = {call["fingerprint"] for call in simulator.control.ledger() if call["kind"] == "trust-upload"}
    store = {entry["fingerprint"] for entry in simulator.control.node(node)["trust"]["tomcat-trust"]}
    return len(uploaded) == 2 and uploaded <= store


def stop_before_subscriber(simulator: Simulator, run: Run) -> None:
    """Bring the run to the login with which the subscriber's first restart begins, and hold it there.

    The login that is held is the next one at that node, so nothing but restarts may lie ahead: the run is kept waiting
    for a CA certificate on one node, and then for the leaf on another, until all is prepared.
    """
    fan_out(simulator, PRESENCE, "missed")
    run.answer("approve")
    until(lambda: has_chain(simulator, SUBSCRIBER), WORKS, LOOK_EVERY)
    fan_out(simulator, SUBSCRIBER, "missed")
    fan_out(simulator, PRESENCE, "normal")
    until(lambda: "leaf-upload" in simulator.control.kinds(), WORKS, LOOK_EVERY)
    hold(simulator, SUBSCRIBER, on=True)
    fan_out(simulator, SUBSCRIBER, "normal")
    until(lambda: simulator.control.node(SUBSCRIBER)["held_sessions"], WORKS, LOOK_EVERY)


def retry_unforced(_ground: Ground, run: Run) -> None:
    """Scheduled, not forced: what a careful program does."""
    assert "ACCEPT" == run.schedule_again()


def retry_by_command(ground: Ground, run: Run) -> None:
    """`prefect flow-run retry`, which forces the state."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "flow-run", "retry", run.id],
        env=ground.programs.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WORKS,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("retry", [retry_unforced, retry_by_command])
def test_killed_between_two_restarts(ground, simulator, renewing, retry):
    """Killed after one restart is noted complete and before the next begins, then retried: same ledger."""
    run, key = renewing
    control = simulator.control
    stop_before_subscriber(simulator, run)
    until(lambda: f"restart-done {PUBLISHER} {RESTARTS[4][1]}" in run.facts(key), WORKS, LOOK_EVERY)
    before = control.ledger()
    begun = [fact for fact in run.facts(key) if fact.startswith("restart-intent")]

    kill_now(flow_process(run.id))
    crashes_settle(run)
    hold(simulator, SUBSCRIBER, on=False)
    alive = processes_of(run.id)
    retry(ground, run)
    run.completes(2 * WORKS)

    assert RESTARTS[:5] == restarts(before)
    assert 5 == len(begun)
    assert [] == alive
    assert BEFORE_RESTARTS + ["restart"] * len(RESTARTS) == kinds(control.ledger())
    assert RESTARTS == restarts(control.ledger())


def crashes_settle(run: Run) -> None:
    """Wait for the second of the worker's two reports: it overwrites a retry made between them (prefect.md §3.7).

    The server keeps one Crashed state for both; what the worker logs after the second one is what can be seen.
    """
    until(lambda: run.state["type"] == "CRASHED", WORKS, LOOK_EVERY)
    until(
        lambda: any("memory allocation" in line for line in run.logs(of="prefect.flow_runs.worker")), WORKS, LOOK_EVERY
    )
