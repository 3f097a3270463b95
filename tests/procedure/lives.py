"""One renewal on a simulated cluster, lived in the test's own process, life by life (prefect.md §7, §10).

A life is what the run's process would do between being started and being suspended, ended or killed. A killed one is
imitated by raising ``Abort`` at a fault point: no state is written, the run stays Running.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.states import Scheduled

from deployments.rehearsal.prefect_door import PrefectDoor
from flows.renew import renew_multi_server_certificate
from tasks import logins, sites
from tasks.sites import record_of, renewals_of
from tests.conftest import Simulator
from ucrenew.profile import load_profile
from ucrenew.record import Fact, Kind, Record, Renewal

PUBLISHER, SUBSCRIBER, IMP = "cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com"
TOMCAT, DRF_LOCAL = "Cisco Tomcat", "Cisco DRF Local"
ROOT_CA, ISSUING_CA = "Example Root CA", "Example Issuing CA 1"
YES = {"decision": "approve", "name": "Olga Operator", "ticket": "CHG-1"}
NO = {"decision": "deny", "name": "Nora Night-Shift", "remark": "not in the week of the audit"}
# Without the first question, unless the plan has something to know before; for tests of what stands behind it.
UNASKED = '\n[gates]\nstart = "auto"\n'
# What the default scene restarts, written down here once more from Cisco's documents and not from our plan.
RESTARTS = [
    *((PUBLISHER, name) for name in (TOMCAT, "Cisco UDS Tomcat", "Cisco AXL Tomcat", "Cisco DRF Master", DRF_LOCAL)),
    *((SUBSCRIBER, name) for name in (TOMCAT, "Cisco UDS Tomcat", "Cisco AXL Tomcat", DRF_LOCAL)),
    *((IMP, name) for name in (TOMCAT, DRF_LOCAL)),
]


class Said(logging.Handler):
    """The lines that the runs of this process log, each as a person reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._cue: tuple[str, Callable[[], object]] | None = None
        self.traces: list[str] = []  # what stands under a line: a stack trace

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(record.getMessage())
        if record.exc_info:
            self.traces.append(logging.Formatter().formatException(record.exc_info))
        if self._cue is not None and self._cue[0] in record.getMessage():
            _, act = self._cue
            self._cue = None
            act()

    @contextmanager
    def doing_at(self, words: str, act: Callable[[], object]) -> Iterator[None]:
        """Do something when a life says this, once."""
        self._cue = (words, act)
        yield
        assert self._cue is None, f"nobody said {words!r}"

    def killing_at(self, words: str) -> AbstractContextManager[None]:
        """Kill the life that says this, once."""
        return self.doing_at(words, kill)

    def with_words(self, *words: str) -> list[str]:
        """The lines that hold all these words."""
        return [line for line in self.lines if all(word in line for word in words)]


class Lives:
    """One cluster of a test: its profile, its runs, the people around it."""

    def __init__(
        self, simulator: Simulator, profile: Path, client: SyncPrefectClient, door: PrefectDoor, said: Said
    ) -> None:
        self.simulator, self.profile, self.said = simulator, profile, said
        self.control, self.cluster = simulator.control, profile.stem
        self.client, self.door = client, door
        (self.purpose,) = load_profile(profile).certificate.purposes
        self.runs: list[UUID] = []

    # --- the run

    def start(self, *, force: bool = False) -> UUID:
        """A new run of the cluster's deployment, as `deployments.renew` makes it; not lived yet."""
        deployment = self.client.read_deployment_by_name(f"renew/{self.cluster}-{self.purpose.value.lower()}")
        run = self.client.create_flow_run_from_deployment(deployment.id, parameters={"force": force})
        self.runs.append(run.id)
        return run.id

    def live(self) -> State[Any]:
        """One life of the last run; the state that the server has of it afterwards."""
        run = self.client.read_flow_run(self.runs[-1])
        with suppress(Pause, Abort):
            run_flow(renew_multi_server_certificate, flow_run=run, parameters=run.parameters, return_type="state")
        return self.state()

    def begin(self, *, force: bool = False) -> State[Any]:
        """A new run and its first life."""
        self.start(force=force)
        return self.live()

    def go(self) -> State[Any]:
        """Live on with a yes to every question, until the run has ended, was killed, or waits for the CA's number."""
        state = self.live()
        while state.name == "Suspended" and not self.key.startswith(("ca-pending-", "submission-")):
            state = self.answered(YES)
        return state

    def go_to(self, gate: str) -> None:
        """Live on with a yes to every question until this one is open."""
        while self.live().name == "Suspended" and not self.key.startswith(f"{gate}-"):
            assert self.answer(YES) == "ACCEPT"
        assert self.key.startswith(f"{gate}-")

    def go_anew(self, *, force: bool = False) -> State[Any]:
        """A new run, and go."""
        self.start(force=force)
        return self.go()

    def state(self, run: UUID | None = None) -> State[Any]:
        """What the server says of the last run."""
        state = self.client.read_flow_run(run or self.runs[-1]).state
        assert state is not None
        return state

    def push(self) -> None:
        """Set the run to Scheduled from outside, past its form, as a retry button or a script does."""
        self.client.set_flow_run_state(self.runs[-1], Scheduled(), force=True)

    # --- people

    @property
    def key(self) -> str:
        """The pause key that the suspended run waits under."""
        return str(self.state().state_details.pause_key)

    def question(self) -> str:
        """The text above the form of the suspended run."""
        key = self.key
        shown = self.door.question({"id": str(self.runs[-1]), "state": {"state_details": {"pause_key": key}}})
        assert shown is not None
        return shown

    def answer(self, form: Mapping[str, str]) -> str:
        """Send the form; what the server says to it."""
        return self.door.resume(str(self.runs[-1]), dict(form))

    def answered(self, form: Mapping[str, str]) -> State[Any]:
        """Send the form, see it taken, and live on."""
        assert self.answer(form) == "ACCEPT"
        return self.live()

    def request(self) -> dict[str, Any]:
        """The newest row of the CA."""
        return self.control.get("/requests")[-1]

    def officer(self, verb: str) -> None:
        """The officer's click on Issue or Deny for the newest request, and a person who wakes the run."""
        self.control.post(f"/requests/{self.request()['id']}/{verb}")
        self.client.resume_flow_run(self.runs[-1])

    # --- roads

    def to_the_ca(self, *, force: bool = False) -> State[Any]:
        """Begin, say yes to the plan, and wait for the CA."""
        assert self.begin(force=force).name == "Suspended"
        assert self.key.startswith("start-")
        return self.answered(YES)

    def to_activation(self, *, force: bool = False) -> State[Any]:
        """Go on until the second question is open."""
        assert self.to_the_ca(force=force).name == "Suspended"
        self.officer("issue")
        return self.live()

    def renew(self, *, force: bool = False) -> State[Any]:
        """The whole road with two yeses."""
        assert self.to_activation(force=force).name == "Suspended"
        return self.answered(YES)

    def ca_issues_at_once(self) -> None:
        """No officer: what is asked for is signed."""
        self.control.post("/ca", {"template": {"CiscoUC": {"approval": False}}})

    # --- what is known afterwards

    def renewal(self) -> Renewal | None:
        """The renewal that was opened last."""
        return renewals_of(self.cluster, self.purpose).last()

    def evidence(self) -> Mapping[str, Any]:
        """The evidence of the renewal that was opened last."""
        found = self.record().value(Kind.EVIDENCE)
        assert found is not None
        return found

    def is_open(self) -> bool:
        """True while a renewal of this cluster is open."""
        return renewals_of(self.cluster, self.purpose).current() is not None

    def record(self) -> Record:
        """The facts of the renewal that was opened last."""
        renewal = self.renewal()
        assert renewal is not None
        return record_of(renewal)

    def artifact(self, key: str) -> str:
        """The text of the newest artifact under a key."""
        found = self.door.post("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})
        return str(max(found, key=lambda one: one["created"])["data"])

    def restarts(self) -> list[tuple[str, str]]:
        """Every restart in the ledger, in order."""
        return [(entry["node"], entry["service"]) for entry in self.control.ledger() if entry["kind"] == "restart"]

    def uploads(self) -> list[tuple[str, str]]:
        """Node and common name of every CA certificate in the ledger, in order."""
        return [
            (entry["node"], re.search(r"CN=([^,]+)", entry["subject"])[1])  # type: ignore[index]
            for entry in self.control.ledger()
            if entry["kind"] == "trust-upload"
        ]

    def forget_chain(self, *names: str, nodes: Iterable[str] = (PUBLISHER, SUBSCRIBER, IMP)) -> None:
        """Take CA certificates out of the stores of nodes."""
        for node in nodes:
            for entry in self.control.node(node)["trust"]["tomcat-trust"]:
                if any(f"CN={name}," in entry["subject"] for name in names):
                    self.control.post(f"/nodes/{node}", {"remove_trust": entry["fingerprint"]})

    def count(self, kind: str) -> int:
        """How often the ledger has a kind."""
        return self.control.kinds().count(kind)

    def edit(self, old: str, new: str) -> None:
        """Change the profile's text as a person would, while a run may be under way."""
        text = self.profile.read_text()
        assert old in text
        self.profile.write_text(text.replace(old, new, 1))

    def leaf_on(self, node: str) -> tuple[str, str]:
        """Fingerprints of the Tomcat certificate installed and running on a node, by the simulator's own word."""
        identity = self.control.node(node)["identity"]["tomcat"]
        return identity["installed"], identity["running"]


def scene_now(simulator: Simulator) -> dict[str, Any]:
    """The scene with the certificates that the nodes serve now: what a person would pin today."""
    serving = {node["name"]: node["identity"]["tomcat"]["running"] for node in simulator.control.state()["nodes"]}
    nodes = [{**node, "tomcat_sha256": serving[node["name"]]} for node in simulator.scene["nodes"]]
    return {**simulator.scene, "nodes": nodes}


@contextmanager
def at_note(
    patch: pytest.MonkeyPatch, kind: Kind, act: Callable[[], None], *, about: str = "", when: str = "before"
) -> Iterator[list[Fact]]:
    """Do something just before or just after this fact is kept, once; yields the fact when it has happened.

    Without ``about`` it is the first of its kind, whatever it is about.

    The hook sits in the store, outside our own code: nothing of the product knows of it.
    """
    struck: list[Fact] = []

    below = sites.PrefectStore  # hooks may lie one above the other

    class Hooked(below):  # type: ignore[misc,valid-type]
        def append(self, key: str, fact: Fact) -> None:
            due = not struck and fact.kind is kind and about in {"", fact.about}
            if due and when == "before":
                struck.append(fact)
                act()
            super().append(key, fact)
            if due and when == "after":
                struck.append(fact)
                act()

    with patch.context() as inner:
        inner.setattr(sites, "PrefectStore", Hooked)
        inner.setattr(logins, "PrefectStore", Hooked)
        yield struck
    assert struck, f"{kind} {about} was never noted"


def kill() -> None:
    """What a SIGKILL looks like from outside: no state is written, nothing is cleaned up (prefect.md §10)."""
    raise Abort("killed")


def codes(sentence: str) -> list[str]:
    """The reason codes that a sentence names, in order."""
    return re.findall(r"\[([a-z-]+), ", sentence)
