"""The ground that a rehearsal plays on: Prefect server, worker and simulator, each a process of its own.

Everything lies in one folder: the server's database, the profiles, the logs. Nothing outside it is touched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from deployments.apply import POOL, ROOT
from deployments.rehearsal.programs import Programs, free_port, wait_for
from ucrenew.errors import Permanent

_START = 180.0  # seconds that a first start may take on a slow machine: the server makes its database


class Ground:
    """A running Prefect server, worker and simulator, and the environment in which commands reach them."""

    def __init__(self, folder: Path, *, latency: float = 0.0, attend_every: int = 20) -> None:
        """Prepare the folder; ``latency`` scales the simulator's delays, 1 is realistic."""
        self.folder, self.latency, self.attend_every = folder, latency, attend_every
        self.api = f"http://127.0.0.1:{free_port()}/api"
        self.profiles = folder / "profiles"
        self.programs = Programs(folder / "logs", self._environment())
        self.scene: dict[str, Any] = {}

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(ROOT),
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
            "PREFECT_CLI_COLORS": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }

    def start_simulator(self, *options: str) -> None:
        """Start the simulated cluster and CA, and learn their addresses."""
        addresses = self.folder / "scene.json"
        addresses.unlink(missing_ok=True)
        self._start(
            "simulator", "-m", "ucrenew.simulator", "--json", str(addresses), "--latency", str(self.latency), *options
        )
        wait_for("the simulator", lambda: addresses.exists() or self._ended("simulator"), seconds=_START)
        self.scene = json.loads(addresses.read_text())

    def start_server(self) -> None:
        """Start the Prefect server and wait until it answers."""
        port = self.api.rpartition(":")[2].partition("/")[0]
        self._start("server", "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port)
        wait_for("the Prefect server", lambda: self._healthy() or self._ended("server"), seconds=_START)

    def start_worker(self) -> None:
        """Start one process worker for the pool."""
        self._start("worker", "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process")

    def apply(self, profiles: Path | None = None) -> None:
        """Register what the profiles' folder holds. Raises Permanent with what the command said."""
        folder = str(profiles or self.profiles)
        done = self.command("deployments.apply", folder, "--attend-every", str(self.attend_every))
        if done.returncode:
            raise Permanent(f"deployments.apply failed: {done.stdout}{done.stderr}")

    def command(self, module: str, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run one of our commands to its end, as a person would."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.programs.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def stop(self) -> None:
        """End everything, and leave no process behind."""
        self.programs.stop_all()

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the simulator's control API: GET without a body, else POST."""
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.scene['control']}{path}"
            answer = session.get(url, timeout=30) if body is None else session.post(url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def _start(self, name: str, *arguments: str) -> None:
        self.programs.start(name, sys.executable, *arguments)

    def _ended(self, name: str) -> bool:
        if self.programs.ended(name):
            raise Permanent(f"the {name} ended at once: {self.programs.output(name)}")
        return False

    def _healthy(self) -> bool:
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.get(f"{self.api}/health", timeout=2).ok
            except requests.RequestException:
                return False
