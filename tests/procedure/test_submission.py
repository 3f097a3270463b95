"""Submitted once (S13, certsrv.md §2): whatever becomes of the line to the CA, there is never a second request."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from prefect.states import Cancelled

from tests.procedure.cable import Cable
from tests.procedure.lives import UNASKED, YES, Lives, at_note, kill
from ucrenew.record import Kind


@pytest.fixture
def cable(borrowed) -> Iterator[Cable]:
    """A cable to the scene's CA."""
    port = urlsplit(borrowed.scene["ca"]["url"]).port
    assert port is not None
    between = Cable(port)
    yield between
    between.unplug()


@pytest.fixture
def life(lives, borrowed, cable) -> Lives:
    """A cluster whose CA is reached through the cable; nobody is asked, and requests wait for the officer."""
    one = lives(borrowed, UNASKED)
    one.edit(borrowed.scene["ca"]["url"], f"https://127.0.0.1:{cable.port}/certsrv/")
    return one


def test_unsent_request_is_sent_later(life, cable, monkeypatch):
    """S13: a CA that cannot be reached got nothing for sure: a later attempt is made by itself, and is the only one."""
    with (
        at_note(monkeypatch, Kind.SUBMIT_INTENT, cable.unplug, about="1", when="after"),
        at_note(monkeypatch, Kind.SUBMIT_NOT_SENT, cable.plug, about="1", when="after"),
    ):
        state = life.go_anew()

    assert "Suspended" == state.name
    assert f"ca-pending-{life.request()['id']}" in life.key
    assert ["csr", "submit"] == life.control.kinds()
    assert ["1", "2"] == [fact.about for fact in life.record().facts(Kind.SUBMIT_INTENT)]


def test_lost_answer_is_for_a_person(life, cable, monkeypatch):
    """certsrv.md §2: the CA took the request, its answer was lost: a person is asked for the number, nothing is sent.

    A retry of the run does not submit a second time; the number that the person finds is taken.
    """

    def cut() -> None:
        cable.cut_answers_when(lambda: life.count("submit") > 0)

    with at_note(monkeypatch, Kind.SUBMIT_INTENT, cut, about="1", when="after"):
        state = life.go_anew()
    cable.cut_answers_when(lambda: False)
    number = life.request()["id"]

    assert "Suspended" == state.name
    assert life.key.startswith("submission-")
    assert "may stand in the CA's list" in life.question()
    assert 1 == life.count("submit")
    assert [] == life.record().facts(Kind.SUBMIT_NOT_SENT)

    life.push()
    life.live()

    assert life.key.startswith("submission-")

    state = life.answered(YES | {"request_id": number})

    assert "Suspended" == state.name
    assert life.key.startswith(f"ca-pending-{number}-")
    assert ["csr", "submit"] == life.control.kinds()


def test_kill_before_the_number_is_noted(lives, borrowed, monkeypatch):
    """S13, design.md §3: a life that dies between submission and note leaves it to a person: no second request.

    Numbers that the CA does not know are asked for again, and say so.
    """
    life = lives(borrowed, UNASKED)
    with at_note(monkeypatch, Kind.REQUEST_ID, kill):
        state = life.go_anew()

    assert "Running" == state.name

    life.push()
    life.live()

    assert life.key.startswith("submission-")

    life.answered(YES | {"request_id": 4711})

    assert life.key.startswith("submission-")
    assert "the CA does not know request 4711" in life.question()

    life.answered(YES | {"request_id": life.request()["id"]})

    assert life.key.startswith("ca-pending-")
    assert ["csr", "submit"] == life.control.kinds()


def test_kill_before_sending_is_no_licence(lives, borrowed, monkeypatch):
    """design.md §3: an intent without a number is never taken for "not sent", though this time nothing was.

    Only a person's zero has it submitted; that zero is no licence for a third time.
    """
    life = lives(borrowed, UNASKED)
    with at_note(monkeypatch, Kind.SUBMIT_INTENT, kill, about="1", when="after"):
        life.go_anew()
    life.push()
    life.live()

    assert life.key.startswith("submission-")
    assert ["csr"] == life.control.kinds()

    with at_note(monkeypatch, Kind.REQUEST_ID, kill):
        life.answered(YES | {"request_id": 0})
    life.push()
    life.live()

    assert life.key.startswith("submission-")
    assert ["csr", "submit"] == life.control.kinds()


def test_number_of_another_request(lives, borrowed, monkeypatch):
    """S13: a number whose certificate has another key than our request is not taken, and the question says why."""
    other = lives(borrowed, UNASKED)
    other.go_anew()
    strange = other.request()["id"]
    other.control.post(f"/requests/{strange}/issue")
    other.client.set_flow_run_state(other.runs[-1], Cancelled(), force=True)
    life = lives(borrowed, UNASKED)
    with at_note(monkeypatch, Kind.REQUEST_ID, kill):
        life.go_anew()
    life.push()
    life.live()
    life.answered(YES | {"request_id": strange})

    assert life.key.startswith("submission-")
    assert f"request {strange} is not ours: its certificate has another key" in life.question()


def test_cancelled_run_leaves_its_request(lives, borrowed):
    """S14, design.md §3: a run cancelled while its request was pending loses nothing: the next asks, and goes on."""
    life = lives(borrowed, UNASKED)
    life.go_anew()
    number = life.request()["id"]
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    life.begin()
    question = life.question()

    assert life.key.startswith("take-over-")
    assert str(life.runs[0]) in question

    state = life.answered(YES)

    assert "Suspended" == state.name
    assert life.key.startswith(f"ca-pending-{number}-")

    life.officer("issue")
    state = life.live()

    assert "Suspended" == state.name
    assert life.key.startswith("activate-")
    assert (1, 1) == (life.count("csr"), life.count("submit"))
