"""What the platform CLI says about backups (cucm.md §2.3): text in, values out.

A reply in no known form raises `ValueError` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ucrenew.clients.cli_replies import read_date


@dataclass(frozen=True)
class BackupRun:
    """One row of the backup history; `date` is the node's local time."""

    date: datetime
    zone: str
    status: str
    file: str

    @property
    def succeeded(self) -> bool:
        """Whether this backup can be restored from."""
        return self.status.upper().startswith("SUCCESS")


@dataclass(frozen=True)
class LastBackup:
    """The last good backup: when by the node's own wall clock, and where that clock hangs; None: nobody knows."""

    local: datetime
    place: ZoneInfo | None

    @property
    def at(self) -> datetime | None:
        """The moment in UTC; of an hour that the wall shows twice the first, so that nothing is newer than it is."""
        return self.local.replace(tzinfo=self.place).astimezone(UTC) if self.place else None

    def is_after(self, moment: datetime) -> bool | None:
        """Whether it was made after ``moment``; None when that cannot be told."""
        return self.at > moment if self.at else None

    def __str__(self) -> str:
        """The moment in ISO 8601, without an offset where the zone is not known."""
        return (self.at or self.local).isoformat()


_BACKUP_STATUS = re.compile(r"\b(SUCCESS|FAILED|FAILURE|ERROR|WARNING|CANCELED|CANCELLED)\b", re.IGNORECASE)
_ALL = 100


def backup_history(text: str) -> tuple[BackupRun, ...]:
    """`utils disaster_recovery history backup`: one entry a backup, in the order printed."""
    if re.search(r"No backup history available", text, re.IGNORECASE):
        return ()
    runs = tuple(run for run in map(_backup_run, text.splitlines()) if run)
    if not runs:
        raise ValueError("neither a backup nor `No backup history available`")
    return runs


def last_backup(runs: Iterable[BackupRun], place: ZoneInfo | None) -> LastBackup | None:
    """The last of them that succeeded."""
    good = [run.date for run in runs if run.succeeded]
    return LastBackup(max(good), place) if good else None


def backup_running(text: str) -> bool:
    """`utils disaster_recovery status backup`: whether a backup is under way.

    The layout of a running backup is not documented (cucm.md §2.3): a percentage below 100 or a word for
    "under way" counts as running, unless the overall status already says how it ended.
    """
    if re.search(r"No backup status available", text, re.IGNORECASE):
        return False
    overall = re.search(r"^\s*Status\s*:\s*(.*)$", text, re.MULTILINE | re.IGNORECASE)
    if overall and _BACKUP_STATUS.search(overall[1]):
        return False
    # Upper case only for the bare word: log paths hold an `active` directory.
    if re.search(r"\b(?i:in[ _-]?progress|running)\b|\bACTIVE\b", text):
        return True
    percentages = [int(number) for number in re.findall(r"\b(\d{1,3})\s*%", text)]
    percentages += [int(number) for number in re.findall(r"Percentage Complete\s*:\s*(\d+)", text)]
    if not percentages:
        raise ValueError("neither a percentage nor `No backup status available`")
    return min(percentages) < _ALL


def _backup_run(line: str) -> BackupRun | None:
    words = _BACKUP_STATUS.search(line)
    date, zone = read_date(line)
    if date is None or not (words or ".tar" in line):
        return None
    file = re.match(r"\s*(\S+\.tar)\b", line)
    return BackupRun(
        date=date, zone=zone, status=words[1].upper() if words else "UNKNOWN", file=file[1] if file else ""
    )
