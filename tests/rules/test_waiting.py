"""Waiting for an outcome without a sleep: look, wait, look again, until it is there or the time is over."""

from datetime import timedelta

import pytest

from ucrenew.errors import Permanent, Refused, Transient
from ucrenew.profile import load_profile
from ucrenew.site import Site
from ucrenew.steps.waiting import until, until_over

from .builder import NOW
from .lab import write_profile

MINUTE = timedelta(minutes=1)


class Timepiece:
    """A clock that goes on only while somebody waits."""

    def __init__(self):
        self.now, self.waits = NOW, []

    def wait(self, seconds):
        """Let the time pass."""
        self.now += timedelta(seconds=seconds)
        self.waits.append(seconds)


@pytest.fixture
def timepiece():
    return Timepiece()


@pytest.fixture
def site(tmp_path, timepiece):
    profile = load_profile(write_profile(tmp_path))
    return Site(profile, read_block=str, say=str, wait=timepiece.wait, clock=lambda: timepiece.now)


def looks(*outcomes):
    """A look that gives these one after another; the last one for ever; an exception is raised."""
    left = list(outcomes)

    def look():
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found

    return look


def test_good_at_once(site, timepiece):
    """What is there already is returned without any wait (S16)."""
    found = until(looks("there"), bool, site=site, within=MINUTE)

    assert "there" == found
    assert [] == timepiece.waits


def test_good_after_a_while(site, timepiece):
    """Looking goes on until it is good, with the given pause between (S16)."""
    found = until(looks(0, 0, 7), bool, site=site, within=MINUTE, every=5)

    assert 7 == found
    assert [5, 5] == timepiece.waits


def test_never_good(site, timepiece):
    """When the time is over the last look is returned as it was, and the waiting took that long and no longer (S16)."""
    found = until(looks(0), bool, site=site, within=MINUTE, every=10)

    assert 0 == found
    assert NOW + MINUTE == timepiece.now


def test_transient_counts_as_not_yet(site):
    """A node that does not answer for a while, as Tomcat in its restart, is looked at again (S19)."""
    assert 7 == until(looks(Transient("refused"), Transient("refused"), 7), bool, site=site, within=MINUTE)


def test_transient_to_the_end(site, timepiece):
    """A node that never answers ends with its own error when the time is over (S19)."""
    with pytest.raises(Transient, match="refused"):
        until(looks(Transient("refused")), bool, site=site, within=MINUTE)

    assert NOW + MINUTE == timepiece.now


def test_refusal_is_not_waited_for(site, timepiece):
    """Any other error ends the waiting at once."""
    with pytest.raises(Refused):
        until(looks(Refused("no")), bool, site=site, within=MINUTE)

    assert [] == timepiece.waits


def test_over_is_over(site, timepiece):
    """Where all the time was given that it may take, the last trouble is final: no task gives it all of that again."""
    with pytest.raises(Permanent, match=r"pub: no connection; .* See that the node is up, then retry this run"):
        until_over(looks(Transient("pub: no connection")), bool, site=site, within=MINUTE)

    assert MINUTE == timepiece.now - NOW


def test_one_look_is_not_all(site, timepiece):
    """Where no time was given trouble that may pass stays one that is tried again."""
    with pytest.raises(Transient):
        until_over(looks(Transient("pub: no connection")), bool, site=site, within=timedelta())

    assert [] == timepiece.waits
