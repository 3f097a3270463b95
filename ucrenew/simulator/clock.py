"""The clock of the whole scene."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """A clock that can be put forward or back; whoever is given it follows, the ledger too."""

    def __init__(self, source: Callable[[], datetime]) -> None:  # noqa: D107 - the class says it
        self.offset_seconds = 0.0
        self._source = source

    def __call__(self) -> datetime:
        """What it shows now."""
        return self._source() + timedelta(seconds=self.offset_seconds)
