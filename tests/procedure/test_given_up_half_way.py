"""A no when the certificate may be on a node: the nodes are looked at, not the record alone, before it is given up."""

from collections.abc import Iterator

import pytest

from flows.attend import attend_suspended_runs
from tests.procedure.lives import IMP, NO, PUBLISHER, TOMCAT, UNASKED, YES, Lives, at_note, kill
from tests.simulator.walk import Rest, TestCa
from ucrenew.domain.x509 import parse_certificate, pem
from ucrenew.record import Kind

BY_HAND = "\n[by_hand]\nleaf = true\n"
OVERDUE = ('start = "auto"\n', 'start = "auto"\noverdue = 0.0000001\n')


def asked_for_the_upload(life: Lives) -> Lives:
    """A person is asked to upload the certificate, whose CA is down since it was issued."""
    life.ca_issues_at_once()
    life.start()
    life.go_to("activate")
    life.control.post("/ca", {"reachable": False})
    life.answered(YES)
    life.asked_at = life.key
    return life


def upload(life: Lives) -> None:
    """What the person does on the publisher's page."""
    leaf = parse_certificate(life.record().value(Kind.ISSUED)["pem"])
    hand = Rest(life.simulator, "cs-ccm-pub", account=life.simulator.scene["people"]["person"])

    assert hand.leaf(leaf).status < 300


@pytest.fixture(scope="module")
def silent(module_lives, standing) -> Iterator[Lives]:
    """Denied before the upload, while a node did not answer; the person uploads it all the same."""
    life = asked_for_the_upload(module_lives(standing, UNASKED + BY_HAND))
    life.control.post(f"/nodes/{IMP}", {"services": {TOMCAT: "STOPPED"}})
    life.ended = life.answered(NO)
    life.was_open = life.is_open()
    life.control.post(f"/nodes/{IMP}", {"services": {TOMCAT: "STARTED"}})
    upload(life)
    other = life.profile.parent / "other-root.pem"
    other.write_text(pem(TestCa().root))
    life.profile.write_text(
        "\n".join(
            f'chain_file = "{other.name}"' if line.startswith("chain_file") else line
            for line in life.profile.read_text().splitlines()
        )
        + "\n"
    )
    life.begin()
    life.next_gate = life.key
    with pytest.MonkeyPatch.context() as patch, at_note(patch, Kind.LEAF_EVERYWHERE, kill, when="after"):
        life.gone_on = life.answered(YES)
    yield life
    life.control.post("/ca", {"reachable": True})


def test_issued_needs_no_authority(silent):
    """design.md §2: once the certificate is issued a dead CA stops nothing before the upload."""
    assert silent.asked_at.startswith("by-hand-")


def test_silent_node_keeps_the_renewal_open(silent):
    """S17: denied while a node is silent, the run ends and the renewal stays: the certificate may be there."""
    assert ("Denied", "COMPLETED") == (silent.ended.name, silent.ended.type.value)
    assert "whether the certificate is installed cannot be told now" in silent.ended.message
    assert silent.was_open


def test_next_run_asks_to_go_on(silent):
    """S17: the certificate that arrived after the no is found by the next run, which asks whether to go on."""
    assert silent.next_gate.startswith("take-over-")
    assert silent.record().leaf_is_in


def test_installed_is_not_refused(silent):
    """S17: a chain file that was replaced since is no reason to say that nothing was uploaded, and to stop there."""
    assert "Running" == silent.gone_on.name, silent.gone_on.message  # killed where the test says, and not before
    assert silent.record().fact(Kind.LEAF_EVERYWHERE) is not None


def test_no_after_the_upload(lives, simulator):
    """S17, S19: uploaded and then denied, or not answered, the certificate stays no orphan: its renewal is open."""
    life = asked_for_the_upload(lives(simulator, UNASKED + BY_HAND))
    upload(life)
    life.edit(*OVERDUE)
    attend_suspended_runs()

    assert "Suspended" == life.state().name
    assert life.said.with_words(life.cluster, "a no would leave things half done")

    ended = life.answered(NO)

    assert ("Denied", "COMPLETED") == (ended.name, ended.type.value)
    assert "the certificate is installed and not everything is done" in ended.message
    assert life.is_open()
    assert "## Next step" in life.artifact(f"{life.renewal().key}-failure")
    assert life.leaf_on(PUBLISHER)[0] != life.leaf_on(PUBLISHER)[1]
