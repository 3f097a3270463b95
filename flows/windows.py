"""Waiting for the maintenance window (S22): no process meanwhile, and no start that the window cannot hold."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from secrets import token_hex

from prefect.flow_runs import suspend_flow_run
from prefect.logging import get_run_logger

from tasks.attending import WINDOW
from tasks.sites import now, profile_of, record_of
from tasks.timeline import before_waiting
from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Closed
from ucrenew.domain.plan import Plan
from ucrenew.domain.restarts import window_needed
from ucrenew.domain.windows import in_words, may_begin, next_opening, remaining
from ucrenew.errors import Transient
from ucrenew.record import Kind, Renewal


def wait_for_window(renewal: Renewal, plan: Plan) -> None:
    """Go on only while a window is open for as long as what is left needs; ``flows/attend.py`` wakes the run.

    Without windows in the profile the answer at gate ``activate`` has decided.
    """
    if closed_window(renewal, plan) is None:
        return
    windows, needed = profile_of(renewal.cluster).maintenance_windows, _window_needed(renewal, plan)
    opens = next_opening(windows, now(), needed=needed)
    when = f"{opens:%Y-%m-%d %H:%M} UTC" if opens else "never, as the profile stands"
    left = remaining(windows, now())
    short = f"; this one is open for {in_words(left)} only" if left else ""
    get_run_logger().info("%s: waits for its window, %s: %s%s", renewal.cluster, in_words(needed), when, short)
    before_waiting(renewal, run=renewal.run)
    suspend_flow_run(key=f"{WINDOW}{ceil(needed / timedelta(minutes=1))}-{token_hex(4)}")
    raise Transient(f"{renewal.cluster} waits for its window, and Prefect did not suspend the run")


def closed_window(renewal: Renewal, plan: Plan) -> Closed | None:
    """None while a window is open for as long as what is left takes, and where none is needed."""
    profile = profile_of(renewal.cluster)
    if profile.is_by_hand(Step.RESTART) and record_of(renewal).leaf_is_in:
        return None  # the person has been told the windows; what they did is looked at whenever they say so
    needed = _window_needed(renewal, plan)
    return None if not needed or may_begin(profile.maintenance_windows, now(), needed) else Closed()


def _window_needed(renewal: Renewal, plan: Plan) -> timedelta:
    """As the plan says, until the certificate is in; then for the restarts that are left. Nothing when none is."""
    record = record_of(renewal)
    if not record.leaf_is_in:
        return timedelta(minutes=plan.minutes)
    done = {fact.about for fact in record.facts(Kind.RESTART_DONE)}
    left = [restart for restart in plan.restarts if restart.about not in done]
    return window_needed(left, plan.sso_nodes) if left else timedelta()
