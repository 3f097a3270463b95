"""What the tests with a worker share: a followed `deployments.renew`, and a run seen through the server's REST API.

Rule 1: nothing here sleeps; `until` looks at a predicate until a deadline.
Rule 2: a run is looked at and driven from outside only, by calls that any program could make.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from deployments.apply import ROOT
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.programs import processes_with
from tests.conftest import Simulator, until

PUBLISHER, SUBSCRIBER, PRESENCE = "cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com"
# procedure.md S19 for release 15: publisher first, each service once.
RESTARTS = [
    (PUBLISHER, "Cisco Tomcat"),
    (PUBLISHER, "Cisco UDS Tomcat"),
    (PUBLISHER, "Cisco AXL Tomcat"),
    (PUBLISHER, "Cisco DRF Master"),
    (PUBLISHER, "Cisco DRF Local"),
    (SUBSCRIBER, "Cisco Tomcat"),
    (SUBSCRIBER, "Cisco UDS Tomcat"),
    (SUBSCRIBER, "Cisco AXL Tomcat"),
    (SUBSCRIBER, "Cisco DRF Local"),
    (PRESENCE, "Cisco Tomcat"),
    (PRESENCE, "Cisco DRF Local"),
]
BEFORE_RESTARTS = ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload"]
# cucm.md §4.2: with single sign-on its own Tomcat too, on the CUCM nodes; and everything that such a renewal does.
_ON_BOTH = ("Cisco Tomcat", "Cisco UDS Tomcat", "Cisco AXL Tomcat")
SIGNED_ON_RESTARTS = [
    *((PUBLISHER, name) for name in (*_ON_BOTH, "Cisco DRF Master", "Cisco DRF Local", "Cisco SSOSP Tomcat")),
    *((SUBSCRIBER, name) for name in (*_ON_BOTH, "Cisco DRF Local", "Cisco SSOSP Tomcat")),
    *((PRESENCE, name) for name in ("Cisco Tomcat", "Cisco DRF Local")),
]
UNDISTURBED = [*BEFORE_RESTARTS[:4], *["sso"] * 3, "leaf-upload", *["restart"] * len(SIGNED_ON_RESTARTS)]
NEVER = 3600  # seconds between two runs of `attend`: nobody but the test wakes a run
LOOK_EVERY = 0.3  # seconds: every look costs the server as much as a step of the flow
WORKS = 300  # seconds that one life of a run may take on a busy machine; only what hangs ever takes so long


class Followed:
    """A running `python -m deployments.renew`, as a person starts it."""

    def __init__(self, ground: Ground, profile: Path, *arguments: str, purpose: str = "tomcat") -> None:
        self._output = profile.parent / f"renew-{profile.stem}-{len(list(profile.parent.glob('renew-*')))}.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deployments.renew", str(profile), purpose, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ground.programs.environment,
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        """What it has printed so far, on both outputs."""
        return self._output.read_text()

    @property
    def last_line(self) -> str:
        """The last line that it printed."""
        return self.text.rstrip().rpartition("\n")[2]

    @property
    def run(self) -> str | None:
        """The id of the run that it started, once it said so."""
        found = re.search(r"^run ([0-9a-f-]{36})", self.text, re.MULTILINE)
        return found[1] if found else None

    def started(self) -> str:
        """Wait for the run's id."""
        return until(lambda: self.run or self._not_ended(), WORKS, LOOK_EVERY)

    def ended(self, seconds: float = WORKS) -> int:
        """Wait for its exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End the command, not the run."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _not_ended(self) -> None:
        assert self.process.poll() is None, self.text


class Run:
    """One flow run on a server, seen and driven by REST."""

    def __init__(self, api: str, run_id: str) -> None:
        self.id = run_id
        self.door = PrefectDoor(api)
        self._api = api
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"  # as PrefectDoor's: the server hangs up on idle ones

    @property
    def seen(self) -> dict[str, Any]:
        """The run as the server shows it."""
        return self._get(f"/flow_runs/{self.id}")

    @property
    def state(self) -> dict[str, Any]:
        """Its state."""
        return self.seen["state"]

    @property
    def states(self) -> list[dict[str, Any]]:
        """Every state that it had, oldest first."""
        found = self._get(f"/flow_run_states/?flow_run_id={self.id}")
        return sorted(found, key=lambda state: state["timestamp"])

    def waits_at(self, gate: str) -> bool:
        """True when it is suspended with a pause key that begins so."""
        state = self.state
        return state["name"] == "Suspended" and str(state["state_details"]["pause_key"]).startswith(f"{gate}-")

    def comes_to(self, gate: str, seconds: float = WORKS) -> None:
        """Wait until it waits there."""
        until(lambda: self.waits_at(gate) or self.not_over(), seconds, LOOK_EVERY)

    def answer(self, decision: str, *, remark: str = "", **more: object) -> None:
        """Send the form as the UI does, as soon as there is one: it is stored a moment after the suspension."""
        form = {"decision": decision, "name": "Thea Tester", "ticket": "CHG-1", "remark": remark, **more}
        until(lambda: self.door.resume(self.id, form) == "ACCEPT", WORKS)

    def wake(self) -> str:
        """Resume without any input, as `attend` does."""
        return str(self.door.post(f"/flow_runs/{self.id}/resume", {})["status"])

    def schedule_again(self, name: str = "AwaitingRetry", *, force: bool) -> str:
        """What the buttons send: V2's Retry is forced, V1's is not (prefect.md §2.4); what the server says to it."""
        told = {"state": {"type": "SCHEDULED", "name": name}, "force": force}
        return str(self.door.post(f"/flow_runs/{self.id}/set_state", told)["status"])

    def cancel(self) -> None:
        """End it wherever it is, without a word to it."""
        self.door.post(f"/flow_runs/{self.id}/set_state", {"state": {"type": "CANCELLED"}, "force": True})

    def facts(self, key: str) -> list[str]:
        """Kind and subject of every fact of a record, oldest first."""
        wanted = {"artifacts": {"key": {"any_": [key]}}}
        found = self.door.post("/artifacts/filter", wanted)
        return [one["description"] for one in sorted(found, key=lambda one: one["created"])]

    def logs(self, *, of: str = "") -> list[str]:
        """Its log lines, of one logger only where one is named."""
        wanted = {"logs": {"flow_run_id": {"any_": [self.id]}}, "sort": "TIMESTAMP_ASC"}
        return [line["message"] for line in self.door.post("/logs/filter", wanted) if of in {"", line["name"]}]

    def completes(self, seconds: float = WORKS) -> dict[str, Any]:
        """Wait until it has ended, as it should; its last state."""
        state = until(self._last_state, seconds, LOOK_EVERY)
        assert state["type"] == "COMPLETED", state["message"]
        return state

    def not_over(self) -> None:
        """Fail the test when the run has ended."""
        state = self._last_state()
        assert state is None, state["message"]

    def _last_state(self) -> dict[str, Any] | None:
        """The state it ended in; None while it has not. One look: two would see the run at two moments."""
        state = self.state
        return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None

    def _get(self, path: str) -> Any:
        answer = self._session.get(f"{self._api}{path}", timeout=120)  # SQLite may hold a call for a minute
        answer.raise_for_status()
        return answer.json()


def begun(ground: Ground, cluster: str) -> Run:
    """A new run of a cluster's deployment, as any program can begin it."""
    door = PrefectDoor(ground.api)
    (found,) = door.post("/deployments/filter", {"deployments": {"name": {"any_": [f"{cluster}-tomcat"]}}})
    return Run(ground.api, door.post(f"/deployments/{found['id']}/create_flow_run", {})["id"])


def processes_of(run_id: str) -> list[int]:
    """Every process that carries the run's id in its environment or command line."""
    return processes_with(run_id)


def flow_process(run_id: str) -> int:
    """The process that executes the flow: of those that carry the run's id, the one with no child among them."""
    carriers = processes_of(run_id)
    parents = {_parent(pid) for pid in carriers}
    (lowest,) = [pid for pid in carriers if pid not in parents]
    return lowest


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def lose_machine(ground: Ground, *programs: str) -> None:
    """SIGKILL programs with all their descendants, as when the machine they ran on is gone."""
    for name in programs:
        doomed = _descendants(ground.programs.pid(name))
        ground.programs.stop(name, signal.SIGKILL)
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]
    return [one for child in children for one in (child, *_descendants(child))]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def kill_now(pid: int) -> None:
    """SIGKILL, and wait until the process is gone, as it may be already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not _is_alive(pid), WORKS)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kinds(ledger: list[dict[str, Any]]) -> list[str]:
    """The kinds of a ledger's entries, in order."""
    return [entry["kind"] for entry in ledger]


def restarts(ledger: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Node and service of every restart, in order."""
    return [(entry["node"], entry["service"]) for entry in ledger if entry["kind"] == "restart"]


def started_unasked(profile: Path) -> Path:
    """Let the first gate of a profile pass by policy."""
    profile.write_text(f'{profile.read_text()}\n[gates]\nstart = "auto"\n')
    return profile


def seen(simulator: Simulator) -> dict[str, Any]:
    """Single sign-on and the state of every service, node by node."""
    return {
        node["name"]: (node["sso"], {name: one["state"] for name, one in node["services"].items()})
        for node in simulator.control.state()["nodes"]
    }
