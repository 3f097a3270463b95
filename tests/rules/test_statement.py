"""What is signed names everything that an answer is bound to, and a signature for another answer is told apart."""

import json

import pytest

from ucrenew.domain.purpose import Purpose
from ucrenew.domain.statement import mismatch, parted, statement_of

ARMORED = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"
SAID = {
    "gate": "activate",
    "digest": "d1",
    "matter": "m1",
    "run": "run-a",
    "decision": "approve",
    "name": "olga",
    "neighbour_1": "yes",
}


def stated(*, cluster="lab", purpose=Purpose.TOMCAT, number=1, question="activate-d1-1-1", **said):
    return statement_of(cluster, purpose, number, question, {**SAID, **said})


def test_statement_names_all():
    """Cluster, purpose, renewal, question and every field of the form are in it, the signature itself is not."""
    found = json.loads(stated(signature="x", signed={"key": "y"}))

    assert ("lab", "tomcat", 1, "activate-d1-1-1") == tuple(
        found[name] for name in ("cluster", "purpose", "renewal", "question")
    )
    assert SAID == found["said"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, ""),
        ({"cluster": "lab-2"}, "it was signed for another cluster, 'lab-2'"),
        ({"purpose": Purpose.CALLMANAGER}, "it was signed for another purpose, 'CallManager'"),
        ({"number": 2}, "it was signed for another renewal, '2'"),
        ({"digest": "d2", "question": "q2"}, "it was signed for another plan, with digest 'd2'"),
        ({"question": "q2"}, "it was signed for another question, 'q2', and counts there only"),
        ({"run": "run-b"}, "it was signed for another question, 'activate-d1-1-1', and counts there only"),
        ({"matter": "m2"}, "the form is not as it was signed: matter differs"),
        ({"gate": "start"}, "the form is not as it was signed: gate differs"),
        ({"decision": "deny"}, "the form is not as it was signed: decision differs"),
        ({"neighbour_1": "no", "remark": "x"}, "the form is not as it was signed: neighbour_1, remark differs"),
    ],
    ids=str,
)
def test_statement_for_another_answer(other, why):
    """Whatever an answer is bound to, a statement in which it is another is refused, with what is other."""
    assert why == mismatch(stated(**other), stated())


@pytest.mark.parametrize("text", ["", "approve", "[]", "null", '{"cluster": "lab"}', "[" * 100_000])
def test_text_that_is_no_statement(text):
    """What was signed and is no statement is refused in one sentence, whatever it is."""
    assert "what was signed is no answer of ours" == mismatch(text, stated())


def test_other_dress_is_not_taken():
    """A statement that says the same in another dress is not what was asked to be signed."""
    assert "the form is not as it was signed: its text differs" == mismatch(stated().replace("\n", ""), stated())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_field_holds_both(end):
    """The field of the form is parted into statement and signature, whatever a text field made of the lines' ends."""
    assert (stated(), ARMORED) == parted((stated() + ARMORED).replace("\n", end))


def test_field_without_signature():
    """A field that holds no signature has none."""
    assert ("olga", "") == parted("olga")
