"""Fixtures that every test may use: the simulator as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

# Only what hangs takes so long; a machine that is busy with other things may take its time.
START_SECONDS = 300
STOP_SECONDS = 60


def until(predicate: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """The first true value of ``predicate``; fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := predicate()):
        if time.monotonic() > end:
            pytest.fail(f"not so within {seconds} s: {predicate}")
        # Gives the processes that are looked at a moment; what is waited for is the predicate.
        threading.Event().wait(every)
    return found


class Control:
    """The simulator's control API."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._session = requests.Session()
        # Proxies of the environment must not get between a test and loopback.
        self._session.trust_env = False
        self._skipped = 0

    def get(self, path: str) -> Any:
        """The JSON at ``path``."""
        reply = self._session.get(self._base + path, timeout=20)
        reply.raise_for_status()
        return reply.json()

    def post(self, path: str, body: object = None) -> Any:
        """Post JSON; raises for a refusal."""
        reply = self._session.post(self._base + path, json=body or {}, timeout=20)
        reply.raise_for_status()
        return reply.json()

    def patch(self, path: str, body: object) -> Any:
        """Patch JSON; raises for a refusal."""
        reply = self._session.patch(self._base + path, json=body, timeout=20)
        reply.raise_for_status()
        return reply.json()

    def state(self) -> Any:
        """The whole truth."""
        return self.get("/state")

    def node(self, name: str) -> Any:
        """The truth about one node."""
        return next(node for node in self.state()["nodes"] if node["name"] == name)

    def ledger(self) -> list[dict[str, Any]]:
        """Every state-changing call so far, or since the test borrowed the simulator."""
        return self.get("/ledger")[self._skipped :]

    def forget(self) -> None:
        """Begin the ledger anew for whoever comes next."""
        self._skipped = len(self.get("/ledger"))

    def kinds(self) -> list[str]:
        """The kinds of the ledger's entries, in order."""
        return [entry["kind"] for entry in self.ledger()]


@dataclass
class Simulator:
    """A running simulator: ``scene`` is its JSON file."""

    scene: dict[str, Any]
    control: Control
    process: subprocess.Popen[bytes]
    json_file: Path

    def node(self, host: str) -> dict[str, Any]:
        """A node of the scene by its host or full name."""
        return next(node for node in self.scene["nodes"] if node["name"] == host or node["name"].split(".")[0] == host)


def start_simulator(folder: Path, *arguments: str) -> Simulator:
    """Start ``python -m ucrenew.simulator`` and wait for its JSON file."""
    json_file = folder / "simulator.json"
    log = (folder / "simulator.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "ucrenew.simulator", "--json", str(json_file), *arguments],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    log.close()

    def ready() -> bool:
        if process.poll() is not None:
            pytest.fail((folder / "simulator.log").read_text())
        return json_file.exists()

    until(ready, START_SECONDS)
    scene = json.loads(json_file.read_text())
    return Simulator(scene, Control(scene["control"]), process, json_file)


def stop_simulator(simulator: Simulator) -> int:
    """End the process with SIGTERM; its exit status."""
    simulator.process.terminate()
    try:
        return simulator.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        simulator.process.kill()
        raise


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators with arguments of the test's choice; all end with the test."""
    running: list[Simulator] = []

    def start(*arguments: str) -> Simulator:
        folder = tmp_path / f"simulator-{len(running)}"
        folder.mkdir()
        running.append(start_simulator(folder, *arguments))
        return running[-1]

    yield start
    for simulator in running:
        if simulator.process.poll() is None:
            stop_simulator(simulator)


@pytest.fixture
def simulator(launch: Callable[..., Simulator]) -> Simulator:
    """A fresh simulator of the default scene in which nothing waits."""
    return launch("--latency", "0", "--seed", "1")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for a whole module of tests that leave no trace in it."""
    running = start_simulator(tmp_path_factory.mktemp("standing"), "--latency", "0", "--seed", "1")
    yield running
    if running.process.poll() is None:
        stop_simulator(running)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that start a worker or a rehearsal: they take longest, the others fill in beside them."""
    workers = {"ground", "new_ground", "rehearsed", "rehearsing"}
    long = {item.path for item in items if workers & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in long)


FACTS = (
    "sso", "replication", "clock_skew", "disk_used_percent", "backup_running", "last_backup", "version", "cli_latency",
    "fan_out", "reachable", "prompt_needs_nudge", "privilege", "recovery_url", "reuse_tomcat", "time_zone",
)  # fmt: skip


@contextmanager
def lent(standing: Simulator) -> Iterator[Simulator]:
    """A module's simulator for one test: what it bends is bent back afterwards, and the ledger begins with it."""
    control = standing.control
    control.forget()
    before = control.state()
    yield standing
    bend_back(control, before)


def bend_back(control: Control, before: Any) -> None:
    """Take all faults away and give the nodes the facts that they had; what was done to them stays."""
    control.post("/faults", {"kind": "all", "on": False})
    facts = {
        node["name"]: {
            **{name: node[name] for name in FACTS},
            "services": {
                name: {"state": one["state"], "reason": one["reason"]} for name, one in node["services"].items()
            },
        }
        for node in before["nodes"]
    }
    cluster = {**before["delays"], **before["readings"], "clock_offset": before["clock_offset"]}
    control.patch("/state", {"nodes": facts, "cluster": cluster})


@pytest.fixture
def borrowed(standing: Simulator) -> Iterator[Simulator]:
    """The module's simulator for one test.

    Requests, uploads and installed certificates stay; a test that needs a cluster without them takes ``simulator``.
    """
    with lent(standing) as simulator:
        yield simulator
