"""Restarts done by a person (S19, design.md §2): asked node by node, looked at afterwards, what is wrong explained."""

import re

import pytest

from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, RESTARTS, SUBSCRIBER, TOMCAT, UNASKED, YES
from tests.procedure.walked import Walked
from tests.simulator.walk import Shell
from ucrenew.domain.gate import Gate
from ucrenew.record import Kind

BY_HAND = "\n[by_hand]\nrestart = true\n"
PLAN = ((PUBLISHER, TOMCAT), (PUBLISHER, DRF_LOCAL), (SUBSCRIBER, TOMCAT))


@pytest.fixture
def asked(walked) -> Walked:
    """A cluster with the leaf installed everywhere, whose profile leaves the restarts to a person."""
    walked.append(BY_HAND)
    walked.install()
    return walked


def commands(text: str) -> list[str]:
    """The commands that a question gives, in order."""
    return re.findall(r"^(utils service .+)$", text, re.MULTILINE)


def test_asked_node_by_node(asked):
    """S19: one question a node, publisher first, with the commands in order and the document's two warnings."""
    first = asked.restarted(*PLAN)
    asked.ask(first)
    asked.by_hand(PUBLISHER, *commands(first.text))
    asked.answer(first)
    second = asked.restarted(*PLAN)
    asked.ask(second)
    asked.by_hand(SUBSCRIBER, *commands(second.text))
    asked.answer(second)

    assert asked.restarted(*PLAN) is None
    assert Gate.BY_HAND is first.gate
    assert [f"utils service restart {TOMCAT}", f"utils service restart {DRF_LOCAL}"] == commands(first.text)
    assert "do not press Ctrl-C" in first.text
    assert "give the same command once more" in first.text
    assert PUBLISHER in first.text
    assert SUBSCRIBER not in first.text
    assert [f"utils service restart {TOMCAT}"] == commands(second.text)
    assert [f"{node} {service}" for node, service in PLAN] == asked.done()
    assert [{"by": "person", "name": "Olga Operator", "remark": ""}] * 3 == [
        fact.value for fact in asked.record.facts(Kind.RESTART_DONE)
    ]
    assert [("restart", *one, "osperson") for one in PLAN] == asked.calls()


def test_unanswered_question_stays(asked):
    """design.md §4: as long as nobody has answered, the same question is asked, whatever was done meanwhile."""
    first = asked.restarted(*PLAN)
    asked.ask(first)
    asked.by_hand(PUBLISHER, f"utils service restart {DRF_LOCAL}")
    second = asked.restarted(*PLAN)

    assert first.matter == second.matter
    assert [] == asked.done()


def test_forgotten_node_is_explained(asked):
    """S20: said done and not done: the next question says which port of which node still serves what."""
    first = asked.restarted(*PLAN)
    asked.ask(first)
    asked.answer(first)
    second = asked.restarted(*PLAN)
    node = asked.simulator.node(PUBLISHER)
    old = asked.served(PUBLISHER)[:16]

    assert first.matter != second.matter
    assert f"port {node['https_port']} of {PUBLISHER} still serves {old}" in second.text
    assert f"port {node['tomcat_port']} of {PUBLISHER} still serves {old}" in second.text
    assert f"{DRF_LOCAL} on {PUBLISHER} runs since before" in second.text
    assert commands(first.text) == commands(second.text)
    assert [] == asked.done()


def test_only_what_is_left_is_asked_again(asked):
    """S19: what a person did restart is noted; the next question has the rest of the node only."""
    first = asked.restarted(*PLAN)
    asked.ask(first)
    asked.by_hand(PUBLISHER, f"utils service restart {TOMCAT}", f"utils service stop {DRF_LOCAL}")
    asked.answer(first)
    second = asked.restarted(*PLAN)

    assert [f"{PUBLISHER} {TOMCAT}"] == asked.done()
    assert [f"utils service restart {DRF_LOCAL}"] == commands(second.text)
    assert f"{DRF_LOCAL} is STOPPED (Commanded Out of Service) on {PUBLISHER}" in second.text


def test_only_the_persons_word(asked):
    """design.md §2: where Control Center cannot be asked, STARTED and the person's word count, and the note says so."""
    asked.without_application()
    plan = ((PUBLISHER, DRF_LOCAL),)
    first = asked.restarted(*plan)
    asked.ask(first)
    asked.answer(first)

    assert asked.restarted(*plan) is None
    (noted,) = asked.record.facts(Kind.RESTART_DONE)
    assert "only the person's word tells" in noted.value["remark"]
    assert [] == asked.calls()


def test_done_before_asked(asked):
    """design.md §2: a Tomcat that a person restarted before anybody asked is seen, and not asked for."""
    asked.by_hand(SUBSCRIBER, f"utils service restart {TOMCAT}")

    assert asked.restarted((SUBSCRIBER, TOMCAT)) is None
    assert [f"{SUBSCRIBER} {TOMCAT}"] == asked.done()


def test_renewal_with_restarts_by_hand(lives, borrowed):
    """S19: a whole renewal whose restarts a person does: each node is asked for, and the evidence names the person."""
    life = lives(borrowed, BY_HAND + UNASKED)
    life.ca_issues_at_once()
    life.begin(force=True)
    state = life.answered(YES)
    asked = []
    while state.name == "Suspended" and len(asked) < 3:
        text = life.question()
        asked += re.findall(r"service\(s\) on (\S+)", text)
        shell = Shell(borrowed, asked[-1].partition(".")[0], account=borrowed.scene["people"]["person"]).start()
        for command in commands(text):
            shell.ask(command)
        shell.close()
        state = life.answered(YES)

    assert "Completed" == state.name
    assert [PUBLISHER, SUBSCRIBER, IMP] == asked
    assert RESTARTS == life.restarts()
    assert {"osperson"} == {entry["from"] for entry in life.control.ledger() if entry["kind"] == "restart"}
    assert {"Olga Operator"} == {row["by"] for row in life.evidence()["restarts"]}
