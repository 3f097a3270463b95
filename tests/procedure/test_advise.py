"""Advise mode (design.md §2): a whole renewal by a person, who errs, while an account that only reads looks on.

The person has what stands in the questions and acts at the simulator's own interfaces; nothing of ours writes.
"""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from tests.procedure.lives import IMP, ISSUING_CA, PUBLISHER, RESTARTS, SUBSCRIBER, UNASKED, YES, Lives
from tests.simulator.walk import Rest, Shell, submit
from ucrenew.record import Kind

NODES = (PUBLISHER, SUBSCRIBER, IMP)
PLATFORM = "Platform Administrative Web Service"
WEB = {"STOPPED": {"services": {PLATFORM: "STOPPED"}}, "STARTED": {"services": {PLATFORM: "STARTED"}}}
WIDE = "\n[limits]\nfan_out = 0.01\n"


@pytest.fixture(scope="module")
def advised(module_lives, standing) -> Lives:
    """One renewal to its end; `told` has each question, by what the person had done before it."""
    scene = standing.scene
    reading = {**scene, "accounts": {**scene["accounts"], "platform": scene["people"]["reader"]}}
    life = module_lives(replace(standing, scene=reading), UNASKED + WIDE)
    life.edit("[certificate]\n", 'actuator = "person"\n\n[certificate]\n')
    life.control.post(f"/nodes/{PUBLISHER}", {"time_zone": ""})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ucrenew.steps.csr.FAN_OUT", timedelta())
        life.told = dict(errs(life, Rest(standing, account=scene["people"]["person"])))
    return life


def errs(life: Lives, person: Rest):
    """The person's way: what was done, and the question that followed."""
    life.begin()
    yield "nothing", life.question()
    person.csr(distribution="this-server")
    life.answered(YES)
    yield "a single-server request", life.question()
    person.csr(commonName=PUBLISHER)
    life.answered(YES)
    yield "the request", life.question()

    submit(life.simulator, files(life.question())[0], person.account)
    life.answered(YES | {"request_id": life.request()["id"]})
    life.officer("issue")
    life.live()
    yield "the submission", life.question()

    life.answered(YES)
    yield "nothing of the chain", life.question()
    root, intermediate = certificates(life.question())
    person.trust(root)
    life.answered(YES)
    yield "the root for the intermediate", life.question()
    person.trust(intermediate)
    life.answered(YES)
    yield "the chain", life.question()

    (leaf,) = certificates(life.question())
    life.control.post(f"/nodes/{IMP}", WEB["STOPPED"])
    person.leaf(leaf)
    life.answered(YES)
    yield "the leaf without a node", life.question()
    life.control.post(f"/nodes/{IMP}", WEB["STARTED"])
    Rest(life.simulator, "cs-imp", account=person.account).leaf(leaf)
    life.answered(YES)

    for node in NODES:
        yield f"everything before {node}", life.question()
        if node == SUBSCRIBER:
            life.answered(YES)
            yield "no restart on the subscriber", life.question()
        restart(life, node, person.account)
        life.ended = life.answered(YES)


def restart(life: Lives, node: str, account: dict[str, str]) -> None:
    """What the question says, command by command, at the node's own prompt."""
    shell = Shell(life.simulator, node, account=account).start()
    for command in re.findall(r"^utils service restart .+$", life.question(), re.MULTILINE):
        shell.ask(command)
    shell.close()


def files(question: str) -> list[str]:
    """The files that stand in a question."""
    return re.findall(r"```pem\n(.*?)```", question, re.DOTALL)


def certificates(question: str) -> list[x509.Certificate]:
    """The same as certificates."""
    return [x509.load_pem_x509_certificate(text.encode()) for text in files(question)]


def test_only_the_person_writes(advised):
    """design.md §2: the ledger has no writing call of ours, not even a refused one: an account that reads suffices."""
    assert {"osperson"} == {entry["from"] for entry in advised.control.ledger()}
    uploads = ["trust-upload", "trust-upload", "leaf-upload", "leaf-upload"]
    assert ["csr", "csr", "submit", *uploads, *["restart"] * len(RESTARTS)] == [
        entry["kind"] for entry in advised.control.ledger() if "refused" not in entry
    ]
    assert RESTARTS == advised.restarts()


def test_every_node_has_the_leaf(advised):
    """S17: the certificate that the CA issued to the person is installed on every node, and the record has it."""
    issued = advised.record().value(Kind.ISSUED)["fingerprint"]

    assert [issued] * 3 == [advised.leaf_on(node)[0] for node in NODES]
    assert issued == advised.record().last(Kind.LEAF_INTENT)["fingerprint"]


def test_evidence_is_the_same(advised):
    """S20: the renewal ends as one of ours does; the evidence has every port, and who restarted each service."""
    proof = advised.evidence()

    assert "Completed" == advised.ended.name
    assert 6 == len(proof["nodes"])
    assert {proof["leaf"]} == {row["after"] for row in proof["nodes"]}
    assert len(RESTARTS) == len(proof["restarts"])
    assert all(row["by"].startswith("Olga Operator") for row in proof["restarts"])
    assert advised.request()["id"] == proof["request_id"]


def test_backup_in_no_known_zone(advised):
    """cucm.md §4.1: where the publisher names no time zone the evidence does not say that a backup has the new keys."""
    assert advised.evidence()["backup"]["holds_new_keys"] is None
    assert "Backup with the new keys: cannot be told" in advised.artifact(f"{advised.renewal().key}-evidence")
    assert advised.said.with_words(PUBLISHER, "cannot be told", "make one")


def test_questions_say_what_to_do(advised):
    """S6-S17: one question for each step, with page and file, in the order of the document."""
    first = {"nothing": "Generate", "the request": "Have the", "nothing of the chain": "Upload", "the chain": "Upload"}

    assert all(advised.told[before].startswith(f"### {word} ") for before, word in first.items())
    assert all("**approve** when it is done" in advised.told[before] for before in first)
    assert [1, 2, 1] == [len(files(advised.told[before])) for before in list(first)[1:]]


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ("a single-server request", f"it is a single-server request: of the nodes it names only {PUBLISHER}"),
        ("the root for the intermediate", f"**{PUBLISHER}**: {ISSUING_CA} "),
        ("the leaf without a node", f"**{IMP}** does not show the new tomcat certificate"),
        ("no restart on the subscriber", f"of {SUBSCRIBER} still serves "),
    ],
)
def test_errors_are_explained(advised, done, words):
    """S6, S8, S15, S17: what the person did wrong is found, and told in the next question before what to do."""
    told = advised.told[done]

    assert words in told
    assert told.index(words) < told.index("### ")
