"""The cluster is the truth and the record a hint (design.md §3): what was noted never stands for a look.

Steps by themselves, without Prefect.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.procedure.bench import Bench
from tests.procedure.cable import Cable
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER, TOMCAT
from tests.simulator.walk import submit
from ucrenew.clients.certsrv import Pending
from ucrenew.clients.sessions import Unanswered
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint, pem
from ucrenew.errors import NeedsPerson, Transient
from ucrenew.record import Kind
from ucrenew.steps import leaf
from ucrenew.steps.survey import survey

LEAF_BY_HAND, CSR_BY_HAND = "[by_hand]\nleaf = true\n", "[by_hand]\ncsr = true\n"


@pytest.fixture
def bench(borrowed, tmp_path: Path) -> Callable[..., Bench]:
    """Benches on the module's simulator."""
    return lambda append="": Bench(borrowed, tmp_path, append)


@pytest.fixture
def on_a_cable(borrowed, tmp_path: Path):
    """A bench whose publisher is reached through a cable, and the cable."""
    publisher, *others = borrowed.scene["nodes"]
    cable = Cable(publisher["https_port"])
    near = {**borrowed.scene, "nodes": [{**publisher, "https_port": cable.port}, *others]}
    yield Bench(replace(borrowed, scene=near), tmp_path), cable
    cable.unplug()


def signed(one: Bench):
    """Our request, noted, and its certificate; the chain is in the stores, the plan in the record."""
    request = one.generate()
    one.record.note(Kind.CSR, {"fingerprint": fingerprint(request), "pem": pem(request)})
    one.record.note(Kind.PLAN, one.plan.document(), about=one.plan.digest)
    one.hand().trust(*one.chain)
    return request, one.ca.sign(request)


# --- the certificate (S17)


def test_late_upload_is_found(bench):
    """S17: a person's upload that lands after a life saw nothing is found by every later look, and ours goes on."""
    one = bench(LEAF_BY_HAND)
    request, ours = signed(one)
    one.ensure_leaf(request, ours)

    assert not leaf.has_arrived(one.site, one.record)
    assert "1" == one.record.facts(Kind.LEAF_NOT_TAKEN)[0].about

    one.hand().leaf(ours)

    assert leaf.has_arrived(one.site, one.record)
    assert one.record.leaf_is_in
    assert one.ensure_leaf(request, ours) is None


def test_request_used_up_meanwhile(bench):
    """S7, S17: a request that our certificate used up since this life's first look is ours, and nothing to give up."""
    one = bench(LEAF_BY_HAND)
    request, ours = signed(one)
    one.ensure_leaf(request, ours)
    leaf.has_arrived(one.site, one.record)
    one.hand().leaf(ours)

    assert request == one.ensure_csr()
    assert one.record.leaf_is_in


def test_silent_node_is_not_without(bench):
    """design.md §2: a node that does not answer may have the certificate: that it is on none is not said."""
    one = bench(LEAF_BY_HAND)
    request, ours = signed(one)
    one.ensure_leaf(request, ours)
    one.control.post(f"/nodes/{IMP}", {"services": {TOMCAT: "STOPPED"}})

    with pytest.raises(Transient, match="whether the certificate was installed cannot be told"):
        leaf.has_arrived(one.site, one.record)
    assert [] == one.record.facts(Kind.LEAF_NOT_TAKEN)


def test_lost_answer_is_in_doubt(on_a_cable):
    """S17: an upload whose answer was lost is never noted as not taken, and is confirmed instead of done again."""
    one, cable = on_a_cable
    request, ours = signed(one)

    def is_uploaded() -> bool:
        return "leaf-upload" in one.control.kinds()

    one.before_acting = lambda: cable.cut_answers_when(is_uploaded)
    with pytest.raises(Unanswered):
        one.ensure_leaf(request, ours)
    cable.cut_answers_when(lambda: False)

    assert [] == one.record.facts(Kind.LEAF_NOT_TAKEN)
    assert leaf.has_arrived(one.site, one.record)
    assert one.ensure_leaf(request, ours) is None
    assert 1 == one.control.kinds().count("leaf-upload")


def test_replaced_request_is_not_uploaded_for(bench):
    """S7: where the cluster's request is not the one that was signed, its certificate is not even sent."""
    one = bench()
    request, ours = signed(one)
    one.generate()

    with pytest.raises(NeedsPerson, match="is not the one that was signed; nothing was uploaded"):
        one.ensure_leaf(request, ours)
    assert "leaf-upload" not in one.control.kinds()
    assert [] == one.record.facts(Kind.LEAF_INTENT)


# --- the request (S7)


@pytest.mark.parametrize("append", ["", CSR_BY_HAND])
def test_request_on_a_subscriber_is_foreign(bench, append):
    """S7: one that appeared on any node since the first look is not overwritten, by us or by whom we would ask."""
    one = bench(append)
    one.hand("cs-ccm-sub").csr(distribution="this-server", commonName=SUBSCRIBER)

    with pytest.raises(NeedsPerson, match=f"{SUBSCRIBER}: a tomcat request appeared that this renewal did not make"):
        one.ensure_csr()
    assert [("csr", "osperson", False)] == one.calls()
    assert [] == one.record.facts(Kind.CSR_INTENT)


def test_other_request_is_not_adopted(bench):
    """S7, S8: after an intent, too, a request that is not as planned is somebody else's: neither kept nor voided."""
    one = bench()
    one.record.note(Kind.CSR_INTENT, about="1")
    one.generate(commonName="other.example.com")

    with pytest.raises(NeedsPerson, match="a tomcat request appeared that this renewal did not make"):
        one.ensure_csr()
    assert one.record.value(Kind.CSR) is None
    assert [("csr", "osperson", False)] == one.calls()


def test_lost_generation_is_given_time(bench):
    """S7: a request that a lost call makes only now is waited for: generating at once would make a second one."""
    one = bench()
    one.record.note(Kind.CSR_INTENT, about="1")
    made = []

    def comes_late(_: float) -> None:
        if not made:
            made.append(one.generate())

    one.site.wait = comes_late

    assert one.ensure_csr() == made[0]
    assert [("csr", "osperson", False)] == one.calls()


# --- the CA's number (S13)


def pending(one: Bench, request) -> int:
    """A request that somebody submitted, and that waits for the officer."""
    one.control.post("/ca", {"template": {"CiscoUC": {"approval": True}}})
    submit(one.simulator, pem(request), one.simulator.scene["people"]["person"])
    return int(one.control.get("/requests")[-1]["id"])


def named(one: Bench, request, number: int):
    """What becomes of a number that a person names."""
    question = one.ensure_submitted(request)
    assert isinstance(question, Question)
    assert Gate.SUBMISSION is question.gate
    one.say_done(question, request_id=number)
    return one.ensure_submitted(request)


@pytest.mark.parametrize("append", ["", "[by_hand]\nsubmit = true\n"])
def test_denied_number_may_be_mistyped(bench, append):
    """S13, S14: a denied request that a person named ends nothing: it is told, and ours may still be named."""
    one = bench(append)
    theirs, ours = one.generate(), one.generate()
    one.record.note(Kind.SUBMIT_INTENT, about="1")
    mistyped, right = pending(one, theirs), pending(one, ours)
    one.control.post(f"/requests/{mistyped}/deny")
    told = named(one, ours, mistyped)

    assert isinstance(told, Question)
    assert f"the CA denied request {mistyped}" in told.text
    assert one.record.value(Kind.REQUEST_ID) is None
    assert Pending(right) == named(one, ours, right)

    one.control.post(f"/requests/{right}/issue")

    assert right == one.ensure_submitted(ours).request_id == one.record.value(Kind.REQUEST_ID)["number"]
    assert 0 == one.acts


def test_pending_number_may_be_mistyped(bench):
    """S14: a pending number is waited for once an answer; when the run is woken meanwhile, another one can be named."""
    one = bench()
    theirs, ours = one.generate(), one.generate()
    one.record.note(Kind.SUBMIT_INTENT, about="1")
    mistyped, right = pending(one, theirs), pending(one, ours)

    assert Pending(mistyped) == named(one, ours, mistyped)

    told = one.ensure_submitted(ours)

    assert isinstance(told, Question)
    assert f"request {mistyped} is still pending" in told.text
    assert Pending(mistyped) == named(one, ours, mistyped)
    assert Pending(right) == named(one, ours, right)
    assert one.record.value(Kind.REQUEST_ID) is None


# --- the look before the certificate


def test_look_without_the_authority(bench):
    """design.md §2: once the certificate is issued its CA may be down: the cluster is looked at all the same."""
    one = bench()
    one.control.post("/ca", {"reachable": False})
    one.site = one.opened()

    with pytest.raises(Transient):
        survey(one.site, Purpose.TOMCAT)
    one.control.forget()

    seen = survey(one.site, Purpose.TOMCAT, of_authority=False)
    one.control.post("/ca", {"reachable": True})

    assert {PUBLISHER, SUBSCRIBER, IMP} == {node.node.name for node in seen.nodes}
