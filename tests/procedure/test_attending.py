"""`attend` acts on what is so when it acts: not on what it listed before, not on gates whose no would undo work."""

from datetime import timedelta

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import VariableUpdate
from prefect.states import Cancelled, Pending, Running

from flows.attend import attend_suspended_runs, look_after
from tasks.alone import alone
from tasks.attending import suspended_runs
from tests.procedure.lives import UNASKED, YES, at_note
from ucrenew.life import Life, new_life
from ucrenew.record import Kind

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


def test_two_looks_present_one_password(lives, borrowed, monkeypatch):
    """cucm.md §1.1: a look that begins beside another presents nothing: a refused password goes out once."""
    life = lives(borrowed, UNASKED)
    life.go_anew(force=True)
    (life.profile.parent / "ca.password").write_text("of-last-year")
    with at_note(monkeypatch, Kind.LOGIN_REFUSED, attend_suspended_runs):
        attend_suspended_runs()

    assert 1 == life.count("login-refused")
    assert life.said.with_words("another look is under way")


def test_look_that_died_holds_nobody_up(in_process):  # noqa: ARG001
    """A look whose process is gone keeps none out, one that lives or may live elsewhere does, and not for ever."""
    mine = new_life()
    dead = Life(mine.host, mine.boot, mine.pid, mine.started + 1, "dead")
    elsewhere = Life("another.example.com", mine.boot, mine.pid, mine.started, "elsewhere")

    assert [True, False, False] == [begins_after(life) for life in (dead, mine, elsewhere)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.alone.LONGEST", timedelta())
        assert [True, True] == [begins_after(life) for life in (mine, elsewhere)]


def begins_after(other) -> bool:
    """Whether a look begins when this life has left its name behind."""
    with alone() as first, get_client(sync_client=True) as client:
        assert first
        (name,) = [one.name for one in client.read_variables() if one.name.startswith("ucrenew-attend-")]
        client.update_variable(VariableUpdate(name=name, value=str(other)))
        with alone() as second:
            return second


def test_zombie_without_lock_is_named(lives, borrowed, monkeypatch):
    """A run that says it works, holds no cluster and beats no more is named, with the way out.

    That is recovery, unless another run holds the cluster by now.
    """
    monkeypatch.setattr("tasks.watching.NO_HEARTBEAT", timedelta())
    life = lives(borrowed)
    run = life.start()
    for state in (Pending(), Running()):
        life.client.set_flow_run_state(run, state, force=True)
        attend_suspended_runs()

        assert life.said.with_words(life.cluster, f"run {run} says {state.name}", f"deployments.recover {run}")

    life.begin()
    attend_suspended_runs()

    assert life.said.with_words(life.cluster, f"run {run} says Running and holds no cluster", "set it to Cancelled")


def test_run_that_begins_is_not_named(lives, borrowed):
    """A run that was given to a worker a moment ago has no lock yet, and nobody calls it dead."""
    life = lives(borrowed)
    life.client.set_flow_run_state(life.start(), Pending(), force=True)
    attend_suspended_runs()

    assert [] == life.said.with_words(life.cluster)
