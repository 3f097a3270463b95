"""Maintenance windows (S22): whether one is open, for how long, and when the next one opens.

1. A window starts when the clock on its zone's wall shows its time, and lasts a real length of time: the night in
   which clocks change makes it neither shorter nor longer.
2. A start that the wall never shows, or shows twice, is read as RFC 5545 §3.3.5 reads it: with the offset from
   before the gap, and the first time.
3. Windows that touch or overlap are one stretch. A stretch has its beginning and not its end.
4. Everything is reckoned in UTC. ``at`` is an aware time; the clock is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Every window opens within a week; the second one shows in full how long the last of them stays open.
_AHEAD = timedelta(days=15)
_DAY = timedelta(days=1)
# How late in its window a run may begin: `attend` looks now and then, a process has to come up and look around (ours).
MARGIN = timedelta(minutes=10)

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """On these weekdays (Monday is 0), from a time of the zone's clock, for a length of real time."""

    weekdays: frozenset[int]
    start: time
    length: timedelta
    zone: str  # IANA name; the rules of zones are data of the language, as the calendar is

    def __str__(self) -> str:
        """How people say it: ``sat, sun from 22:00 for 6 h 30 min (Europe/Berlin)``."""
        days = "daily" if len(self.weekdays) == len(WEEKDAYS) else ", ".join(WEEKDAYS[n] for n in sorted(self.weekdays))
        return f"{days} from {self.start:%H:%M} for {in_words(self.length)} ({self.zone})"


def remaining(windows: Iterable[Window], at: datetime) -> timedelta | None:
    """How long it stays open from now on; None when no window is open. Two weeks are looked ahead, no further."""
    return next((ends - at for begins, ends in _stretches(windows, at) if begins <= at < ends), None)


def next_opening(windows: Iterable[Window], at: datetime, *, needed: timedelta = timedelta()) -> datetime | None:
    """When the next stretch begins that is long enough, in UTC; the one that is open now does not count.

    None when there is none within two weeks: no windows, windows that never close, or all of them too short.
    """
    return next((begins for begins, ends in _stretches(windows, at) if begins > at and ends - begins >= needed), None)


def last_openings(windows: Iterable[Window], before: datetime) -> tuple[datetime, ...]:
    """When the stretches of the last two weeks before a time begin, those that are over by then, in order."""
    since = before - _AHEAD
    return tuple(begins for begins, ends in _stretches(windows, since) if since < begins and ends <= before)


def is_long_enough(windows: Iterable[Window], at: datetime, needed: timedelta) -> bool:
    """Whether so much time is left in what is open now; always true where there are no windows."""
    all_of_them = tuple(windows)
    left = remaining(all_of_them, at)
    return not all_of_them or (left is not None and left >= needed)


def may_begin(windows: Iterable[Window], at: datetime, needed: timedelta) -> bool:
    """Whether there is time now for what needs a window so long, of which the margin may be over already."""
    return is_long_enough(windows, at, needed - MARGIN)


def missed_opening(windows: Iterable[Window], since: datetime, at: datetime, needed: timedelta) -> datetime | None:
    """When the last stretch opened that was long enough, and in which it is too late to begin by now."""
    until = at + needed - MARGIN
    fitting = (
        begins
        for begins, ends in _stretches(windows, since)
        if since < begins and ends - begins >= needed and ends < until
    )
    return max(fitting, default=None)


def in_words(length: timedelta) -> str:
    """``6 h 30 min``; seconds are dropped."""
    hours, minutes = divmod(int(length / timedelta(minutes=1)), 60)
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes or not hours else []
    return " ".join(parts)


def _stretches(windows: Iterable[Window], at: datetime) -> Iterator[Stretch]:
    """Windows around and after a time, in order, those that touch put together."""
    begins: datetime | None = None
    ends = at
    for opens, closes in sorted(opening for window in windows for opening in _openings(window, at)):
        if begins is None or opens > ends:
            if begins is not None:
                yield begins, ends
            begins, ends = opens, closes
        ends = max(ends, closes)
    if begins is not None:
        yield begins, ends


def _openings(window: Window, at: datetime) -> Iterator[Stretch]:
    zone = ZoneInfo(window.zone)
    day = (at - window.length).astimezone(zone).date() - _DAY
    last = (at + _AHEAD).astimezone(zone).date()
    while day <= last:
        if day.weekday() in window.weekdays:
            opens = datetime.combine(day, window.start, tzinfo=zone).astimezone(UTC)
            yield opens, opens + window.length
        day += _DAY
