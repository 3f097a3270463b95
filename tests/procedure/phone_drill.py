"""A renewal of CallManager in which one thing after the other fails: the steps in the order of flows/callmanager.py.

The cluster is in mixed mode and signs its CTL itself; ten of twenty phones are secure, and all of them are on. People
say yes where they are asked whether phones trust the cluster, without a look at any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tasks.failing import _state
from tests.conftest import Simulator
from tests.procedure.drill import Drill
from tests.procedure.faults import End
from tests.simulator.phones import PAIR, begin, phones
from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.gate import Question
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.record import Kind
from ucrenew.steps import csr, ctl, interlocking, last_look, phone_restarts, phones_back, phones_trust, services
from ucrenew.steps.planning import draw_up_plan
from ucrenew.steps.survey import survey

PHONES = {**PAIR, "offline": 0}
LIMITS = "phones_watch = 0\nphones_back = 1\n"


class PhoneDrill(Drill):
    """One cluster with its phones, and one renewal of what they trust."""

    def __init__(self, simulator: Simulator, folder: Path, append: str = "") -> None:
        begin(simulator, PHONES, security_mode=1, signed_by="tokenless")
        super().__init__(simulator, folder, append + LIMITS)
        self.leaf: Any = None

    def look(self) -> None:
        """What was before the first change, phones too, and the plan."""
        self.baseline = baseline_of(survey(self.site, Purpose.CALLMANAGER))
        self.plan = draw_up_plan(self.site.profile, Purpose.CALLMANAGER, self.baseline, self.baseline)

    def walk(self) -> End:
        """From the first line to the end; what was bent back meanwhile is the time of the cluster, too."""
        self.control.post("/cluster", {"clock_offset": self.waited})
        return super().walk()

    def _renew(self) -> None:
        self._step(self._look_at_cluster)
        mode = self.baseline.phones and self.baseline.phones.mode
        self._agreed(lambda: phones_trust.ask_before_signing(self.site, self.record, self.plan, ()))
        request = self._done(self.ensure_csr)
        self._step(lambda: csr.confirm_csr(self.site, self.record, self.plan, request))
        leaf = self._signed(request)
        self._done(lambda: self._interlock(interlocking.hold_before_leaf))
        self._agreed(lambda: phones_trust.ask_before_leaf(self.site, self.record, self.plan))
        self._done(lambda: self.ensure_trust(leaf))
        self._step(
            lambda: last_look.look_before_phones(self.site, self.record, self.plan, request, self.chain, self.baseline)
        )
        self._done(lambda: self.ensure_leaf(request, leaf))
        self._done(lambda: ctl.ensure_ctl(self.site, self.record, self.plan, leaf, mode))
        self._done(lambda: self._interlock(interlocking.hold_before_restarts))
        self._done(lambda: phone_restarts.ensure_restarted(self.site, self.record, self.plan, leaf))
        self._done(lambda: services.ensure_up(self.site, self.record, self.plan, self.baseline))
        self._done(lambda: phones_back.watch(self.site, self.record, self.plan))
        self._agreed(lambda: phones_trust.ask_after(self.site, self.record, self.plan, leaf))

    def _interlock(self, hold: Callable[..., Question | None]) -> Question | None:
        return hold(self.site, self.record, self.plan, self.baseline, ())

    def _signed(self, request: Any) -> Any:
        """By a CA of the test's own: how a certificate is had is another page of this kind."""
        if self.leaf is None:
            self.leaf = self.ca.sign(request)
            self.record.note_once(Kind.ISSUED, {"fingerprint": fingerprint(self.leaf)})
        return self.leaf

    def _agreed(self, ask: Callable[[], Question | None]) -> None:
        if asked := self._step(ask):
            self.say_done(asked)

    def wrong(self, end: End) -> Iterator[str]:
        """A phone that trusts nothing any more, one that is not back at the end, or a node nobody tells of (S27)."""
        seen = phones(self.simulator)
        if seen["lost"]:
            yield f"{seen['lost']} phones are lost"
        if end.how == "renewed" and seen["registered"] != PHONES["phones"]:
            yield f"{seen['registered']} phones are registered"
        if end.how == "stops":
            yield from self._untold()

    def _untold(self) -> Iterator[str]:
        site = self.opened()
        for node in self.baseline.nodes if self.record.fact(Kind.BASELINE) else ():
            told = list(_state(site, self.plan, node))
            if not told or any("\n" in line for line in told):
                yield f"{node.name}: it is not told how it is: {told}"

    def _wait(self, seconds: float) -> None:
        """Time passes on the cluster too, where RisPort and Control Center count it."""
        self.waited += seconds
        self.control.post("/cluster", {"clock_offset": self.waited})
