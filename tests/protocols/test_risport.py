"""The client of RisPort70: what it asks, how it pages and waits, and every shape of an answer (cucm.md §3.3)."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.protocols.https_door import NODE, Answers, Door, Reply, always, make, opened
from tests.protocols.ris_talk import Cluster, answer, fault, phone, question
from ucrenew.clients import tls
from ucrenew.clients.risport import Allowance, RisPort
from ucrenew.clients.sessions import Unanswered
from ucrenew.clients.soap import PAUSES, Throttled
from ucrenew.domain.phones import Registration
from ucrenew.errors import LoginRefused, Refused, Transient, UnknownReply

USER, PASSWORD = "svc-look", "pass-wörd:日本"
OWN = make(label="risport")
PATH = "/realtimeservice2/services/RISService70"


def client_of(door: Door, waits: list[float]) -> RisPort:
    """A client of the door, which notes its pauses."""
    endpoint = door.endpoint()
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    session = tls.trusted_session(endpoint, decision)
    return RisPort(endpoint, session, USER, PASSWORD, wait=waits.append, timeout=10)


@contextmanager
def answering(answers: Answers | str):
    """A client whose publisher answers so, the door, and the pauses that the client made."""
    waits: list[float] = []
    with opened(OWN, answers=always(answers) if isinstance(answers, str) else answers) as door:
        yield client_of(door, waits), door, waits


# --- what is asked


def test_question_is_as_documented():
    """Named phones are asked for with Ext and all with the plain call, in the schema's order, on the known path."""
    with answering(answer({"cs-ccm-pub": [phone("SEP1")]})) as (client, door, _):
        list(client.pages(["SEP1", "SEP<2>"]))
        list(client.pages())
    order = [line.partition(">")[0] for line in door.seen[0].body.decode().split("<soap:")[1:]]

    assert ("selectCmDeviceExt", "", ["SEP1", "SEP<2>"]) == question(door.seen[0])
    assert ("selectCmDevice", "", ["*"]) == question(door.seen[1])
    assert [
        "selectCmDeviceExt", "StateInfo", "CmSelectionCriteria", "MaxReturnedDevices", "DeviceClass", "Model", "Status",
        "NodeName", "SelectBy", "SelectItems", "item", "Item", "item", "Item", "Protocol", "DownloadStatus",
    ] == order  # fmt: skip
    assert [("POST", PATH)] * 2 == [(seen.method, seen.path) for seen in door.seen]
    assert ["SelectCmDeviceExt", "SelectCmDevice"] == [seen.headers["SOAPAction"].split("#")[-1] for seen in door.seen]


# --- pages and pauses


@pytest.mark.parametrize(
    ("phones", "page", "asked"), [(0, 1000, 1), (1, 1000, 1), (2500, 1000, 3), (2000, 1000, 3), (700, 300, 3)]
)
def test_all_phones_come_page_by_page(phones, page, asked):
    """All phones come, none twice, with a question a page; after a full one it is asked whether there are more."""
    cluster = Cluster(phones, page=page)
    with answering(cluster) as (client, _, _):
        pages = list(client.pages())

    assert sorted(cluster.names) == sorted(phone.name for page in pages for phone in page.registrations)
    assert asked == cluster.asked


def test_names_go_in_thousands():
    """Names are taken as they come and asked for by the thousand; a server with smaller pages is gone on with."""
    cluster = Cluster(2001, page=600)
    with answering(cluster) as (client, door, _):
        found = client.census(iter([*cluster.names, "SEPNONE"]))

    assert frozenset(cluster.names) == found.registered
    assert [1000, 1000, 1000, 1000, 2] == [len(question(seen)[2]) for seen in door.seen]


def test_ten_thousand_phones_flat_memory():
    """Of ten thousand phones never more than two pages are in memory, and a census tells how far it is."""
    told: list[int] = []
    alive: list[int] = []
    gc.collect()
    others = count_registrations()
    with answering(Cluster(10_000)) as (client, _, _):
        for page in client.pages():
            alive.append(count_registrations() - others)
            del page
        counted = client.census(progress=told.append)

    assert {"cs-ccm-pub": 5000, "cs-ccm-sub": 5000} == counted.by_node()
    assert [*range(1000, 10_001, 1000), 10_000] == told
    assert max(alive) <= 2000


def count_registrations() -> int:
    """How many phones this process holds, those of other tests too."""
    return sum(isinstance(thing, Registration) for thing in gc.get_objects())


def test_waits_where_asked_too_often():
    """Told that it asks too often, it waits longer and longer and goes on where it was: no phone is lost or doubled."""
    cluster = Cluster(3000, throttled={2, 3, 5})
    with answering(cluster) as (client, _, waits):
        found = client.census()

    assert 3000 == len(found.registered)
    assert [*PAUSES[:2], PAUSES[0]] == waits


def test_waiting_has_an_end():
    """A publisher that always says that it is asked too often is given up after the last pause."""
    busy = Reply(fault("Exceeded allowed rate"))
    with (
        answering(lambda _: busy) as (client, door, waits),
        pytest.raises(Throttled, match=f"{NODE}.*Exceeded allowed rate"),
    ):
        client.census()

    assert list(PAUSES) == waits
    assert len(PAUSES) + 1 == len(door.seen)


def test_endless_pages_are_given_up():
    """A server that always has one more phone and one more state is none that is known."""
    numbers = iter(range(1000))

    def endless(_):
        number = next(numbers)
        return Reply(answer({"pub": [phone(f"SEP{number}")]}, total=100_000, state=f"s{number}"))

    with answering(endless) as (client, _, _), pytest.raises(UnknownReply, match="does not come to an end"):
        client.census()


def test_server_that_does_not_page_ends():
    """A server that answers the same page again, whatever state it is given, is asked once more and no further."""
    numbers = iter(range(100))
    with answering(lambda _: Reply(answer({"pub": [phone("SEP1")]}, total=5, state=f"s{next(numbers)}"))) as (
        client,
        door,
        _,
    ):
        found = client.census()

    assert {"SEP1"} == found.registered
    assert 2 == len(door.seen)


# --- what is answered


@pytest.mark.parametrize("operation", ["selectCmDevice", "selectCmDeviceExt"])
@pytest.mark.parametrize("prefix", ["ns1:", ""])
def test_phone_is_read(operation, prefix):
    """A phone is read with node, status, reason, model and time, under either name of the response and any prefix."""
    shown = phone("SEP1", "UnRegistered", StatusReason="8", TimeStamp="1795424400", DirNumber="100-Registered")
    text = answer({"cs-ccm-sub": [shown]}, operation=operation)
    text = text if prefix else text.replace("xmlns:ns1", "xmlns").replace("ns1:", "")
    with answering(text) as (client, _, _):
        (page,) = client.pages(["SEP1"])

    expected = Registration("SEP1", "cs-ccm-sub", "UnRegistered", 8, "684", "SIP", 1795424400)

    assert (expected,) == page.registrations


def test_silent_node_is_named():
    """A node that does not answer for its phones is named, and one that has none is not."""
    codes = {"cs-ccm-sub": "NodeNotResponding", "cs-tftp": "NotFound"}
    text = answer({"cs-ccm-pub": [phone("SEP1")], "cs-ccm-sub": [], "cs-tftp": []}, codes=codes)
    with answering(text) as (client, _, _):
        found = client.census()

    assert ("cs-ccm-sub",) == found.silent


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (Reply("", 401), LoginRefused, "svc-look was refused.*application user"),
        (Reply("", 403), Refused, "HTTP 403.*role"),
        (Reply("<html>none</html>", 404), Transient, "not there or not ready"),
        (Reply("", 500), Transient, "an empty body"),
        (Reply(fault("no such operation"), 500), Refused, "no such operation"),
        (Reply("<html>Sign in</html>"), UnknownReply, "not its SOAP"),
        (Reply(answer({})[:300]), UnknownReply, "not its SOAP"),
        (Reply(answer({}).replace("CmNodes", "x").replace("TotalDevicesFound", "y")), UnknownReply, "without any node"),
        (Reply(answer({}), cut=100), Unanswered, "no answer"),
        (Reply(fault(PASSWORD), 500), Refused, r"\*\*\*"),
    ],
)
def test_every_fault_has_its_class(reply, error, told):
    """Every answer that is none has its class and one sentence that names the node, and is asked for once."""
    with answering(lambda _: reply) as (client, door, waits), pytest.raises(error, match=told) as trouble:
        client.census()

    assert error is type(trouble.value)
    assert NODE in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert PASSWORD not in str(trouble.value)
    assert (1, []) == (len(door.seen), waits)


def test_refused_login_is_not_sent_again():
    """After one refused login the same client refuses by itself: no second wrong password leaves."""
    with answering(lambda _: Reply("", 401)) as (client, door, _):
        for _ in range(3):
            with pytest.raises(LoginRefused):
                client.census()

    assert 1 == len(door.seen)


def test_allowance_holds_the_rate():
    """Whoever shares an allowance asks fifteen times at once, and then no oftener than a minute allows."""
    now, asked = [datetime(2026, 3, 2, tzinfo=UTC)], []

    def wait(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    allowance = Allowance(lambda: now[0], wait)
    for _ in range(40):
        allowance.take()
        asked.append(now[0])

    assert 1 == len(set(asked[:15]))
    assert all(later - earlier > timedelta(minutes=1) for earlier, later in zip(asked, asked[15:], strict=False))
