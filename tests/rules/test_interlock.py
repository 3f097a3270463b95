"""The interlock: one change of the phones' trust at a time, the next only when the last is proven (cucm.md §4.3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product

import pytest

from ucrenew.domain.finding import Reason, Severity
from ucrenew.domain.interlock import PhoneTrust, TrustChange, changed_by_hand, interlock, phone_trust

CHANGED = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
LATER, LATEST = CHANGED + timedelta(hours=1), CHANGED + timedelta(hours=2)
PROVEN = {"phones_back_at": LATER, "trust_seen_at": LATEST}


def change(what=PhoneTrust.CALLMANAGER, **proof):
    return TrustChange(what, "renewal 3", CHANGED, **proof)


@pytest.mark.parametrize("wanted", [*combinations(PhoneTrust, 2), tuple(PhoneTrust)])
def test_two_together_are_refused(wanted):
    """Any two of them in one run are refused, and the refusal says which outage it prevents."""
    found = interlock(wanted)

    assert (Reason.INTERLOCK, Severity.REFUSE) == (found.reason, found.severity)
    assert all(one in found.sentence for one in wanted)
    assert "would keep their old lists" in found.sentence
    assert "delete the lists on every single phone" in found.sentence


@pytest.mark.parametrize("one", PhoneTrust)
def test_one_alone_may_change(one):
    """One of them, with nothing before it or only what is proven, may be changed."""
    assert interlock([one]) is None
    assert interlock([one, one]) is None
    assert interlock([one], [change(what, **PROVEN) for what in PhoneTrust]) is None


@pytest.mark.parametrize(("one", "before"), list(product(PhoneTrust, PhoneTrust)))
def test_unproven_change_holds_the_next_up(one, before):
    """As long as one change is not proven no other is made, across runs, be it of the same certificate."""
    found = interlock([one], [change(PhoneTrust.CAPF, **PROVEN), change(before)])

    assert Reason.INTERLOCK is found.reason
    assert f"the last change of {before} is proven (renewal 3, 2026-11-20 22:00 UTC)" in found.sentence
    assert "delete the lists on every single phone" in found.sentence


@pytest.mark.parametrize(
    ("proof", "lacks"),
    [
        ({}, "not seen registered again"),
        ({"trust_seen_at": LATEST}, "not seen registered again"),
        ({"phones_back_at": CHANGED, "trust_seen_at": LATEST}, "not seen registered again"),
        ({"phones_back_at": CHANGED - timedelta(days=1), "trust_seen_at": LATEST}, "not seen registered again"),
        ({"phones_back_at": LATER}, "since its phones came back"),
        ({"phones_back_at": LATER, "trust_seen_at": CHANGED - timedelta(days=1)}, "since its phones came back"),
        ({"phones_back_at": LATEST, "trust_seen_at": LATER}, "since its phones came back"),
    ],
)
def test_half_a_proof_is_none(proof, lacks):
    """Both are needed, in this order: an answer to S23 from before the change, or before phones were back, is old."""
    found = interlock([PhoneTrust.TVS], [change(**proof)])

    assert not change(**proof).is_proven
    assert lacks in found.sentence


def test_whole_proof_lacks_nothing():
    """Phones back and then seen to trust is a proof."""
    assert change(**PROVEN).is_proven
    assert "" == change(**PROVEN).lacks


def test_nothing_wanted_is_never_refused():
    """A renewal that touches none of them (tomcat alone) is not held up by what is not proven."""
    assert interlock([], [change()]) is None


def test_change_by_hand_holds_the_next_up():
    """A TVS certificate that somebody made anew by hand holds CallManager up until phones were seen to trust it."""
    proven = {("pub", PhoneTrust.TVS): "aa", ("sub", PhoneTrust.TVS): "bb", ("pub", PhoneTrust.CALLMANAGER): "cc"}
    now = {**proven, ("pub", PhoneTrust.TVS): "dd", ("sub", PhoneTrust.TVS): "ee", ("new", PhoneTrust.TVS): "ff"}
    (found,) = changed_by_hand(proven, now, CHANGED)
    seen = replace(found, **PROVEN)

    assert TrustChange(PhoneTrust.TVS, "by hand, seen on pub, sub", CHANGED) == found
    assert "by hand, seen on pub, sub" in interlock([PhoneTrust.CALLMANAGER], [found]).sentence
    assert interlock([PhoneTrust.CALLMANAGER], [seen]) is None


def test_recorded_change_is_not_by_hand():
    """A certificate that a renewal of ours changed is not called changed by hand, and an unchanged one is no change."""
    proven, now = {("pub", PhoneTrust.CALLMANAGER): "aa"}, {("pub", PhoneTrust.CALLMANAGER): "bb"}

    assert () == changed_by_hand(proven, now, CHANGED, [change()])
    assert () == changed_by_hand(proven, proven, CHANGED)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("CallManager", PhoneTrust.CALLMANAGER),
        ("CallManager-ECDSA", PhoneTrust.CALLMANAGER),
        ("ITLRecovery", PhoneTrust.ITL_RECOVERY),
        ("tvs", PhoneTrust.TVS),
        ("CAPF", PhoneTrust.CAPF),
        ("tomcat", None),
        ("CallManager-trust", None),
    ],
)
def test_units_are_known(unit, expected):
    """Each unit counts as what phones rest on, the ECDSA certificate as its purpose's."""
    assert expected is phone_trust(unit)
