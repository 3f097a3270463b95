"""RisPort70 by SOAP: which phones are registered where, in pages, and not too often (cucm.md §3.3)."""

import pytest

from tests.simulator.phones import CALLMANAGER, PUB, SINGLE, SUB, begin, listed
from tests.simulator.risport import PATH, asked, select
from tests.simulator.soap import post


def test_registered_phones(borrowed):
    """Each registered phone stands at its node with status, reason, protocol, load and time."""
    begin(borrowed)
    devices, total, _ = select(borrowed)
    truth = {one["name"]: one for one in listed(borrowed) if not one["offline"]}

    assert (23, 23) == (total, len(devices))
    assert {(one["node"], one["name"], one["protocol"]) for one in truth.values()} == {
        (node, one["Name"], one["Protocol"]) for node, one in devices
    }
    assert {("Registered", "0")} == {(one["Status"], one["StatusReason"]) for _, one in devices}
    assert all(int(one["TimeStamp"]) > 0 and one["ActiveLoadID"] for _, one in devices)


def test_pages_by_state(borrowed):
    """The StateInfo of a page brings the next one; the pages together are all devices, each once."""
    begin(borrowed)
    names, state, sizes = [], "", []
    for _ in range(4):
        devices, total, state = select(borrowed, most=10, state=state)
        sizes.append(len(devices))
        names += [one["Name"] for _, one in devices]

    assert [10, 10, 3, 0] == sizes
    assert 23 == total == len(set(names))


def test_page_has_a_limit(borrowed):
    """Whatever is asked for, a page has not more than the server's most."""
    begin(borrowed)
    borrowed.control.post("/cluster", {"ris_page": 7})

    assert 7 == len(select(borrowed, most=5000)[0])


def test_moved_phones_stand_twice(borrowed):
    """The plain call lists a phone once for each node that it touched, `Ext` only where it was last."""
    begin(borrowed)
    borrowed.control.post(f"/nodes/{SUB}", {"services": {CALLMANAGER: "STOPPED"}})
    names = [one["name"] for one in listed(borrowed) if not one["offline"]]
    plain, _, _ = select(borrowed, *names)
    latest, _, _ = select(borrowed, *names, ext=True)

    assert len(plain) == len(latest) + 18
    assert {(PUB, "Registered"): 18, (SUB, "UnRegistered"): 5} == {
        kind: sum((node, one["Status"]) == kind for node, one in latest)
        for kind in {(node, one["Status"]) for node, one in latest}
    }


def test_criteria(borrowed):
    """Names with commas, model, status and node narrow the answer."""
    begin(borrowed)
    first, second = (one["name"] for one in listed(borrowed)[:2])

    assert {first, second} == {one["Name"] for _, one in select(borrowed, f"{first},{second}")[0]}
    assert 0 < select(borrowed, Model="683")[1] < 23
    assert 0 == select(borrowed, Status="UnRegistered")[1]
    assert (0, 23) == (select(borrowed, NodeName=PUB)[1], select(borrowed, NodeName="cs-ccm-sub")[1])
    assert (0, 23) == (select(borrowed, NodeName="192.0.2.11")[1], select(borrowed, NodeName="192.0.2.12")[1])
    assert 0 == select(borrowed, "SEP000000000000")[1]


def test_never_seen_phones(borrowed):
    """A phone that has been off all the time is not there, or unknown by the other reading."""
    begin(borrowed)
    (name, *_) = [one["name"] for one in listed(borrowed) if one["offline"]]
    absent = select(borrowed, name)[1]
    borrowed.control.post("/cluster", {"ris_never_seen": "Unknown"})
    (found,), _, _ = select(borrowed, name)

    assert 0 == absent
    assert "Unknown" == found[1]["Status"]


@pytest.mark.parametrize("status", [500, 200])
def test_too_many_calls(borrowed, status):
    """More calls in a window than allowed are a fault, until the window is over; each node counts for itself."""
    begin(borrowed, SINGLE)
    borrowed.control.post("/cluster", {"ris_window_seconds": 60, "ris_calls": 2, "ris_refusal_status": status})
    borrowed.control.post("/cluster", {"clock_offset": 100})
    answers = [post(borrowed, asked(), path=PATH) for _ in range(3)]
    elsewhere = post(borrowed, asked(), path=PATH, host="cs-ccm-sub")[0]
    borrowed.control.post("/cluster", {"clock_offset": 200})

    assert [False, False, True] == ["Exceeded allowed rate" in text for _, text in answers]
    assert status == answers[2][0]
    assert (200, 200) == (elsewhere, post(borrowed, asked(), path=PATH)[0])


def test_application_users_only(borrowed):
    """An OS account gets 401; an IM&P node has no RisPort here."""
    platform = borrowed.scene["accounts"]["platform"]

    assert 401 == post(borrowed, asked(), path=PATH, account=platform)[0]
    assert 404 == post(borrowed, asked(), path=PATH, host="cs-imp")[0]
    assert ["login-refused"] == borrowed.control.kinds()


def test_calls_are_told(borrowed):
    """The control API tells of each call when it came, for how many devices, and whether it was too often."""
    borrowed.control.post("/cluster", {"ris_calls": 1, "ris_window_seconds": 60})
    before = len(borrowed.control.get("/phones/asked"))
    for _ in range(2):
        post(borrowed, asked("*", most=7), path=PATH)
    told = borrowed.control.get("/phones/asked")[before:]

    assert [(7, False), (7, True)] == [(one["most"], one["refused"]) for one in told]
