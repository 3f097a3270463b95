"""How long a certificate of a public CA may live, from which day on: data, and one question to it.

Source: Baseline Requirements for TLS server certificates §6.3.2 as changed by CA/Browser Forum ballot SC-081v3 (voted
on 11 April 2025); FN74345 and cucm.md §4.7 name the first step. A private CA is not bound by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Step:
    """Issued on this day or later, a certificate lives no longer than so many days."""

    begins: datetime
    days: int


LIFETIMES = (
    Step(datetime(2020, 9, 1, tzinfo=UTC), 398),
    Step(datetime(2026, 3, 15, tzinfo=UTC), 200),
    Step(datetime(2027, 3, 15, tzinfo=UTC), 100),
    Step(datetime(2029, 3, 15, tzinfo=UTC), 47),
)


def longest_lifetime(issued: datetime) -> int | None:
    """The days that a public CA may grant at a time; None before the first step."""
    return next((step.days for step in reversed(LIFETIMES) if step.begins <= issued), None)
