"""The CallManager path walked step by step on simulated phones: a real site, the record in memory, no Prefect.

A person answers as the gates note it down, and tries nothing on a phone before saying yes: what loses phones here
would lose them where people are careless.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator
from tests.procedure.lives import PUBLISHER, SUBSCRIBER, scene_now
from tests.rules.memory_store import MemoryStore
from tests.simulator.phones import begin, phones, renew
from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.profile import load_profile
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import ctl, interlocking, phone_restarts, phones_back, phones_trust
from ucrenew.steps.phones_trust import Moment
from ucrenew.steps.planning import draw_up_plan
from ucrenew.steps.survey import survey

TVS = "TVS"
LIMITS = "\n[limits]\nphones_watch = 0\nphones_back = 1\n"


class PhonesWalked:
    """One cluster with its phones, before the change of what they trust."""

    def __init__(self, simulator: Simulator, folder: Path, *groups: dict[str, Any], **told: Any) -> None:
        self.control, self.simulator = simulator.control, simulator
        begin(simulator, *groups, **{"signed_by": "tokenless", **told})
        self.path = write_profile(scene_now(simulator), folder)
        self.path.write_text(self.path.read_text() + LIMITS)
        self.store = MemoryStore()
        self.record = Record(self.store, "ucrenew-lab-callmanager-1", self.now)
        self.waited = 0.0
        self.clocks_agree = False  # whether time passes on the cluster too
        self.lines: list[str] = []
        self.site = Site(load_profile(self.path), str, self.lines.append, self._wait, self.now)
        facts = survey(self.site, Purpose.CALLMANAGER)
        self.baseline = baseline_of(facts)
        self.record.note(Kind.BASELINE, self.baseline.model_dump(mode="json"))
        self.plan = draw_up_plan(self.site.profile, Purpose.CALLMANAGER, self.baseline, self.baseline)
        assert facts.phones is not None
        self.seen: PhoneFacts = facts.phones
        self.control.forget()

    # --- the path, line by line as in flows/callmanager.py

    def before_signing(self) -> None:
        """A yes to the first question."""
        self.yes(phones_trust.ask_before(self.record, self.plan, self.seen, Moment.SIGNING))

    def before_leaf(self) -> None:
        """A yes to the second one, and the interlock."""
        self.yes(phones_trust.ask_before(self.record, self.plan, self.seen, Moment.LEAF))
        assert self.interlock() is None

    def interlock(self, *earlier: Any) -> Question | None:
        """Whether the certificate may be changed now."""
        return interlocking.hold_interlock(self.site, self.record, self.plan, self.baseline, earlier)

    def leaf(self) -> x509.Certificate:
        """The certificate, installed by hand on the publisher's API."""
        self.installed = renew(self.simulator)
        self.record.note(Kind.LEAF_INTENT, {"fingerprint": fingerprint(self.installed), "plan": self.plan.digest})
        self.record.note(Kind.LEAF_SEEN)
        return self.installed

    def ctl(self) -> Question | None:
        """The CTL, after the certificate."""
        mode = self.baseline.phones.mode if self.baseline.phones else None
        return ctl.ensure_ctl(self.site, self.record, self.plan, self.installed, mode)

    def restarts(self) -> Question | None:
        """All groups, or a question."""
        return phone_restarts.ensure_restarted(self.site, self.record, self.plan, self.installed)

    def watch(self) -> Question | None:
        """The end."""
        return phones_back.watch(self.site, self.record, self.plan)

    def after(self) -> Question | None:
        """The proof."""
        return phones_trust.ask_after(self.site, self.record, self.plan, self.installed)

    def limit(self, line: str) -> None:
        """Another limit in the profile."""
        name = line.partition(" ")[0]
        kept = [one for one in self.path.read_text().splitlines() if not one.startswith(f"{name} ")]
        self.path.write_text("\n".join([*kept, line, ""]))
        self.site.profile = load_profile(self.path)

    def only_looks(self) -> None:
        """A person does everything that changes something."""
        self.path.write_text('actuator = "person"\n' + self.path.read_text())
        self.site.profile = load_profile(self.path)

    # --- people

    def yes(self, question: Question | None) -> None:
        """Said without a look at any phone."""
        assert question is not None
        value = {"gate": question.gate, "matter": question.matter, "digest": self.plan.digest, "run": "r"}
        about = f"{question.gate}-{len(self.record.facts(Kind.ASKED))}"
        self.record.note(Kind.ASKED, value, about=about)
        self.record.note(Kind.ANSWER, {**value, "decision": "approve", "name": "Olga", "remark": ""}, about=about)

    def regenerate(self, purpose: str, *nodes: str) -> None:
        """Somebody clicks on Regenerate."""
        for node in nodes or (PUBLISHER, SUBSCRIBER):
            self.control.post("/certificates/regenerate", {"node": node, "purpose": purpose})

    # --- what is there

    def now(self) -> datetime:
        """The clock: what is waited for passes in a moment."""
        return datetime.now(UTC) + timedelta(seconds=self.waited)

    def _wait(self, seconds: float) -> None:
        self.waited += seconds
        if self.clocks_agree:
            self.control.post("/cluster", {"clock_offset": self.waited})
        threading.Event().wait(0.02)

    @property
    def lost(self) -> int:
        """Phones that trust nothing any more, by the simulator's own word."""
        return int(phones(self.simulator)["lost"])

    def registered(self) -> int:
        """Phones that are registered, by the simulator's own word."""
        return int(phones(self.simulator)["registered"])

    def restarted(self) -> list[tuple[str, str]]:
        """Every restart in the ledger."""
        return [(entry["node"], entry["service"]) for entry in self.control.ledger() if entry["kind"] == "restart"]

    def gates(self) -> list[Gate]:
        """Every gate that was answered, in order."""
        return [Gate(fact.value["gate"]) for fact in self.record.facts(Kind.ANSWER)]
