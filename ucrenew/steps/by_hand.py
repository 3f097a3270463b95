"""A person as the actuator (design.md §2): the act is a question, the look and the confirmation stay ours.

A step that finds its thing not yet so asks for it; after the answer it looks again. What is still not so is asked
again, with what was seen, under the next number: an old "done" never stands for a new attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Form, Gate, Question
from ucrenew.record import Kind, Record
from ucrenew.site import Site

_HOW = "**approve** when it is done: it is looked up at once. **deny** ends this renewal."


def is_by_hand(site: Site, record: Record, step: Step) -> bool:
    """True when a person does this step: the profile says so, or it was handed over within this renewal."""
    return site.profile.is_by_hand(step) or record.fact(Kind.HANDED_OVER, about=step.value) is not None


def hand_over(record: Record, step: Step, why: str) -> None:
    """Have a person do this step for the rest of the renewal, because it was refused to us."""
    record.note_once(Kind.HANDED_OVER, {"why": why}, about=step.value)


def why_handed_over(record: Record, step: Step) -> str:
    """What is told to the person first; empty where the profile alone decided."""
    noted = record.value(Kind.HANDED_OVER, about=step.value)
    return f"We tried, and it was refused: {noted['why']}" if noted else ""


def ask_person(
    record: Record, step: Step, subject: str, *texts: str, gate: Gate = Gate.BY_HAND, form: Form = Form.ANSWER
) -> Question:
    """The question that has a person do a step; ``subject`` tells several of one step apart (a node, a certificate).

    Empty texts are left out: what was seen comes first, where there is something to tell.
    """
    matter = f"{_matter(step, subject)}{times_done(record, step, subject, gate=gate) + 1}"
    return Question(gate, "\n\n".join(text.strip() for text in (*texts, _HOW) if text), matter, form)


def times_done(record: Record, step: Step, subject: str, *, gate: Gate = Gate.BY_HAND) -> int:
    """How often a person said that this was done."""
    return len(answers_given(record, step, subject, gate=gate))


def last_answer(record: Record, step: Step, subject: str, *, gate: Gate = Gate.BY_HAND) -> Mapping[str, Any] | None:
    """What a person said last to the question; None while nobody has."""
    return next(reversed(answers_given(record, step, subject, gate=gate)), None)


def first_asked(record: Record, step: Step, subject: str, *, gate: Gate = Gate.BY_HAND) -> datetime | None:
    """When the question was put for the first time."""
    asked = (fact for fact in record.facts(Kind.ASKED) if fact.value["gate"] == gate)
    return next((fact.at for fact in asked if _is_about(fact.value, step, subject)), None)


def answers_given(record: Record, step: Step, subject: str, *, gate: Gate) -> list[Mapping[str, Any]]:
    """Everything that people said to the question, oldest first."""
    given = record.answers(gate, _matter(step, subject))
    return [answer for answer in given if _is_about(answer, step, subject)]


def _is_about(value: Mapping[str, Any], step: Step, subject: str) -> bool:
    # Only a number may follow: what is about node "a" is not about node "a-1".
    return str(value["matter"]).rpartition("-")[0] + "-" == _matter(step, subject)


def _matter(step: Step, subject: str) -> str:
    return f"{step}-{subject}-"
