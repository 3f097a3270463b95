"""The steps of one renewal, called one by one over real sockets and without Prefect; people answer by a note."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from deployments.rehearsal.scene import write_profile
from tests.conftest import Simulator
from tests.procedure.lives import scene_now
from tests.rules.memory_store import MemoryStore
from tests.simulator.walk import Rest, TestCa
from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.gate import Question
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import parse_csr, pem
from ucrenew.profile import load_profile
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import csr, leaf, signing, trust
from ucrenew.steps.planning import draw_up_plan
from ucrenew.steps.survey import survey

_GLANCE = 0.05


class Bench:
    """One renewal after the first question, and the person who helps."""

    def __init__(
        self, simulator: Simulator, folder: Path, append: str = "", *, looks: bool = True, fan_out: float = 0.2
    ) -> None:
        path = write_profile(scene_now(simulator), folder)
        path.write_text(f"{path.read_text()}\n[limits]\nfan_out = {fan_out}\n{append}")
        self.simulator, self.control = simulator, simulator.control
        self.before_acting: Callable[[], object] = lambda: None
        self.said: list[str] = []
        self.waited = self.acts = 0.0
        self.path = path
        self.site = self.opened()
        self.store = MemoryStore()
        self.record = Record(self.store, "lab", self._now)
        self.ca = TestCa()
        self.chain: tuple[x509.Certificate, ...] = (self.ca.root, self.ca.intermediate)
        if looks:
            self.look()
        self.control.forget()

    def opened(self) -> Site:
        """The site as a task opens it."""
        return Site(load_profile(self.path), str, self.said.append, self._wait, self._now, self._fence)

    def look(self) -> None:
        """What was before the first change, and the plan."""
        self.baseline = baseline_of(survey(self.site, Purpose.TOMCAT))
        self.plan = draw_up_plan(self.site.profile, Purpose.TOMCAT, self.baseline, self.baseline)

    # --- what the tasks call

    def ensure_csr(self) -> x509.CertificateSigningRequest | Question:
        """The request, or a question."""
        return csr.ensure_csr(self.site, self.record, self.plan, self.baseline)

    def ensure_submitted(self, request: x509.CertificateSigningRequest) -> Any:
        """What the CA says of it, or a question."""
        return signing.ensure_submitted(self.site, self.record, self.plan, request)

    def ensure_trust(self, certificate: x509.Certificate) -> Question | None:
        """None once the chain is everywhere."""
        return trust.ensure_trust(self.site, self.record, self.plan, certificate, self.chain)

    def ensure_leaf(self, request: x509.CertificateSigningRequest, certificate: x509.Certificate) -> Question | None:
        """None once the certificate is everywhere."""
        return leaf.ensure_leaf(self.site, self.record, self.plan, request, certificate, self.chain)

    # --- people

    def hand(self, host: str = "cs-ccm-pub") -> Rest:
        """A person at the certificate pages of a node."""
        node, ca = self.simulator.node(host), self.simulator.scene["ca"]
        presented = self.site.presented(self.site.profile.entry(node["name"]), node["https_port"])
        trusted = pem(presented) + ca["root"] + ca["intermediate"]
        return Rest(self.simulator, host, more_anchors=trusted, account=self.simulator.scene["people"]["person"])

    def generate(self, **told: object) -> x509.CertificateSigningRequest:
        """The request that a person generates, as planned but for what the test says."""
        return parse_csr(self.hand().csr(**{"commonName": self.plan.common_name, **told}).json["csr"])

    def say_done(self, question: Question | Any, **form: object) -> None:
        """A yes to this question."""
        value = {"gate": question.gate, "matter": question.matter, "digest": self.plan.digest, "decision": "approve"}
        self.record.note(Kind.ANSWER, {**value, **form}, about=f"{question.gate}-{question.matter}")

    # --- what is there

    def calls(self) -> list[tuple[str, str, bool]]:
        """Kind, account and whether it was refused, of every call that would change something."""
        return [(entry["kind"], entry["from"], "refused" in entry) for entry in self.control.ledger()]

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.waited)

    def _wait(self, seconds: float) -> None:
        """Hours pass in a moment, in which the simulator's own threads do theirs."""
        self.waited += seconds
        threading.Event().wait(_GLANCE)

    def _fence(self) -> None:
        self.acts += 1
        self.before_acting()
