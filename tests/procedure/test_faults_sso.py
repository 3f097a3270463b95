"""Single sign-on that does not go off (S3): what the step says, that nothing is uploaded, what it remembers by hand."""

from pathlib import Path

import pytest

from tests.procedure.bench import Bench
from tests.procedure.faults import Fault, fault_at
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER
from ucrenew.domain.gate import Gate
from ucrenew.errors import NeedsPerson
from ucrenew.record import Kind
from ucrenew.steps import sso

TITLE = "Single sign-on"
NODES = [PUBLISHER, SUBSCRIBER, IMP]
ON = ("/cluster", {"sso": "enabled"})


def disable(how: str, words: str, node: str) -> Fault:
    """The command that switches it off, and does not."""
    return Fault(f"`utils sso disable` {words}", node, (ON, fault_at("sso-disable", node, how=how)))


DRILLS = {
    "sso": [
        disable("refused", "is refused", PUBLISHER),
        disable("asks-more", "asks a third question", SUBSCRIBER),
        disable("stays-on", "says success, and it stays on", IMP),
    ]
}


@pytest.fixture
def signed_on(borrowed, tmp_path: Path) -> Bench:
    """A renewal on a cluster with single sign-on everywhere."""
    borrowed.control.post(*ON)
    return Bench(borrowed, tmp_path)


def ensure_off(bench: Bench):
    """The step as its task calls it, with a yes to its question."""
    if question := sso.ensure_off(bench.site, bench.record, bench.plan):
        bench.say_done(question)
    return sso.ensure_off(bench.site, bench.record, bench.plan)


def test_stays_on_is_seen(signed_on):
    """S3: what the command said proves nothing: a node that is still on stops the run before the leaf."""
    signed_on.control.post(*fault_at("sso-disable", SUBSCRIBER, how="stays-on"))
    with pytest.raises(NeedsPerson, match=f"{SUBSCRIBER}: single sign-on is still enabled after 'utils sso disable'"):
        ensure_off(signed_on)
    noted = [fact.about for fact in signed_on.record.facts(Kind.SSO_OFF)]

    assert [PUBLISHER] == noted
    assert ensure_off(signed_on) is None
    assert [PUBLISHER, SUBSCRIBER, SUBSCRIBER, IMP] == [call["node"] for call in signed_on.control.ledger()]


def test_off_by_hand_is_remembered(borrowed, tmp_path: Path):
    """S3: that a person is about to switch it off is noted before they are asked: so it is put back, come what may."""
    borrowed.control.post(*ON)
    bench = Bench(borrowed, tmp_path, "\n[by_hand]\nsso = true\n")
    question = sso.ensure_off(bench.site, bench.record, bench.plan)

    assert Gate.BY_HAND is question.gate
    assert NODES == [fact.about for fact in bench.record.facts(Kind.SSO_INTENT)]
    assert [] == bench.calls()


def test_drill(drills):
    """S3: whatever the command does, nothing is uploaded while it is on; mended, the same renewal goes on."""
    assert () == drills.of("sso", DRILLS["sso"]).complaints


def test_docs(drills):
    """docs/faults.md says of these faults what was observed."""
    drills.hold_the_page(TITLE, DRILLS)
