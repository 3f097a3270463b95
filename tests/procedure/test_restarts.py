"""Restarts (S19) that go wrong: each is done once where anything can tell, and never left half done in silence."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, SUBSCRIBER, TOMCAT
from tests.procedure.walked import Walked
from ucrenew.clients import ssh
from ucrenew.clients.channel import Transport
from ucrenew.errors import Permanent, Transient
from ucrenew.record import Kind
from ucrenew.steps.restart import ensure_restarted


class Tapped:
    """A shell of which is heard what is typed into it."""

    def __init__(self, shell: Transport, heard: list[str]) -> None:
        self._shell, self._heard = shell, heard
        self.receive, self.close = shell.receive, shell.close

    def send(self, data: bytes) -> None:
        """Hand it over."""
        self._heard += [line for line in data.decode().split("\r") if line]
        self._shell.send(data)


CONTROL_CENTER = "/controlcenterservice2/services/ControlCenterServices"


def restarts(walked: Walked) -> list[tuple[str, str]]:
    """Node and service of every restart in the ledger."""
    return [(node, service) for _, node, service, _ in walked.calls("restart")]


# --- a restart that an earlier life began


def test_uptime_saves_a_restart(walked):
    """design.md §2: Control Center says that a service came up after its restart was intended: there is no second."""
    walked.intend(SUBSCRIBER, DRF_LOCAL)
    walked.by_hand(SUBSCRIBER, f"utils service restart {DRF_LOCAL}")
    walked.control.forget()
    asked = walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert asked is None
    assert [] == walked.calls()
    assert [f"{SUBSCRIBER} {DRF_LOCAL}"] == walked.done()
    assert walked.said(f"{SUBSCRIBER}: ", f"{DRF_LOCAL} is not restarted again")


def test_node_clock_does_not_matter(walked):
    """cucm.md §3.2: up-time is a duration: a node whose clock is hours wrong tells the same."""
    walked.intend(SUBSCRIBER, DRF_LOCAL)
    walked.bend(SUBSCRIBER, clock_skew=-7200)
    walked.by_hand(SUBSCRIBER, f"utils service restart {DRF_LOCAL}")
    walked.control.forget()
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [] == walked.calls()


def test_intended_and_never_given(walked):
    """design.md §2: a service that runs since before the intent was not restarted: that is told, and it is, once."""
    walked.intend(SUBSCRIBER, DRF_LOCAL)
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [(SUBSCRIBER, DRF_LOCAL)] == restarts(walked)
    assert [] == walked.said("cannot be told")


@pytest.mark.parametrize("why", ["no account", "not there", "nonsense", "stranger"])
def test_nobody_can_tell(walked, why):
    """design.md §2: where Control Center cannot be asked the service is restarted once more, and that is said."""
    match why:
        case "no account":
            walked.without_application()
        case "not there":
            walked.fault("rest-status", SUBSCRIBER, path=CONTROL_CENTER, status=503)
        case "nonsense":
            walked.fault("rest-status", SUBSCRIBER, path=CONTROL_CENTER, status=418, body="teapot")
        case "stranger":
            walked.edit(walked.served(SUBSCRIBER), "0" * 64)
    walked.intend(SUBSCRIBER, DRF_LOCAL)
    walked.by_hand(SUBSCRIBER, f"utils service restart {DRF_LOCAL}")
    walked.control.forget()
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [("restart", SUBSCRIBER, DRF_LOCAL, "osadmin")] == walked.calls()
    assert walked.said(f"{SUBSCRIBER}: ", f"{DRF_LOCAL} was restarted cannot be told, so it is done once more")
    assert (why != "no account") == bool(walked.said("Control Center cannot tell since when"))


def test_application_login_is_tried_once(walked):
    """design.md §5: a refused application user is tried once in a renewal, on whatever node; then nobody can tell."""
    (walked.path.parent / "application.password").write_text("wrong")
    both = ((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))
    for one in both:
        walked.intend(*one)
    walked.restarted(*both)
    walked.intend(PUBLISHER, DRF_LOCAL)
    walked.restarted((PUBLISHER, DRF_LOCAL))

    assert [("login-refused", SUBSCRIBER, "", "appuser")] == walked.calls("login-refused")
    assert [*both, (PUBLISHER, DRF_LOCAL)] == restarts(walked)
    assert [["appuser"]] == [[fact.about] for fact in walked.record.facts(Kind.LOGIN_REFUSED)]


def test_found_restarted(walked):
    """S20: a Tomcat that serves the leaf before we intended anything is noted as found so, and not as ours."""
    walked.install()
    walked.by_hand(SUBSCRIBER, f"utils service restart {TOMCAT}")
    walked.restarted((SUBSCRIBER, TOMCAT), (SUBSCRIBER, DRF_LOCAL))

    assert [{"by": "found so"}, {}] == [fact.value for fact in walked.record.facts(Kind.RESTART_DONE)]


# --- a restart of ours


def test_nothing_between_fence_and_act(walked, monkeypatch):
    """design.md §7: after the fence the act is typed at once: no look that takes minutes, in which the lock may go."""
    heard: list[str] = []
    shell = ssh.open_shell
    monkeypatch.setattr(ssh, "open_shell", lambda *where, **who: Tapped(shell(*where, **who), heard))
    walked.give_up_soon()
    walked.fault("stuck", SUBSCRIBER, service=DRF_LOCAL, at="STOPPED")
    site = replace(walked.site, fence=lambda: heard.append("fence"))
    ensure_restarted(site, walked.record, walked.plan((SUBSCRIBER, DRF_LOCAL)), walked.leaf)

    restart, start = (f"utils service {verb} {DRF_LOCAL}" for verb in ("restart", "start"))
    assert [restart, restart, start] == [after for now, after in pairwise(heard) if now == "fence"]


@pytest.mark.parametrize("told", [True, False], ids=["Control Center tells", "only the list tells"])
def test_session_dropped_in_the_middle(walked, told):
    """S19: a session that ends during a restart leaves it going on: it is waited for, and not given again."""
    walked.control.post("/cluster", {"service_stop_seconds": 0.5})
    if not told:
        walked.without_application()
    walked.fault("ssh-drop", SUBSCRIBER)
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [(SUBSCRIBER, DRF_LOCAL)] == restarts(walked)
    assert [f"{SUBSCRIBER} {DRF_LOCAL}"] == walked.done()
    assert walked.said("the restart itself may go on")
    assert "STARTED" == walked.control.node(SUBSCRIBER)["services"][DRF_LOCAL]["state"]


def test_tomcat_session_dropped(walked):
    """S19: of a Tomcat whose session dropped, what it serves tells: one restart."""
    walked.install()
    walked.fault("ssh-drop", SUBSCRIBER)
    walked.restarted((SUBSCRIBER, TOMCAT))

    assert [(SUBSCRIBER, TOMCAT)] == restarts(walked)
    assert [f"{SUBSCRIBER} {TOMCAT}"] == walked.done()


def test_abandoned_restart_is_given_again(walked):
    """S19: a restart that a dropped session left half done gets the same command once again."""
    walked.fault("ssh-drop", SUBSCRIBER)
    walked.fault("stuck", SUBSCRIBER, service=DRF_LOCAL, at="STOPPED", times=1)
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [(SUBSCRIBER, DRF_LOCAL)] * 2 == restarts(walked)
    assert walked.said(f"{SUBSCRIBER}: {DRF_LOCAL} is STOPPED", "the same command is given once again")
    assert [f"{SUBSCRIBER} {DRF_LOCAL}"] == walked.done()


def test_started_never_printed(walked):
    """cucm.md §2.2: a prompt that comes back after [STARTING] is no failure: the list is asked until it is up."""
    walked.control.post("/cluster", {"restart_forgets_started": True, "service_start_seconds": 0.5})
    walked.restarted((SUBSCRIBER, DRF_LOCAL))

    assert [(SUBSCRIBER, DRF_LOCAL)] == restarts(walked)
    assert [f"{SUBSCRIBER} {DRF_LOCAL}"] == walked.done()


@pytest.mark.parametrize("at", ["STOPPED", "STARTING"])
def test_stuck_service_is_started(walked, at):
    """S19: a service that two restarts leave stuck is started at last; the next one follows."""
    walked.give_up_soon()
    walked.fault("stuck", SUBSCRIBER, service=DRF_LOCAL, at=at)
    walked.restarted((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    assert [
        ("restart", SUBSCRIBER, DRF_LOCAL, "osadmin"), ("restart", SUBSCRIBER, DRF_LOCAL, "osadmin"),
        ("start", SUBSCRIBER, DRF_LOCAL, "osadmin"), ("restart", IMP, DRF_LOCAL, "osadmin"),
    ] == walked.calls()  # fmt: skip
    assert [f"{SUBSCRIBER} {DRF_LOCAL}", f"{IMP} {DRF_LOCAL}"] == walked.done()


def test_what_never_comes_up_stops_the_rest(walked):
    """S19: a service that neither two restarts nor a start bring up ends the run in one sentence; no node follows."""
    walked.fault("stuck", SUBSCRIBER, service=DRF_LOCAL, at="STOPPED")
    idle = {"services": {DRF_LOCAL: {"state": "STOPPED", "reason": "Service Not Activated"}}}
    walked.acts.append(("starting it", lambda: walked.bend(SUBSCRIBER, **idle)))
    with pytest.raises(Permanent) as caught:
        walked.restarted((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    sentence = str(caught.value)
    assert sentence.startswith(f"{SUBSCRIBER}: {DRF_LOCAL} is STOPPED (Service Not Activated) after two restarts and")
    assert f"'utils service start {DRF_LOCAL}'" in sentence
    assert sentence.endswith(f"(no restart after {DRF_LOCAL} on {SUBSCRIBER} was begun)")
    assert [] == walked.done()
    assert IMP not in {node for _, node, _, _ in walked.calls()}


def test_refused_restart_is_no_restart(walked):
    """S19: a node that does not restart a service, which is up all the while, is not taken for one that did."""
    refusing = "Platform Communication Web Service"
    with pytest.raises(Permanent, match="nothing tells whether it was restarted") as caught:
        walked.restarted((SUBSCRIBER, refusing), (IMP, DRF_LOCAL))

    assert str(caught.value).startswith(f"{SUBSCRIBER}: ")
    assert f"Give 'utils service restart {refusing}' there" in str(caught.value)
    assert [(SUBSCRIBER, refusing)] * 2 == restarts(walked)
    assert [] == walked.done()


def test_privilege_too_low(walked):
    """cucm.md §2.1: an account whose level does not reach a restart is told so at once, and nothing else is tried."""
    walked.bend(SUBSCRIBER, privilege=0)
    with pytest.raises(Permanent, match="privilege may be too low") as caught:
        walked.restarted((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    assert f"no restart after {DRF_LOCAL} on {SUBSCRIBER} was begun" in str(caught.value)
    assert [SUBSCRIBER] == [node for _, node, _, _ in walked.calls()]


def test_node_not_there(walked):
    """S19: a node that cannot be reached when its turn comes is named; later nodes are not begun, earlier ones done."""
    walked.fault("ssh-refused", SUBSCRIBER)
    with pytest.raises(Transient, match=f"{SUBSCRIBER}: connecting to .* by SSH") as caught:
        walked.restarted((PUBLISHER, DRF_LOCAL), (SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    assert str(caught.value).endswith(f"(no restart after {DRF_LOCAL} on {SUBSCRIBER} was begun)")
    assert [(PUBLISHER, DRF_LOCAL)] == restarts(walked)


def test_node_lost_during_its_restart(walked):
    """S19: a node that goes away during its restart is waited for; then it is named, and no later node is begun."""
    walked.control.post("/cluster", {"service_stop_seconds": 0.3})
    walked.give_up_soon()
    walked.fault("down-at", SUBSCRIBER, stage="restart")
    with pytest.raises(Permanent, match="nobody could see there whether Cisco DRF Local is up") as caught:
        walked.restarted((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    assert SUBSCRIBER in str(caught.value)
    assert [(SUBSCRIBER, DRF_LOCAL)] == restarts(walked)

    walked.bend(SUBSCRIBER, reachable=True)
    walked.restarted((SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL))

    assert [(SUBSCRIBER, DRF_LOCAL), (IMP, DRF_LOCAL)] == restarts(walked)


def test_old_certificate_after_the_restart(walked):
    """S19, S20: a Tomcat that is up and goes on with the old certificate ends the run; the next node is not begun."""
    walked.give_up_soon()
    with pytest.raises(Permanent, match=f"{SUBSCRIBER}: Cisco Tomcat is up and does not serve the new certificate"):
        walked.restarted((SUBSCRIBER, TOMCAT), (IMP, TOMCAT))

    assert [(SUBSCRIBER, TOMCAT)] == restarts(walked)
    assert [] == walked.done()
