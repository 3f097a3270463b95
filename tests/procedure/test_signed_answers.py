"""Who answered: where the profile demands it, a yes counts only with a signature over exactly this answer."""

import json
import re

import pytest

from tests.procedure.lives import NO, YES
from tests.procedure.signing import NORA, OLGA
from tests.procedure.test_gates import MORE_NAMES
from ucrenew.record import Kind


def unsigned(_signers, _life):
    return YES


def not_a_signature(_signers, _life):
    return {**YES, "signature": "Olga Operator"}


def of_another_person(signers, life):
    return signers.form(life, "mallory")


def of_a_colleague(signers, life):
    return signers.form(life, "nora")


def for_something_else(signers, life):
    return signers.form(life, "olga", namespace="git")


def altered(signers, life):
    return {**signers.form(life, "olga"), "remark": "and the week after, too"}


def with_another_text(signers, life):
    form = signers.form(life, "olga")
    return {**form, "signature": form["signature"].replace('"remark": ""', '"remark": "yes"')}


def replayed(signers, life):
    form = signers.form(life, "olga")
    assert life.answered(YES).name == "Suspended"
    return form


def for_another_plan(signers, life):
    form = signers.form(life, "olga")
    life.edit(*MORE_NAMES)
    life.push()
    assert life.live().name == "Suspended"
    return form


def for_another_cluster(signers, life):
    form = signers.form(life, "olga")
    text = form["signature"].partition("-----BEGIN")[0].replace(life.cluster, "another-cluster")
    return {**form, "signature": text + signers.sign(text, "olga")}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (unsigned, "the profile demands a signed answer here, and it is not signed"),
        (not_a_signature, "what stands in the field 'signature' is none"),
        (of_another_person, r"key SHA256:\S+ is none of the allowed signers'"),
        (of_a_colleague, f"it is signed with key SHA256:\\S+ of {NORA}, and the form says '{OLGA}'"),
        (for_something_else, "the signature does not hold: .*namespace does not match"),
        (altered, "the form is not as it was signed: remark differs"),
        (with_another_text, "the signature does not hold: "),
        (replayed, "it was signed for another question, 'start-[0-9a-f-]+', and counts there only"),
        (for_another_plan, "it was signed for another plan, with digest '[0-9a-f]{16}'"),
        (for_another_cluster, "it was signed for another cluster, 'another-cluster'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_answer_that_does_not_count(asked, signers, answer, why):
    """An answer that is not signed by that person for this question is kept, asked again, and the question says why."""
    form = answer(signers, asked)
    before = asked.key
    state = asked.answered(form)

    assert "Suspended" == state.name
    assert asked.key.startswith("start-")
    assert before != asked.key
    assert re.search(rf"^\*\*Asked again\*\*: the answer of {form['name']} did not count: {why}", asked.question())
    assert re.match(why, asked.record().value(Kind.NOT_COUNTED, about=before)["why"])
    assert [] == asked.record().facts(Kind.ANSWER)
    assert [] == asked.control.ledger()


def test_signed_answer_passes(lives, borrowed, signers):
    """A yes that the named person signed passes, and the record keeps who signed, with which key, and the signature."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    question, form = life.question(), signers.form(life, "olga")
    life.answered(form)
    (answer,) = life.record().facts(Kind.ANSWER)

    assert f"python -m deployments.answer {life.runs[0]} --decision approve" in question
    assert ["csr", "submit"] == life.control.kinds()
    assert {"principal": OLGA, "key": signers.fingerprint("olga")} == answer.value["signed"]
    assert form["signature"] == answer.value["signature"]


def test_no_needs_no_signature(lives, borrowed, signers):
    """A no ends the run whether it is signed or not: stopping is safe."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    state = life.answered(NO)

    assert ("Denied", "COMPLETED") == (state.name, state.type.value)


def test_fact_without_signature_does_not_pass(lives, borrowed, signers):
    """A yes that somebody wrote straight into the record passes no gate that demands a signature."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    forged = {**YES, "remark": "", "signed": {"principal": OLGA, "key": "SHA256:x"}}
    asked = life.record().fact(Kind.ASKED, about=life.key).value
    life.record().note(Kind.ANSWER, {**forged, **asked}, about=life.key)
    life.push()
    state = life.live()

    assert "Suspended" == state.name
    assert "the answer of Olga Operator did not count: the profile demands a signed answer" in life.question()
    assert [] == life.control.ledger()


def test_answer_is_judged_once(lives, borrowed, signers):
    """An answer that did not count stays so when the profile demands no signature any more: the question is open."""
    life = lives(borrowed, signers.demanded)
    life.begin()
    life.answered(YES)
    life.edit('gates = ["start"]', "gates = []")
    life.push()

    assert "Suspended" == life.live().name
    assert life.key.startswith("start-")
    assert [] == life.record().facts(Kind.ANSWER)


def test_answer_cannot_say_what_was_asked(lives, borrowed):
    """An answer is kept for the question that was asked, whatever gate, plan or signer comes past the form."""
    life = lives(borrowed)
    life.begin()
    asked = life.record().fact(Kind.ASKED, about=life.key).value
    posing = {"gate": "activate", "digest": "0" * 64, "matter": "m", "run": "r", "signed": {"principal": OLGA}}
    response = {"key": f"suspended-{life.key}-response", "value": json.dumps({**YES, **posing})}
    life.client.create_flow_run_input(life.runs[-1], **response)
    life.push()
    life.live()
    (answer,) = life.record().facts(Kind.ANSWER)

    assert asked == {name: answer.value[name] for name in asked}
    assert "signed" not in answer.value
