"""What is kept of a renewal for those who ask later."""

import json
from datetime import timedelta

import pytest

from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.evidence import evidence_of, in_markdown
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps.proof import Served

from .builder import NODES, NOW, leaf
from .lab import plan_of
from .memory_store import MemoryStore

ANSWER = {
    "gate": "start",
    "digest": "d1",
    "matter": "",
    "decision": "approve",
    "name": "A. Person",
    "ticket": "CHG1",
    "remark": "",
}


@pytest.fixture
def record():
    """A record whose every fact is noted a minute after the one before."""
    ticks = iter(NOW + timedelta(minutes=number) for number in range(100))
    return Record(MemoryStore(), "lab-1", lambda: next(ticks))


@pytest.fixture
def evidence(tmp_path, record):
    record.note(Kind.BASELINE, {})
    record.note(Kind.ANSWER, ANSWER, about="start-1")
    record.note(Kind.REQUEST_ID, {"number": 32})
    record.note(Kind.RESTART_INTENT, about="Cisco Tomcat on pub")
    record.note(Kind.RESTART_DONE, about="Cisco Tomcat on pub")
    record.note(Kind.SERVICE_STARTED, {"was": "STOPPED"}, about="Cisco Tftp on pub")
    by_hand = {"by": "person", "name": "A. Person", "remark": "only the person's word tells"}
    record.note(Kind.RESTART_DONE, by_hand, about="Cisco DRF Local on pub")
    renewal = Renewal("lab", Purpose.TOMCAT, 1, "run-a")
    served = [Served(node, 8443, "before" * 10, fingerprint(leaf())) for node in NODES]
    return evidence_of(renewal, record, plan_of(tmp_path), leaf(), served, at=NOW)


def test_evidence_is_plain_json(evidence, tmp_path):
    """Evidence holds request number, plan digest, leaf and every port's certificate as plain JSON (S20)."""
    found = json.loads(json.dumps(evidence))

    assert 32 == found["request_id"]
    assert plan_of(tmp_path).digest == found["plan_digest"]
    assert fingerprint(leaf()) == found["leaf"]
    assert [{"node", "port", "before", "after"}] * 3 == [set(row) for row in found["nodes"]]


def test_evidence_names_who_decided(evidence):
    """Every answer is kept with gate, digest, decision, name, ticket and time."""
    (found,) = evidence["answers"]

    assert ("start", "d1", "approve", "A. Person", "CHG1") == tuple(
        found[key] for key in ("gate", "digest", "decision", "name", "ticket")
    )
    assert "2026-03-02T09:01:00+00:00" == found["at"]


def test_evidence_times_restarts(evidence):
    """A restart's seconds are those between its intent and its completion (S19)."""
    assert ("Cisco Tomcat on pub", "2026-03-02T09:04:00+00:00", 60.0) == tuple(
        evidence["restarts"][0][key] for key in ("what", "at", "seconds")
    )


def test_evidence_tells_who_restarted(evidence):
    """A restart is ours, or it names the person who did it and what only that person knows (S19)."""
    assert ["ucrenew", "A. Person (only the person's word tells)"] == [row["by"] for row in evidence["restarts"]]


def test_evidence_tells_what_was_started(evidence):
    """A service that was up before, was found down and was started is in it, for people too (design.md §3)."""
    assert [("Cisco Tftp on pub", "STOPPED")] == [(row["what"], row["was"]) for row in evidence["started"]]
    assert "Cisco Tftp on pub was STOPPED and is started again, 2026-03-02T09:05:00" in in_markdown(evidence)


@pytest.mark.parametrize(
    ("backup", "words"),
    [
        ({"last": "2026-03-02T10:00:00+00:00", "holds_new_keys": True}, "yes, of 2026-03-02T10:00:00+00:00."),
        ({"last": "2026-03-01T10:00:00+00:00", "holds_new_keys": False}, "none yet, the last one is of 2026-03-01T10"),
        ({"last": "2026-03-02T10:00:00", "holds_new_keys": None}, "cannot be told, the last one is of 2026-03-02T10"),
        ({"last": None, "holds_new_keys": False}, "none yet, the last one is of an unknown day: make one."),
        ({}, "none yet, the last one is of an unknown day: make one."),
    ],
)
def test_evidence_tells_of_the_backup(evidence, backup, words):
    """cucm.md §4.1: a backup holds the new keys, or does not, or nobody can tell, which is never taken for a yes."""
    assert f"Backup with the new keys: {words}" in in_markdown({**evidence, "backup": backup})


def test_evidence_names_missing_phones(evidence):
    """S26, S30: people read which phones are not back, fifty by name, and what was noticed of the others."""
    names = [f"SEP{number:012X}" for number in range(52)]
    phones = {"before": {"sub": 60}, "after": {"sub": 8}}
    told = {**evidence, "phones": phones, "phones_missing": names, "phones_noticed": ["they churn"]}
    text = in_markdown(told)

    assert [f"- {name}" for name in names[:50]] == [line for line in text.splitlines() if line.startswith("- SEP")]
    assert "- and 2 more, named in the evidence's JSON" in text
    assert "- they churn" in text
    assert "registered before and are not" not in in_markdown(evidence)


def test_evidence_for_people(evidence):
    """The same is readable as tables: who decided, what restarted, what each port served and serves now (S20)."""
    text = in_markdown(evidence)

    assert "| start | approve | A. Person | CHG1 |" in text
    assert "| Cisco Tomcat on pub |" in text
    assert all(f"| {node} | 8443 |" in text for node in NODES)
    assert "Request 32" in text


def test_evidence_tells_who_signed(tmp_path, record):
    """A signed answer names principal and key and keeps the signature; other names are stated, not authenticated."""
    signed = {"principal": "olga@example.com", "key": "SHA256:abc"}
    record.note(Kind.ANSWER, ANSWER, about="start-1")
    record.note(Kind.ANSWER, {**ANSWER, "signed": signed, "signature": "the text, and its signature"}, about="start-2")
    renewal = Renewal("lab", Purpose.TOMCAT, 1, "run-a")
    evidence = evidence_of(renewal, record, plan_of(tmp_path), leaf(), [], at=NOW)
    shown = in_markdown(evidence)

    assert ["", "the text, and its signature"] == [one["signature"] for one in evidence["answers"]]
    assert "| approve | A. Person |" in shown
    assert "| approve | signed by olga@example.com, key SHA256:abc |" in shown
    assert "Names without a signature are stated, not authenticated." in shown
