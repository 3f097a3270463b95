"""The life of a process: enough to tell, on this machine, whether the process that wrote it down still lives.

A run has many lives: it is suspended, killed, retried. A life is named when it takes the cluster's lock, and whoever
reads the lock later can tell a living holder from a dead one (prefect.md §10), as far as this machine can see.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from secrets import token_hex

_PROC = Path("/proc")
_START = 19  # fields of /proc/PID/stat behind the command's name; starttime is the 22nd of proc(5)


class Alive(StrEnum):
    """What can be told of a life from here."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # it was lived on another machine


@dataclass(frozen=True)
class Life:
    """Host, boot of that host, process, start of the process, and a random word: no two lives are equal."""

    host: str
    boot: str
    pid: int
    started: int  # clock ticks after boot
    word: str

    def __str__(self) -> str:
        """One line without blanks; ``parse_life`` reads it."""
        return f"{self.host}:{self.boot}:{self.pid}:{self.started}:{self.word}"

    @property
    def alive(self) -> Alive:
        """Whether the process still is; a process number that was given away again counts as dead."""
        if self.host != socket.gethostname():
            return Alive.UNKNOWN
        if self.boot != _boot():
            return Alive.NO  # the machine was started anew since
        return Alive.YES if _started(self.pid) == self.started else Alive.NO


def new_life() -> Life:
    """A life of this process that begins now."""
    return Life(socket.gethostname(), _boot(), os.getpid(), _started(os.getpid()) or 0, token_hex(8))


def parse_life(text: str) -> Life:
    """Read what ``str`` wrote. Raises ValueError."""
    host, boot, pid, started, word = text.rsplit(":", 4)
    return Life(host, boot, int(pid), int(started), word)


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """When a process was started; None when there is none, or only its remains."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[_START])
