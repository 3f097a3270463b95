"""Each rule before the first change, seen refusing: the simulator's own state is the reason, and nothing is touched."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.procedure.lives import DRF_LOCAL, IMP, PUBLISHER, SUBSCRIBER, TOMCAT, Lives

PLATFORM = "Platform Administrative Web Service"
LONG_AGO = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()


def begun_in_vain(life: Lives) -> str:
    """Live once and see that nothing was begun; the sentence of the end."""
    state = life.begin()

    assert ("Failed", "FAILED") == (state.name, state.type.value)
    assert [] == life.control.ledger()
    assert life.renewal() is None
    return str(state.message)


@pytest.mark.parametrize(
    ("node", "bent", "told"),
    [
        pytest.param(SUBSCRIBER, {"version": "12.5.1.14900-63"}, ("release-without-api, S1", "12.5.1.14900-63"),
                     id="S1: release 12.5 has no certificate API"),
        pytest.param(PUBLISHER, {"version": "12.5.1.14900-63"}, ("release-without-api, S1", "12.5.1.14900-63"),
                     id="S1: neither has a publisher of 12.5"),
        pytest.param(IMP, {"services": {PLATFORM: "STOPPED"}}, ("platform-service-down, S2", f"{PLATFORM} is STOPPED"),
                     id="S2: the Platform Administrative Web Service is stopped"),
        pytest.param(SUBSCRIBER, {"services": {TOMCAT: "STOPPED"}}, ("tomcat-down, S2", f"{TOMCAT} is STOPPED"),
                     id="S2: Cisco Tomcat is stopped on a subscriber"),
        pytest.param(PUBLISHER, {"clock_skew": 600}, ("clock-skew,", "has a clock +"),
                     id="cucm.md §4.8: the publisher's clock is ten minutes fast"),
        pytest.param(IMP, {"clock_skew": -600}, ("clock-skew,", "has a clock -60"),
                     id="cucm.md §4.8: a subscriber's clock is ten minutes slow"),
        pytest.param(SUBSCRIBER, {"disk_used_percent": 97}, ("disk-full,", "97 %"),
                     id="cucm.md §2.3: the active partition is full"),
        pytest.param(PUBLISHER, {"replication": 4}, ("replication,", "everywhere: cs-ccm-pub (4) ["),
                     id="cucm.md §4.1: replication is 4 on the publisher"),
        pytest.param(SUBSCRIBER, {"replication": 3}, ("replication,", "everywhere: cs-ccm-sub (3) ["),
                     id="cucm.md §4.1: replication is 3 on a subscriber"),
        pytest.param(PUBLISHER, {"last_backup": LONG_AGO}, ("backup-old,", LONG_AGO),
                     id="cucm.md §4.1: the last backup is a month old"),
        pytest.param(PUBLISHER, {"last_backup": None}, ("backup-old,", "no successful backup"),
                     id="cucm.md §4.1: there never was a backup"),
        pytest.param(PUBLISHER, {"backup_running": True}, ("backup-running,", "a backup is running"),
                     id="cucm.md §4.1: a backup is running"),
        pytest.param(SUBSCRIBER, {"services": {"Cisco Certificate Change Notification": "STOPPED"}},
                     ("change-notification-down,", "Cisco Certificate Change Notification is STOPPED"),
                     id="cucm_inside.md §A: certificates would not travel"),
        pytest.param(IMP, {"services": {"Platform Communication Web Service": "STOPPED"}},
                     ("communication-service-down,", "cannot be started by hand"),
                     id="cucm_inside.md §C: the REST web service is down"),
        pytest.param(SUBSCRIBER, {"version": "15.0.1.12900-234"}, ("versions-differ,", "15.0.1.12900-234"),
                     id="cucm.md §2.4: an upgrade or a switch-over is under way"),
        pytest.param(SUBSCRIBER, {"sso": "enabled", "recovery_url": False},
                     ("recovery-url-off,", "recovery-url enable"),
                     id="S3: nobody could log in without single sign-on"),
        pytest.param(SUBSCRIBER, {"privilege": 0}, ("privilege,", "may only read"),
                     id="cucm.md §1.1: the account may only read"),
    ],
)  # fmt: skip
def test_state_refuses_renewal(lives, borrowed, node, bent, told):
    """A cluster in this state is refused before the request: one sentence with the node and the reason code."""
    life = lives(borrowed)
    life.control.post(f"/nodes/{node}", bent)
    reason, words = told
    sentence = begun_in_vain(life)

    assert f"[{reason}" in sentence
    assert words in sentence
    assert node.partition(".")[0] in sentence
    assert 1 == sentence.count("[")


def advised(lives, simulator, account: str, *, hidden: bool) -> Lives:
    """A cluster that reuses Tomcat's certificate, looked at by an account of its own; people do what changes it."""
    scene = simulator.scene
    looking = {**scene["people"], **scene["accounts"]}[account]
    life = lives(replace(simulator, scene={**scene, "accounts": {**scene["accounts"], "platform": looking}}))
    life.edit("[certificate]\n", 'actuator = "person"\n\n[certificate]\n')
    life.control.post("/cluster", {"reuse_tomcat": True, "reuse_hides_callmanager": hidden})
    return life


def test_reuse_unknown_in_advise_mode(lives, simulator):
    """cucm.md §4.4: an account that only reads, to which REST hides CallManager's row, does not pass over a reuse."""
    sentence = begun_in_vain(advised(lives, simulator, "reader", hidden=True))

    assert "[reuse-unknown, cucm.md §4.4]" in sentence
    assert all(node in sentence for node in (PUBLISHER, SUBSCRIBER))


def test_reuse_needs_more_than_reading(lives, simulator):
    """cucm.md §2.1, §4.4: what phones trust is looked at on the CLI, and a level that is too low for it is told."""
    sentence = begun_in_vain(advised(lives, simulator, "reader", hidden=False))

    assert re.search(r"`show cert own \w+` was refused.*privilege may be too low", sentence)


def test_reuse_told_in_advise_mode(lives, simulator):
    """cucm.md §4.4: where the CLI shows it, the first question says that phones trust this certificate."""
    life = advised(lives, simulator, "platform", hidden=True)

    assert "Suspended" == life.begin(force=True).name
    assert "[tomcat-reused, cucm.md §4.4]" in life.question()
    assert "Cisco CallManager" in life.question()


def test_ca_refuses_the_login(lives, borrowed):
    """S13: that the CA refuses our password is found out before anybody is asked, by one login and no request."""
    life = lives(borrowed)
    (life.profile.parent / "ca.password").write_text("not-the-password")
    state = life.begin()

    assert ("Failed", "FAILED") == (state.name, state.type.value)
    assert [("login-refused", "ca.example.com")] == [(call["kind"], call["node"]) for call in life.control.ledger()]
    assert life.renewal() is None


def test_unlisted_node_refused(lives, borrowed):
    """S4, S31: a node that the publisher lists and the profile does not is named."""
    life = lives(borrowed)
    head, _, _ = life.profile.read_text().rpartition("[[nodes]]")
    life.profile.write_text(head)
    sentence = begun_in_vain(life)

    assert f"the publisher also lists {IMP} [nodes-differ, S4]" in sentence


def test_unknown_node_refused(lives, borrowed):
    """S4: a node of the profile that the publisher does not list is named."""
    life = lives(borrowed)
    head, mark, last = life.profile.read_text().rpartition("[[nodes]]")
    stranger = last.replace(IMP, "cs-old.example.com").replace('"publisher"', '"subscriber"')
    life.profile.write_text(head + mark + last + mark + stranger)
    sentence = begun_in_vain(life)

    assert "the publisher does not list cs-old.example.com [nodes-differ, S4]" in sentence


def test_findings_come_together(lives, borrowed):
    """S1-S3: whatever speaks against a renewal is told in one go, node by node."""
    life = lives(borrowed)
    life.control.post(f"/nodes/{PUBLISHER}", {"backup_running": True, "disk_used_percent": 99})
    life.control.post(f"/nodes/{SUBSCRIBER}", {"services": {PLATFORM: "STOPPED"}, "replication": 0})
    life.control.post(f"/nodes/{IMP}", {"sso": "enabled", "recovery_url": False, "clock_skew": 900})
    sentence = begun_in_vain(life)

    told = ("disk-full", "platform-service-down", "recovery-url-off", "clock-skew", "replication", "backup-running")
    assert [code for code in told if f"[{code}," in sentence] == list(told)
    assert f"{PUBLISHER}: has 99 % of its disk in use" in sentence
    assert f"{SUBSCRIBER}: {PLATFORM} is STOPPED" in sentence
    assert f"{IMP}: single sign-on is enabled and its recovery URL is not" in sentence


def test_idle_service_is_no_reason(lives, borrowed):
    """S2: a stopped service that no rule asks for keeps nobody from being asked, and the plan leaves it alone."""
    life = lives(borrowed)
    life.control.post(f"/nodes/{SUBSCRIBER}", {"services": {DRF_LOCAL: "STOPPED"}})
    state = life.begin()

    assert "Suspended" == state.name
    assert f"{DRF_LOCAL} on {IMP}" in life.question()
    assert f"{DRF_LOCAL} on {SUBSCRIBER}" not in life.question()
    assert [] == life.control.ledger()
