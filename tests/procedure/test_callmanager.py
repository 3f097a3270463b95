"""The CallManager path on a cluster whose phones can be lost (S21-S26, S30): walked whole, and its order."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.procedure.lives import PUBLISHER, SUBSCRIBER, YES, Lives
from tests.procedure.test_windows import window
from tests.simulator.phones import begin, listed, phones
from ucrenew.record import Kind

CALLMANAGER, TFTP, CTI = "Cisco CallManager", "Cisco Tftp", "Cisco CTIManager"
TVS, HAPROXY = "Cisco Trust Verification Service", "Cisco HAProxy"
# cucm.md §4.2, D214231 for release 15: a service on all its nodes, publisher first, before the next service.
RESTARTS = [(node, name) for name in (CALLMANAGER, CTI, TVS, TFTP, HAPROXY) for node in (PUBLISHER, SUBSCRIBER)]
QUICK = "\n[limits]\nphones_watch = 0\nphones_back = 0.05\n"
PURPOSE = {"purposes": ["CallManager"]}


@pytest.fixture(scope="module")
def renewed(module_lives, standing) -> Lives:
    """A non-secure cluster that was renewed, with every question answered yes."""
    begin(standing)
    life = module_lives(standing, QUICK, **PURPOSE)
    life.ca_issues_at_once()
    life.before = {phone["name"] for phone in listed(standing) if phone["registered"]}
    life.start()
    life.asked = []
    state = life.live()
    while state.name == "Suspended":
        life.asked.append((life.key, life.question()))
        state = life.answered(YES)
    life.ended = state
    life.calls = standing.control.ledger()
    return life


def test_all_phones_are_registered_on_the_new_trust(renewed):
    """S26: every phone that was registered is again, none is lost, and each holds the ITL with the new leaf."""
    after = {phone["name"] for phone in listed(renewed.simulator) if phone["registered"]}
    summary = phones(renewed.simulator)

    assert "Completed" == renewed.ended.name
    assert renewed.before == after
    assert 0 == summary["lost"]
    assert {True} == {phone["https"] for phone in listed(renewed.simulator) if phone["registered"]}
    assert {summary["nodes"][SUBSCRIBER]["itl"]["sha1"]} == {
        phone["itl"] for phone in listed(renewed.simulator) if phone["registered"]
    }
    assert renewed.evidence()["leaf"] == summary["nodes"][SUBSCRIBER]["shown"][CALLMANAGER]


def test_ledger_is_the_documents_order(renewed):
    """S21-S26: one request, CA certificates, one leaf, then each service where it runs, once, in the right order."""
    kinds = [call["kind"] for call in renewed.calls]

    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload", *["restart"] * 10] == kinds
    assert RESTARTS == [(call["node"], call["service"]) for call in renewed.calls if call["kind"] == "restart"]
    assert ["CallManager"] == [call["purpose"] for call in renewed.calls if call["kind"] == "leaf-upload"]


def test_people_are_asked_about_trust_three_times(renewed):
    """S23: before signing, again before the certificate, and at the end; each with the models and what to look at."""
    asked = [text for key, text in renewed.asked if key.startswith("phones-trust-")]

    assert ["start", "phones-trust", "activate", "phones-trust", "phones-trust"] == [
        answer["gate"] for answer in renewed.evidence()["answers"]
    ]
    assert "before anything is sent to a CA" in asked[0]
    assert "before its certificate is put on the nodes" in asked[1]
    assert f"`{renewed.evidence()['leaf']}` is in service" in asked[2]
    assert all("corporate directory" in text and "Models that are registered" in text for text in asked)


def test_certificate_names_cucm_nodes_only(renewed):
    """S21: the request holds the CUCM nodes, and no IM&P node."""
    plan = renewed.record().last(Kind.PLAN)

    assert [PUBLISHER, SUBSCRIBER] == plan["names"] == plan["nodes"]


def test_evidence_counts_the_phones(renewed):
    """S26: phones by node before and after, nobody missing, nothing noticed while they were watched (S30)."""
    proof = renewed.evidence()

    assert {"before": {SUBSCRIBER: 23}, "after": {SUBSCRIBER: 23}} == proof["phones"]
    assert ([], []) == (proof["phones_missing"], proof["phones_noticed"])
    assert f"| {SUBSCRIBER} | 23 | 23 |" in renewed.artifact(f"{renewed.renewal().key}-evidence")


def test_baseline_has_the_phones(renewed):
    """S24, S26: mode, registered phones by node and the lists' checksums are kept before the first change."""
    before = renewed.record().value(Kind.BASELINE)["phones"]

    assert ("0", {SUBSCRIBER: 23}, "") == (before["mode"], before["registered"], before["ctl"])
    assert {PUBLISHER, SUBSCRIBER} == set(before["itls"])


def test_security_mode_is_told(renewed):
    """S24: whether the cluster is non-secure or in mixed mode stands in the log before anything is signed."""
    said = renewed.said.with_words("the cluster is non-secure (0)")

    assert said
    assert renewed.said.lines.index(said[0]) < renewed.said.lines.index(renewed.said.with_words("submitted;")[0])


def test_path_waits_for_its_window(lives, borrowed):
    """S22: outside a window nothing of the path begins, and nobody is asked about phones that may change until then."""
    begin(borrowed, security_mode=0)
    opens = datetime.now(UTC) + timedelta(hours=3)
    life = lives(borrowed, QUICK + window(opens, hours=3), **PURPOSE)
    life.ca_issues_at_once()
    life.start(force=True)
    life.go_to("window")
    first = life.key
    life.client.resume_flow_run(life.runs[-1])
    life.live()

    assert life.key.startswith("window-")
    assert first != life.key
    assert ["csr", "submit"] == life.control.kinds()
