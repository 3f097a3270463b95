"""Waiting for an outcome: look, and look again until it is there or the time is over. Never a bare sleep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from ucrenew.errors import Permanent, Transient
from ucrenew.site import Site

_Seen = TypeVar("_Seen")


def until(
    look: Callable[[], _Seen],
    good: Callable[[_Seen], bool],
    *,
    site: Site,
    within: timedelta,
    every: float = 1.0,
) -> _Seen:
    """Look until it is good or the time is over; return what was seen last, good or not.

    A look that raises Transient counts as not good yet; the last one's error is raised when time runs out.
    ``every`` is seconds between looks.
    """
    deadline: datetime = site.clock() + within
    while True:
        try:
            seen = look()
        except Transient:
            if site.clock() >= deadline:
                raise
        else:
            if good(seen) or site.clock() >= deadline:
                return seen
        site.wait(every)


def until_over(
    look: Callable[[], _Seen],
    good: Callable[[_Seen], bool],
    *,
    site: Site,
    within: timedelta,
    every: float = 1.0,
) -> _Seen:
    """The same where ``within`` is all the time that it may take: a look that failed to its end raises Permanent.

    Were it Transient, the task would begin again with all of that time, as often as it tries again.
    """
    try:
        return until(look, good, site=site, within=within, every=every)
    except Transient as error:
        if not within:
            raise
        raise Permanent(
            f"{error}; so it was until the time was over that this may take. See that the node is up, then retry this"
            " run: it looks first"
        ) from error
