"""Questions to people: nothing passes without an explicit yes to this plan, and a no is never lost."""

import hashlib
import json
import re

import pytest
from prefect.states import Cancelled

from deployments.rehearsal.operator import answer_once, objections
from tasks.sites import renewals_of
from tests.procedure.lives import NO, PUBLISHER, RESTARTS, YES, Lives
from ucrenew.domain.purpose import Purpose
from ucrenew.record import Kind

MORE_NAMES = ("renew_before = 30\n", 'renew_before = 30\nextra_names = ["ucm.example.com"]\n')


def policy(gate: str, word: str) -> str:
    """The end of a profile that sets one gate's policy."""
    return f'\n[gates]\n{gate} = "{word}"\n'


def outcome(life) -> str | None:
    """How the cluster's last renewal ended, by its ledger of renewals."""
    return renewals_of(life.cluster, Purpose.TOMCAT).outcome(life.renewal().number)


@pytest.fixture(scope="module")
def asked(module_lives, standing) -> Lives:
    """A run whose first question is open, for tests that only look at it."""
    life = module_lives(standing)
    life.begin()
    return life


def test_unfilled_form_rejected(asked):
    """design.md §4: a form that holds no explicit decision by a named person is rejected, and the run stays asleep.

    The same for a wake-up without any form, as a script or an automation sends it.
    """
    key = asked.key
    unfilled = (
        {},
        {"decision": "approve"},
        {"name": "Olga Operator", "ticket": "CHG-1"},
        {"decision": "approve", "name": "x"},
        {"decision": "perhaps", "name": "Olga Operator"},
    )
    woken = asked.door.post(f"/flow_runs/{asked.runs[-1]}/resume", {})

    assert ["REJECT"] * len(unfilled) == [asked.answer(form) for form in unfilled]
    assert "REJECT" == woken["status"]
    assert ("Suspended", key) == (asked.state().name, asked.key)
    assert [] == asked.record().facts(Kind.ANSWER)


def test_question_shows_the_plan(asked):
    """S8, S19: the question names every node, every restart in order, what users notice, and the digest of all that."""
    question = asked.question()
    names = [one["name"] for one in asked.simulator.scene["nodes"]]

    assert names == numbered(question, "Names")
    assert [f"{service} on {node}" for node, service in RESTARTS] == numbered(question, "Restarts")
    assert numbered(question, "What users will notice")
    assert any("SSOSP" in line for line in numbered(question, "Not restarted"))
    plan = json.loads(re.search(r"```json\n(.*)\n```", question)[1])
    assert digest(question) == digest_of(plan)
    assert PUBLISHER == plan["publisher"]


def test_operator_refuses_altered_plan(asked):
    """S19: the stand-in objects to a restart too few, to another order, to another digest, and to no plan at all."""
    question, scene = asked.question(), asked.simulator.scene
    plan = json.loads(re.search(r"```json\n(.*)\n```", question)[1])
    fewer = shown({**plan, "restarts": plan["restarts"][:-1]})
    turned = shown({**plan, "restarts": plan["restarts"][::-1]})

    assert [] == objections(question, scene)
    assert ["the restarts, or their order, are not those of the scene's nodes"] == objections(fewer, scene)
    assert ["the restarts, or their order, are not those of the scene's nodes"] == objections(turned, scene)
    assert ["the digest is not the plan's"] == objections(question.replace(digest(question), "0" * 64), scene)
    assert ["the question shows no plan"] == objections("### Renew?", scene)


def test_no_at_start_ends_in_order(lives, borrowed):
    """S5: a no at gate `start` ends Completed(Denied) with who and why; nothing was touched, the renewal is closed."""
    life = lives(borrowed)
    life.begin()
    state = life.answered(NO)

    assert ("Denied", "COMPLETED") == (state.name, state.type.value)
    assert "Nora Night-Shift said no at gate 'start': not in the week of the audit" == state.message
    assert f"denied: {state.message}" == outcome(life)
    assert not life.is_open()
    assert [] == life.control.ledger()


def test_no_at_activation_ends_in_order(lives, borrowed):
    """S15, S17: a no at gate `activate` ends Completed(Denied); nothing was uploaded, every node serves what it did."""
    life = lives(borrowed)
    before = [life.leaf_on(node) for node, _ in RESTARTS]
    assert life.to_the_ca().name == "Suspended"
    life.officer("issue")
    assert life.live().name == "Suspended"
    state = life.answered(NO)

    assert ("Denied", "COMPLETED") == (state.name, state.type.value)
    assert "Nora Night-Shift said no at gate 'activate': not in the week of the audit" == state.message
    assert not life.is_open()
    assert ["csr", "submit"] == life.control.kinds()
    assert before == [life.leaf_on(node) for node, _ in RESTARTS]


def test_changed_plan_is_asked_again(lives, borrowed):
    """S8: a plan that changed while its question was open is asked with the new digest; the old yes does not count."""
    life = lives(borrowed)
    life.begin()
    old = life.question()
    assert life.answer(YES) == "ACCEPT"
    life.edit(*MORE_NAMES)
    state = life.live()
    new = life.question()

    assert "Suspended" == state.name
    assert life.key.startswith("start-")
    assert [] == life.control.ledger()
    assert "ucm.example.com" not in old
    assert "ucm.example.com" in new
    assert digest(old) != digest(new)

    life.answered(YES)

    assert "ucm.example.com" in life.request()["names"]


def test_policy_auto_passes_and_says_so(lives, simulator):
    """design.md §4: with `auto` nobody is asked, and the record says that the profile's policy decided."""
    life = lives(simulator, policy("start", "auto"))
    state = life.begin()
    (answer,) = life.record().facts(Kind.ANSWER)

    assert "Suspended" == state.name
    assert life.key.startswith("ca-pending-")
    assert [] == life.record().facts(Kind.ASKED)
    assert ("start", "approve", "the profile's policy") == tuple(
        answer.value[key] for key in ("gate", "decision", "name")
    )
    assert 64 == len(answer.value["digest"])


def test_policy_auto_asks_about_findings(lives, borrowed):
    """design.md §4, S7: with `auto` a person is asked all the same when the plan has something to know before."""
    life = lives(borrowed, policy("start", "auto"))
    life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})
    state = life.begin()

    assert "Suspended" == state.name
    assert life.key.startswith("start-")
    assert [] == life.control.ledger()


def test_policy_forbid_denies(lives, borrowed):
    """design.md §4: with `forbid` the run ends denied before anything, and the sentence names the gate."""
    life = lives(borrowed, policy("start", "forbid"))
    state = life.begin()

    assert ("Denied", "the profile forbids 'start'") == (state.name, state.message)
    assert not life.is_open()
    assert [] == life.control.ledger()


def test_second_run_keeps_out(lives, borrowed):
    """S5: while one run waits for an answer, another of the same cluster ends and names it."""
    life = lives(borrowed)
    life.begin()
    first = life.runs[0]
    state = life.begin()

    assert "Failed" == state.name
    assert f"held by run {first}, which is Suspended" in state.message
    assert "Suspended" == life.state(first).name
    assert 1 == len(life.record().facts(Kind.ASKED))


def test_operator_compares_with_the_scene(lives, borrowed, tmp_path):
    """S8, S19: the stand-in says yes to the scene's names and restarts, and the run goes on."""
    life = lives(borrowed)
    life.begin()
    log = tmp_path / "operator.log"
    answer_once(life.door, borrowed.scene, log)
    life.live()

    assert [("approve", "ACCEPT", "")] == said(log, life)
    assert ["csr", "submit"] == life.control.kinds()


def test_operator_refuses_altered_name(lives, borrowed, tmp_path):
    """S8: the stand-in says no to a plan with a name that the scene has not; the run ends denied with that reason."""
    life = lives(borrowed, extra_names=["intruder.example.net"])
    life.begin()
    log = tmp_path / "operator.log"
    answer_once(life.door, borrowed.scene, log)
    state = life.live()

    assert [("deny", "ACCEPT")] == [entry[:2] for entry in said(log, life)]
    assert "Denied" == state.name
    assert "intruder.example.net" in state.message
    assert [] == life.control.ledger()


def digest(question: str) -> str:
    """The digest that a question states."""
    return re.search(r"Plan digest: `([0-9a-f]{64})`", question)[1]


def digest_of(plan: dict) -> str:
    """The digest of a plan, reckoned here once more (domain/plan.py says how)."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def shown(plan: dict) -> str:
    """A question about another plan, with the digest that belongs to it."""
    return f"Plan digest: `{digest_of(plan)}`\n\n```json\n{json.dumps(plan, sort_keys=True)}\n```"


def numbered(question: str, title: str) -> list[str]:
    """The numbered lines below a title."""
    found = re.search(rf"\*\*{title}[^\n]*\n\n((?:\d+\. [^\n]*\n)*)", question)
    return [line.partition(". ")[2] for line in found[1].splitlines()] if found else []


def said(log, life) -> list[tuple[str, str, str]]:
    """What the stand-in wrote down about the last run."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    run = str(life.runs[-1])
    return [(entry["decision"], entry["status"], entry["remark"]) for entry in entries if entry["run"] == run]


def test_no_at_take_over_abandons(lives, borrowed):
    """design.md §3: a renewal that a dead run left open is abandoned by a no, and the next run opens a new one."""
    life = lives(borrowed)
    assert life.to_the_ca().name == "Suspended"
    first = life.renewal()
    life.client.set_flow_run_state(life.runs[-1], Cancelled(), force=True)
    submitted = life.count("submit")
    life.begin()
    asked_first = life.key
    ended = life.answered(NO)
    life.begin()

    assert asked_first.startswith("take-over-")
    assert "Denied" == ended.name
    assert life.key.startswith("start-")
    assert first.number + 1 == life.renewal().number
    assert submitted == life.count("submit")
