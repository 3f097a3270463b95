"""How long things take: realistic delays for people, none for tests, and waits that end at shutdown.

Rule 1: nobody here sleeps; every wait is on the stop event, so that the process ends at once.
Rule 2: the scale is applied once, when the delays are made. A delay that is set later is in plain seconds.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass


class Stopping(Exception):
    """The simulator is being stopped while something waited."""


class Pace:
    """Waits that a shutdown interrupts."""

    def __init__(self, stop: threading.Event | None = None) -> None:  # noqa: D107 - the class says it
        self.stop = stop or threading.Event()

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass; raises Stopping when the simulator stops first."""
        if seconds <= 0:
            return
        if self.stop.wait(None if math.isinf(seconds) else seconds):
            raise Stopping

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do ``action`` after ``seconds`` in a thread of its own; at once and here when there is no wait."""
        if seconds <= 0:
            action()
        elif not math.isinf(seconds):
            threading.Thread(target=self._wait_and_do, args=(seconds, action), daemon=True).start()

    def _wait_and_do(self, seconds: float, action: Callable[[], None]) -> None:
        if not self.stop.wait(seconds):
            action()


@dataclass
class Delays:
    """Seconds that each thing takes; plain attributes, to be bent at any time.

    Sources: prompt [T] cucm.md §2.1; fan-out and resync [T] cucm_inside.md §A.1; CSR, leaf, trust, snapshot [C] cucm.md
    §1.1 (time-outs of working clients); restarts and commands [I] guess.
    """

    prompt_seconds: float = 8.0
    command_seconds: float = 0.5
    snapshot_seconds: float = 1.0
    csr_seconds: float = 3.0
    trust_seconds: float = 2.0
    leaf_seconds: float = 6.0
    fan_out_seconds: float = 1.75
    resync_seconds: float = 1800.0
    tomcat_stop_seconds: float = 15.0
    tomcat_start_seconds: float = 45.0
    service_stop_seconds: float = 4.0
    service_start_seconds: float = 8.0
    # Phones, and CSCup28852's seven minutes (cucm.md §4.9 [D]); the others are [I] guess. One window of RisPort (§3.3).
    phone_failover_seconds: float = 10.0
    phone_return_seconds: float = 120.0
    phone_reset_seconds: float = 90.0
    phone_churn_seconds: float = 420.0
    ris_window_seconds: float = 60.0

    @classmethod
    def scaled(cls, scale: float) -> Delays:
        """Realistic delays times ``scale``; at 0 a missed event waits until somebody releases it."""
        fields = {name: default * scale for name, default in vars(cls()).items()}
        if scale == 0:
            fields["resync_seconds"] = math.inf
        return cls(**fields)
