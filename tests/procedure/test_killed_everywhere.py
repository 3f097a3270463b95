"""SIGKILL to the real process of a flow at every bad moment of one renewal, on a cluster with single sign-on (S3).

After each death the run goes on by another of the ways in which people and programs retry. What was done is judged by
the simulator's own ledger: at each death, and at the end against that of a renewal nobody disturbed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.scene import write_profile
from tests.conftest import Control, Simulator, until
from tests.procedure.cable import Cable
from tests.procedure.stage import (
    PUBLISHER,
    SIGNED_ON_RESTARTS,
    SUBSCRIBER,
    UNDISTURBED,
    WORKS,
    Run,
    begun,
    kill_now,
    kinds,
    lose_machine,
    processes_of,
    restarts,
    seen,
    started_unasked,
)

# What the worker says after its second report, and what a process says when it has told it that there is no crash.
CRASH_REPORTED = "prefect.flow_runs.worker - Check whether the flow run exceeded its memory allocation"
SAID_SUSPENDED = "Flow run 'killed-tomcat' - Finished in state Suspended"


@dataclass
class Death:
    """What there was when the process had died."""

    ledger: list[dict[str, Any]]
    facts: list[str]
    state: str


@dataclass
class Killed:
    """One renewal on its way through all deaths."""

    ground: Ground
    simulator: Simulator
    cable: Cable
    before: dict[str, Any]  # single sign-on and services, node by node
    run: Run = field(init=False)
    deaths: dict[str, Death] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the keys that it waited under, in order
    ended: dict[str, Any] = field(default_factory=dict)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def control(self) -> Control:
        """The hand behind the scene."""
        return self.simulator.control

    @property
    def facts(self) -> list[str]:
        """Kind and subject of everything that is in the record."""
        return self.run.facts("ucrenew-killed-tomcat-1")

    # --- to the bad moment

    def comes_to(self, gate: str) -> None:
        """Wait until the run waits there, and keep the key."""
        self.run.comes_to(gate, 2 * WORKS)
        self.asked.append(self.run.state["state_details"]["pause_key"])

    def has_done(self, kind: str, times: int = 1) -> None:
        """Wait until the ledger has so many of a kind."""
        until(lambda: self.control.kinds().count(kind) == times or self.run.not_over(), WORKS)

    def answers_late(self, path: str) -> None:
        """Have the publisher do the next such call at once, and answer when nobody listens any more."""
        slow = {"kind": "rest-slow", "node": PUBLISHER, "path": path, "method": "POST", "seconds": WORKS, "times": 1}
        self.control.post("/faults", {**slow, "on": True})

    def hold(self, node: str, *, on: bool) -> None:
        """Let the next CLI login at a node wait for its prompt, or let it have it."""
        self.control.post("/faults", {"kind": "hold", "node": node, "on": on})

    def is_held(self, node: str) -> None:
        """Wait until a login waits there."""
        until(lambda: self.control.node(node)["held_sessions"] or self.run.not_over(), WORKS)

    # --- the death

    def dies(self, moment: str) -> None:
        """SIGKILL; then wait until the worker has said its last word about this process.

        It reports a crash twice, and the second report would overwrite a retry made between them (prefect.md §3.7); the
        server keeps one state for both. Of a process that said before that the run is suspended it reports nothing.
        """
        for pid in processes_of(self.run.id):
            kill_now(pid)
        until(lambda: self._of_this_life(CRASH_REPORTED) or self._of_this_life(SAID_SUSPENDED), WORKS)
        until(lambda: self.run.state["name"] != "Running", WORKS)  # what is said and what is kept are two things
        self._bury(moment)

    def dies_with_worker(self, moment: str) -> None:
        """SIGKILL to the worker and whatever is left of the run; nobody reports anything."""
        lose_machine(self.ground, "worker")
        self._bury(moment)

    def _bury(self, moment: str) -> None:
        until(lambda: not processes_of(self.run.id), WORKS)
        self.deaths[moment] = Death(self.control.ledger(), self.facts, self.run.state["name"])

    def _of_this_life(self, words: str) -> bool:
        """Whether the worker's log has these words since it took the run last."""
        log = (self.ground.folder / "logs" / "worker.log").read_text(errors="replace")
        return words in log.rpartition(f"submitting flow run '{self.run.id}'")[2]

    # --- the ways to go on

    def retried_by_command(self) -> None:
        """`prefect flow-run retry`, which forces the state."""
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", "flow-run", "retry", self.run.id],
            env=self.ground.programs.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WORKS,
            check=False,
        )

        assert 0 == done.returncode, done.stdout + done.stderr

    def retried_in_v2(self) -> None:
        """The button of the default UI."""
        assert "ACCEPT" == self.run.schedule_again(force=True)

    def retried_in_v1(self) -> None:
        """The button of the other UI."""
        assert "ACCEPT" == self.run.schedule_again(force=False)

    def scheduled_by_rest(self) -> None:
        """What a script posts."""
        assert "ACCEPT" == self.run.schedule_again("Scheduled", force=False)

    def recovered(self) -> None:
        """Our own command."""
        done = self.ground.command("deployments.recover", self.run.id)

        assert 0 == done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def killed(ground: Ground, standing: Simulator, tmp_path_factory) -> Iterator[Killed]:
    """One renewal, killed at every bad moment in turn."""
    standing.control.post("/cluster", {"sso": "enabled"})
    url = standing.scene["ca"]["url"]
    cable = Cable(urlsplit(url).port or 0)
    scene = {**standing.scene, "ca": {**standing.scene["ca"], "url": f"https://127.0.0.1:{cable.port}/certsrv/"}}
    profile = started_unasked(write_profile(scene, tmp_path_factory.mktemp("killed"), cluster="killed"))
    ground.apply(profile.parent)
    killed = Killed(ground, standing, cable, before=seen(standing))
    try:
        to_the_ca(killed)
        to_the_leaf(killed)
        to_the_end(killed)
        yield killed
    finally:
        cable.let_go()
        cable.unplug()


def to_the_ca(killed: Killed) -> None:
    """Steps 1-4 and the signing, with a worker that is lost while the request is pending."""
    killed.answers_late("/csr")
    killed.run = begun(killed.ground, "killed")
    killed.has_done("csr")
    killed.dies("the request generated, not noted")
    killed.cable.hold_answers_when(lambda: "submit" in killed.control.kinds())
    killed.retried_by_command()
    killed.has_done("submit")
    killed.dies("submitted, the number not noted")
    killed.cable.let_go()
    killed.retried_in_v2()
    killed.comes_to("submission")
    killed.run.answer("approve", request_id=32)
    killed.comes_to("ca-pending-32")
    killed.dies_with_worker("while pending")
    killed.ground.start_worker()
    killed.control.post("/requests/32/issue")
    killed.run.wake()


def to_the_leaf(killed: Killed) -> None:
    """The second question, the CA's certificates, single sign-on off."""
    killed.comes_to("activate")
    killed.dies("a question open")
    killed.retried_in_v1()
    killed.comes_to("activate")
    until(lambda: not processes_of(killed.run.id), WORKS)  # the next one is that of the next life
    killed.run.answer("approve")
    until(lambda: processes_of(killed.run.id), WORKS)
    killed.dies("right after an answer")
    killed.scheduled_by_rest()
    killed.comes_to("sso-off")
    killed.run.answer("approve")
    killed.has_done("sso")
    # The last look begins at the publisher: slow enough there for the subscriber to be held in time.
    killed.control.post(f"/nodes/{PUBLISHER}", {"cli_latency": 0.2})
    killed.has_done("sso", times=3)
    killed.hold(SUBSCRIBER, on=True)
    killed.is_held(SUBSCRIBER)
    killed.dies("between trust and leaf")
    killed.hold(SUBSCRIBER, on=False)
    killed.control.post(f"/nodes/{PUBLISHER}", {"cli_latency": 0})
    killed.answers_late("/identity/certificates")
    killed.recovered()


def to_the_end(killed: Killed) -> None:
    """The leaf, the restarts, single sign-on on again."""
    killed.has_done("leaf-upload")
    killed.dies("after the leaf")
    # The next login there is the one for its first restart.
    killed.hold(SUBSCRIBER, on=True)
    killed.retried_in_v2()
    killed.is_held(SUBSCRIBER)
    killed.dies("between two restarts")
    killed.hold(SUBSCRIBER, on=False)
    killed.retried_in_v1()
    killed.comes_to("sso-on")
    killed.control.post("/cluster", {"sso": "enabled"})
    killed.run.answer("approve")
    killed.ended = killed.run.completes(2 * WORKS)
    killed.ledger, killed.after = killed.control.ledger(), seen(killed.simulator)


def test_ends_as_if_undisturbed(killed: Killed):
    """design.md §2: killed at eight moments, the renewal ends well, and the cluster saw each thing once, in order."""
    uploaded = [entry["subject"] for entry in killed.ledger if entry["kind"] == "trust-upload"]

    assert ("COMPLETED", "Completed") == (killed.ended["type"], killed.ended["name"])
    assert UNDISTURBED == kinds(killed.ledger)
    assert SIGNED_ON_RESTARTS == restarts(killed.ledger)
    assert [True, False] == ["Root" in subject for subject in uploaded]
    assert 8 == len(killed.deaths)


def test_all_is_as_before(killed: Killed):
    """S3, design.md §3: single sign-on is on again and every service up that was, on every node."""
    assert {"enabled"} == {sso for sso, _ in killed.after.values()}
    assert killed.before == killed.after


def test_deaths_are_reported(killed: Killed):
    """prefect.md §3.7: the worker reports each death but the one that it did not outlive; there the run waits on.

    Of a process whose run is suspended already it depends on the moment.
    """
    states = {moment: death.state for moment, death in killed.deaths.items()}

    assert "Suspended" == states.pop("while pending")
    assert states.pop("a question open") in {"Crashed", "Suspended"}
    assert {"Crashed"} == set(states.values())


def test_killed_after_generating(killed: Killed):
    """S7: killed when the request was generated and not noted, the next life adopts it; there is no second."""
    death = killed.deaths["the request generated, not noted"]

    assert ["csr"] == kinds(death.ledger)
    assert "csr-intent 1" in death.facts
    assert "csr" not in death.facts
    assert death.ledger[0]["fingerprint"] == killed.ledger[1]["fingerprint"]


def test_killed_after_submitting(killed: Killed):
    """S13: killed when the CA had the request and its number was not noted, the run asks for it and submits nothing."""
    death = killed.deaths["submitted, the number not noted"]

    assert ["csr", "submit"] == kinds(death.ledger)
    assert "submit-intent 1" in death.facts
    assert "request-id" not in death.facts
    assert killed.asked[0].startswith("submission-")
    assert [32] == [entry["request_id"] for entry in killed.ledger if entry["kind"] == "submit"]


def test_killed_while_pending(killed: Killed):
    """S14: the worker and what was left of the run killed while the CA decides, the run waits on; nothing is lost."""
    death = killed.deaths["while pending"]

    assert ["csr", "submit"] == kinds(death.ledger)
    assert killed.asked[1].startswith("ca-pending-32-")
    assert killed.asked[2].startswith("activate-")


def test_killed_with_a_question_open(killed: Killed):
    """design.md §4: killed with a question open, the run asks it once more under another key; nothing was uploaded."""
    death = killed.deaths["a question open"]
    first, second = killed.asked[2:4]

    assert ["csr", "submit"] == kinds(death.ledger)
    assert second.startswith("activate-")
    assert first != second


def test_killed_right_after_an_answer(killed: Killed):
    """design.md §4: killed as soon as the answer has brought it back, the run finds the answer and asks no more."""
    death = killed.deaths["right after an answer"]

    assert ["csr", "submit"] == kinds(death.ledger)
    assert ["activate", "activate", "sso", "sso"] == [key.partition("-")[0] for key in killed.asked[2:]]


def test_killed_before_the_leaf(killed: Killed):
    """S15, S3: killed in the last look, the next life uploads no CA certificate and switches nothing off once more."""
    assert UNDISTURBED[:7] == kinds(killed.deaths["between trust and leaf"].ledger)


def test_killed_after_the_leaf(killed: Killed):
    """S17: killed when the leaf was uploaded and the answer had not come, the next life only confirms it."""
    assert UNDISTURBED[:8] == kinds(killed.deaths["after the leaf"].ledger)


def test_killed_between_two_restarts(killed: Killed):
    """S19: killed between the publisher's last restart and the subscriber's first, none is done twice."""
    death = killed.deaths["between two restarts"]

    assert SIGNED_ON_RESTARTS[:6] == restarts(death.ledger)
    assert [f"restart-done {node} {service}" for node, service in SIGNED_ON_RESTARTS[:6]] == [
        fact for fact in death.facts if fact.startswith("restart-done")
    ]
    assert 6 == len([fact for fact in death.facts if fact.startswith("restart-intent")])
