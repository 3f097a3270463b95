"""What people are asked: every fact they need is in the text, and a program can compare it."""

import hashlib
import json
from dataclasses import replace

import pytest

from ucrenew.domain.questions import activate_question, start_question
from ucrenew.domain.x509 import fingerprint

from .builder import NAMES, NODES, chain, leaf, request
from .lab import IMP, PUB, SUB, cluster_facts, node_facts, plan_of


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path)


@pytest.fixture(params=["start", "activate"])
def question(request, plan):
    return start_question(plan) if request.param == "start" else activate_question(plan, leaf(), chain())


def plan_in(question):
    return json.loads(question.partition("```json\n")[2].partition("\n```")[0])


def test_restarts_in_order(plan, question):
    """Both questions list every restart with its number, in the order in which it will happen (S19)."""
    expected = [f"{number}. {restart}" for number, restart in enumerate(plan.restarts, start=1)]

    found = [line for line in question.splitlines() if line in expected]

    assert 11 == len(expected)
    assert expected == found


def test_program_can_compare(plan, question):
    """Both questions carry the plan as JSON, and its digest can be recomputed from the text alone."""
    found = plan_in(question)
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert plan.document() == found
    assert f"Plan digest: `{hashlib.sha256(text.encode()).hexdigest()}`" in question


def test_what_users_notice(plan, question):
    """Both questions say what users will notice (S22)."""
    assert plan.notices
    assert all(notice in question for notice in plan.notices)


CONDITIONS = {
    "windows": ("Only in a maintenance window", "sat from 22:00 for 6 h (Europe/Berlin)", None),
    "sso_nodes": ("Single sign-on is on there", NODES[0], None),
    "by_hand": ("Done by a person, not by us", "leaf", "leaf: upload the certificate"),
    "neighbours": ("Neighbours that have to be ready", "exp-c.example.com (expressway): trusts the new chain", None),
}


@pytest.mark.parametrize("field", CONDITIONS)
@pytest.mark.parametrize("ask", [start_question, lambda plan: activate_question(plan, leaf(), chain())])
def test_conditions_shown(plan, ask, field):
    """Both questions show windows, single sign-on, what people do and who else has to be ready, where there is any."""
    title, value, shown = CONDITIONS[field]

    assert f"**{title}" not in ask(plan)
    assert f"**{title}" in (question := ask(replace(plan, **{field: (value,)})))
    assert f"1. {shown or value}\n" in question


@pytest.mark.parametrize("ask", [start_question, lambda plan: activate_question(plan, leaf(), chain())])
def test_time_needed_shown(plan, ask):
    """Both questions say how long the restarts take, where that is estimated (S19, S22)."""
    assert "a window of 1 h 31 min is needed" in ask(replace(plan, minutes=91))
    assert "estimate" not in ask(replace(plan, minutes=0))


def test_start_names_nodes_and_ca(plan):
    """The first question names publisher, every name, the CA and what is left alone, and that nothing restarts yet."""
    question = start_question(plan)

    assert f"generated on **{NODES[0]}**" in question
    assert all(f"{number}. {name}" in question for number, name in enumerate(NODES, start=1))
    assert plan.authority in question
    assert all(line in question for line in plan.not_restarted)
    assert "Nothing is restarted before you are asked again" in question
    assert "To know before" not in question


def test_start_shows_findings(tmp_path):
    """An outstanding request of somebody else stands in the first question (S7)."""
    facts = cluster_facts(node_facts(PUB, csr=request()), node_facts(SUB), node_facts(IMP))

    question = start_question(plan_of(tmp_path, facts))

    assert "**To know before**" in question
    assert f"1. {NODES[0]}: a request is outstanding already" in question


def test_activate_shows_certificate(plan):
    """The second question shows the very certificate: fingerprint, names, dates, issuer, CA certificates root first."""
    question = activate_question(plan, leaf(), chain())

    assert fingerprint(leaf()) in question
    assert f"- names {', '.join(sorted(NAMES))}" in question
    assert "- valid 2026-03-01 to 2027-03-02" in question
    assert "- issued by CN=Example Issuing CA" in question
    assert question.index("root first: CN=Example Root CA") < question.index("CN=Example Issuing CA,O=Example,C=DE\n\n")
    assert "11 services restart on 3 nodes" in question
