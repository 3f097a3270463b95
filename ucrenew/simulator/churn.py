"""CSCup28852: phones that reset about every seven minutes since a multi-server certificate (cucm.md §4.9, S30).

Nothing is counted here: what a phone looks like follows from the time since it began.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ucrenew.simulator.pace import Delays
from ucrenew.simulator.phone import CALLMANAGER_RESET, DEVICE_RESET, Phone

When: TypeAlias = Literal["off", "multi-server", "always"]
# Which part of the time a phone is away ([I] guess).
_AWAY = 0.06


@dataclass(frozen=True)
class Sight:
    """What can be seen of a phone: registered at ``node`` or, without being registered, there last."""

    node: str | None
    registered: bool
    reason: int
    since: datetime | None


class Churn:
    """The fault, armed or not; ``when`` says for which nodes."""

    def __init__(self, delays: Delays) -> None:  # noqa: D107 - the class says it
        self.when: When = "off"
        self._delays = delays
        self._since: dict[str, datetime] = {}

    def settle(self, multi_server: set[str], now: datetime) -> None:
        """Note since when each node is hit."""
        if self.when == "always":
            return
        hit = multi_server if self.when == "multi-server" else set()
        self._since = {name: self._since.get(name, now) for name in hit}

    def begin(self, when: When, nodes: Iterable[str], now: datetime) -> None:
        """Arm it, or take it away; `always` asks for no certificate."""
        self.when = when
        self._since = dict.fromkeys(nodes, now) if when == "always" else {}

    def sight(self, phone: Phone, now: datetime) -> Sight:
        """A phone as RisPort shows it now."""
        plain = Sight(phone.node or phone.previous, phone.node is not None, phone.reason, phone.since)
        begun = self._since.get(phone.node or "")
        if begun is None:
            return plain
        period = self._delays.phone_churn_seconds
        if period <= 0:
            return replace(plain, since=now)
        age = (now - begun).total_seconds() - period * (phone.number * 37 % 101) / 101
        if age < 0:
            return plain
        since = now - timedelta(seconds=age % period)
        if age % period < period * _AWAY:
            reason = DEVICE_RESET if phone.number % 2 else CALLMANAGER_RESET
            return replace(plain, registered=False, reason=reason, since=since)
        return replace(plain, since=since + timedelta(seconds=period * _AWAY))
