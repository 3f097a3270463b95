"""A cluster that is half done: what was seen counts and not what was meant, and only going on brings it to an end."""

from datetime import timedelta

import pytest

from tests.procedure.lives import (
    IMP,
    NO,
    PUBLISHER,
    SUBSCRIBER,
    TOMCAT,
    UNASKED,
    YES,
    Lives,
    at_note,
    codes,
    kill,
)
from ucrenew.record import Kind

BY_HAND = "\n[by_hand]\nrestart = true\n"


@pytest.fixture(autouse=True)
def _nothing_is_slow(monkeypatch):
    """How long things are given to settle is a setting of the steps."""
    monkeypatch.setattr("ucrenew.steps.leaf.UPLOAD", timedelta())
    monkeypatch.setattr("ucrenew.steps.services.RESTS", timedelta())


@pytest.fixture
def life(lives, borrowed) -> Lives:
    """A cluster whose CA signs at once, and where nobody is asked before the certificate is there."""
    one = lives(borrowed, UNASKED)
    one.ca_issues_at_once()
    return one


def test_meant_is_not_installed(life, monkeypatch):
    """design.md §2: killed between the intent and the upload, everything is looked at again before the leaf is sent."""
    with at_note(monkeypatch, Kind.LEAF_INTENT, kill, when="after"):
        life.go_anew(force=True)
    life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True, "replication": 3})
    life.push()
    state = life.live()

    assert "Failed" == state.name
    assert {"replication", "backup-running"} == set(codes(state.message))
    assert 0 == life.count("leaf-upload")

    life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": False, "replication": 2})
    life.push()

    assert "Completed" == life.live().name
    assert 1 == life.count("leaf-upload")


def test_tomcat_down_is_restarted(life, monkeypatch):
    """S19: a node whose Tomcat a killed life left down is brought up by the restart that is left to do."""
    with at_note(monkeypatch, Kind.RESTART_INTENT, kill, about=f"{SUBSCRIBER} {TOMCAT}", when="after"):
        life.go_anew(force=True)
    life.control.post(f"/nodes/{SUBSCRIBER}", {"services": {TOMCAT: "STOPPED"}})
    life.push()

    assert "Completed" == life.live().name
    assert "STARTED" == life.control.node(SUBSCRIBER)["services"][TOMCAT]["state"]
    assert 1 == life.count("leaf-upload")


def test_no_half_way_keeps_the_renewal_open(lives, borrowed):
    """S7, S19: a no after the leaf ends the run and not the renewal: the next run goes on, with no second request."""
    life = lives(borrowed, UNASKED + BY_HAND)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("by-hand")
    ended = life.answered(NO)
    report = life.artifact(f"{life.renewal().key}-failure")
    life.begin()

    assert ("Denied", "COMPLETED") == (ended.name, ended.type.value)
    assert "a new run asks whether to go on" in ended.message
    assert "## Next step" in report
    assert life.is_open()
    assert life.key.startswith("take-over-")

    life.answered(YES)

    assert life.key.startswith("by-hand-")
    assert (1, 1) == (life.count("csr"), life.count("submit"))


def test_own_uploads_make_no_other_plan(lives, borrowed, monkeypatch):
    """design.md §3: CA certificates that we uploaded ourselves and that end soon are no reason to ask again."""
    life = lives(borrowed, UNASKED + "\n[limits]\ntrust_expires_soon = 3500\n")
    life.ca_issues_at_once()
    with at_note(monkeypatch, Kind.LEAF_INTENT, kill):
        life.go_anew(force=True)
    life.push()

    assert "Completed" == life.live().name
    assert 1 == len(life.record().facts(Kind.PLAN))


def test_yes_is_bound_to_the_issuers(life):
    """S15: the second question is about the certificate and every issuer that is uploaded beside it."""
    life.start(force=True)
    life.go_to("activate")
    matter = life.record().facts(Kind.ASKED)[-1].value["matter"]
    leaf, *chain = matter.split("-")

    assert 2 == len(chain)
    assert leaf in life.question().replace("`", "")


def test_sso_put_on_meanwhile_is_asked_again(life):
    """S3: single sign-on that somebody put on again before the leaf is not switched off because of an old yes."""
    life.control.post("/cluster", {"sso": "enabled"})
    life.start(force=True)
    life.go_to("sso-off")
    first = life.record().facts(Kind.ASKED)[-1].value["matter"]
    with life.said.doing_at(
        f"{IMP}: single sign-on is off", lambda: life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True})
    ):
        stopped = life.answered(YES)

    assert "Failed" == stopped.name
    assert 3 == life.count("sso")

    life.control.post("/cluster", {"sso": "enabled", "backup_running": False})
    life.push()
    life.live()

    assert life.key.startswith("sso-off-")
    assert first != life.record().facts(Kind.ASKED)[-1].value["matter"]
    assert 3 == life.count("sso")
