"""A small scheduled flow that looks after renewals which wait, and says what needs a person (S14, design.md §4).

It resumes a run only for what it looked up itself: the CA has decided, the window has opened. A run that waits for a
person it never resumes but with an explicit no, when nobody answered for as long as the profile gives them; one whose
question lost its form it has ask again.
"""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from tasks.alone import alone
from tasks.attending import (
    Waiting,
    ask_again,
    ca_has_decided,
    denial,
    has_no_form,
    is_overdue,
    may_not_log_in,
    resume,
    suspended_runs,
)
from tasks.opening import window_is_open
from tasks.reminding import backups_missing, sso_left_off
from tasks.watching import troubled_locks, troubled_runs


@flow(name="attend", retries=0, persist_result=False)
def attend_suspended_runs() -> None:
    """Look at every suspended renewal once; trouble with one never keeps the others waiting."""
    with alone() as is_alone:
        if is_alone:
            look_around()
        else:
            get_run_logger().info("another look is under way, so this one leaves everything to it")


def look_around() -> None:
    """Look after what waits, then say what is in trouble."""
    for waiting in suspended_runs():
        look_after(waiting)
    for sentence in (*troubled_locks(), *troubled_runs(), *sso_left_off(), *backups_missing()):
        get_run_logger().warning(sentence)


def look_after(waiting: Waiting) -> None:
    """Wake one run when what it waits for has come; none while a refused login stands, which a person puts right."""
    if may_not_log_in(waiting):
        return
    if waiting.request_id is not None:
        if ca_has_decided(waiting):
            resume(waiting, because=f"the CA decided on request {waiting.request_id}")
        else:
            get_run_logger().info("%s: request %s is still pending", waiting.cluster, waiting.request_id)
    elif waiting.minutes_needed is not None:
        if window_is_open(waiting):
            resume(waiting, because="the maintenance window is open")
    elif waiting.gate is None:
        return
    elif has_no_form(waiting):
        ask_again(waiting)
    elif is_overdue(waiting):
        resume(waiting, because=f"nobody answered at gate '{waiting.gate}'", answer=denial(waiting))
