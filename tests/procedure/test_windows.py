"""Maintenance windows (S22): what people notice waits for an open one, without a process, and `attend` wakes it."""

from datetime import UTC, datetime, timedelta

import pytest

from flows.attend import attend_suspended_runs
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, UNASKED, YES, at_note, kill
from ucrenew.record import Kind

ALWAYS = '\n[[windows]]\ndays = ["daily"]\nstart = "00:00"\nhours = 24\nzone = "UTC"\n'


def window(opens: datetime, *, hours: float = 2) -> str:
    """A window of the day on which it opens."""
    return (f'\n[[windows]]\ndays = ["{opens:%a}"]\nstart = "{opens:%H:%M}"\nhours = {hours}\nzone = "UTC"\n').replace(
        f"{opens:%a}", f"{opens:%a}".lower()
    )


@pytest.fixture
def waiting(lives, borrowed):
    """A run that has every yes and waits for a window which opens in three hours."""
    life = lives(borrowed, UNASKED)
    life.later = window(datetime.now(UTC) + timedelta(hours=3))
    life.profile.write_text(life.profile.read_text() + life.later)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("window")
    return life


def test_run_waits_for_its_window(waiting):
    """S22: outside a window neither leaf nor restart; the wait says how long the window has to be open."""
    assert waiting.key.startswith("window-76-")
    assert {"csr", "submit", "trust-upload"} >= set(waiting.control.kinds())
    assert waiting.said.with_words(waiting.cluster, "waits for its window, 1 h 16 min: ")


def test_attend_opens_the_window(waiting):
    """S22: `attend` wakes the run when a window is open for as long as its restarts need, and not before."""
    attend_suspended_runs()

    assert "Suspended" == waiting.state().name

    waiting.edit(waiting.later, ALWAYS)
    attend_suspended_runs()

    assert "SCHEDULED" == waiting.state().type.value
    assert waiting.said.with_words(waiting.cluster, "the maintenance window is open; resuming")


def test_new_window_is_a_new_plan(waiting):
    """S22, design.md §3: other windows are another plan: it is asked about again before anything goes on."""
    waiting.edit(waiting.later, ALWAYS)
    waiting.client.resume_flow_run(waiting.runs[-1])
    waiting.live()

    assert waiting.key.startswith("start-") or waiting.key.startswith("activate-")
    assert 0 == waiting.count("leaf-upload")
    assert "daily from 00:00 for 24 h (UTC)" in waiting.question()


def test_early_wake_up_waits_on(waiting):
    """S22: a run that is resumed from outside while its window is closed waits on, under another key."""
    first = waiting.key
    waiting.client.resume_flow_run(waiting.runs[-1])
    waiting.live()

    assert waiting.key.startswith("window-")
    assert first != waiting.key
    assert 0 == waiting.count("leaf-upload")


@pytest.fixture
def tight(lives, borrowed):
    """A run that waits for a window which opens in two hours and is not a minute longer than the plan asks for."""
    opens = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=2)
    life = lives(borrowed, UNASKED + window(opens, hours=76 / 60))
    life.opens = opens
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("window")
    return life


def clock(life, monkeypatch, at) -> None:
    """Let everything that asks for the time find this one, going on from now, and the nodes too."""
    ahead = at - datetime.now(UTC)
    life.control.post("/cluster", {"clock_offset": ahead.total_seconds()})
    for place in ("tasks.sites", "tasks.opening", "flows.windows"):
        monkeypatch.setattr(f"{place}.now", lambda: datetime.now(UTC) + ahead)


def test_window_as_long_as_the_plan(tight, monkeypatch):
    """S22: a window that is accepted is used, although `attend` sees it open a little late and the process starts."""
    clock(tight, monkeypatch, tight.opens + timedelta(seconds=45))
    attend_suspended_runs()
    clock(tight, monkeypatch, tight.opens + timedelta(minutes=2))

    assert "Completed" == tight.live().name


def test_missed_window_is_said(tight, monkeypatch):
    """S22: `attend` says that an opening passed unused, and the next one, also of a run that was woken too late."""
    late = tight.opens + timedelta(minutes=11)
    monkeypatch.setattr("tasks.opening.now", lambda: tight.opens)
    attend_suspended_runs()

    assert [] == tight.said.with_words(tight.cluster, "unused")

    clock(tight, monkeypatch, late)
    tight.live()
    attend_suspended_runs()
    (sentence,) = tight.said.with_words(tight.cluster, "unused")

    assert tight.said.with_words(tight.cluster, "waits for its window", "this one is open for 1 h 4 min only")
    assert f"{tight.opens:%Y-%m-%d %H:%M} UTC passed unused" in sentence
    assert f"the next one opens on {tight.opens + timedelta(days=7):%Y-%m-%d %H:%M} UTC" in sentence
    assert "Suspended" == tight.state().name


def test_no_window_any_more_is_said(waiting):
    """S22: `attend` says it when the profile's windows have become too short for a run that waits for one."""
    waiting.edit("hours = 2", "hours = 1")
    attend_suspended_runs()

    assert waiting.said.with_words(waiting.cluster, "1 h 16 min, and no window of the profile is so long any more")


def test_restarts_wait_for_the_next_window(lives, borrowed, monkeypatch):
    """S22: killed after some restarts and retried when the window has closed, the others wait for the next one.

    Only what is left counts: the window has to be open for that long.
    """
    life = lives(borrowed, UNASKED + ALWAYS)
    life.ca_issues_at_once()
    with at_note(monkeypatch, Kind.RESTART_DONE, kill, about=f"{PUBLISHER} Cisco DRF Local", when="after"):
        life.go_anew(force=True)
    life.edit(ALWAYS, window(datetime.now(UTC) + timedelta(hours=3)))
    life.push()
    life.live()

    assert life.key.startswith("window-28-")  # two Tomcats of 5 minutes, four other services of 2, 10 for a late start
    assert {PUBLISHER} == {node for node, _ in life.restarts()}

    life.profile.write_text(life.profile.read_text() + ALWAYS)
    life.client.resume_flow_run(life.runs[-1])

    assert "Completed" == life.live().name
    assert {PUBLISHER, SUBSCRIBER, IMP} == {node for node, _ in life.restarts()}
    assert 11 == len(life.restarts())


def test_window_never_long_enough(lives, borrowed):
    """S22: where no window is long enough the run is refused before the request, with the time that is needed."""
    life = lives(borrowed, window(datetime.now(UTC), hours=1.25))
    state = life.begin(force=True)

    assert "BadInput" == state.name
    assert "no maintenance window of the profile is as long as needed, 1 h 16 min" in state.message
    assert [] == life.control.kinds()


def test_window_shown_before(lives, borrowed):
    """S22: the first question says in which windows the restarts will be, and how long such a window has to be."""
    life = lives(borrowed, ALWAYS)
    life.begin(force=True)
    question = life.question()

    assert "Only in a maintenance window" in question
    assert "a window of 1 h 16 min is needed" in question
    assert life.answer(YES) == "ACCEPT"
