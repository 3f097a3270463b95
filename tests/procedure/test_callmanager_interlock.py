"""The interlock: what phones trust is changed one at a time, and what happens where it is taken away (cucm.md §4.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.procedure.lives import NO, PUBLISHER, SUBSCRIBER, YES
from tests.procedure.phones_walked import TVS
from tests.simulator.phones import begin, phones, restart
from ucrenew.domain.gate import Gate
from ucrenew.domain.interlock import PhoneTrust, TrustChange, changed_by_hand
from ucrenew.errors import NeedsPerson
from ucrenew.record import Kind
from ucrenew.steps import interlocking, phones_trust
from ucrenew.steps.phones_noted import ALL_BACK
from ucrenew.steps.phones_trust import Moment

TFTP = "Cisco Tftp"
OLD_SIGNER = {"itl_signer": "CallManager"}
OUTAGE = "somebody would have to delete the lists on every single phone"


@pytest.mark.parametrize("reading", ["stays", "drops"])
def test_tvs_and_callmanager_together_are_refused(borrowed, with_phones, reading):
    """TVS made anew by hand before the certificate: refused with the outage, nothing changed, no phone lost (§4.3)."""
    borrowed.control.post("/cluster", {**OLD_SIGNER, "untrusting_phone": reading})
    walked = with_phones()
    walked.before_signing()
    walked.regenerate(TVS)
    with pytest.raises(NeedsPerson) as caught:
        walked.before_leaf()

    assert "[interlock, cucm.md §4.3]" in str(caught.value)
    assert "CallManager is not changed before the last change of TVS is proven" in str(caught.value)
    assert OUTAGE in str(caught.value)
    assert ["regenerate"] * 2 == walked.control.kinds()
    assert (0, 23) == (walked.lost, walked.registered())


@pytest.mark.parametrize(("reading", "registered"), [("stays", 23), ("drops", 0)])
def test_without_it_all_phones_are_lost(borrowed, with_phones, monkeypatch, reading, registered):
    """Taken away, the same change loses every phone, also where they stay registered: the simulator can tell."""
    borrowed.control.post("/cluster", {**OLD_SIGNER, "untrusting_phone": reading})
    monkeypatch.setattr(interlocking, "interlock", lambda *_: None)
    monkeypatch.setattr(interlocking, "_by_hand", lambda *_: ())
    walked = with_phones()
    walked.before_signing()
    walked.regenerate(TVS)
    walked.before_leaf()
    walked.leaf()
    walked.ctl()
    walked.restarts()

    assert (23, registered) == (walked.lost, walked.registered())


def test_told_once_it_is_asked_about(borrowed, with_phones):
    """Refused once, it goes on when the phones are back and somebody has seen since then that they trust (S23)."""
    borrowed.control.post("/cluster", OLD_SIGNER)
    walked = with_phones()
    walked.before_signing()
    walked.regenerate(TVS)
    with pytest.raises(NeedsPerson):
        walked.interlock()
    restart(borrowed, TFTP)  # the phones take the list with the new TVS, which the old key signed
    asked = walked.interlock()
    walked.yes(asked)
    walked.before_leaf()
    walked.leaf()
    walked.restarts()

    assert Gate.PHONES_TRUST is asked.gate
    assert f"by hand, seen on {PUBLISHER}" in asked.text
    assert (0, 23) == (walked.lost, walked.registered())


def test_old_answer_proves_nothing(borrowed, with_phones):
    """A yes that was asked for before the change was noticed does not prove it."""
    borrowed.control.post("/cluster", OLD_SIGNER)
    walked = with_phones()
    walked.before_signing()
    walked.regenerate(TVS)
    with pytest.raises(NeedsPerson):
        walked.interlock()

    assert [Gate.PHONES_TRUST] == walked.gates()
    assert Gate.PHONES_TRUST is walked.interlock().gate
    assert Gate.PHONES_TRUST is walked.interlock().gate


def test_change_by_hand_stops_the_restarts(borrowed, with_phones):
    """TVS made anew after the certificate: no service is restarted, and phones keep what they have."""
    borrowed.control.post("/cluster", OLD_SIGNER)
    walked = with_phones()
    walked.before_signing()
    walked.before_leaf()
    walked.leaf()
    walked.regenerate(TVS)
    with pytest.raises(NeedsPerson, match=r"\[interlock"):
        walked.interlock()

    assert [] == walked.restarted()
    assert (0, 23) == (walked.lost, walked.registered())


def test_unproven_renewal_holds_the_next_up(with_phones):
    """An earlier renewal whose phones nobody has seen to trust refuses this one, across runs, until that is proven."""
    walked = with_phones()
    walked.before_signing()
    then = datetime.now(UTC) - timedelta(days=3)
    unproven = TrustChange(PhoneTrust.CALLMANAGER, "ucrenew-lab-callmanager-7", then)
    with pytest.raises(NeedsPerson, match="ucrenew-lab-callmanager-7") as caught:
        walked.interlock(unproven)
    proven = TrustChange(PhoneTrust.CALLMANAGER, "7", then, then + timedelta(hours=1), then + timedelta(hours=2))

    assert OUTAGE in str(caught.value)
    assert walked.interlock(proven) is None


def test_renewal_is_proven_by_phones_and_people(with_phones):
    """What a renewal leaves is proven when its phones were back and somebody saw after that that they trust (S23)."""
    walked = with_phones()
    walked.before_signing()
    walked.before_leaf()
    nothing = interlocking.change_of(walked.record)
    walked.leaf()
    changed = interlocking.change_of(walked.record)
    walked.record.note(Kind.PHONES_BACK, {"registered": {}, "missing": []}, about=ALL_BACK)
    back = interlocking.change_of(walked.record)
    walked.yes(walked.after())

    assert nothing is None
    assert "its phones were not seen registered again" == changed.lacks
    assert "nobody has seen since its phones came back" in back.lacks
    assert interlocking.change_of(walked.record).is_proven
    assert walked.after() is None


def test_change_between_renewals_is_told(with_phones):
    """S23: what others changed since phones were last seen to trust stands in the question that proves it."""
    walked = with_phones()
    seen = {
        place: "0" * 64 if place == (PUBLISHER, PhoneTrust.TVS) else found
        for place, found in walked.seen.identities.items()
    }
    changed = changed_by_hand(seen, walked.seen.identities, walked.now())
    asked = phones_trust.ask_before(walked.record, walked.plan, walked.seen, Moment.SIGNING, changed)

    assert f"TVS was changed by hand, seen on {PUBLISHER}, since phones were last seen to trust" in asked.text


def test_run_is_refused_then_asks(lives, borrowed):
    """§4.3: the run that meets another change fails with the outage; retried it asks, and a no ends it: no leaf."""
    borrowed.control.post("/cluster", OLD_SIGNER)
    begin(borrowed)
    life = lives(borrowed, "", purposes=["CallManager"])
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("activate")
    for node in (PUBLISHER, SUBSCRIBER):
        life.control.post("/certificates/regenerate", {"node": node, "purpose": TVS})
    refused = life.answered(YES)
    life.push()
    asked = life.live()
    question = life.question()
    ended = life.answered(NO)

    assert "Failed" == refused.name
    assert OUTAGE in refused.message
    assert "Suspended" == asked.name
    assert "TVS was changed" in question
    assert "Denied" == ended.name
    assert ["csr", "submit", "regenerate", "regenerate"] == life.control.kinds()
    assert (0, 23) == (phones(borrowed)["lost"], phones(borrowed)["registered"])
