"""Programs that a rehearsal starts and has to leave none of behind.

Each gets a session of its own and a mark in its environment; children inherit the mark, so whatever still lives
at the end is found by it, wherever it was started from.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

from ucrenew.errors import Transient

MARK = "UCRENEW_REHEARSAL"
_PATIENCE = 15.0  # seconds for an orderly end


class Programs:
    """The running programs of one rehearsal."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        """Keep the output of each program under ``logs``."""
        self.mark = token_hex(8)
        self._logs = logs
        self.environment = {**environment, MARK: self.mark}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a program; its output goes to ``NAME.log``."""
        with (self._logs / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        self._running[name] = program
        return program

    def stop(self, name: str, sent: signal.Signals = signal.SIGTERM) -> None:
        """End one program, by force when it does not go."""
        program = self._running.pop(name)
        program.send_signal(sent)
        try:
            program.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()

    def pid(self, name: str) -> int:
        """The process id of a program."""
        return self._running[name].pid

    def ended(self, name: str) -> bool:
        """True when the program is not running any more."""
        return self._running[name].poll() is not None

    def stop_all(self) -> None:
        """End every program, the last one started first, and whatever they left behind."""
        for name in reversed(list(self._running)):
            self.stop(name)
        for pid in self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # They are not our children, and on a busy machine a kill takes its time: what is left then, is said.
        with contextlib.suppress(Transient):
            wait_for("the end of what was left", lambda: not self.alive(), seconds=_PATIENCE)

    def alive(self) -> list[int]:
        """Process ids that carry this rehearsal's mark, our own not among them."""
        return [pid for pid in processes_with(f"{MARK}={self.mark}") if pid != os.getpid()]

    def output(self, name: str) -> str:
        """The last lines of a program's output."""
        return "\n".join((self._logs / f"{name}.log").read_text(errors="replace").splitlines()[-20:])


def processes_with(text: str) -> list[int]:
    """Process ids whose environment or command line holds the text (Linux: read from /proc)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            known = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended, or it is not ours to read
        if text.encode() in known:
            found.append(int(entry.name))
    return found


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, look: Callable[[], bool], *, seconds: float) -> None:
    """Look until it is true. Raises Transient naming what did not come."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise Transient(f"{what} did not come within {seconds:.0f} s")
        threading.Event().wait(0.2)
