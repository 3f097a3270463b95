"""Maintenance windows: open or not, for how long, and when next, in several zones and over changes of their clocks."""

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from ucrenew.domain.windows import (
    WEEKDAYS,
    Window,
    in_words,
    is_long_enough,
    may_begin,
    missed_opening,
    next_opening,
    remaining,
)

BERLIN = "Europe/Berlin"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta.resolution


def window(days="daily", start="22:00", hours=6.0, zone=BERLIN):
    numbers = range(7) if days == "daily" else [WEEKDAYS.index(day) for day in days.split()]
    return Window(frozenset(numbers), time.fromisoformat(start), timedelta(hours=hours), zone)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- one window, an ordinary week: 2026-03-06 is a Friday

SATURDAY_NIGHT = window("sat", "22:00", 6)  # 21:00 UTC to Sunday 03:00 UTC


@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("2026-03-07T20:59:59", None),
        ("2026-03-07T21:00:00", 6 * HOUR),
        ("2026-03-07T23:00:00", 4 * HOUR),
        ("2026-03-08T00:30:00", 2.5 * HOUR),
        ("2026-03-08T02:59:59", timedelta(seconds=1)),
        ("2026-03-08T03:00:00", None),
        ("2026-03-06T23:00:00", None),
        ("2026-03-08T23:00:00", None),
    ],
)
def test_open_over_midnight(at, left):
    """A window of Saturday night goes on into Sunday morning; it has its first moment and not its last (S22)."""
    assert left == remaining([SATURDAY_NIGHT], utc(at))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-06T12:00:00", "2026-03-07T21:00:00"),
        ("2026-03-07T20:59:59", "2026-03-07T21:00:00"),
        ("2026-03-07T21:00:00", "2026-03-14T21:00:00"),
        ("2026-03-08T01:00:00", "2026-03-14T21:00:00"),
        ("2026-03-08T03:00:00", "2026-03-14T21:00:00"),
    ],
)
def test_next_opening(at, opens):
    """The next opening is the first beginning after now, in UTC; what is open already does not count."""
    found = next_opening([SATURDAY_NIGHT], utc(at))

    assert utc(opens) == found
    assert UTC is found.tzinfo


def test_local_time_asked():
    """The moment may be told in any zone: it is the same moment."""
    at = datetime(2026, 3, 7, 23, 0, tzinfo=ZoneInfo(BERLIN))

    assert 5 * HOUR == remaining([SATURDAY_NIGHT], at)
    assert utc("2026-03-14T21:00:00") == next_opening([SATURDAY_NIGHT], at)


def test_weekday_is_local():
    """The weekday is the zone's: Sunday 01:00 in Auckland is Saturday noon in UTC."""
    found = next_opening([window("sun", "01:00", 2, "Pacific/Auckland")], utc("2026-03-06T00:00:00"))

    assert utc("2026-03-07T12:00:00") == found


def test_no_windows():
    """Without windows nothing is open and nothing opens, and there is time for everything: a gate decides alone."""
    at = utc("2026-03-07T12:00:00")

    assert remaining([], at) is None
    assert next_opening([], at) is None
    assert is_long_enough([], at, 100 * HOUR)


@pytest.mark.parametrize(
    ("at", "needed", "enough"),
    [
        ("2026-03-07T23:00:00", 4 * HOUR, True),
        ("2026-03-07T23:00:00", 4 * HOUR + TICK, False),
        ("2026-03-07T20:00:00", timedelta(), False),
    ],
    ids=["just enough", "a moment short", "closed"],
)
def test_time_left(at, needed, enough):
    """What is left of the open window has to be as long as what is to be done; a closed one never is."""
    assert enough is is_long_enough([SATURDAY_NIGHT], utc(at), needed)


def test_late_start_has_a_margin():
    """Ten minutes of what a window needs are for a late start: until then it may be begun, and afterwards not."""
    whole = 6 * HOUR  # as long as the window itself

    assert may_begin([SATURDAY_NIGHT], utc("2026-03-07T21:00:00"), whole)
    assert may_begin([SATURDAY_NIGHT], utc("2026-03-07T21:10:00"), whole)
    assert not may_begin([SATURDAY_NIGHT], utc("2026-03-07T21:10:00") + TICK, whole)
    assert may_begin([], utc("2026-03-07T12:00:00"), whole)


@pytest.mark.parametrize(
    ("since", "at", "needed", "missed"),
    [
        ("2026-03-07T12:00:00", "2026-03-07T21:10:00", 6 * HOUR, None),
        ("2026-03-07T12:00:00", "2026-03-07T21:10:01", 6 * HOUR, "2026-03-07T21:00:00"),
        ("2026-03-07T12:00:00", "2026-03-16T12:00:00", HOUR, "2026-03-14T21:00:00"),
        ("2026-03-07T21:30:00", "2026-03-08T12:00:00", HOUR, None),
        ("2026-03-07T12:00:00", "2026-03-08T12:00:00", 7 * HOUR, None),
    ],
    ids=["not yet", "too late now", "the last of two", "begun before the wait", "too short anyway"],
)
def test_missed_opening(since, at, needed, missed):
    """An opening was missed when it came during the wait, was long enough, and it is too late to begin in it."""
    assert (utc(missed) if missed else None) == missed_opening([SATURDAY_NIGHT], utc(since), utc(at), needed)


# --- several windows


def test_touching_windows_are_one():
    """Windows that touch or overlap are one stretch, also across zones and given in any order."""
    late = window("sun", "04:00", 2)
    overlapping = window("sun", "03:30", 2, "Europe/London")
    at = utc("2026-03-07T21:00:00")

    assert 8 * HOUR == remaining([late, SATURDAY_NIGHT], at)
    assert 8.5 * HOUR == remaining([overlapping, late, SATURDAY_NIGHT], at)
    assert utc("2026-03-14T21:00:00") == next_opening([late, SATURDAY_NIGHT], at)


def test_gap_divides():
    """A minute between two windows makes them two."""
    late = window("sun", "04:01", 2)
    at = utc("2026-03-07T21:00:00")

    assert 6 * HOUR == remaining([late, SATURDAY_NIGHT], at)
    assert utc("2026-03-08T03:01:00") == next_opening([late, SATURDAY_NIGHT], at)


def test_short_inside_long():
    """A short window inside a long one shortens nothing."""
    assert 6 * HOUR == remaining([window("sat", "23:00", 1), SATURDAY_NIGHT], utc("2026-03-07T21:00:00"))


def test_next_that_is_long_enough():
    """Windows that are too short for what is to be done are passed over; where all are, there is none."""
    both = [window("wed", "22:00", 1), SATURDAY_NIGHT]
    at = utc("2026-03-09T12:00:00")

    assert utc("2026-03-11T21:00:00") == next_opening(both, at)
    assert utc("2026-03-14T21:00:00") == next_opening(both, at, needed=2 * HOUR)
    assert next_opening(both, at, needed=7 * HOUR) is None


def test_week_without_end():
    """Windows that never close are open for as far as is looked ahead, and have no next opening."""
    always = [window("daily", "00:00", 24, "UTC")]
    at = utc("2026-03-07T12:00:00")

    assert remaining(always, at) > timedelta(days=14)
    assert next_opening(always, at) is None


# --- the nights in which clocks change; Berlin 2026: 29 March 02:00 -> 03:00, 25 October 03:00 -> 02:00

CHANGES = {
    "spring, start before the gap": ("sun", "01:30", BERLIN, "2026-03-28T12:00", "2026-03-29T00:30"),
    "spring, start in the gap": ("sun", "02:30", BERLIN, "2026-03-28T12:00", "2026-03-29T01:30"),
    "spring, start after the gap": ("sun", "03:00", BERLIN, "2026-03-28T12:00", "2026-03-29T01:00"),
    "spring, the evening before": ("sat", "23:00", BERLIN, "2026-03-28T12:00", "2026-03-28T22:00"),
    "autumn, start before the change": ("sun", "01:30", BERLIN, "2026-10-24T12:00", "2026-10-24T23:30"),
    "autumn, start in the doubled hour": ("sun", "02:30", BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),
    "autumn, start after it": ("sun", "03:00", BERLIN, "2026-10-24T12:00", "2026-10-25T02:00"),
    "New York in spring": ("sun", "02:30", "America/New_York", "2026-03-07T12:00", "2026-03-08T07:30"),
    "New York in autumn": ("sun", "01:30", "America/New_York", "2026-10-31T12:00", "2026-11-01T05:30"),
    "half an hour in Lord Howe": ("sun", "02:15", "Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:45"),
    "midnight that did not exist": ("sun", "00:00", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T03:00"),
    "no change in Kathmandu": ("sun", "02:30", "Asia/Kathmandu", "2026-03-28T12:00", "2026-03-28T20:45"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_start_when_clocks_change(kind):
    """A start counts by the clock on the wall; one that it never shows, or shows twice, as RFC 5545 §3.3.5 says."""
    days, start, zone, before, opens = CHANGES[kind]

    assert utc(opens) == next_opening([window(days, start, 4, zone)], utc(before))


@pytest.mark.parametrize("kind", CHANGES)
def test_length_is_real(kind):
    """A window lasts its hours in real time, also over the hour that is skipped or doubled."""
    days, start, zone, _, opens = CHANGES[kind]
    night = [window(days, start, 4, zone)]

    assert 4 * HOUR == remaining(night, utc(opens))
    assert TICK == remaining(night, utc(opens) + 4 * HOUR - TICK)
    assert remaining(night, utc(opens) + 4 * HOUR) is None


def test_whole_day_in_autumn():
    """Twenty-four real hours do not fill the day of twenty-five: the last hour on the wall is closed."""
    always = [window("daily", "00:00", 24)]

    assert remaining(always, utc("2026-10-25T21:59")) is not None
    assert remaining(always, utc("2026-10-25T22:30")) is None
    assert utc("2026-10-25T23:00") == next_opening(always, utc("2026-10-25T22:30"))


# --- the same, found by walking through every minute of a zone's wall clock

WALKED = {
    BERLIN: (date(2026, 3, 28), date(2026, 10, 24), date(2026, 1, 9)),
    "America/New_York": (date(2026, 3, 7), date(2026, 10, 31)),
    "Australia/Lord_Howe": (date(2026, 4, 4), date(2026, 10, 3)),
    "Pacific/Apia": (date(2011, 12, 29),),  # the day of the date line: 30 December did not exist
    "Asia/Kolkata": (date(2026, 5, 1),),
}


@cache
def wall(zone, day):
    """What the wall shows at every minute from four days before to four days after, by UTC."""
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=4)
    moments = [first + number * MINUTE for number in range(8 * 24 * 60)]
    return {moment: moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments}


def walked_openings(one, day):
    """The moments at which a window opens: the first minute that shows its start, else what shows as much later."""
    shown = {}
    for moment, local in wall(one.zone, day).items():
        shown.setdefault(local, moment)
    for offset in range(-3, 4):
        start = datetime.combine(day + timedelta(days=offset), one.start)
        if start.weekday() in one.weekdays:
            if start in shown:
                yield shown[start]
            else:
                yield max(moment for local, moment in shown.items() if local < start) + _beyond_gap(shown, start)


def _beyond_gap(shown, start):
    return start - max(local for local in shown if local < start)


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, days in WALKED.items() for day in days])
def test_agrees_with_wall_clock(zone, day):
    """At any minute around a change of clocks, windows are open exactly as a walk along the wall clock finds them."""
    chance = random.Random(f"{zone} {day}")
    for _ in range(6):
        days = " ".join(chance.sample(WEEKDAYS, chance.randint(1, 7)))
        start = f"{chance.randint(0, 4):02}:{chance.choice((0, 15, 30)):02}"
        some = [window(days, start, chance.choice((0.5, 3, 9, 24)), zone), window("sat sun", "23:30", 2.5, zone)]
        opened = [(opens, opens + one.length) for one in some for opens in walked_openings(one, day)]
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        for at in (noon + chance.randint(0, 24 * 60) * MINUTE for _ in range(20)):
            is_open = any(opens <= at < closes for opens, closes in opened)

            assert is_open is (remaining(some, at) is not None), (some, at)


@pytest.mark.parametrize("zone", WALKED)
def test_answers_fit_together(zone):
    """What is left ends where it closes; the next opening is where it opens, and not a moment before."""
    chance = random.Random(zone)
    for _ in range(40):
        some = [
            window(chance.choice(WEEKDAYS), f"{chance.randint(0, 23):02}:30", chance.choice((1, 5, 20)), zone)
            for _ in range(3)
        ]
        at = utc("2026-01-01T00:00") + chance.randint(0, 365 * 24 * 60) * MINUTE
        left, opens = remaining(some, at), next_opening(some, at)

        assert opens > at
        assert remaining(some, opens) is not None
        assert remaining(some, opens - TICK) is None
        if left is not None:
            assert left == remaining(some, at + left - TICK) + left - TICK
            assert remaining(some, at + left) is None
            assert opens > at + left


# --- in words


def test_window_in_words():
    """A window is said in one line: days, start, length, zone (S22)."""
    assert "sat, sun from 22:00 for 6 h 30 min (Europe/Berlin)" == str(window("sun sat", "22:00", 6.5))
    assert "daily from 01:05 for 2 h (UTC)" == str(window("daily", "01:05", 2, "UTC"))


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (125, "2 h 5 min"), (1440, "24 h")]
)
def test_length_in_words(minutes, said):
    """A length is said in hours and minutes."""
    assert said == in_words(minutes * MINUTE)
