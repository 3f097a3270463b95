"""What happened to phones and lists: the mode again, the CTL read back, who is missing, who churns (S24-S26, S30)."""

from dataclasses import replace

import pytest

from ucrenew.domain.finding import Reason, Severity, refusals
from ucrenew.domain.phone_changes import CtlFacts, check_ctl, mode_is_as_before, phones_are_back, phones_stay
from ucrenew.domain.phones import SecurityMode, census, churning, missing

from .builder import leaf, self_signed
from .phone_lab import name, registration, trust_list

OLD, NEW = self_signed("cs-ccm-pub.example.com"), leaf()


def phones(*numbers, **changes):
    return census(registration(number, **changes) for number in numbers)


# --- mode and CTL


@pytest.mark.parametrize("now", [SecurityMode.MIXED, None])
def test_changed_mode_needs_a_new_plan(now):
    """A cluster whose mode changed since the plan, or cannot be told any more, is not gone on with (S24)."""
    found = mode_is_as_before(SecurityMode.NON_SECURE, now)

    assert (Reason.SECURITY_MODE_CHANGED, Severity.REFUSE) == (found.reason, found.severity)
    assert mode_is_as_before(SecurityMode.MIXED, SecurityMode.MIXED) is None


@pytest.mark.parametrize(
    ("ctl", "reasons"),
    [
        (trust_list(NEW), []),
        (trust_list(NEW, self_signed("other.example.com")), []),
        (trust_list(OLD), [Reason.CTL_LACKS_CERTIFICATE, Reason.CTL_HOLDS_REPLACED]),
        (trust_list(NEW, OLD), [Reason.CTL_HOLDS_REPLACED]),
        (trust_list(NEW, verified=False), [Reason.CTL_NOT_VERIFIED]),
        (None, [Reason.CTL_MISSING]),
    ],
)
def test_ctl_is_judged_by_fingerprint(ctl, reasons):
    """A CTL counts when it holds the new certificate: one updated too early, with the old one, does not (S25)."""
    found = check_ctl(CtlFacts(ctl, NEW, (OLD, NEW)))

    assert reasons == [finding.reason for finding in found]
    assert bool({Reason.CTL_LACKS_CERTIFICATE, Reason.CTL_NOT_VERIFIED, Reason.CTL_MISSING} & set(reasons)) == bool(
        refusals(found)
    )


def test_lacking_ctl_says_what_to_do():
    """A CTL without the new certificate is named with its date and the serial that it lacks (S25)."""
    (found, *_) = check_ctl(CtlFacts(trust_list(OLD), NEW))

    assert f"serial {NEW.serial_number:x}" in found.sentence
    assert "Tue Nov 24 10:00:00 CET 2026" in found.sentence
    assert "nothing is restarted" in found.sentence


# --- census


def test_newest_word_counts():
    """A phone that several nodes list counts once, by its newest status; registered wins where times are equal."""
    found = census(
        [
            registration(1, "cs-ccm-pub", "UnRegistered", at=50),
            registration(1, "cs-ccm-sub", at=100),
            registration(2, "cs-ccm-sub", "UnRegistered", at=0),
            registration(2, "cs-ccm-pub", at=0),
            registration(3, "cs-ccm-pub", at=10),
            registration(3, "cs-ccm-pub", "Rejected", at=20),
        ]
    )

    assert {name(1), name(2)} == found.registered
    assert {"cs-ccm-pub": 1, "cs-ccm-sub": 1} == found.by_node()
    assert {"684": 2} == found.by_model()


def test_half_registered_is_not_back():
    """A phone with some of its lines registered is not taken for one that is back."""
    assert frozenset() == phones(1, status="PartiallyRegistered").registered


def test_missing_are_named_as_they_were():
    """Who is missing is told with the node it was on; a phone that moved to another node is not missing (S26)."""
    before, after = phones(1, 2, 3), phones(2, 9, node="cs-ccm-sub")

    assert (registration(1), registration(3)) == missing(before, after)


@pytest.mark.parametrize(("may_be_missing", "refused"), [(0, True), (1, True), (2, False)])
def test_threshold_of_missing_phones(may_be_missing, refused):
    """More phones missing than may be stop the restarts, with names and numbers (S26)."""
    found = phones_are_back(phones(1, 2, 3), phones(2), may_be_missing=may_be_missing)

    assert refused is (found is not None)
    assert found is None or f"2 of 3 phones that were registered are not back: {name(1)} (was on cs-" in found.sentence


def test_many_missing_are_counted():
    """Of many missing phones ten are named and the others counted."""
    found = phones_are_back(phones(*range(30)), phones())

    assert "30 of 30 phones" in found.sentence
    assert "and 20 more" in found.sentence
    assert name(9) in found.sentence
    assert name(10) not in found.sentence


def test_silent_node_is_no_proof():
    """A node that does not answer for its phones leaves open whether all are back (S26)."""
    found = phones_are_back(phones(1), replace(phones(1), silent=("cs-ccm-sub",)))

    assert Reason.PHONES_NOT_COUNTED is found.reason


def test_churn_is_seen():
    """A phone that is registered at both looks and registered anew in between churns; others do not (S30)."""
    earlier = census([registration(1, at=100), registration(2, at=100), registration(3, at=0), registration(4, at=5)])
    later = census([registration(1, at=520), registration(2, at=100), registration(3, at=7)])
    found = phones_stay(earlier, later)

    assert (name(1),) == churning(earlier, later)
    assert (Reason.PHONES_CHURN, "S30", Severity.WARN) == (found.reason, found.row, found.severity)
    assert phones_stay(earlier, later, at_most=1) is None
