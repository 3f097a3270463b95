"""A life that ends at the worst moment: the next one goes on, and the simulator's ledger shows nothing twice.

The kill is imitated (prefect.md §10); SIGKILL to a real process is in another file.
"""

from datetime import timedelta
from typing import Any

import pytest

from tests.procedure.lives import (
    DRF_LOCAL,
    IMP,
    ISSUING_CA,
    PUBLISHER,
    RESTARTS,
    ROOT_CA,
    SUBSCRIBER,
    TOMCAT,
    UNASKED,
    Lives,
    at_note,
    kill,
)
from ucrenew.record import Kind


@pytest.fixture(scope="module")
def killed(module_lives, standing) -> Lives:
    """One renewal that is killed at every bad moment in turn; `deaths` has the ledger as it was at each."""
    life = module_lives(standing, UNASKED)
    life.ca_issues_at_once()
    life.served = {node: life.leaf_on(node)[1] for node in (PUBLISHER, SUBSCRIBER, IMP)}
    life.deaths = {}
    life.start()
    with pytest.MonkeyPatch.context() as patch:
        # How long a lost answer is given is a setting of the steps; here nothing is slow.
        patch.setattr("ucrenew.steps.csr.SETTLES", timedelta())
        patch.setattr("ucrenew.steps.leaf.UPLOAD", timedelta())
        patch.setattr("ucrenew.steps.witness.TAKES_EFFECT", timedelta())

        def noting(kind: Kind, about: str = "", when: str = "before"):
            return at_note(patch, kind, kill, about=about, when=when)

        for moment, deadly in (
            ("before generating", noting(Kind.CSR_INTENT, when="after")),
            ("after generating", noting(Kind.CSR)),
            ("between CA certificates", life.said.killing_at(f"CN={ROOT_CA},DC=example,DC=com is in tomcat-trust")),
            ("before the leaf", noting(Kind.LEAF_INTENT, when="after")),
            ("after the leaf", life.said.killing_at("uploaded the tomcat certificate")),
            ("after the first note", noting(Kind.RESTART_DONE, f"{PUBLISHER} {DRF_LOCAL}", when="after")),
            ("after a Tomcat", noting(Kind.RESTART_DONE, f"{SUBSCRIBER} {TOMCAT}")),
            ("after DRF Local", noting(Kind.RESTART_DONE, f"{SUBSCRIBER} {DRF_LOCAL}")),
            ("before a Tomcat", noting(Kind.RESTART_INTENT, f"{IMP} {TOMCAT}", when="after")),
            ("after the evidence", noting(Kind.EVIDENCE, when="after")),
        ):
            with deadly:
                assert life.go().name == "Running", moment
            life.deaths[moment] = life.control.ledger()
            life.push()
        life.proof = life.evidence()
        life.ended = life.go()
    life.calls = life.control.ledger()
    return life


def kinds(calls: list[dict[str, Any]]) -> list[str]:
    """The kinds of calls, in order."""
    return [call["kind"] for call in calls]


def restarts(calls: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The restarts among calls, in order."""
    return [(call["node"], call["service"]) for call in calls if call["kind"] == "restart"]


def test_killed_ten_times_nothing_twice(killed):
    """design.md §2: killed at ten points, the renewal ends well, and each thing was done once."""
    assert "Completed" == killed.ended.name
    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload"] == kinds(killed.calls)[:5]
    assert RESTARTS == restarts(killed.calls)
    assert 5 + 11 == len(killed.calls)
    assert not killed.is_open()


def test_killed_before_generating(killed):
    """S7: killed after the intent and before the request was generated, the next life generates it: once."""
    assert [] == killed.deaths["before generating"]
    assert ["csr"] == kinds(killed.deaths["after generating"])


def test_killed_after_generating(killed):
    """S7: killed between generating and noting, the next life adopts the request that is there; there is no second."""
    assert 1 == kinds(killed.deaths["between CA certificates"]).count("csr")
    assert killed.said.with_words(f"{PUBLISHER}: ", "an earlier life of this run generated")
    assert killed.record().value(Kind.CSR)["fingerprint"] == killed.deaths["after generating"][0]["fingerprint"]


def test_killed_between_ca_certificates(killed):
    """S15: killed after the root, the next life uploads the intermediate only."""
    assert ["csr", "submit", "trust-upload"] == kinds(killed.deaths["between CA certificates"])
    assert [(PUBLISHER, ROOT_CA), (PUBLISHER, ISSUING_CA)] == killed.uploads()


def test_killed_before_the_leaf(killed):
    """S17: killed between the intent and the upload of the leaf, the next life uploads it."""
    assert 0 == kinds(killed.deaths["before the leaf"]).count("leaf-upload")
    assert "leaf-upload" == killed.deaths["after the leaf"][-1]["kind"]


def test_killed_after_the_leaf(killed):
    """S17: killed after the upload and before it was confirmed anywhere, the next life only confirms it."""
    assert 1 == kinds(killed.calls).count("leaf-upload")
    assert killed.proof["leaf"] == killed.deaths["after the leaf"][-1]["fingerprint"]


def test_killed_after_a_note(killed):
    """S19: killed right after a restart was noted complete, the next life begins with the one behind it."""
    assert RESTARTS[:5] == restarts(killed.deaths["after the first note"])
    assert RESTARTS[:6] == restarts(killed.deaths["after a Tomcat"])


def test_killed_after_a_tomcat(killed):
    """S19: killed between a Tomcat's restart and its note, what is served is the witness: no second restart."""
    assert (SUBSCRIBER, TOMCAT) == restarts(killed.deaths["after a Tomcat"])[-1]
    assert 1 == restarts(killed.calls).count((SUBSCRIBER, TOMCAT))
    assert killed.said.with_words(f"{SUBSCRIBER}: ", "serves the new certificate already")


def test_killed_after_drf_local(killed):
    """S19, design.md §2: of a service that serves nothing Control Center tells: no second restart; the log says so."""
    assert (SUBSCRIBER, DRF_LOCAL) == restarts(killed.deaths["after DRF Local"])[-1]
    assert 1 == restarts(killed.calls).count((SUBSCRIBER, DRF_LOCAL))
    assert killed.said.with_words(f"{SUBSCRIBER}: its restart was done already, {DRF_LOCAL} is not")


def test_killed_before_a_tomcat(killed):
    """S19: killed between intent and restart of a Tomcat, the old certificate is the witness: it is restarted."""
    assert (IMP, TOMCAT) not in restarts(killed.deaths["before a Tomcat"])
    assert 1 == restarts(killed.calls).count((IMP, TOMCAT))


def test_killed_after_the_evidence(killed):
    """S20: killed between the evidence and the end, the next life ends well, and the evidence is the first one's."""
    assert killed.proof == killed.evidence()
    assert killed.deaths["after the evidence"] == killed.calls


def test_baseline_is_not_read_again(killed):
    """design.md §3: what a killed renewal knew of "before" holds: the evidence has what was served at the start."""
    assert all(killed.served[row["node"]] == row["before"] for row in killed.proof["nodes"])
    assert {killed.proof["leaf"]} == {row["after"] for row in killed.proof["nodes"]}


def test_foreign_request_while_pending(lives, borrowed):
    """S7: a request that somebody generated while ours was pending stops the run; no certificate is uploaded."""
    life = lives(borrowed, UNASKED)
    assert life.go_anew(force=True).name == "Suspended"
    life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})
    life.officer("issue")
    state = life.live()

    assert "Failed" == state.name
    assert f"{PUBLISHER}: shows a request that this renewal did not make" in state.message
    assert ["csr", "submit"] == life.control.kinds()


def test_foreign_request_after_the_baseline(lives, borrowed, monkeypatch):
    """S7: a request that appears between the first look and ours is neither overwritten nor used."""
    life = lives(borrowed, UNASKED)

    def appears() -> None:
        life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})

    with at_note(monkeypatch, Kind.BASELINE, appears, when="after"):
        state = life.go_anew(force=True)

    assert "Failed" == state.name
    assert "a tomcat request appeared that this renewal did not make" in state.message
    assert [] == life.control.kinds()


def test_foreign_request_before_we_begin(lives, borrowed):
    """S7: a request that is outstanding when we start stands in the question, so that a person decides about it."""
    life = lives(borrowed)
    life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})
    life.begin(force=True)

    assert f"{PUBLISHER}: a request is outstanding already" in life.question()
    assert "[csr-outstanding, S7]" in life.question()
    assert [] == life.control.ledger()
