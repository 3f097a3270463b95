"""A person as the actuator (design.md §2): the act is a question, the look and the confirmation stay ours.

A step that finds its thing not yet so asks for it; after the answer it looks again. What is still not so is asked
again, with what was seen, under the next number: an old "done" never stands for a new attempt.
"""

from __future__ import annotations

from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Gate, Question
from ucrenew.record import Record


def ask_person(record: Record, step: Step, subject: str, text: str, *, gate: Gate = Gate.BY_HAND) -> Question:
    """The question that has a person do a step; ``subject`` tells several of one step apart (a node, a certificate)."""
    return Question(gate, text, f"{_matter(step, subject)}{times_done(record, step, subject, gate=gate) + 1}")


def times_done(record: Record, step: Step, subject: str, *, gate: Gate = Gate.BY_HAND) -> int:
    """How often a person said that this was done."""
    return len(record.answers(gate, _matter(step, subject)))


def _matter(step: Step, subject: str) -> str:
    return f"{step}-{subject}-"
