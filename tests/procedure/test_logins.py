"""A refused password is presented once, whatever step or look of `attend` comes after, until a person acts."""

from datetime import timedelta

import pytest

from flows.attend import attend_suspended_runs
from tests.procedure.lives import IMP, NO, PUBLISHER, SUBSCRIBER, UNASKED, YES, Lives
from ucrenew.errors import LoginRefused

BY_HAND = "\n[by_hand]\nsso = true\n"
WRONG = "of-last-year"


@pytest.fixture
def signed_on(lives, simulator) -> Lives:
    """A cluster with single sign-on everywhere, up to the question that has a person switch it off."""
    life = lives(simulator, UNASKED + BY_HAND)
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("by-hand")
    return life


def test_refused_by_the_run_and_not_tried_after(signed_on, monkeypatch):
    """cucm.md §1.1: refused at the end of a run it is not tried on another node, nor by `attend`, but by a retry."""
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    life = signed_on
    life.control.post("/cluster", {"sso": "disabled"})
    life.answered(YES)

    assert life.key.startswith("sso-on-")

    secret = life.profile.parent / "platform.password"
    right = secret.read_text()
    secret.write_text(WRONG)
    state = life.answered(YES)
    for _ in range(2):
        attend_suspended_runs()

    assert "Failed" == state.name
    assert 1 == life.count("login-refused")
    assert 2 == len(life.said.with_words(life.cluster, "single sign-on was switched off", "by the record", "osadmin"))

    life.push()
    life.live()

    assert 2 == life.count("login-refused")

    secret.write_text(right)
    life.control.post("/cluster", {"sso": "enabled"})
    life.push()

    assert "Completed" == life.live().name


def test_refused_by_attend_and_nobody_is_woken(signed_on, monkeypatch):
    """design.md §4: refused to `attend` it is tried no more, not even by a run whose question is overdue, until asked.

    `attend` says why each time; a person who mends it answers, and the run goes on.
    """
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    life = signed_on
    secret = life.profile.parent / "platform.password"
    right = secret.read_text()
    secret.write_text(WRONG)
    attend_suspended_runs()
    life.edit('start = "auto"\n', 'start = "auto"\noverdue = 0.0000001\n')
    for _ in range(2):
        attend_suspended_runs()

    assert "Suspended" == life.state().name
    assert 1 == life.count("login-refused")
    assert 2 == len(life.said.with_words(life.cluster, "osadmin", f"then answer run {life.runs[-1]}"))

    secret.write_text(right)
    state = life.answered(YES)

    assert "Suspended" == state.name
    assert 1 == life.count("login-refused")


def test_refused_before_a_no_stays_refused(signed_on, monkeypatch):
    """A no ends the run before anything logs in, so what was refused is not tried by `attend` afterwards either."""
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    life = signed_on
    (life.profile.parent / "platform.password").write_text(WRONG)
    attend_suspended_runs()
    life.answered(NO)
    for _ in range(2):
        attend_suspended_runs()

    assert 1 == life.count("login-refused")
    assert 3 == len(life.said.with_words(life.cluster, "single sign-on was switched off", IMP, "by the record"))


@pytest.mark.parametrize("silent", [(), (PUBLISHER,)])
def test_side_by_side_only_after_one_let_us_in(walked, silent):
    """Nodes are looked at side by side only when one of them took the password: else each would count a refusal."""
    walked.give_up_soon()
    for node in silent:
        walked.fault("ssh-refused", node)
    (walked.path.parent / "platform.password").write_text(WRONG)
    with pytest.raises(LoginRefused):
        walked.brought_up()

    asked = SUBSCRIBER if silent else PUBLISHER
    assert [("login-refused", asked, "", "osadmin")] == walked.calls()


def test_site_presents_nothing_after_a_refusal(walked):
    """A site to which one node refused a login logs in to no other."""
    secret, site = walked.path.parent / "platform.password", walked.site
    right = secret.read_text()
    secret.write_text(WRONG)
    with pytest.raises(LoginRefused) as first:
        site.cli(site.entry(PUBLISHER))
    secret.write_text(right)
    with pytest.raises(LoginRefused) as second:
        site.rest(site.entry(SUBSCRIBER))

    assert str(first.value) == str(second.value)
    assert [("login-refused", PUBLISHER, "", "osadmin")] == walked.calls()
