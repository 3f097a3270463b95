"""Whether a backup holds the new keys (cucm.md §4.1): the node's history has local times, its zone stands elsewhere."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from flows.attend import attend_suspended_runs
from tasks import reminding
from tests.procedure.lives import IMP, PUBLISHER, UNASKED
from ucrenew.steps import aftercare

DONE = datetime(2026, 8, 4, 2, 1, 19, tzinfo=UTC)  # what the wall of the node shows when its backup is done


@pytest.mark.parametrize(
    ("zone", "east"), [("Etc/UTC", 0), ("Asia/Tokyo", 9), ("Europe/Berlin", 2), ("America/Los_Angeles", -7)]
)
def test_backup_by_the_nodes_zone(walked, zone, east):
    """A backup made just before the leaf does not hold its keys, however far east of us the node's clock hangs."""
    walked.bend(PUBLISHER, time_zone=zone, last_backup="2026-08-04")
    last = aftercare.last_backup(walked.site)
    made = DONE - timedelta(hours=east)

    assert (False, True) == (last.is_after(made), last.is_after(made - timedelta(seconds=1)))


def test_backup_without_a_zone(walked):
    """Of a node that names no zone nobody can tell, and its local time is all that is known."""
    walked.bend(PUBLISHER, time_zone="", last_backup="2026-08-04")
    last = aftercare.last_backup(walked.site)

    assert last.is_after(DONE) is None
    assert "2026-08-04T02:01:19" == str(last)


def test_backup_under_way_is_waited_for(lives, borrowed):
    """cucm.md §4.1: a renewal that meets a running backup goes on after its end, where the profile gives it time."""
    life = lives(borrowed, UNASKED + "\n[limits]\nbackup_ends = 5\n")
    life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True})
    end = partial(life.control.post, f"/nodes/{PUBLISHER}", {"backup_running": False})
    with life.said.doing_at("a backup is running; waiting up to 5 min for its end", end):
        state = life.begin(force=True)

    assert "Suspended" == state.name
    assert 1 == life.count("csr")


def test_missing_backup_is_reminded_of(lives, borrowed, monkeypatch):
    """cucm.md §4.1 point 11: `attend` says that no backup holds the new keys until one is seen, looking rarely."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()

    assert "Completed" == life.go_anew(force=True).name

    sentence = f"{life.cluster}: no backup is known that holds the keys of {life.record().key}: make one"
    attend_suspended_runs()
    life.control.post(f"/nodes/{PUBLISHER}", {"last_backup": "2099-01-01"})
    attend_suspended_runs()

    assert 2 == len(life.said.with_words(sentence))

    monkeypatch.setattr(reminding, "LOOK_FOR_BACKUP_AGAIN", timedelta())
    attend_suspended_runs()
    attend_suspended_runs()

    assert 2 == len(life.said.with_words(sentence))


def test_password_that_breaks_at_the_end_is_tried_once(lives, borrowed, monkeypatch):
    """cucm.md §1.1: broken after the proof it is presented once, by the run and by `attend` together; the run ends."""
    life = lives(borrowed, UNASKED)
    life.ca_issues_at_once()
    before = life.count("login-refused")
    secret = life.profile.parent / "platform.password"
    monkeypatch.setattr(reminding, "LOOK_FOR_BACKUP_AGAIN", timedelta())
    last = borrowed.scene["nodes"][-1]
    with life.said.doing_at(f"{IMP}: port {last['tomcat_port']} serves", lambda: secret.write_text("wrong")):
        state = life.go_anew(force=True)
    attend_suspended_runs()
    attend_suspended_runs()

    assert "Completed" == state.name
    assert before + 1 == life.count("login-refused")
    assert life.said.with_words("backups were not looked at", "it is not tried again")
    assert life.said.with_words("no backup is known", "(not looked at: ", "it is not tried again")
