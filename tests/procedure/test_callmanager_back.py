"""Phones come back after each group, or somebody decides; and they stay (S26, S30)."""

import pytest

from tests.procedure.lives import PUBLISHER, SUBSCRIBER
from tests.simulator.phones import PAIR, listed
from ucrenew.clients.controlcenter import ControlCenter, RunningService
from ucrenew.clients.platform_cli import PlatformCli
from ucrenew.domain.gate import Gate
from ucrenew.errors import Permanent
from ucrenew.evidence import _phones
from ucrenew.record import Kind

CALLMANAGER = "Cisco CallManager"
ALL_ON = {**PAIR, "offline": 0, "secure": 0}
ONE_SERVER = {"name": "Single", "nodes": ["cs-ccm-sub"], "phones": 10, "secure": 1, "offline": 0}


def to_the_restarts(walked):
    """Everything before them."""
    walked.before_signing()
    walked.before_leaf()
    walked.leaf()


def unplug(walked, count):
    """Somebody takes phones from the wall."""
    names = [phone["name"] for phone in listed(walked.simulator) if phone["registered"]][:count]
    for name in names:
        walked.control.post(f"/phones/{name}", {"power": "off"})
    return names


def test_each_group_waits_for_the_phones(with_phones):
    """S26: one CallManager after the other, any other service at once; phones are counted after each of the six."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    asked = walked.restarts()
    again = walked.restarts()

    assert (None, None) == (asked, again)
    assert [(one.node, one.service) for one in walked.plan.restarts] == walked.restarted()
    assert [
        f"{CALLMANAGER} on {PUBLISHER}", f"{CALLMANAGER} on {SUBSCRIBER}", "Cisco CTIManager",
        "Cisco Trust Verification Service", "Cisco Tftp", "Cisco HAProxy",
    ] == [fact.about for fact in walked.record.facts(Kind.PHONES_BACK)]  # fmt: skip
    assert "lab: 20 of 20 phones are registered" in walked.lines


def on_the_new_ctl(with_phones):
    """Mixed mode, certificate and CTL new; every phone has been reset and has fetched the list, no restart yet."""
    walked = with_phones({**ALL_ON, "phones": 10}, ONE_SERVER, security_mode=1)
    to_the_restarts(walked)
    walked.ctl()
    walked.control.post("/phones/all", {"reset": True})
    assert walked.registered() == 10  # those over TLS know the new certificate only
    return walked


def test_phones_over_tls_come_back_by_the_restarts(with_phones):
    """S25: what has fetched the new CTL registers with no CallManager that shows the old certificate: nobody asks."""
    walked = on_the_new_ctl(with_phones)
    asked = walked.restarts()

    assert asked is None
    assert [(one.node, one.service) for one in walked.plan.restarts] == walked.restarted()
    assert (0, 20) == (walked.lost, walked.registered())
    assert any("10 over TLS come back by the restarts that are ahead" in line for line in walked.lines)


def test_phones_over_tls_are_waited_for_in_the_end(with_phones):
    """S25, S26: once CallManager and TFTP are behind them they are missed like every other phone."""
    walked = on_the_new_ctl(with_phones)
    away = next(phone["name"] for phone in listed(walked.simulator, "secure=1"))
    walked.control.post(f"/phones/{away}", {"power": "off"})
    asked = walked.restarts()

    assert Gate.PHONES_BACK is asked.gate
    assert away in asked.text
    assert (SUBSCRIBER, "Cisco Tftp") == walked.restarted()[-1]


def test_missing_phones_are_asked_about(with_phones):
    """S26: phones that are not back stop what comes next; a yes goes on without those, and no others."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    names = unplug(walked, 2)
    asked = walked.restarts()
    before = walked.restarted()
    walked.yes(asked)
    more = unplug(walked, 1)
    again = walked.restarts()

    assert Gate.PHONES_BACK is asked.gate
    assert [(PUBLISHER, CALLMANAGER)] == before
    assert all(name in asked.text for name in names)
    assert f"1. {CALLMANAGER} on {PUBLISHER}" in asked.text
    assert Gate.PHONES_BACK is again.gate
    assert asked.matter != again.matter
    assert more == walked.record.facts(Kind.PHONES_MISSING)[-1].value["names"]


def test_some_may_be_missing(with_phones):
    """S26: as many as the profile allows may be missing without a question; the evidence has their names."""
    walked = with_phones(ALL_ON)
    walked.limit("phones_missing = 2")
    to_the_restarts(walked)
    names = unplug(walked, 2)

    assert walked.restarts() is None
    assert walked.watch() is None
    assert names == walked.record.value(Kind.PHONES_BACK, about="all")["missing"]
    assert sorted(names) == _phones(walked.record)["phones_missing"]


def test_evidence_names_who_was_let_go(with_phones):
    """S26: phones that a person went on without are named in the evidence, though nothing is missing beside them."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    names = unplug(walked, 2)
    walked.yes(walked.restarts())

    assert walked.restarts() is None
    assert walked.watch() is None
    assert sorted(names) == _phones(walked.record)["phones_missing"]


def test_service_that_hangs_is_started(with_phones):
    """S26: a CallManager that two restarts leave STOPPED is started; the next group goes when its phones are back."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    walked.control.post("/faults", {"kind": "stuck", "node": PUBLISHER, "on": True, "service": CALLMANAGER, "times": 2})
    asked = walked.restarts()

    assert asked is None
    assert [(PUBLISHER, CALLMANAGER)] * 2 == walked.restarted()[:2]
    kinds = walked.control.kinds()
    assert ["restart", "restart", "start", "restart"] == kinds[kinds.index("leaf-upload") + 1 :][:4]
    assert (0, 20) == (walked.lost, walked.registered())


SAYS = {
    "does not run (Stopping)": RunningService(CALLMANAGER, False, None, "", "Stopping"),  # noqa: FBT003 - as it is
    "runs since before the restart": RunningService(CALLMANAGER, True, 86400, "", ""),  # noqa: FBT003 - as it is
}


@pytest.mark.parametrize("said", SAYS)
def test_control_center_that_disagrees_stops(with_phones, monkeypatch, said):
    """S26: where Control Center does not see a service restarted, nothing after it is restarted, and it is said."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    monkeypatch.setattr(ControlCenter, "services", lambda *_: {CALLMANAGER: SAYS[said]})
    with pytest.raises(Permanent, match=f"{PUBLISHER}: {CALLMANAGER} was restarted, and Control Center says") as caught:
        walked.restarts()

    assert said in str(caught.value)
    assert [(PUBLISHER, CALLMANAGER)] == walked.restarted()


def test_tftp_with_the_old_list_stops(with_phones, monkeypatch):
    """S26: where a TFTP hands out its list without the new certificate after its restart, nothing after it goes."""
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    monkeypatch.setattr(PlatformCli, "itl", lambda *_: walked.seen.itls[PUBLISHER])
    with pytest.raises(Permanent, match=f"{PUBLISHER}: Cisco Tftp was restarted, and its ITL does not hold the new"):
        walked.restarts()

    assert "Cisco Tftp" == walked.restarted()[-1][1]


def test_churning_phones_are_noticed(with_phones):
    """S30: phones that register anew though nothing is restarted (CSCup28852) are asked about, with what helps.

    So they are when the process was killed after the count and before the question.
    """
    walked = with_phones(ALL_ON)
    to_the_restarts(walked)
    walked.restarts()
    walked.control.post("/phones", {"churn": "always"})
    walked.control.post("/cluster", {"phone_churn_seconds": 420})
    walked.limit("phones_watch = 15")
    walked.clocks_agree = True
    asked = walked.watch()
    walked.control.post("/phones", {"churn": "off"})
    after_a_kill = walked.watch()  # the question was never put
    walked.yes(after_a_kill)

    assert asked == after_a_kill
    assert Gate.PHONES_BACK is asked.gate
    assert "CSCup28852" in asked.text
    assert "[phones-churn, S30]" in asked.text
    assert walked.watch() is None
    assert 1 == len([line for line in walked.lines if "watching the phones" in line])
