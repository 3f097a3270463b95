"""SIGKILL between every two steps of the CallManager path and after every answer; retried by each button in turn.

A CTL that a token signs and a phone that is unplugged bring in every gate. Judged by the simulator's own ledger.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest
from prefect.states import Crashed

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from tests.procedure.lives import PUBLISHER, SUBSCRIBER, YES, Lives
from tests.procedure.mortal import KILLED, Mortals
from tests.procedure.stage import WORKS, Run
from tests.simulator.phones import begin, listed, phones
from ucrenew.domain.gate import Gate

QUICK = "\n[limits]\nphones_watch = 0\nphones_back = 0.02\n"
TVS = "Cisco Trust Verification Service"
# D217138 for release 14 (cucm.md §4.2), HAProxy by the Security Guide 14.
RESTARTS = [
    (node, service)
    for service in (TVS, "Cisco Tftp", "Cisco CallManager", "Cisco CTIManager", "Cisco HAProxy")
    for node in (PUBLISHER, SUBSCRIBER)
]
BEFORE_SIGNING, PATH = "callmanager-before-signing", "callmanager"
STEPS = {BEFORE_SIGNING: 3, PATH: 13}  # as many as flows/callmanager.py has lines that do something
# Within the restarts: after an intent, between two groups, after a restart that is done.
NOTES = (f"restart-intent {PUBLISHER} {TVS}", "phones-back Cisco Tftp", f"restart-done {SUBSCRIBER} Cisco CallManager")


class Doomed:
    """One renewal that is killed over and over."""

    def __init__(self, life: Lives, mortals: Mortals, ground: Ground) -> None:
        self.life, self.mortals, self.ground = life, mortals, ground
        self.run = Run(ground.api, str(life.runs[-1]))
        self.deaths: list[str] = []
        self.asked: list[str] = []
        # The command is a process of its own each time; the buttons are one request.
        self._ways: Iterator[Callable[[], str]] = cycle((self._command, *(self._v2, self._v1, self._rest) * 4))

    def until_killed(self, moment: str, **deadly: Any) -> None:
        """Live on, say yes at every question and die of that, too, until this moment has killed it."""
        while self.mortals.live(self.run.id, **deadly) != KILLED:
            if self.run.state["name"] != "Suspended":
                pytest.fail(f"nothing killed it {moment}: {self.run.state['message']}")
            self.answer()
        self.retried(moment)

    def answer(self) -> None:
        """A yes to the open question, what a person does first, and a death as soon as the yes is noted."""
        key = self.life.key
        self.asked.append(key)
        if key.startswith(f"{Gate.CTL}-"):
            self.life.control.post("/ctl/client", {"account": "Ida"})
        assert self.life.answer(YES) == "ACCEPT"
        assert self.mortals.live(self.run.id, note="answer") == KILLED
        self.retried(f"after the answer to {key}")

    def retried(self, moment: str) -> None:
        """As the worker says that the process is gone, and then by the next way to retry."""
        self.life.client.set_flow_run_state(self.life.runs[-1], Crashed(), force=True)
        said = next(self._ways)()
        self.deaths.append(f"{moment}: {said}")
        assert said.endswith("ACCEPT"), self.deaths

    def _v2(self) -> str:
        return "V2 " + self.run.schedule_again(force=True)

    def _v1(self) -> str:
        return "V1 " + self.run.schedule_again(force=False)

    def _rest(self) -> str:
        return "REST " + self.run.schedule_again("Scheduled", force=False)

    def _command(self) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", "flow-run", "retry", self.run.id],
            env=self.ground.programs.environment, cwd=ROOT, capture_output=True, text=True, timeout=WORKS, check=False,
        )  # fmt: skip
        return "command " + (done.stdout + done.stderr if done.returncode else "ACCEPT")


@pytest.fixture(scope="module")
def killed(module_lives, standing, server: Ground) -> Iterator[Doomed]:
    """One renewal through all deaths, to its end."""
    standing.control.post("/cluster", {"version": "14.0.1.12900-161"})
    begin(standing, security_mode=1, signed_by="token")
    life = module_lives(standing, QUICK, purposes=["CallManager"])
    life.ca_issues_at_once()
    life.before = {phone["name"] for phone in listed(standing) if phone["registered"]}
    life.unplugged = min(phone["name"] for phone in listed(standing) if phone["registered"] and not phone["secure"])
    life.start(force=True)
    mortals = Mortals(server, life.profile.parent)
    try:
        doomed = Doomed(life, mortals, server)
        for flow, steps in STEPS.items():
            for number in range(1, steps + 1):
                if (flow, number) == (PATH, 10):  # the restarts come next
                    life.control.post(f"/phones/{life.unplugged}", {"power": "off"})
                    for note in NOTES:
                        doomed.until_killed(f"after {note}", note=note)
                doomed.until_killed(f"after step {number} of {flow}", step=(flow, number))
        while mortals.live(doomed.run.id) == 0 and doomed.run.state["name"] == "Suspended":
            doomed.answer()
        yield doomed
    finally:
        mortals.end()


def test_nothing_happened_twice(killed):
    """S21-S26: one request, one submission, one certificate, one CTL, each restart once and in order."""
    kinds = killed.life.control.kinds()

    assert "COMPLETED" == killed.run.state["type"], killed.run.state["message"]
    assert len(killed.deaths) > sum(STEPS.values()) + len(NOTES)
    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload", "ctl-update", *["restart"] * 10] == kinds
    assert RESTARTS == killed.life.restarts()


def test_every_gate_was_asked_once(killed):
    """S23, S25, S26: killed before and after each question, no gate passed without a yes, and none was asked twice."""
    answered = [answer["gate"] for answer in killed.life.evidence()["answers"]]

    assert [
        "start", "phones-trust", "activate", "phones-trust", "ctl", "phones-back", "phones-trust",
    ] == answered  # fmt: skip
    assert len(killed.asked) == len(answered)


def test_phones_are_well(killed):
    """S26: no phone was lost on the way, and all are back but the one that was unplugged, which is named."""
    after = {phone["name"] for phone in listed(killed.life.simulator) if phone["registered"]}

    assert {killed.life.unplugged} == killed.life.before - after
    assert 0 == phones(killed.life.simulator)["lost"]
    assert [killed.life.unplugged] == killed.life.evidence()["phones_missing"]
