"""`attend` acts on what is so when it acts: not on what it listed before, not on gates whose no would undo work."""

from datetime import timedelta

import pytest
from prefect import flow
from prefect.states import Cancelled

from flows.attend import attend_suspended_runs, look_after
from tasks.attending import suspended_runs
from tests.procedure.lives import UNASKED, YES

OVERDUE = "overdue = 0.0000001\n"  # hours: at once


@pytest.fixture
def late():
    """What `attend` does with one run that it listed a while ago."""
    return flow(look_after, name="attend")


def listed(life):
    """The suspended run as `attend` lists it now."""
    (found,) = [waiting for waiting in suspended_runs() if waiting.run == life.runs[-1]]
    return found


def test_answered_meanwhile_is_not_denied(lives, borrowed, late):
    """design.md §4: a question that was answered since it was listed as overdue gets no denial, nor does the next."""
    life = lives(borrowed)
    life.ca_issues_at_once()
    life.begin()
    waiting = listed(life)
    life.profile.write_text(f"{life.profile.read_text()}\n[gates]\n{OVERDUE}")
    life.answered(YES)
    asked = life.key
    late(waiting)

    assert asked.startswith("activate-")
    assert ("Suspended", asked) == (life.state().name, life.key)


def test_gone_on_meanwhile_is_not_scheduled(lives, borrowed, late, monkeypatch):
    """A run that went on since its lost form was listed is not pushed past the question at which it waits now."""
    life = lives(borrowed)
    life.ca_issues_at_once()
    life.begin()
    waiting = listed(life)
    life.answered(YES)
    life.client.delete_flow_run_input(life.runs[-1], f"suspended-{waiting.key}-schema")
    monkeypatch.setattr("tasks.attending.FORM_COMES", -timedelta(days=1))
    late(waiting)

    assert "Suspended" == life.state().name
    assert life.key.startswith("activate-")


def test_deleted_meanwhile(lives, borrowed, late):
    """A run that was deleted since it was listed is nobody's trouble."""
    life = lives(borrowed)
    life.profile.write_text(f"{life.profile.read_text()}\n[gates]\n{OVERDUE}")
    life.begin()
    waiting = listed(life)
    life.client.delete_flow_run(life.runs.pop())
    life.said.traces.clear()
    late(waiting)

    assert [] == life.said.traces


def test_overdue_take_over_is_only_reminded(lives, borrowed):
    """A no at `take-over` would abandon a renewal whose request may be pending: overdue, it is only reminded of."""
    life = lives(borrowed, UNASKED)
    life.start()
    life.go()
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    life.begin()
    asked = life.key
    life.edit('start = "auto"\n', f'start = "auto"\n{OVERDUE}')
    attend_suspended_runs()

    assert asked.startswith("take-over-")
    assert ("Suspended", asked) == (life.state().name, life.key)
    assert life.said.with_words(life.cluster, "nobody has answered at gate 'take-over'", str(life.runs[-1]))
    assert life.is_open()
