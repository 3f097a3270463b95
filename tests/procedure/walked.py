"""Steps walked by themselves on a simulated cluster: a real site, the record in memory, no Prefect (design.md §1).

What Prefect adds (lives, questions that suspend a run) is in the tests with Lives; here each step is called as a task
calls it, and a person answers as the gates note it down.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509 as crypto

from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator
from tests.procedure.lives import scene_now
from tests.rules.memory_store import MemoryStore
from tests.simulator.walk import Shell, TestCa
from ucrenew.clients.certmgr import CsrWish
from ucrenew.domain.baseline import Baseline, baseline_of
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan, Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.profile import load_profile
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import services, witness
from ucrenew.steps.planning import draw_up_plan
from ucrenew.steps.restart import ensure_restarted
from ucrenew.steps.survey import survey

# How long things are given is a setting of the steps; here what stays down stays down for ever.
QUICK = {
    (services, "RESTS"): timedelta(seconds=0.2),
    (services, "LOOKS_EVERY"): 0.1,
    (witness, "TAKES_EFFECT"): timedelta(seconds=0.2),
    (witness, "ANSWERS"): timedelta(seconds=0.2),
}


def now() -> datetime:
    """The clock of the steps."""
    return datetime.now(UTC)


class Walked:
    """One cluster of one test: its site, its record, its baseline, and a leaf that is installed or not."""

    def __init__(
        self, simulator: Simulator, folder: Path, patch: pytest.MonkeyPatch, baseline: Baseline | None = None
    ) -> None:
        for (module, name), value in QUICK.items():
            patch.setattr(module, name, value)
        self.patch = patch
        self.simulator, self.control = simulator, simulator.control
        self.path = write_profile(scene_now(simulator), folder)
        self.record = Record(MemoryStore(), "ucrenew-lab-tomcat-1", now)
        self.lines: list[str] = []
        self.leaf: crypto.Certificate = TestCa().root
        self.leaves: frozenset[str] = frozenset()
        self.baseline = baseline or baseline_of(survey(self.site, Purpose.TOMCAT))
        self.acts: list[tuple[str, Any]] = []  # what happens to the cluster as soon as this is said

    @property
    def site(self) -> Site:
        """A site as a new task opens it."""
        return Site(
            load_profile(self.path),
            read_block=str,
            say=self._hear,
            wait=threading.Event().wait,
            clock=now,
            installed_leaves=self.leaves,
        )

    def _hear(self, line: str) -> None:
        self.lines.append(line)
        for words, act in self.acts:
            if words in line:
                act()

    def said(self, *words: str) -> list[str]:
        """The lines that hold all these words."""
        return [line for line in self.lines if all(word in line for word in words)]

    def served(self, node: str) -> str:
        """The fingerprint of what a node's Tomcat serves, by the simulator's own word."""
        return str(self.control.node(node)["identity"]["tomcat"]["running"])

    def give_up_soon(self) -> None:
        """Let what takes long take too long: for tests in which it never comes."""
        self.patch.setattr(services, "COMES_BACK", timedelta(seconds=1))

    def edit(self, old: str, new: str) -> None:
        """Change the profile's text."""
        text = self.path.read_text()
        assert old in text
        self.path.write_text(text.replace(old, new, 1))

    def append(self, text: str) -> None:
        """Write more tables into the profile."""
        self.path.write_text(self.path.read_text() + text)

    def without_application(self) -> None:
        """Take the application user out of the profile: Control Center cannot be asked."""
        text = self.path.read_text()
        head, mark, tail = text.partition("[accounts.application]")
        assert mark
        self.path.write_text(head + tail[tail.index("\n[") :])

    def plan(self, *restarts: tuple[str, str]) -> Plan:
        """The plan, with these restarts in place of all."""
        drawn = draw_up_plan(self.site.profile, Purpose.TOMCAT, self.baseline, self.baseline)
        return replace(drawn, restarts=tuple(Restart(*one) for one in restarts)) if restarts else drawn

    def install(self) -> None:
        """A new leaf on every node, which none serves yet."""
        rest, ca = self.site.rest(self.site.profile.publisher), TestCa()
        wish = CsrWish("tomcat", "multi-server", self.baseline.publisher.name, "rsa", 2048, "sha256")
        self.leaf = ca.sign(rest.generate_csr(wish))
        for issuer in (ca.root, ca.intermediate):
            rest.upload_trust("tomcat", issuer, description="a test's")
        rest.upload_identity("tomcat", [self.leaf])
        self.leaves = frozenset({fingerprint(self.leaf)})
        self.control.forget()

    def restarted(self, *restarts: tuple[str, str]) -> Question | None:
        """The step as a task calls it."""
        return ensure_restarted(self.site, self.record, self.plan(*restarts), self.leaf)

    def brought_up(self) -> Question | None:
        """The other one."""
        return services.ensure_up(self.site, self.record, self.plan(), self.baseline)

    def intend(self, node: str, service: str) -> None:
        """An earlier life noted that it was about to restart this, and died."""
        self.record.note(Kind.RESTART_INTENT, {}, about=f"{node} {service}")

    def done(self) -> list[str]:
        """What the record has as restarted, in order."""
        return [fact.about for fact in self.record.facts(Kind.RESTART_DONE)]

    def calls(self, *kinds: str) -> list[tuple[str, str, str, str]]:
        """Kind, node, service and account of every call in the ledger, or of these kinds."""
        return [
            (entry["kind"], entry["node"], entry.get("service", ""), entry["from"])
            for entry in self.control.ledger()
            if not kinds or entry["kind"] in kinds
        ]

    def fault(self, kind: str, node: str, **more: object) -> None:
        """Let something go wrong on a node."""
        self.control.post("/faults", {"kind": kind, "node": node, "on": True, **more})

    def bend(self, node: str, **told: object) -> None:
        """Change a node behind everybody's back."""
        self.control.post(f"/nodes/{node}", told)

    def by_hand(self, node: str, *commands: str) -> None:
        """A person gives these commands on a node."""
        shell = Shell(self.simulator, node.partition(".")[0], account=self.simulator.scene["people"]["person"]).start()
        for command in commands:
            shell.ask(command)
        shell.close()

    def ask(self, question: Question) -> None:
        """Note that it was asked, as the gates do."""
        value = {"gate": question.gate, "digest": "d", "matter": question.matter, "run": "r"}
        self.record.note(Kind.ASKED, value, about=question.matter)

    def answer(self, question: Question) -> None:
        """A person says that it is done."""
        value = {"gate": question.gate, "digest": "d", "matter": question.matter, "decision": "approve"}
        self.record.note(Kind.ANSWER, {**value, "name": "Olga Operator", "remark": ""}, about=question.matter)
