"""A renewal in which one thing after the other fails: the steps in the order of flows/renew.py, without Prefect.

What Prefect's engine adds is done here too: a step is tried again after Transient, a question or a denial ends the
walk, and a request that is pending waits for the CA's officer. Each fault that stops the renewal is put right as a
person would, and the same renewal goes on to the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tasks.failing import progress_of
from tasks.installing import upload_certificate
from tests.conftest import Simulator, bend_back, lent
from tests.procedure import faults_page
from tests.procedure.bench import Bench
from tests.procedure.faults import WAITS, End, Fault, Seen, bend, complaints
from tests.procedure.lives import ISSUING_CA, ROOT_CA
from ucrenew.clients.certsrv import Denied, Issued, Pending
from ucrenew.domain.before_leaf import BeforeLeafFacts, check_before_leaf
from ucrenew.domain.failure import last_sentence, next_step
from ucrenew.domain.finding import refusals
from ucrenew.domain.gate import Question
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import NeedsPerson, Transient, Trouble
from ucrenew.record import Fact, Kind
from ucrenew.steps import csr, ctl, leaf, phone_restarts, proof, restart, services, signing, sso, witness
from ucrenew.steps.survey import survey

RETRIES = upload_certificate.retries
# How long things are given is a setting of the steps; here nothing is slow, and what does not come never comes.
QUICK = {
    (csr, "FAN_OUT"): timedelta(seconds=2),
    (ctl, "SETTLES"): timedelta(seconds=10),
    (phone_restarts, "SETTLES"): timedelta(seconds=20),
    (csr, "SETTLES"): timedelta(seconds=3),
    (leaf, "UPLOAD"): timedelta(seconds=3),
    (services, "COMES_BACK"): timedelta(seconds=60),
    (services, "RESTS"): timedelta(seconds=6),
    (witness, "TAKES_EFFECT"): timedelta(seconds=4),
    (witness, "ANSWERS"): timedelta(seconds=7),
}
# As they are said, and as they are.
SHORTENED = {str(quick): str(getattr(module, name)) for (module, name), quick in QUICK.items()}

# A CA that issues at once.
HONEST = {
    "profile": "honest",
    "reachable": True,
    "service_running": True,
    "template": {"CiscoUC": {"approval": False}},
}

_Done = TypeVar("_Done")


class _Ended(Exception):
    def __init__(self, how: str, says: str, question: Question | None = None) -> None:
        super().__init__(says)
        self.end = End(how, says, question)


class Drill(Bench):
    """One cluster and one renewal."""

    def __init__(self, simulator: Simulator, folder: Path, append: str = "") -> None:
        super().__init__(simulator, folder, append, looks=False, fan_out=0.05)
        self._waits_for: Fault | None = None
        kept = self.store.append

        def append_and_bend(key: str, fact: Fact) -> None:
            kept(key, fact)
            if self._waits_for is not None and self._waits_for.at in {(fact.kind, fact.about), (fact.kind, "")}:
                self._bend(self._waits_for)

        self.store.append = append_and_bend  # type: ignore[method-assign]

    def set(self, fault: Fault) -> None:
        """Let it happen now, or when its moment comes."""
        if fault.at is None:
            self._bend(fault)
        else:
            self._waits_for = fault

    def unmet(self) -> Iterator[str]:
        """A complaint where the last fault never happened, or less often than it was told to."""
        if self._waits_for is not None:
            yield f"{self._waits_for}: its moment never came"
            self._waits_for = None
        for node in self.control.state()["nodes"]:
            yield from (f"{node['name']}: never happened: {one}" for one in node["set_faults"] if one["times"])

    def _bend(self, fault: Fault) -> None:
        self._waits_for = None
        for one in fault.bends:
            bend(self.control, one, self)

    # --- one life of a run

    def walk(self) -> End:
        """From the first line to the end."""
        try:
            self._renew()
        except _Ended as ended:
            return ended.end
        except Trouble as trouble:
            return End("stops", last_sentence(trouble))
        return End("renewed")

    def _renew(self) -> None:
        self._step(self._look_at_cluster)
        request = self._done(self.ensure_csr)
        self._step(lambda: csr.confirm_csr(self.site, self.record, self.plan, request))
        self.issued = issued = self._obtain(request)
        self.chain = self._step(lambda: signing.keep_issued(self.site, self.record, issued))
        self._done(lambda: self.ensure_trust(issued.certificate))
        self._switch_sso_off()
        self._step(lambda: self._look_before_leaf(request))
        self._done(lambda: self.ensure_leaf(request, issued.certificate))
        self._done(lambda: restart.ensure_restarted(self.site, self.record, self.plan, issued.certificate))
        self._done(lambda: services.ensure_up(self.site, self.record, self.plan, self.baseline))
        self._step(lambda: proof.prove(self.site, self.plan, self.baseline, issued.certificate, self.chain))
        self._see_sso_on()

    def _look_at_cluster(self) -> None:
        if leaf.has_arrived(self.site, self.record):
            return
        known = self.record.fact(Kind.BASELINE) and self.baseline
        self.look()
        self.baseline = known or self.baseline  # read once (design.md §3)
        self.record.note_once(Kind.BASELINE, self.baseline.model_dump(mode="json"))
        self.record.note_once(Kind.PLAN, self.plan.document(), about=self.plan.digest)

    def _obtain(self, request: Any) -> Issued:
        outcome: Any = self._done(lambda: self.ensure_submitted(request))
        if isinstance(outcome, Pending):
            self.officer()
            outcome = self._done(lambda: self.ensure_submitted(request))
        if isinstance(outcome, Denied):
            raise _Ended("denied", str(outcome))
        if isinstance(outcome, Pending):
            raise _Ended(WAITS, f"request {outcome.request_id} is pending")
        return outcome

    def officer(self) -> None:
        """The click on Issue, where there is something to issue."""
        newest = self.control.get("/requests")[-1]
        if newest["status"] == "pending":
            self.control.post(f"/requests/{newest['id']}/issue")

    def _switch_sso_off(self) -> None:
        """With a yes to the question, where there is one."""
        outcome = self._step(lambda: sso.ensure_off(self.site, self.record, self.plan))
        if isinstance(outcome, Question):
            self.say_done(outcome)
            self._done(lambda: sso.ensure_off(self.site, self.record, self.plan))

    def _see_sso_on(self) -> None:
        """A person has switched it on again, wherever it was on."""
        for node in self.plan.sso_nodes:
            self.control.post(f"/nodes/{node}", {"sso": "enabled"})
        self._done(lambda: sso.ensure_on(self.site, self.record, self.plan))

    def _look_before_leaf(self, request: Any) -> None:
        if self.record.leaf_is_in:
            return
        facts = BeforeLeafFacts(survey(self.site, Purpose.TOMCAT), self.plan, request, self.chain)
        if found := refusals(check_before_leaf(facts)):
            raise NeedsPerson("; ".join(map(str, found)))

    # --- what the engine does

    def _done(self, do: Callable[[], _Done | Question]) -> _Done:
        outcome = self._step(do)
        if isinstance(outcome, Question):
            raise _Ended(f"asks at gate `{outcome.gate}`", outcome.text, outcome)
        return outcome

    def _step(self, do: Callable[[], _Done]) -> _Done:
        for tries in range(1, RETRIES + 2):
            self.site = self.opened()
            self.site.installed_leaves = frozenset(
                str(fact.value["fingerprint"]) for fact in self.record.facts(Kind.LEAF_INTENT)
            )
            try:
                return do()
            except Transient as trouble:
                if tries > RETRIES:
                    raise
                self.said.append(f"{trouble}; trying again, {tries} of {RETRIES}")
        raise AssertionError

    def wrong(self, end: End) -> Iterator[str]:  # noqa: ARG002 - for whoever knows more of its purpose
        """What must never be, beside what tests/procedure/faults.py finds."""
        yield from ()

    def advice(self) -> str:
        """What the report says to do next; while nothing was begun there is none."""
        if not self.record.facts(Kind.CSR_INTENT):
            return ""
        return next_step(self.plan, progress_of(self.record, self.plan))


@dataclass(frozen=True)
class Drilled:
    """What one renewal made of its faults, and how it ended when all were put right."""

    seen: tuple[Seen, ...]
    end: End
    lines: tuple[str, ...]  # of the last walk
    complaints: tuple[str, ...]  # what must never be, at any moment


def drilled(simulator: Simulator, folder: Path, faults: Sequence[Fault], make: Callable[..., Drill] = Drill) -> Drilled:
    """Let one renewal meet the faults in turn; each is put right before the next one comes."""
    with lent(simulator), quick():
        prepare(simulator)
        drill = make(simulator, folder, "".join({fault.limits for fault in faults}))
        before = simulator.control.state()
        seen = tuple(_met(drill, fault, before) for fault in faults)
        late = ("it was renewed before the last fault",) if any(one.end.how == "renewed" for one in seen[:-1]) else ()
        line = len(drill.said)
        end = seen[-1].end if faults and faults[-1].final else drill.walk()
        last = (
            () if end.how == "renewed" or (faults and faults[-1].final) else (f"at the end it {end.how}: {end.says}",)
        )
        lines = tuple(drill.said[line:])
        found = (*drill.wrong(end), *complaints(simulator, before, Fault("nothing more", "the end", ()), end, lines))
        return Drilled(seen, end, lines, (*(one for row in seen for one in row.complaints), *found, *last, *late))


def _met(drill: Drill, fault: Fault, before: Any) -> Seen:
    line = len(drill.said)
    drill.set(fault)
    end = drill.walk()
    lines = tuple(drill.said[line:])
    found = (*drill.unmet(), *drill.wrong(end), *complaints(drill.simulator, before, fault, end, lines))
    seen = Seen(fault, end, lines, drill.control.ledger(), drill.advice(), found)
    drill.control.post("/ca", HONEST)
    bend_back(drill.control, before)
    fault.person(drill, end)
    return seen


def prepare(simulator: Simulator) -> None:
    """An honest CA that issues at once, and stores without its chain, so that every renewal has to upload it."""
    simulator.control.post("/ca", HONEST)
    for node in simulator.control.state()["nodes"]:
        for entry in node["trust"]["tomcat-trust"]:
            if any(f"CN={name}," in entry["subject"] for name in (ROOT_CA, ISSUING_CA)):
                simulator.control.post(f"/nodes/{node['name']}", {"remove_trust": entry["fingerprint"]})


@contextmanager
def quick() -> Iterator[None]:
    """Give nothing long."""
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in QUICK.items():
            patch.setattr(module, name, value)
        yield


class Drills:
    """The drills of one module: each is held once, by whoever asks for it first."""

    def __init__(self, simulator: Simulator, folder: Callable[[], Path], make: Callable[..., Drill] = Drill) -> None:
        self._simulator, self._folder, self._make = simulator, folder, make
        self._held: dict[str, Drilled] = {}

    def of(self, name: str, faults: Sequence[Fault]) -> Drilled:
        """The drill of that name."""
        if name not in self._held:
            self._held[name] = drilled(self._simulator, self._folder(), faults, self._make)
        return self._held[name]

    def hold_the_page(self, title: str, named: Mapping[str, Sequence[Fault]]) -> None:
        """Compare a section of docs/faults.md with all of them; what an undisturbed renewal says is left out."""
        usual = (faults_page.plain(line, SHORTENED) for line in self.of("undisturbed", ()).lines)
        seen = [row for name, faults in named.items() for row in self.of(name, faults).seen]
        faults_page.hold(title, seen, usual, shortened=SHORTENED)
