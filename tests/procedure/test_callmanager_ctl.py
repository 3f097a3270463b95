"""Mixed mode: the CTL holds the new certificate before anything restarts, whoever signs it (S24, S25)."""

import pytest

from tests.procedure.lives import PUBLISHER, SUBSCRIBER
from tests.simulator.phones import CALLMANAGER, PAIR, TFTP, phones, restart, update_ctl
from ucrenew.domain.gate import Gate
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import NeedsPerson, Permanent
from ucrenew.record import Kind
from ucrenew.steps import ctl

ALL_ON = {**PAIR, "offline": 0}  # ten of twenty are secure


def updates(walked):
    """Every update of the CTL in the ledger: who, and with which certificate."""
    return [(one["by"], one["fingerprint"]) for one in walked.control.ledger() if one["kind"] == "ctl-update"]


def to_the_leaf(walked):
    """Everything before the CTL."""
    walked.before_signing()
    walked.before_leaf()
    return walked.leaf()


def test_tokenless_is_driven(with_phones):
    """S25: once, after the certificate, with its fingerprint; then the restarts, and secure phones stay secure."""
    walked = with_phones(ALL_ON, security_mode=1)
    tls = phones(walked.simulator)["nodes"][SUBSCRIBER]["tls"]
    leaf = to_the_leaf(walked)
    asked = (walked.ctl(), walked.ctl(), walked.restarts())
    after = phones(walked.simulator)

    assert (None, None, None) == asked
    assert [("tokenless", fingerprint(leaf))] == updates(walked)
    assert "leaf-upload" == walked.control.kinds()[walked.control.kinds().index("ctl-update") - 1]
    assert 10 == tls == after["nodes"][SUBSCRIBER]["tls"] + after["nodes"][PUBLISHER]["tls"]
    assert (0, 20) == (after["lost"], after["registered"])


def test_update_of_an_earlier_life_gets_its_time(with_phones):
    """S25: an update that a killed life gave may end after it: it is waited for, and not given a second time."""
    walked = with_phones(ALL_ON, security_mode=1)
    leaf = to_the_leaf(walked)
    walked.record.note(Kind.CTL_INTENT)
    pass_time = walked.site.wait

    def ends_meanwhile(seconds: float) -> None:
        if not updates(walked):
            update_ctl(walked.simulator)
        pass_time(seconds)

    walked.site.wait = ends_meanwhile
    asked = walked.ctl()

    assert asked is None
    assert [("tokenless", fingerprint(leaf))] == updates(walked)
    assert f"{PUBLISHER}: updating the CTL" not in walked.lines


def test_too_early_is_noticed(with_phones):
    """S25: a CTL that was updated before the certificate is as new and holds the old one: it is updated again."""
    walked = with_phones(ALL_ON, security_mode=1)
    walked.before_signing()
    walked.before_leaf()
    update_ctl(walked.simulator)
    leaf = walked.leaf()
    walked.ctl()
    walked.restarts()

    assert 2 == len(updates(walked))
    assert ("tokenless", fingerprint(leaf)) == updates(walked)[-1]
    assert (0, 20) == (walked.lost, walked.registered())


def test_update_without_effect_restarts_nothing(with_phones, monkeypatch):
    """S25: a command that answers well and changes nothing is noticed by the list that is read back."""
    walked = with_phones(ALL_ON, security_mode=1)
    leaf = to_the_leaf(walked)
    monkeypatch.setattr("ucrenew.clients.platform_cli.PlatformCli.update_ctl", lambda *_: "CTL file Updated")
    with pytest.raises(Permanent, match=f"serial {leaf.serial_number:x}") as caught:
        walked.ctl()

    assert "[ctl-lacks-certificate, S25]" in str(caught.value)
    assert "No service was restarted" in str(caught.value)
    assert [] == walked.restarted()


def test_forgotten_ctl_is_noticed_by_phones(with_phones, monkeypatch):
    """S25, S26: without the CTL secure phones drop at a restart; nothing more restarts, and it is asked.

    The first of the recovery steps that the question gives brings every phone back.
    """
    monkeypatch.setattr(ctl, "ensure_ctl", lambda *_: None)
    walked = with_phones(ALL_ON, security_mode=1)
    to_the_leaf(walked)
    walked.ctl()
    asked = walked.restarts()
    if asked is None:
        asked = walked.watch()
    missing = 20 - walked.registered()
    restarted = walked.restarted()
    update_ctl(walked.simulator)
    for service in (TFTP, CALLMANAGER):
        restart(walked.simulator, service)
    walked.control.post("/phones/all", {"reset": True})

    assert Gate.PHONES_BACK is asked.gate
    assert 0 < missing
    assert f"{missing} phones of lab are not back" in asked.text
    assert "Not restarted yet" in asked.text
    assert len(restarted) < len(walked.plan.restarts)
    assert "give `utils ctl update CTLFile` there, restart Cisco Tftp and Cisco CallManager" in asked.text
    assert (0, 20) == (walked.lost, walked.registered())


def test_person_with_the_token_is_asked(with_phones):
    """S25: a CTL by token is never touched by us; a yes before it holds the certificate is asked again, with why."""
    walked = with_phones(ALL_ON, security_mode=1, signed_by="token")
    walked.control.post("/nodes/" + PUBLISHER, {"version": "14.0.1.10000-20"})
    leaf = to_the_leaf(walked)
    first = walked.ctl()
    walked.yes(first)
    second = walked.ctl()
    walked.control.post("/ctl/client")
    walked.yes(second)
    last = walked.ctl()

    assert [Gate.CTL, Gate.CTL, None] == [first.gate, second.gate, last]
    assert first.matter != second.matter
    assert "What is not right yet" not in first.text
    assert f"does not hold the new certificate (serial {leaf.serial_number:x})" in second.text
    assert [("token", fingerprint(leaf))] == updates(walked)


def test_person_does_it_where_people_act(with_phones):
    """S25: where a person does everything that changes something, the CTL too is asked for, and read back by us."""
    walked = with_phones(ALL_ON, security_mode=1)
    leaf = to_the_leaf(walked)
    walked.only_looks()
    asked = walked.ctl()
    before = updates(walked)
    update_ctl(walked.simulator)
    walked.yes(asked)

    assert Gate.CTL is asked.gate
    assert "`utils ctl update CTLFile`" in asked.text
    assert "USB token" not in asked.text
    assert [] == before
    assert walked.ctl() is None
    assert [("tokenless", fingerprint(leaf))] == updates(walked)


def test_changed_mode_stops_before_the_restarts(with_phones):
    """S24: a cluster that went to mixed mode since the plan is not gone on with; nothing is restarted."""
    walked = with_phones(ALL_ON)
    to_the_leaf(walked)
    walked.control.post("/phones", {"security_mode": 1})
    with pytest.raises(NeedsPerson, match=r"was non-secure when this was planned and is mixed mode now"):
        walked.ctl()

    assert [] == walked.restarted()
