"""A person as the actuator: which question an answer is about, and how often it was answered (design.md §2)."""

from datetime import timedelta

import pytest

from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Gate
from ucrenew.record import Kind, Record
from ucrenew.steps.by_hand import ask_person, first_asked, last_answer, times_done

from .builder import NOW
from .memory_store import MemoryStore


@pytest.fixture
def record():
    """A record whose every fact is noted a minute after the one before."""
    ticks = iter(NOW + timedelta(minutes=number) for number in range(100))
    return Record(MemoryStore(), "lab-1", lambda: next(ticks))


def put(record, question):
    """Note that a question was asked."""
    value = {"gate": question.gate, "digest": "d", "matter": question.matter, "run": "r"}
    record.note(Kind.ASKED, value, about=question.matter)


def answered(record, question, name):
    """Note an answer to it."""
    value = {"gate": question.gate, "digest": "d", "matter": question.matter, "decision": "approve", "name": name}
    record.note(Kind.ANSWER, value, about=question.matter)


def test_every_attempt_has_its_number(record):
    """An answer counts for its attempt: the next question about the same step and node has the next number."""
    first = ask_person(record, Step.RESTART, "pub", "do it")
    answered(record, first, "Olga")
    second = ask_person(record, Step.RESTART, "pub", "do it")

    assert (Gate.BY_HAND, "restart-pub-1") == (first.gate, first.matter)
    assert "restart-pub-2" == second.matter
    assert 1 == times_done(record, Step.RESTART, "pub")


def test_other_nodes_answers_do_not_count(record):
    """What was said of node pub-1 is not said of node pub, and what was said of another step neither."""
    answered(record, ask_person(record, Step.RESTART, "pub-1", "do it"), "Olga")
    answered(record, ask_person(record, Step.TRUST, "pub", "do it"), "Olga")

    assert 0 == times_done(record, Step.RESTART, "pub")
    assert last_answer(record, Step.RESTART, "pub") is None
    assert 1 == times_done(record, Step.RESTART, "pub-1")


def test_first_question_and_last_answer(record):
    """A person may have acted since the question was put for the first time; who answered last is who did it."""
    for name in ("Olga", "Nora"):
        question = ask_person(record, Step.RESTART, "pub", "do it")
        put(record, question)
        answered(record, question, name)

    assert NOW == first_asked(record, Step.RESTART, "pub")
    assert first_asked(record, Step.RESTART, "sub") is None
    assert "Nora" == last_answer(record, Step.RESTART, "pub")["name"]
