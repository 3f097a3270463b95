"""`python -m deployments.recover`: only what is dead goes on elsewhere, and what wakes up later does nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployments.rehearsal.ground import Ground
from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator, until
from tests.procedure.cable import Cable
from tests.procedure.stage import (
    BEFORE_RESTARTS,
    LOOK_EVERY,
    NEVER,
    PUBLISHER,
    RESTARTS,
    SIGNED_ON_RESTARTS,
    SUBSCRIBER,
    UNDISTURBED,
    WORKS,
    Followed,
    Run,
    begun,
    flow_process,
    kinds,
    lose_machine,
    processes_of,
    restarts,
    seen,
    started_unasked,
)

AWAY = 45  # seconds
SWORN = "Thea Tester: stopped by myself"


def begin(ground: Ground, simulator: Simulator, profile: Path, *gates: str) -> tuple[Followed, Run]:
    """A renewal with every answer, held at the login before the subscriber's first restart."""
    simulator.control.post("/ca", {"template": {"CiscoUC": {"approval": False}}})
    ground.apply(profile.parent)
    renew = Followed(ground, profile)
    run = Run(ground.api, renew.started())
    simulator.control.post(f"/nodes/{PUBLISHER}", {"cli_latency": 0.2})
    for gate in gates:
        run.comes_to(gate)
        run.answer("approve")
    until(lambda: "leaf-upload" in simulator.control.kinds() or run.not_over(), WORKS)
    hold_subscriber(simulator, run)
    return renew, run


def hold_subscriber(simulator: Simulator, run: Run) -> None:
    """Let the next login there wait; what the publisher does before takes its time."""
    hold(simulator, on=True)
    until(lambda: simulator.control.node(SUBSCRIBER)["held_sessions"] or run.not_over(), WORKS, LOOK_EVERY)


def hold(simulator: Simulator, *, on: bool) -> None:
    """Let the next login at the subscriber wait, or let go whoever waits there."""
    simulator.control.post("/faults", {"kind": "hold", "node": SUBSCRIBER, "on": on})


def recover(ground: Ground, run: Run, *more: str) -> subprocess.CompletedProcess[str]:
    """The command, to its end."""
    return ground.command("deployments.recover", run.id, *more)


@dataclass
class Stopped:
    """The process of a run that was stopped at a bad moment, whose run a newer one went on with."""

    ground: Ground
    simulator: Simulator
    run: Run
    old: int = 0

    def stop(self) -> None:
        """SIGSTOP to whatever process executes the run now."""
        self.old = flow_process(self.run.id)
        os.kill(self.old, signal.SIGSTOP)

    def replace(self) -> None:
        """Recovery, by somebody's word: the process that stands still lives."""
        done = recover(self.ground, self.run, "--sworn", SWORN)

        assert 0 == done.returncode, done.stderr

    def revive(self) -> None:
        """SIGCONT: it ends by itself, and neither the cluster, the CA nor the run's state know anything of it."""
        ledger, state = self.simulator.control.ledger(), self.run.state["id"]

        assert self.old in processes_of(self.run.id)

        os.kill(self.old, signal.SIGCONT)
        until(lambda: self.old not in processes_of(self.run.id), WORKS, LOOK_EVERY)

        assert ledger == self.simulator.control.ledger()
        assert state == self.run.state["id"]


@pytest.fixture
def cable(simulator: Simulator) -> Iterator[Cable]:
    """Between the product and the CA."""
    cable = Cable(urlsplit(simulator.scene["ca"]["url"]).port or 0)
    yield cable
    cable.let_go()
    cable.unplug()


def test_revived_processes_do_nothing(ground, simulator, cable, tmp_path):
    """SIGSTOP, recovery, SIGCONT, before the submission, the leaf and a restart: what wakes up late changes nothing.

    The run ends well without it. Recovery refuses while a process lives, and names it; only somebody's word, which is
    kept, has the run go on.
    """
    control = simulator.control
    scene = {**simulator.scene, "ca": {**simulator.scene["ca"], "url": f"https://127.0.0.1:{cable.port}/certsrv/"}}
    profile = started_unasked(write_profile(scene, tmp_path / "profiles", cluster="revived"))
    control.post("/ca", {"template": {"CiscoUC": {"approval": False}}})
    ground.apply(profile.parent)
    waits = threading.Event()
    cable.hold_answers_when(lambda: "csr" in control.kinds() and not waits.set())
    run = begun(ground, "revived")
    stopped = Stopped(ground, simulator, run)

    # Before the submission: the CA was asked for its pages, and nothing more.
    until(lambda: waits.is_set() or run.not_over(), WORKS)
    stopped.stop()
    cable.let_go()
    stopped.replace()
    run.comes_to("activate", 2 * WORKS)
    stopped.revive()

    # Before the leaf: in the last look.
    control.post(f"/nodes/{PUBLISHER}", {"cli_latency": 0.2})
    run.answer("approve")
    until(lambda: control.kinds().count("trust-upload") == 2 or run.not_over(), WORKS)
    hold_subscriber(simulator, run)
    stopped.stop()
    hold(simulator, on=False)
    stopped.replace()
    until(lambda: "leaf-upload" in control.kinds() or run.not_over(), 2 * WORKS)
    hold_subscriber(simulator, run)
    stopped.revive()

    # Before a restart: the successor of the second is the third.
    stopped.stop()
    refused = recover(ground, run)
    stopped.replace()
    run.completes(2 * WORKS)
    hold(simulator, on=False)
    stopped.revive()

    assert 1 == refused.returncode
    assert str(stopped.old) in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert BEFORE_RESTARTS + ["restart"] * len(RESTARTS) == kinds(control.ledger())
    assert RESTARTS == restarts(control.ledger())


def test_lost_machine_is_recovered(new_ground, simulator, tmp_path):
    """Worker and flow killed together: the run says Running until it is recovered, then a new worker goes on.

    Its home is empty; the ledger is that of an undisturbed renewal, and single sign-on and services end as they were.
    """
    simulator.control.post("/cluster", {"sso": "enabled"})
    before = seen(simulator)
    ground = new_ground("lost", attend_every=NEVER)
    try:
        ground.start_server()

        profile = started_unasked(write_profile(simulator.scene, tmp_path / "profiles"))
        ground.apply(profile.parent)
        ground.start_worker()
        renew, run = begin(ground, simulator, profile, "activate", "sso-off")
        lose_machine(ground, "worker")
        hold(simulator, on=False)
        left = run.state["type"]
        again = recover(ground, run)
        ground.programs.environment["PREFECT_HOME"] = str(tmp_path / "empty")
        ground.start_worker()
        run.comes_to("sso-on", 2 * WORKS)
        simulator.control.post("/cluster", {"sso": "enabled"})
        run.answer("approve")
        run.completes(2 * WORKS)
        renew.kill()
        nothing = recover(ground, run)
    finally:
        ground.stop()

    assert "RUNNING" == left
    assert 0 == again.returncode, again.stderr
    assert UNDISTURBED == kinds(simulator.control.ledger())
    assert SIGNED_ON_RESTARTS == restarts(simulator.control.ledger())
    assert before == seen(simulator)
    assert 2 == nothing.returncode
    assert "has ended as Completed" in nothing.stderr


def test_server_lost_between_restarts(new_ground, simulator, tmp_path):
    """The server killed in the middle of the restarts and away for 45 s: the run ends well, each thing done once.

    Single sign-on and services are as in the baseline. Where the run's process did not outlive it, it is recovered.
    """
    ground = new_ground("away", attend_every=NEVER)
    simulator.control.post("/cluster", {"sso": "enabled"})
    before = seen(simulator)
    try:
        ground.start_server()
        profile = started_unasked(write_profile(simulator.scene, tmp_path / "profiles"))
        ground.apply(profile.parent)
        ground.start_worker()
        renew, run = begin(ground, simulator, profile, "activate", "sso-off")
        lose_machine(ground, "server")
        back = time.monotonic() + AWAY
        hold(simulator, on=False)
        until(lambda: time.monotonic() > back, 2 * AWAY, 1)
        ground.start_server()
        until(lambda: run.waits_at("sso-on") or not processes_of(run.id), 2 * WORKS, LOOK_EVERY)
        if not run.waits_at("sso-on"):
            again = recover(ground, run)

            assert 0 == again.returncode, again.stderr
        run.comes_to("sso-on", 2 * WORKS)
        simulator.control.post("/cluster", {"sso": "enabled"})
        run.answer("approve")
        run.completes(2 * WORKS)
        code = renew.ended()
    finally:
        ground.stop()

    assert 0 == code
    assert UNDISTURBED == kinds(simulator.control.ledger())
    assert SIGNED_ON_RESTARTS == restarts(simulator.control.ledger())
    assert before == seen(simulator)


def test_recover_knows_its_runs(ground):
    """A run that the server does not know is a user's mistake: one sentence, exit code 2."""
    unknown = ground.command("deployments.recover", "00000000-0000-4000-8000-000000000000")
    nonsense = ground.command("deployments.recover", "nonsense")

    assert (2, 2) == (unknown.returncode, nonsense.returncode)
    assert "has no run" in unknown.stderr
    assert "Traceback" not in unknown.stderr + nonsense.stderr
