"""When the next renewal is due, and what says so."""

from datetime import UTC, datetime, time, timedelta

import pytest

from ucrenew.domain.due import due_on, renewal_due
from ucrenew.domain.lifetimes import longest_lifetime
from ucrenew.domain.windows import Window
from ucrenew.domain.x509 import fingerprint

from .builder import COMMON_NAME, DAY, DOMAIN, NAMES, NODES, NOW, PRESENCE, PUBLISHER, SUBSCRIBER, leaf, self_signed

MONTH = timedelta(days=30)


def due(
    installed=None,
    *,
    wanted=NODES,
    optional=(COMMON_NAME, DOMAIN),
    before=MONTH,
    at=NOW,
    default=None,
    served=None,
    windows=(),
):
    """The judgement over a cluster in which every node has the same good leaf, but for ``installed``."""
    certificates = {**dict.fromkeys(NODES, default or leaf()), **(installed or {})}
    names = (frozenset(wanted), frozenset(optional))
    return renewal_due(certificates, served or {}, *names, renew_before=before, at=at, windows=windows)


def test_nothing_to_do():
    """With the same CA-signed leaf on every node, right names and time left, nothing is due, and the day is known."""
    found = due()

    assert not found.now
    assert () == found.reasons
    assert NOW + 335 * DAY == found.on


def test_self_signed_on_one_node():
    """One node that fell back to a self-signed certificate makes it due and is named (S31)."""
    found = due({SUBSCRIBER: self_signed(SUBSCRIBER)})

    assert found.now
    assert (f"{SUBSCRIBER} has a self-signed certificate",) == found.reasons


def test_fresh_cluster():
    """A cluster of self-signed nodes is due with each node named (S31)."""
    found = due({node: self_signed(node) for node in NODES})

    assert [f"{node} has a self-signed certificate" for node in NODES] == list(found.reasons)


def test_node_without_certificate():
    """A node that shows no certificate makes it due (S31)."""
    found = due({PRESENCE: None})

    assert (f"{PRESENCE} shows no certificate",) == found.reasons


def test_nobody_has_one():
    """Without any certificate anywhere it is due, and no day can be said."""
    found = due(dict.fromkeys(NODES))

    assert found.now
    assert found.on is None


def test_nodes_differ():
    """Two CA-signed certificates on one cluster make it due: a restored node may carry an old one (S31, CSCuv75957)."""
    found = due({SUBSCRIBER: leaf(ends=NOW + 300 * DAY)})

    assert ("the nodes do not all have the same certificate",) == found.reasons


def test_node_was_added():
    """A node that the certificate does not name makes it due (S31)."""
    found = due(wanted=(*NODES, "cs-new.example.com"))

    assert ("the certificate does not name cs-new.example.com",) == found.reasons


def test_name_nobody_wants():
    """A name that the plan does not have makes it due: a node was removed (S31)."""
    found = due(default=leaf(names=(*NAMES, "cs-old.example.com")))

    assert found.now
    assert "cs-old.example.com" in found.reasons[0]


def test_optional_names_may_be_absent():
    """A leaf without common name and parent domain in its SAN is as good (S8)."""
    assert not due(default=leaf(names=NODES)).now


@pytest.mark.parametrize(
    ("left", "expected"), [(30 * DAY + timedelta(seconds=1), False), (30 * DAY, True), (DAY, True), (-DAY, True)]
)
def test_days_left(left, expected):
    """It is due as soon as no more than ``renew_before`` is left, and after the end all the more."""
    certificate = leaf()

    found = due(at=certificate.not_valid_after_utc - left)

    assert expected is found.now
    assert certificate.not_valid_after_utc - MONTH == found.on


def test_longer_warning():
    """A profile with a longer ``renew_before`` makes it due earlier, and the sentence says so."""
    found = due(before=timedelta(days=365), at=NOW + DAY)

    assert found.now
    assert "within 365 days" in found.reasons[0]


def test_several_reasons():
    """Names and age are both said."""
    certificate = leaf(names=(PUBLISHER, "cs-old.example.com"), begins=NOW - 364 * DAY, ends=NOW + DAY)

    found = due(default=certificate)

    assert 3 == len(found.reasons)


def test_port_serves_something_else():
    """A port that does not serve what is installed makes it due: a restart was left out (S20)."""
    installed = leaf()
    shown = fingerprint(installed)
    served = {PUBLISHER: {443: shown, 8443: shown}, SUBSCRIBER: {443: shown, 8443: "0" * 64}}
    found = due(default=installed, served=served)

    assert (f"port 8443 of {SUBSCRIBER} does not serve what is installed",) == found.reasons


def test_share_of_lifetime():
    """A profile may say the share of the lifetime that is left: a third of 90 days is the last thirty."""
    certificate = leaf(begins=NOW, ends=NOW + 90 * DAY)

    assert NOW + 60 * DAY == due_on(certificate, 1 / 3)


def test_lead_longer_than_lifetime():
    """Sixty days before the end of a 47-day certificate is before it began: a third of the lifetime is meant."""
    certificate = leaf(begins=NOW, ends=NOW + 47 * DAY)
    found = due(default=certificate, before=60 * DAY, at=NOW + DAY)

    assert not found.now
    assert NOW + 47 * DAY * 2 / 3 == found.on


def test_two_windows_before_the_end():
    """However short the lead, the day is the opening of the last window but one, so that the first may fail (S22)."""
    saturdays = Window(frozenset({5}), time(22), timedelta(hours=6), "UTC")
    certificate = leaf(ends=NOW + 31 * DAY)  # NOW is a Monday; the end is a Thursday
    second_last = datetime(2026, 3, 21, 22, tzinfo=UTC)
    found = due(default=certificate, before=DAY, at=second_last, windows=(saturdays,))

    assert second_last == found.on
    assert (f"it ends on 2026-04-02, and is due since {second_last:%Y-%m-%d}",) == found.reasons


@pytest.mark.parametrize(
    ("issued", "days"),
    [("2020-01-01", None), ("2026-03-14", 398), ("2026-03-15", 200), ("2027-03-15", 100), ("2029-03-15", 47)],
)
def test_steps_of_public_lifetimes(issued, days):
    """A public CA grants 200, 100 and 47 days from the days of ballot SC-081v3 on."""
    assert days == longest_lifetime(datetime.fromisoformat(issued).replace(tzinfo=UTC))
