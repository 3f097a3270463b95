"""Phones register, fail over and come back, and keep or lose their trust when certificates change (cucm.md §4.3)."""

import re
from pathlib import Path

import pytest
import requests

from tests.simulator.phones import (
    CALLMANAGER,
    PAIR,
    PUB,
    SUB,
    TFTP,
    TVS,
    begin,
    listed,
    phones,
    renew,
    restart,
)
from tests.simulator.walk import sha256

REGENERATE = "/certificates/regenerate"
TEN_THOUSAND = """
[[nodes]]
host = "cs-ccm-pub"
product = "cucm"
role = "publisher"

[[nodes]]
host = "cs-ccm-sub"
product = "cucm"
role = "subscriber"

[telephony]
security_mode = 1
groups = [
    { name = "Left", nodes = ["cs-ccm-pub", "cs-ccm-sub"], phones = 5000 },
    { name = "Right", nodes = ["cs-ccm-sub", "cs-ccm-pub"], phones = 5000 },
]
"""


def test_some_phones_by_default(standing):
    """A scene that says nothing has some hundreds of phones, registered where they prefer, and a few are off."""
    told = phones(standing)
    details = listed(standing)

    assert 280 < told["total"] <= 300
    assert told["total"] == told["registered"] + told["offline"]
    assert 0 < told["offline"] < 20
    assert {PUB, SUB} == set(told["nodes"])
    preferred = {group["name"]: group["nodes"][0] for group in told["groups"]}
    assert [] == [one for one in details if not one["offline"] and one["node"] != preferred[one["group"]]]
    assert 1 in {len(group["nodes"]) for group in told["groups"]}
    assert {"SIP", "SCCP"} == {one["protocol"] for one in details}


def test_restart_moves_phones_and_brings_them_back(borrowed):
    """Phones of a node that restarts go to the backup of their group or nowhere, and come back by the clock."""
    begin(borrowed)
    borrowed.control.post("/cluster", {"phone_failover_seconds": 10, "phone_return_seconds": 100})
    counts = []

    def look(seconds):
        borrowed.control.post("/cluster", {"clock_offset": seconds})
        told = phones(borrowed)
        counts.append((told["nodes"][SUB]["registered"], told["nodes"][PUB]["registered"], told["unregistered"]))

    borrowed.control.post(f"/nodes/{SUB}", {"services": {CALLMANAGER: "STOPPED"}})
    for seconds in (0, 20):
        look(seconds)
    borrowed.control.post(f"/nodes/{SUB}", {"services": {CALLMANAGER: "STARTED"}})
    for seconds in (20, 70, 130):
        look(seconds)

    assert [(0, 0, 23), (0, 18, 5), (0, 18, 5)] == counts[:3]
    assert 0 < counts[3][0] < 23
    assert (23, 0, 0) == counts[4]


def test_unreachable_node_loses_its_phones(borrowed):
    """A node that cannot be reached has no phones, although nobody stopped a service."""
    begin(borrowed)
    borrowed.control.post(f"/nodes/{SUB}", {"reachable": False})
    gone = phones(borrowed)
    borrowed.control.post(f"/nodes/{SUB}", {"reachable": True})

    assert (0, 18) == tuple(gone["nodes"][name]["registered"] for name in (SUB, PUB))
    assert 23 == phones(borrowed)["nodes"][SUB]["registered"]


def test_new_certificate_needs_a_restart(borrowed):
    """A service shows the certificate that it had until it is restarted; phones stay, and know the new list then."""
    begin(borrowed)
    old = phones(borrowed)["nodes"][PUB]
    leaf = sha256(renew(borrowed))
    before = phones(borrowed)["nodes"][PUB]
    for service in (TVS, TFTP, CALLMANAGER):
        restart(borrowed, service)
    after = phones(borrowed)

    assert old["shown"] == before["shown"]
    assert (leaf, leaf) == (after["nodes"][SUB]["shown"][CALLMANAGER], after["nodes"][PUB]["shown"][CALLMANAGER])
    assert old["itl"]["sha1"] != after["nodes"][PUB]["itl"]["sha1"]
    assert (23, 0, 0) == (after["registered"], after["lost"], after["unregistered"])
    serving = after["nodes"][SUB]["itl"]["sha1"]
    assert [(serving, True)] * 23 == [(one["itl"], one["https"]) for one in listed(borrowed) if not one["offline"]]


def test_older_signer_is_vouched_for(borrowed):
    """Before 12.0 CallManager signs the ITL: phones ask TVS, which they know, and go on."""
    borrowed.control.post("/cluster", {"itl_signer": "CallManager"})
    begin(borrowed)
    renew(borrowed)
    for service in (TVS, TFTP, CALLMANAGER):
        restart(borrowed, service)

    assert (23, 0) == (phones(borrowed)["registered"], phones(borrowed)["lost"])


@pytest.mark.parametrize(("reading", "registered"), [("stays", 23), ("drops", 0)])
def test_callmanager_and_tvs_together(borrowed, reading, registered):
    """Signer and TVS changed together: no phone trusts either. Some readings show it by registrations, all by HTTPS."""
    borrowed.control.post("/cluster", {"itl_signer": "CallManager", "untrusting_phone": reading})
    begin(borrowed)
    renew(borrowed)
    for node in (PUB, SUB):
        borrowed.control.post(REGENERATE, {"node": node, "purpose": "TVS"})
    for service in (TVS, TFTP, CALLMANAGER):
        restart(borrowed, service)
    after = phones(borrowed)
    on = [one for one in listed(borrowed) if not one["offline"]]

    assert (registered, 23) == (after["registered"], after["lost"])
    assert [False] * 23 == [one["https"] for one in on]
    assert {False} == {one["itl"] == after["nodes"][SUB]["itl"]["sha1"] for one in on}


def test_older_tvs_waits_for_its_restart(borrowed):
    """Before 14 TVS does not restart by itself when its certificate changes (cucm.md §4.2)."""
    borrowed.control.post("/cluster", {"version": "12.5.1.18900-40"})
    begin(borrowed)
    borrowed.control.post(REGENERATE, {"node": PUB, "purpose": "TVS"})
    installed = borrowed.control.node(PUB)["identity"]["TVS"]["installed"]
    waiting = phones(borrowed)["nodes"][PUB]["shown"][TVS]
    restart(borrowed, TVS)

    assert waiting != installed
    assert installed == phones(borrowed)["nodes"][PUB]["shown"][TVS]


def test_hands_help(borrowed):
    """A phone whose list a person deletes takes the next one unseen, one after the other or all of them."""
    borrowed.control.post("/cluster", {"itl_signer": "CallManager"})
    begin(borrowed)
    for purpose in ("CallManager", "TVS"):
        for node in (PUB, SUB):
            borrowed.control.post(REGENERATE, {"node": node, "purpose": purpose})
    restart(borrowed, TFTP)
    lost = phones(borrowed)["lost"]
    name = listed(borrowed, "lost=1")[0]["name"]
    borrowed.control.post(f"/phones/{name}", {"itl": "deleted"})
    one_less = phones(borrowed)["lost"]
    borrowed.control.post("/phones/lost", {"itl": "deleted"})

    assert (23, 22) == (lost, one_less)
    assert (0, 23) == (phones(borrowed)["lost"], phones(borrowed)["registered"])
    assert borrowed.control.get(f"/phones/{name}")["https"]


def test_offline_phone_misses_two_changes(borrowed):
    """A phone that is off while CallManager and TVS change, one after the other, needs hands when it is on again."""
    borrowed.control.post("/cluster", {"itl_signer": "CallManager"})
    begin(borrowed)
    for purpose in ("TVS", "CallManager"):
        for node in (PUB, SUB):
            borrowed.control.post(REGENERATE, {"node": node, "purpose": purpose})
        restart(borrowed, TFTP)
    before = phones(borrowed)
    for one in listed(borrowed):
        if one["offline"]:
            borrowed.control.post(f"/phones/{one['name']}", {"power": "on"})

    assert (0, 2) == (before["lost"], before["offline"])
    assert (2, 25) == (phones(borrowed)["lost"], phones(borrowed)["registered"])


def test_rollback_lists_accept_anything(borrowed):
    """While the cluster is prepared for rollback phones have a list that lets every other one in, and no HTTPS."""
    borrowed.control.post("/cluster", {"itl_signer": "CallManager"})
    begin(borrowed, rollback=True)
    blank = listed(borrowed)[0]
    borrowed.control.post("/phones", {"rollback": False})
    for purpose in ("TVS", "CallManager"):
        for node in (PUB, SUB):
            borrowed.control.post(REGENERATE, {"node": node, "purpose": purpose})
    restart(borrowed, TFTP)

    assert not blank["https"]
    assert (0, 23) == (phones(borrowed)["lost"], phones(borrowed)["registered"])
    assert listed(borrowed)[0]["https"]


def test_ten_thousand_phones(launch, tmp_path):
    """Neither resets nor looks make a process with ten thousand phones grow with them."""
    scene = tmp_path / "scene.toml"
    scene.write_text(TEN_THOUSAND)
    running = launch("--latency", "0", "--scene", str(scene))
    running.control.post("/phones/all", {"reset": True})
    before = resident(running)
    for _ in range(3):
        restart(running, TFTP)
        restart(running, CALLMANAGER)
        listed(running, "offset=9000")
    told = phones(running)

    assert (10000, 0, 0) == (told["registered"] + told["offline"], told["unregistered"], told["lost"])
    assert resident(running) - before < 10_000


def resident(simulator):
    """Kilobytes of memory that the process has."""
    status = Path(f"/proc/{simulator.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def test_phones_reset_by_themselves(borrowed):
    """From 14 on phones are reset once when a certificate that they depend on changes, unless the parameter forbids."""
    begin(borrowed, resets_phones=False)
    since = {one["name"]: one["since"] for one in listed(borrowed)}
    renew(borrowed)
    kept = {one["name"]: one["since"] for one in listed(borrowed)}
    before = borrowed.control.post("/phones", {"resets_phones": True})["automatic_resets"]
    renew(borrowed)
    after = phones(borrowed)

    assert since == kept
    assert 1 == after["automatic_resets"] - before
    assert [] == [one["name"] for one in listed(borrowed) if not one["offline"] and one["since"] == since[one["name"]]]
    assert "phone-reset" not in borrowed.control.kinds()


def test_churn_shows_by_the_clock(borrowed):
    """CSCup28852: every seven minutes a phone is away for a moment and has registered anew, while it is armed (S30)."""
    begin(borrowed, {**PAIR, "offline": 0}, churn="always")
    borrowed.control.post("/cluster", {"phone_churn_seconds": 420})
    looks = []
    for seconds in range(0, 1000, 90):
        borrowed.control.post("/cluster", {"clock_offset": seconds})
        looks.append({one["name"]: (one["since"], one["registered"]) for one in listed(borrowed)})

    moments = {name: {look[name][0] for look in looks} for name in looks[0]}
    assert all(len(found) > 2 for found in moments.values())
    assert {True, False} == {registered for look in looks for _, registered in look.values()}


def test_churn_waits_for_a_multi_server_certificate(borrowed):
    """By default it begins when CallManager shows a multi-server certificate, not before."""
    borrowed.control.post("/cluster", {"phone_churn_seconds": 420})
    for node in (PUB, SUB):
        borrowed.control.post(REGENERATE, {"node": node, "purpose": "CallManager"})
    begin(borrowed, churn="multi-server")
    borrowed.control.post("/cluster", {"clock_offset": 1000})
    before = {one["since"] for one in listed(borrowed) if not one["offline"]}
    renew(borrowed)
    restart(borrowed, CALLMANAGER)
    borrowed.control.post("/cluster", {"clock_offset": 2000})

    assert 1 == len(before)
    assert before.isdisjoint(one["since"] for one in listed(borrowed))


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/phones", {"colour": "red"}, "no colour"),
        ("/phones", {"churn": "sometimes"}, "churn is one of"),
        ("/phones", {"rollback": "yes"}, "rollback does not take"),
        ("/phones", {"groups": [{"name": "A", "nodes": ["nowhere"]}]}, "names nowhere"),
        ("/phones/SEP000000000000", {"reset": True}, "no phone SEP000000000000"),
        ("/phones/all", {"paint": "red"}, "A phone takes"),
        ("/certificates/regenerate", {"node": PUB, "purpose": "nonsense"}, "no certificate nonsense"),
        ("/ctl/client", {}, "not in mixed mode"),
    ],
)
def test_nonsense_changes_nothing(standing, path, body, sentence):
    """What cannot be done is answered with a sentence, and nothing changes."""
    before = phones(standing)
    reply = requests.post(standing.scene["control"] + path, json=body, timeout=20)

    assert 400 == reply.status_code
    assert sentence in reply.json()["error"]
    assert before == phones(standing)
