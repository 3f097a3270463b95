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
    assert [{"what": "Cisco Tomcat on pub", "at": "2026-03-02T09:04:00+00:00", "seconds": 60.0}] == evidence["restarts"]


def test_evidence_for_people(evidence):
    """The same is readable as tables: who decided, what restarted, what each port served and serves now (S20)."""
    text = in_markdown(evidence)

    assert "| start | approve | A. Person | CHG1 |" in text
    assert "| Cisco Tomcat on pub |" in text
    assert all(f"| {node} | 8443 |" in text for node in NODES)
    assert "Request 32" in text
