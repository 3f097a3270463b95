"""`python -m deployments.recover`: only what is dead goes on elsewhere, and what wakes up later does nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deployments.rehearsal.ground import Ground
from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator, until
from tests.procedure.stage import (
    BEFORE_RESTARTS,
    LOOK_EVERY,
    RESTARTS,
    SUBSCRIBER,
    WORKS,
    Followed,
    Run,
    flow_process,
    kinds,
    lose_machine,
    processes_of,
    restarts,
    started_unasked,
)

NEVER = 3600  # seconds between two runs of `attend`: nothing waits here
SWORN = "Thea Tester: stopped by myself"


def begin(ground: Ground, simulator: Simulator, profile: Path) -> tuple[Followed, Run]:
    """A renewal with every answer, held at the login before the subscriber's first restart."""
    simulator.control.post("/ca", {"template": {"CiscoUC": {"approval": False}}})
    ground.attend_every = NEVER
    ground.apply(profile.parent)
    renew = Followed(ground, profile)
    run = Run(ground.api, renew.started())
    run.comes_to("activate")
    simulator.control.post("/nodes/cs-ccm-pub.example.com", {"cli_latency": 0.2})
    run.answer("approve")
    until(lambda: "leaf-upload" in simulator.control.kinds(), WORKS)
    simulator.control.post("/faults", {"kind": "hold", "node": SUBSCRIBER, "on": True})
    until(
        lambda: len(restarts(simulator.control.ledger())) == 5 and simulator.control.node(SUBSCRIBER)["held_sessions"],
        WORKS,
        LOOK_EVERY,
    )
    return renew, run


def recover(ground: Ground, run: Run, *more: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return ground.command("deployments.recover", run.id, *more)


@pytest.fixture
def held(ground: Ground, simulator: Simulator, new_profile: Callable[..., Path]) -> Iterator[Run]:
    """A run whose process works, before the subscriber's first restart."""
    renew, run = begin(ground, simulator, started_unasked(new_profile()))
    try:
        yield run
    finally:
        renew.kill()


def test_revived_process_does_nothing(ground, simulator, held):
    """SIGSTOP, recovery, SIGCONT: the run ends well without the stopped process, which then changes nothing at all.

    Recovery refuses while the process lives, and names it; only somebody's word, which is kept, has it go on.
    """
    old = flow_process(held.id)
    os.kill(old, signal.SIGSTOP)
    try:
        refused = recover(ground, held)
        sworn = recover(ground, held, "--sworn", SWORN)
        ended = held.completes(2 * WORKS)
        ledger = simulator.control.ledger()
        assert old in processes_of(held.id)
    finally:
        os.kill(old, signal.SIGCONT)
    simulator.control.post("/faults", {"kind": "hold", "node": SUBSCRIBER, "on": False})
    until(lambda: not processes_of(held.id), WORKS, LOOK_EVERY)

    assert (1, 0) == (refused.returncode, sworn.returncode)
    assert str(old) in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert RESTARTS == restarts(ledger)
    assert ledger == simulator.control.ledger()
    assert ended["id"] == held.state["id"]


def test_lost_machine_is_recovered(new_ground, simulator, tmp_path):
    """Worker and flow killed together: the run says Running until it is recovered, then a new worker goes on.

    Its home is empty; the ledger is that of an undisturbed renewal.
    """
    ground = new_ground("lost", attend_every=NEVER)
    try:
        ground.start_server()

        profile = started_unasked(write_profile(simulator.scene, tmp_path / "profiles"))
        ground.apply(profile.parent)
        ground.start_worker()
        renew, run = begin(ground, simulator, profile)
        lose_machine(ground, "worker")
        simulator.control.post("/faults", {"kind": "hold", "node": SUBSCRIBER, "on": False})
        left = run.state["type"]
        again = recover(ground, run)
        ground.programs.environment["PREFECT_HOME"] = str(tmp_path / "empty")
        ground.start_worker()
        run.completes(2 * WORKS)
        renew.kill()
        nothing = recover(ground, run)
    finally:
        ground.stop()

    assert "RUNNING" == left
    assert 0 == again.returncode, again.stderr
    assert BEFORE_RESTARTS + ["restart"] * len(RESTARTS) == kinds(simulator.control.ledger())
    assert RESTARTS == restarts(simulator.control.ledger())
    assert 2 == nothing.returncode
    assert "has ended as Completed" in nothing.stderr


def test_recover_knows_its_runs(ground):
    """A run that the server does not know is a user's mistake: one sentence, exit code 2."""
    unknown = ground.command("deployments.recover", "00000000-0000-4000-8000-000000000000")
    nonsense = ground.command("deployments.recover", "nonsense")

    assert (2, 2) == (unknown.returncode, nonsense.returncode)
    assert "has no run" in unknown.stderr
    assert "Traceback" not in unknown.stderr + nonsense.stderr
