"""Processes of this machine that belong to a run: they carry its id in their environment or command line (Linux)."""

from __future__ import annotations

import os
from pathlib import Path


def processes_of_run(run: str) -> list[int]:
    """Process ids, our own not among them; a zombie is none, and what we may not read is passed over."""
    return [pid for pid in _numbers() if pid != os.getpid() and _carries(pid, run.encode())]


def is_running(pid: int) -> bool:
    """Whether this machine has such a process; a zombie is none."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _numbers() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _carries(pid: int, text: bytes) -> bool:
    try:
        # A command that names the run (this very recovery, an editor) is none of its processes.
        known = (Path("/proc") / str(pid) / "environ").read_bytes()
    except OSError:
        return False
    return b"PREFECT__FLOW_RUN_ID=" + text in known and is_running(pid)
