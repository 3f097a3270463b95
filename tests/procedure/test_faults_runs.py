"""Faults as a whole run meets them, with Prefect: what its state says, what its log says, what it leaves for people.

One renewal meets them all; after each the fault is put right, and the run is retried or its question answered.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest

from tests.conftest import bend_back
from tests.procedure import faults_page
from tests.procedure.drill import HONEST, QUICK, SHORTENED
from tests.procedure.faults import Bend, End, Fault, Seen, bend, complaints, fault_at
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, TOMCAT, UNASKED, YES, Lives, at_note
from tests.simulator.walk import Rest
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.x509 import parse_certificate
from ucrenew.record import Kind
from ucrenew.steps import services

LIMITS = "\n[limits]\nfan_out = 0.02\n"
STUCK = fault_at("stuck", SUBSCRIBER, service=TOMCAT, times=2)
WRONG = "a wrong password"
LEAF = "uploading the certificate"
REFUSED = "CSR SAN and Certificate SAN does not match"


def password(account: str, word: str) -> Bend:
    """The password of an account, in the profile's file."""
    return lambda life: (life.profile.parent / f"{account}.password").write_text(word)


def right_passwords(life: Lives, _end: End) -> None:
    """A person puts them right."""
    for name, account in life.simulator.scene["accounts"].items():
        password(name, account["password"])(life)


def generate(life: Lives, _end: End) -> None:
    """A person generates the request on the page, and says so."""
    Rest(life.simulator, account=life.simulator.scene["people"]["person"]).csr(commonName=PUBLISHER)
    life.answer(YES)


def enter_the_number(life: Lives, _end: End) -> None:
    """A person finds the request in the CA's list."""
    life.answer(YES | {"request_id": life.request()["id"]})


def upload_on_imp(life: Lives, _end: End) -> None:
    """A person uploads the certificate on the node that did not get it."""
    leaf = parse_certificate((life.record().value(Kind.ISSUED) or {})["pem"])
    Rest(life.simulator, "cs-imp", account=life.simulator.scene["people"]["person"]).leaf(leaf)


FAULTS = (
    Fault(f"{WRONG} of the platform", "before anything", (password("platform", "wrong"),), person=right_passwords),
    Fault(f"{WRONG} of the CA's account", "before anything", (password("ca", "wrong"),), person=right_passwords),
    Fault(
        "`Invalid distribution`",
        "generating the request",
        (fault_at("refuse", PUBLISHER, what="csr", text="Invalid distribution"),),
        person=generate,
        by_person="generates the request on the page, and approves; the run goes on",
    ),
    Fault(
        "taken, and the answer is lost",
        "submitting the request",
        (("/ca", {"lost": 1}),),
        person=enter_the_number,
        by_person="finds the request in the CA's list, and enters its number; the run goes on",
    ),
    Fault(f"`{REFUSED}`", LEAF, (fault_at("refuse", PUBLISHER, what="leaf", text=REFUSED),)),
    Fault("a backup is under way", "when that is retried", ((f"/nodes/{PUBLISHER}", {"backup_running": True}),)),
    Fault(
        f"{WRONG} of the platform",
        LEAF,
        (password("platform", "wrong"),),
        at=(Kind.LEAF_INTENT, ""),
        person=right_passwords,
    ),
    Fault(
        f"{IMP} goes down",
        "as soon as the certificate is uploaded",
        (fault_at("down-at", IMP, stage="leaf-upload"),),
        stays=(IMP,),
        person=upload_on_imp,
        by_person="uploads the same certificate on that node's own page, and retries the run",
    ),
    Fault(
        f"{WRONG} of the platform",
        "between two restarts",
        (password("platform", "wrong"),),
        at=(Kind.RESTART_DONE, f"{PUBLISHER} {TOMCAT}"),
        person=right_passwords,
    ),
    Fault(f"{TOMCAT} stays STOPPED after 2 restarts", SUBSCRIBER, (STUCK,)),
)


@pytest.fixture(scope="module")
def met(module_lives, standing) -> tuple[Lives, list[Seen]]:
    """The renewal and what it made of each fault."""
    life = module_lives(standing, UNASKED + LIMITS)
    life.control.post("/ca", HONEST)
    before = life.control.state()
    life.start(force=True)
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in QUICK.items():
            patch.setattr(module, name, min(value, timedelta(seconds=1)))
        patch.setattr(services, "LOOKS_EVERY", 0.2)
        return life, [_met(life, fault, before, patch) for fault in FAULTS]


def _met(life: Lives, fault: Fault, before: Any, patch: pytest.MonkeyPatch) -> Seen:
    line, trace = len(life.said.lines), len(life.said.traces)
    with ExitStack() as moment:
        if fault.at:
            kind, about = fault.at
            moment.enter_context(at_note(patch, kind, lambda: happen(life, fault), about=about, when="after"))
        else:
            happen(life, fault)
        end = lived(life)
    lines = (*life.said.lines[line:], *life.said.traces[trace:])
    found = complaints(life.simulator, before, fault, end, lines)
    seen = Seen(fault, end, lines, life.control.ledger(), next_step(life), found)
    life.control.post("/ca", HONEST)
    bend_back(life.control, before)
    fault.person(life, end)
    if end.how == "stops":
        life.push()
    return seen


def happen(life: Lives, fault: Fault) -> None:
    """Let it."""
    for one in fault.bends:
        bend(life.control, one, life)


def lived(life: Lives) -> End:
    """One life, and those after a yes to the plan and to the certificate."""
    state = life.live()
    while state.name == "Suspended" and life.key.startswith(("start-", "activate-")):
        state = life.answered(YES)
    match state.name:
        case "Suspended":
            gate = next(gate for gate in Gate if life.key.startswith(f"{gate}-"))
            return End(f"asks at gate `{gate}`", life.question(), Question(gate, life.question()))
        case "Completed":
            return End("renewed")
    return End("stops" if state.name == "Failed" else state.name, state.message)


def next_step(life: Lives) -> str:
    """The first thing that the report of a failed run says."""
    if life.renewal() is None or not life.record().facts(Kind.CSR_INTENT) or life.state().name != "Failed":
        return ""
    return life.artifact(f"{life.record().key}-failure").partition("## Next step\n\n- ")[2].partition("\n")[0]


def test_nothing_that_must_not_be(met):
    """design.md §5: every fault ends in one sentence or question, with no stack trace, nothing half done or down."""
    assert [] == [one for seen in met[1] for one in seen.complaints]


def test_wrong_password_is_tried_once(met):
    """cucm.md §1.1: a refused password is presented once, by the step and by nobody after it: accounts lock."""
    wrong = list(accumulate(WRONG in seen.fault.what for seen in met[1]))

    assert wrong == [[entry["kind"] for entry in seen.ledger].count("login-refused") for seen in met[1]]


def test_renewed_in_the_end(met):
    """When everything is put right the same run ends well, with one request and one submission."""
    life, seen = met

    assert "renewed" == seen[-1].end.how
    assert (1, 1, 1) == tuple(ours(life, kind) for kind in ("csr", "submit", "leaf-upload"))
    assert not life.is_open()


def ours(life: Lives, kind: str) -> int:
    """How often it was done, a person's upload on another node aside."""
    done = (one for one in life.control.ledger() if one["kind"] == kind and "refused" not in one)
    return len([one for one in done if one["node"] != IMP])


def test_docs(met):
    """docs/faults.md says of these faults what was observed."""
    usual = [line for seen in met[1] for line in seen.lines if not re.search("STOPPED|starting it", line)]
    faults_page.hold("Whole runs", met[1], (faults_page.plain(line, SHORTENED) for line in usual), shortened=SHORTENED)
