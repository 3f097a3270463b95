"""A service that was up in the baseline is up at the end, whoever stopped it (design.md §3)."""

import pytest

from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, SUBSCRIBER, TOMCAT
from tests.procedure.walked import Walked
from ucrenew.domain.gate import Gate
from ucrenew.errors import LoginRefused, Permanent
from ucrenew.record import Kind

TFTP = "Cisco Tftp"
IDLE = {"state": "STOPPED", "reason": "Service Not Activated"}


def state(walked: Walked, node: str, service: str) -> str:
    """The simulator's own word."""
    return str(walked.control.node(node)["services"][service]["state"])


def test_all_up_changes_nothing(walked):
    """A cluster on which all is as before is looked at and left alone; what was down before stays down."""
    assert walked.brought_up() is None
    assert [] == walked.calls()
    assert [] == walked.record.facts(Kind.SERVICE_STARTED)


def test_stopped_services_are_started(walked):
    """What somebody stopped is started on its node, once, Tomcat before what lives in it; noted, and said."""
    walked.bend(SUBSCRIBER, services={TFTP: "STOPPED", TOMCAT: "STOPPED"})
    walked.bend(IMP, services={DRF_LOCAL: "STOPPED"})
    asked = walked.brought_up()
    again = walked.brought_up()

    assert (None, None) == (asked, again)
    assert [
        ("start", SUBSCRIBER, TOMCAT, "osadmin"), ("start", SUBSCRIBER, TFTP, "osadmin"),
        ("start", IMP, DRF_LOCAL, "osadmin"),
    ] == walked.calls()  # fmt: skip
    assert [f"{SUBSCRIBER} {TOMCAT}", f"{SUBSCRIBER} {TFTP}", f"{IMP} {DRF_LOCAL}"] == [
        fact.about for fact in walked.record.facts(Kind.SERVICE_STARTED)
    ]
    assert walked.said(f"{IMP}: {DRF_LOCAL} was up before the renewal, and is STARTED again")


def test_starting_service_is_given_time(walked):
    """A service that is on its way up is waited for, and not started."""
    walked.control.post("/cluster", {"restart_forgets_started": True, "service_start_seconds": 0.5})
    walked.by_hand(SUBSCRIBER, f"utils service restart {TFTP}")
    walked.control.forget()
    was = state(walked, SUBSCRIBER, TFTP)
    walked.brought_up()

    assert ("STARTING", "STARTED") == (was, state(walked, SUBSCRIBER, TFTP))
    assert [] == walked.calls()


def test_session_dropped_while_starting(walked):
    """A session that ends while a service starts is no failure: the list tells."""
    walked.bend(SUBSCRIBER, services={TFTP: "STOPPED"})
    walked.control.post("/cluster", {"service_start_seconds": 0.3})
    walked.acts.append(("starting it", lambda: walked.fault("down-at", SUBSCRIBER, stage="start")))
    walked.acts.append(("state is looked up", lambda: walked.bend(SUBSCRIBER, reachable=True)))
    walked.brought_up()

    assert [("start", SUBSCRIBER, TFTP, "osadmin")] == walked.calls()
    assert "STARTED" == state(walked, SUBSCRIBER, TFTP)


def test_all_that_stays_down_is_told(walked):
    """Everything that does not come up is told in one sentence after all nodes were done: node, service, state."""
    walked.bend(PUBLISHER, services={TFTP: IDLE})
    walked.bend(SUBSCRIBER, services={TFTP: "STOPPED"})
    walked.bend(IMP, services={DRF_LOCAL: IDLE})
    with pytest.raises(Permanent) as caught:
        walked.brought_up()

    sentence = str(caught.value)
    assert f"{PUBLISHER}: {TFTP} is STOPPED (Service Not Activated)" in sentence
    assert f"{IMP}: {DRF_LOCAL} is STOPPED (Service Not Activated)" in sentence
    assert SUBSCRIBER not in sentence
    assert "'utils service start'" in sentence
    assert "STARTED" == state(walked, SUBSCRIBER, TFTP)


def test_silent_node_hides_no_other(walked):
    """A node that cannot be looked at is named beside what is down elsewhere, and the others are put right."""
    walked.give_up_soon()
    walked.fault("ssh-refused", PUBLISHER)
    walked.bend(SUBSCRIBER, services={TFTP: "STOPPED"})
    with pytest.raises(Permanent, match=f"{PUBLISHER}: connecting to .* by SSH") as caught:
        walked.brought_up()

    assert SUBSCRIBER not in str(caught.value)
    assert "STARTED" == state(walked, SUBSCRIBER, TFTP)


def test_refused_login_ends_the_look(walked):
    """A refused password is no reason to try it on: it is raised as what it is."""
    (walked.path.parent / "platform.password").write_text("wrong")
    with pytest.raises(LoginRefused):
        walked.brought_up()


def test_person_is_asked_to_start(walked):
    """By hand a person is asked, with node, service and state; what is still down afterwards is asked again."""
    walked.append("\n[by_hand]\nrestart = true\n")
    walked.bend(SUBSCRIBER, services={TFTP: "STOPPED"})
    walked.bend(IMP, services={DRF_LOCAL: "STOPPED"})
    first = walked.brought_up()
    walked.by_hand(IMP, f"utils service start {DRF_LOCAL}")
    walked.answer(first)
    second = walked.brought_up()
    walked.by_hand(SUBSCRIBER, f"utils service start {TFTP}")
    walked.answer(second)

    assert walked.brought_up() is None
    assert (Gate.BY_HAND, Gate.BY_HAND) == (first.gate, second.gate)
    assert first.matter != second.matter
    assert f"- {SUBSCRIBER}: {TFTP} is STOPPED (Commanded Out of Service)" in first.text
    assert f"- {IMP}: {DRF_LOCAL} is STOPPED" in first.text
    assert IMP not in second.text
    assert {"osperson"} == {account for *_, account in walked.calls()}
