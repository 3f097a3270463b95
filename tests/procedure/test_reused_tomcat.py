"""Where CallManager reuses the Tomcat certificate, Tomcat's renewal is a change of what phones trust (cucm.md §4.4)."""

import pytest

from tasks.phones import _earlier
from tests.procedure.lives import IMP, ISSUING_CA, PUBLISHER, RESTARTS, ROOT_CA, SUBSCRIBER, YES, Lives
from tests.procedure.test_callmanager import QUICK
from tests.procedure.test_callmanager import RESTARTS as OF_PHONES
from tests.simulator.phones import begin, listed, phones
from ucrenew.domain.gate import Gate
from ucrenew.domain.interlock import PhoneTrust
from ucrenew.domain.purpose import Purpose
from ucrenew.record import Kind, Renewal
from ucrenew.steps.interlocking import change_of

SSOSP = "Cisco SSOSP Tomcat"
OF_TOMCAT = [*RESTARTS[:5], (PUBLISHER, SSOSP), *RESTARTS[5:9], (SUBSCRIBER, SSOSP), *RESTARTS[9:]]
CHANGES = ("leaf-upload", "ctl-update", "restart")


@pytest.fixture(scope="module")
def renewed(module_lives, standing) -> Lives:
    """A cluster in mixed mode with single sign-on that reuses Tomcat's; a person does what every question asks."""
    standing.control.post("/cluster", {"reuse_tomcat": True, "sso": "enabled"})
    begin(standing, security_mode=1)
    life = module_lives(standing, QUICK)
    life.ca_issues_at_once()
    life.before = {phone["name"] for phone in listed(standing) if phone["registered"]}
    life.tls = phones(standing)["nodes"][SUBSCRIBER]["tls"]
    life.asked = {}
    life.start(force=True)
    state = life.live()
    while state.name == "Suspended":
        life.asked[life.key] = life.question()
        if life.key.startswith("sso-on-"):
            life.was_off = [node["sso"] for node in life.control.state()["nodes"]]
            life.control.post("/cluster", {"sso": "enabled"})
        state = life.answered(YES)
    life.ended = state
    return life


def test_plan_shows_the_phones(renewed):
    """cucm.md §4.4: the first question says that phones trust this certificate, and lists the services of both."""
    (start,) = (text for key, text in renewed.asked.items() if key.startswith("start-"))
    restarts = [(one["node"], one["service"]) for one in renewed.record().last(Kind.PLAN)["restarts"]]

    assert "changes what phones trust" in start
    assert [*OF_TOMCAT, *OF_PHONES] == restarts


def test_phones_are_asked_about(renewed):
    """S23: phones are asked about before signing, before the certificate and at the end, as for CallManager's own."""
    gates = [answer["gate"] for answer in renewed.evidence()["answers"]]

    assert 3 == gates.count(Gate.PHONES_TRUST)
    assert gates.index(Gate.PHONES_TRUST) < gates.index(Gate.ACTIVATE)
    assert "Completed" == renewed.ended.name


def test_phones_come_back(renewed):
    """S25, S26: every phone is back, those over TLS too, and the CTL that was updated first has the certificate."""
    calls = [call for call in renewed.control.ledger() if call["kind"] in CHANGES]
    after = phones(renewed.simulator)

    assert ["leaf-upload", "ctl-update", *["restart"] * 23] == [call["kind"] for call in calls]
    assert renewed.evidence()["leaf"] == calls[1]["fingerprint"]
    assert [*OF_TOMCAT, *OF_PHONES] == renewed.restarts()
    assert renewed.before == {phone["name"] for phone in listed(renewed.simulator) if phone["registered"]}
    assert (0, renewed.tls) == (after["lost"], after["nodes"][SUBSCRIBER]["tls"])
    assert {True} == {phone["https"] for phone in listed(renewed.simulator) if phone["registered"]}


def test_single_sign_on_is_looked_after(renewed):
    """S3: Tomcat's certificate is what single sign-on rests on, with phones or without: off before it, on again."""
    kinds = renewed.control.kinds()

    assert kinds.index("sso") < kinds.index("leaf-upload")
    assert "enabled" not in renewed.was_off
    assert ["sso-off", "sso-on"] == [
        one["gate"] for one in renewed.evidence()["answers"] if one["gate"].startswith("sso-")
    ]


def test_ports_and_stores(renewed):
    """S15, S20: the chain is in both trust stores, CallManager's on CUCM nodes only; every port of all is proven."""
    stores = {
        node["name"]: {store: " ".join(one["subject"] for one in kept) for store, kept in node["trust"].items()}
        for node in renewed.control.state()["nodes"]
    }
    wanted = [
        *((node, "tomcat-trust", name) for node in (PUBLISHER, SUBSCRIBER, IMP) for name in (ROOT_CA, ISSUING_CA)),
        *((node, "CallManager-trust", name) for node in (PUBLISHER, SUBSCRIBER) for name in (ROOT_CA, ISSUING_CA)),
    ]

    assert [] == [(node, store, name) for node, store, name in wanted if f"CN={name}," not in stores[node][store]]
    assert 6 == len(renewed.evidence()["nodes"])
    assert {renewed.evidence()["leaf"]} == {row["after"] for row in renewed.evidence()["nodes"]}


def test_it_counts_for_the_interlock(renewed):
    """cucm.md §4.3: it is a change of CallManager to the next renewal, proven by the last answer."""
    (record,) = _earlier(Renewal(renewed.cluster, Purpose.CALLMANAGER, 1, "r"))
    change = change_of(record)

    assert PhoneTrust.CALLMANAGER is change.what
    assert change.is_proven
