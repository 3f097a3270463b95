"""Whether a backup holds the new keys (cucm.md §4.1): the node's history has local times, its zone stands elsewhere."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.procedure.lives import PUBLISHER
from ucrenew.steps import aftercare

DONE = datetime(2026, 8, 4, 2, 1, 19, tzinfo=UTC)  # what the wall of the node shows when its backup is done


@pytest.mark.parametrize(
    ("zone", "east"), [("Etc/UTC", 0), ("Asia/Tokyo", 9), ("Europe/Berlin", 2), ("America/Los_Angeles", -7)]
)
def test_backup_by_the_nodes_zone(walked, zone, east):
    """A backup made just before the leaf does not hold its keys, however far east of us the node's clock hangs."""
    walked.bend(PUBLISHER, time_zone=zone, last_backup="2026-08-04")
    last = aftercare.last_backup(walked.site, walked.plan())
    made = DONE - timedelta(hours=east)

    assert (False, True) == (last.is_after(made), last.is_after(made - timedelta(seconds=1)))


def test_backup_without_a_zone(walked):
    """Of a node that names no zone nobody can tell, and its local time is all that is known."""
    walked.bend(PUBLISHER, time_zone="", last_backup="2026-08-04")
    last = aftercare.last_backup(walked.site, walked.plan())

    assert last.is_after(DONE) is None
    assert "2026-08-04T02:01:19" == str(last)
