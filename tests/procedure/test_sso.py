"""Single sign-on (S3): off before the leaf on every node where it was on, on again at the end, whatever happens."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect.states import Cancelled

from flows.attend import attend_suspended_runs
from tests.procedure.lives import IMP, NO, PUBLISHER, SUBSCRIBER, UNASKED, YES, Lives, at_note, kill
from ucrenew.domain.gate import Gate
from ucrenew.record import Kind

NODES = (PUBLISHER, SUBSCRIBER, IMP)


@pytest.fixture
def signed_on(lives, simulator) -> Lives:
    """A cluster with single sign-on everywhere, up to the question before it is switched off."""
    life = lives(simulator, UNASKED)
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("sso-off")
    return life


def sso_calls(life: Lives) -> list[tuple[str, str]]:
    """Node and new state of every switching, in order."""
    return [(call["node"], call["state"]) for call in life.control.ledger() if call["kind"] == "sso"]


def are_on(life: Lives) -> list[bool]:
    """Whether single sign-on is on, node by node, by the simulator's own word."""
    return ["enabled" == life.control.node(node)["sso"] for node in NODES]


def test_sso_goes_off_and_on(signed_on):
    """S3: switched off on each node after a yes, before the leaf; the run ends only when a person has put it back."""
    life = signed_on

    assert "recovery URL" in life.question()
    assert [] == sso_calls(life)

    life.answered(YES)

    assert life.key.startswith("sso-on-")
    assert [(node, "disabled") for node in NODES] == sso_calls(life)
    kinds = life.control.kinds()
    assert kinds.index("leaf-upload") > max(n for n, kind in enumerate(kinds) if kind == "sso")
    assert "SAML Single Sign-On" in life.question()

    life.answered(YES)  # said too early: it is still off

    assert life.key.startswith("sso-on-")
    assert f"Single sign-on is off on {', '.join(NODES)}" in life.question()

    life.control.post("/cluster", {"sso": "enabled"})
    state = life.answered(YES)

    assert "Completed" == state.name
    assert [True] * 3 == are_on(life)
    assert life.record().fact(Kind.SSO_ON) is not None
    assert 3 == len(sso_calls(life))


def test_goes_off_inside_the_window(lives, simulator):
    """S22, S3: users notice that it is off, so nobody is asked and nothing switched while the window is closed."""
    life = lives(simulator, UNASKED)
    other_day = f"{datetime.now(UTC) + timedelta(days=3):%a}".lower()
    life.profile.write_text(
        f'{life.profile.read_text()}\n[[windows]]\ndays = ["{other_day}"]\nstart = "01:00"\nhours = 4\nzone = "UTC"\n'
    )
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("window")

    assert [] == life.record().answers(Gate.SSO_OFF, "")
    assert [True] * 3 == are_on(life)


def test_ssosp_tomcat_restarts_with_sso(signed_on):
    """S19, cucm.md §4.2: where single sign-on is used its own Tomcat restarts too, on the CUCM nodes."""
    signed_on.answered(YES)

    assert [PUBLISHER, SUBSCRIBER] == [node for node, name in signed_on.restarts() if name == "Cisco SSOSP Tomcat"]


def test_killed_while_switching_off(signed_on, monkeypatch):
    """S3: killed after one node was switched off, the next life switches off the others and remembers all of them."""
    life = signed_on
    with at_note(monkeypatch, Kind.SSO_OFF, kill, about=PUBLISHER):
        life.answered(YES)

    assert [(PUBLISHER, "disabled")] == sso_calls(life)

    life.push()
    life.live()

    assert life.key.startswith("sso-on-")
    assert [(node, "disabled") for node in NODES] == sso_calls(life)

    life.control.post("/cluster", {"sso": "enabled"})

    assert "Completed" == life.answered(YES).name


def test_yes_to_other_nodes_is_none(lives, simulator, monkeypatch):
    """S3: a yes to switching it off on one node does not count when another has it on by the time it is acted upon."""
    life = lives(simulator, UNASKED)
    life.ca_issues_at_once()
    life.control.post(f"/nodes/{PUBLISHER}", {"sso": "enabled"})
    life.start()
    life.go_to("sso-off")
    first = life.key
    assert life.answer(YES) == "ACCEPT"
    with at_note(monkeypatch, Kind.ANSWER, kill, when="after", about=first):
        life.live()
    life.control.post(f"/nodes/{SUBSCRIBER}", {"sso": "enabled"})
    life.push()
    life.go_to("sso-off")

    assert first != life.key
    assert f"Single sign-on is on on {PUBLISHER}, {SUBSCRIBER}." in life.question()
    assert [] == sso_calls(life)

    life.answered(YES)

    assert life.key.startswith("sso-on-")
    assert [(PUBLISHER, "disabled"), (SUBSCRIBER, "disabled")] == sso_calls(life)


def test_attend_reminds_of_sso(signed_on, monkeypatch):
    """S3: as long as it is off after a run was cancelled, every look of `attend` says so; no more when it is on."""
    life = signed_on
    life.answered(YES)
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    attend_suspended_runs()

    (said,) = life.said.with_words(life.cluster, "single sign-on was switched off")
    assert PUBLISHER in said

    life.control.post("/cluster", {"sso": "enabled"})
    life.said.lines.clear()
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    attend_suspended_runs()

    assert [] == life.said.with_words(life.cluster, "single sign-on was switched off")


def test_next_renewal_carries_sso(lives, simulator, monkeypatch):
    """S3: what a denied renewal left off is reminded of while the next one is open, and that one sees it on again."""
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    life = lives(simulator, UNASKED + "\n[by_hand]\nleaf = true\n")
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("by-hand")
    life.answered(NO)
    life.edit("leaf = true", "leaf = false")
    life.start()
    life.go_to("activate")
    attend_suspended_runs()

    assert [False] * 3 == are_on(life)
    assert life.said.with_words(life.cluster, "single sign-on was switched off by", f"{life.cluster}-tomcat-1 ", IMP)

    assert life.answer(YES) == "ACCEPT"
    life.go_to("sso-on")
    life.control.post("/cluster", {"sso": "enabled"})

    assert "Completed" == life.answered(YES).name
    assert 3 == len(sso_calls(life))

    life.said.lines.clear()
    attend_suspended_runs()

    assert [] == life.said.with_words(life.cluster, "single sign-on was switched off")


def test_seen_on_settles_denied(lives, simulator, monkeypatch):
    """Single sign-on that `attend` sees on after the renewal was denied is looked at no more: a look is a login."""
    monkeypatch.setattr("tasks.reminding.LOOK_AGAIN", timedelta())
    life = lives(simulator, UNASKED + "\n[by_hand]\nsso = true\n")
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("by-hand")
    life.answered(NO)
    attend_suspended_runs()
    (life.profile.parent / "platform.password").write_text("of-last-year")
    attend_suspended_runs()

    assert [] == life.said.with_words(life.cluster, "single sign-on was switched off")
    assert 0 == life.count("login-refused")


def test_look_from_before_the_end_settles_nothing(lives, simulator):
    """S3: what `attend` saw while the renewal was open tells nothing of after: a person may have switched it off since.

    So it looks once more when the renewal has ended, however short ago the last look is.
    """
    life = lives(simulator, UNASKED + "\n[by_hand]\nsso = true\n")
    life.ca_issues_at_once()
    life.control.post("/cluster", {"sso": "enabled"})
    life.start()
    life.go_to("by-hand")
    attend_suspended_runs()

    assert [] == life.record().facts(Kind.SSO_ON)

    life.control.post("/cluster", {"sso": "disabled"})
    life.answered(NO)
    attend_suspended_runs()

    assert life.said.with_words(life.cluster, "single sign-on was switched off by", ", ".join(NODES))
    assert [] == life.record().facts(Kind.SSO_ON)


def test_overdue_half_way_is_only_reminded(signed_on):
    """design.md §4: once the certificate is on its way silence is no "no": `attend` says that an answer is due."""
    life = signed_on
    life.answered(YES)
    life.edit('start = "auto"\n', 'start = "auto"\noverdue = 0.0000001\n')
    attend_suspended_runs()

    assert life.key.startswith("sso-on-")
    assert life.said.with_words(life.cluster, "nobody has answered at gate 'sso-on'", "half done")
    assert life.is_open()


def test_sso_on_while_suspended(lives, borrowed):
    """design.md §3: single sign-on that is switched on while a question is open makes another plan, asked again."""
    life = lives(borrowed)
    life.begin()
    old = life.key
    assert life.answer(YES) == "ACCEPT"
    life.control.post("/cluster", {"sso": "enabled"})
    life.live()

    assert life.key.startswith("start-")
    assert old != life.key
    assert "Single sign-on is on there" in life.question()
