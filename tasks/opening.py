"""Looking after runs that wait for their maintenance window (S22): whether it is open, and whether one was missed."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger

from tasks.attending import WINDOW, Waiting
from tasks.sites import now, profile_of
from tasks.stepping import step
from ucrenew.domain.windows import in_words, may_begin, missed_opening, next_opening
from ucrenew.errors import Trouble


@step(name="look whether the window is open", retries=0)
def window_is_open(waiting: Waiting) -> bool:
    """True when a window is open for as long as the run needs; trouble, and a window that was missed, are logged."""
    needed = timedelta(minutes=waiting.minutes_needed or 0)
    try:
        windows = profile_of(waiting.cluster).maintenance_windows
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", waiting.cluster, trouble)
        return False
    if may_begin(windows, now(), needed):
        return True
    opens = next_opening(windows, now(), needed=needed)
    waits = f"{waiting.cluster}: run {waiting.run} waits for a window of {in_words(needed)}"
    if opens is None:
        get_run_logger().warning("%s, and no window of the profile is so long any more", waits)
    elif missed := missed_opening(windows, _waits_since(waiting), now(), needed):
        get_run_logger().warning(
            "%s, and the one that opened on %s UTC passed unused: see that a worker takes its runs and that"
            " `attend` runs often enough; the next one opens on %s UTC",
            waits,
            f"{missed:%Y-%m-%d %H:%M}",
            f"{opens:%Y-%m-%d %H:%M}",
        )
    return False


def _waits_since(waiting: Waiting) -> datetime:
    """Since when nothing was done: a run that was woken too late waits anew, for a window of the same length."""
    same = f"{WINDOW}{waiting.minutes_needed}-"
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(waiting.run)
    waits = (state.timestamp for state in states if str(state.state_details.pause_key).startswith(same))
    return min(waits, default=waiting.since)
