"""`python -m tests.bench`: how soon the simulator is there, and what it costs while nobody uses it.

Prints what it measured in this run, on this machine, and how it grows with the nodes; it is no test and has no limits.
The figures of docs/simulator.md come from here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Simulator, start_simulator, stop_simulator
from tests.simulator.risport import select
from tests.simulator.test_phones import TEN_THOUSAND
from tests.simulator.walk import PROMPT, Rest, Shell

SCENES = ("single", "default", "twenty-one")
IDLE_SECONDS = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """One scene's."""

    nodes: int
    start: float
    start_cpu: float
    threads: int
    megabytes: int
    idle: float
    with_shells: float
    snapshot: float


def measured(scene: str) -> Figures:
    """Start a scene, leave it alone, leave it alone with a shell open on every node, and ask each node once."""
    begun = time.monotonic()
    with running(scene) as simulator:
        ready = time.monotonic() - begun
        pid = simulator.process.pid
        start_cpu = cpu_seconds(pid)
        hosts = [node["name"].split(".")[0] for node in simulator.scene["nodes"]]
        idle = idle_percent(simulator.process)
        threads, megabytes = status(pid, "Threads"), status(pid, "VmRSS") // 1024
        shells = [Shell(simulator, host) for host in hosts]
        for shell in shells:
            shell.read_to(PROMPT)
        with_shells = idle_percent(simulator.process)
        for shell in shells:
            shell.close()
        asked = time.monotonic()
        for host in hosts:
            Rest(simulator, host).call("GET", "/snapshot/server")
        snapshot = (time.monotonic() - asked) / len(hosts)
    return Figures(len(hosts), ready, start_cpu, threads, megabytes, idle, with_shells, snapshot)


def with_phones() -> tuple[float, float]:
    """Seconds until a cluster with very many phones is there, and for RisPort to list them all once."""
    with tempfile.TemporaryDirectory(prefix="ucrenew-bench-") as folder:
        scene = Path(folder) / "scene.toml"
        scene.write_text(TEN_THOUSAND)
        begun = time.monotonic()
        with running(str(scene)) as simulator:
            ready = time.monotonic()
            listed_all(simulator)
            return ready - begun, time.monotonic() - ready


def listed_all(simulator: Simulator) -> int:
    """How many phones RisPort lists, asked page by page."""
    found, state, page = 0, "", [object()]
    while page:
        page, _, state = select(simulator, state=state)
        found += len(page)
    return found


@contextlib.contextmanager
def running(scene: str) -> Iterator[Simulator]:
    """A simulator of that scene in which nothing waits."""
    with tempfile.TemporaryDirectory(prefix="ucrenew-bench-") as folder:
        simulator = start_simulator(Path(folder), "--latency", "0", "--scene", scene)
        try:
            yield simulator
        finally:
            stop_simulator(simulator)


def idle_percent(process: subprocess.Popen[bytes]) -> float:
    """Percent of one processor that a process uses while it is left alone."""
    before = cpu_seconds(process.pid)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(IDLE_SECONDS)
    return 100 * (cpu_seconds(process.pid) - before) / IDLE_SECONDS


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def status(pid: int, name: str) -> int:
    """A number of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def main() -> int:
    """Measure every scene and print a table."""
    found = [measured(scene) for scene in SCENES]
    out = sys.stdout.write
    heads = "nodes", "start", "its CPU", "against one node", "threads", "memory", "idle CPU", "shells idle", "snapshot"
    out(f"| {' | '.join(heads)} |\n")
    out("|---|---|---|---|---|---|---|---|---|\n")
    for one in found:
        ratio = one.start / found[0].start
        out(
            f"| {one.nodes} | {one.start:.1f} s | {one.start_cpu:.1f} s | {ratio:.1f} | {one.threads} "
            f"| {one.megabytes} MB | {one.idle:.2f} % | {one.with_shells:.2f} % | {1000 * one.snapshot:.0f} ms |\n"
        )
    there, counted = with_phones()
    out(f"\nTen thousand phones on two nodes: there after {there:.1f} s, listed by RisPort in {counted:.1f} s.\n")
    out(f"\n{os.cpu_count()} processors, Python {sys.version.split()[0]}; idle over {IDLE_SECONDS:.0f} s each.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
