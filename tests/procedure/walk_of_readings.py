"""A whole renewal in which every switch stands somewhere, and which meets what the switches are about.

Single sign-on is on before and off meanwhile, and the issuing CA's certificate is lost between its upload and the
leaf's: the leaf is refused, the chain uploaded again over a root that is there, and the leaf once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.conftest import Simulator
from tests.procedure.drill import Drill
from tests.procedure.faults import End, Fault
from tests.procedure.lives import ISSUING_CA
from ucrenew.record import Kind
from ucrenew.steps import sso


class Walk(Drill):
    """One such renewal."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        super().__init__(simulator, folder)
        self.word = self.control.state()["readings"]["multi_server_word"]

    def be_told_the_word(self) -> None:
        """The profile has the word that this cluster takes for "multi-server"."""
        text = self.path.read_text()
        self.path.write_text(text.replace("[certificate]\n", f'[certificate]\ndistribution = "{self.word}"\n', 1))

    def with_obstacles(self) -> End:
        """The walk."""
        self.be_told_the_word()
        self.control.post("/cluster", {"sso": "enabled"})
        self.set(Fault("the issuing CA is lost", "before the leaf", (_loses_the_issuing_ca,), (Kind.LEAF_INTENT, "")))
        end = self.walk()
        self.control.post("/cluster", {"sso": "enabled"})
        assert sso.ensure_on(self.site, self.record, self.plan) is None
        return end

    def _look_before_leaf(self, request: Any) -> None:
        question = self._step(lambda: sso.ensure_off(self.site, self.record, self.plan))
        if question is not None:
            self.say_done(question)
            assert self._step(lambda: sso.ensure_off(self.site, self.record, self.plan)) is None
        super()._look_before_leaf(request)


def _loses_the_issuing_ca(drill: Drill) -> None:
    for node in drill.control.state()["nodes"]:
        for entry in node["trust"]["tomcat-trust"]:
            if f"CN={ISSUING_CA}," in entry["subject"]:
                drill.control.post(f"/nodes/{node['name']}", {"remove_trust": entry["fingerprint"]})
