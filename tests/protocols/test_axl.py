"""The client of AXL: what it asks by its schema, what it reads, and that nothing but our session carries it."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import pytest

from tests.protocols.axl_talk import Publisher, envelope, fault, question, rows
from tests.protocols.https_door import NODE, Answers, Door, Reply, always, make, opened
from ucrenew.clients import tls
from ucrenew.clients.axl import Axl, schema_for
from ucrenew.clients.sessions import Unanswered
from ucrenew.clients.soap import PAUSES, Throttled
from ucrenew.domain.phones import CallManagerGroup, EnterpriseParameters, KnownPhone, SecurityMode
from ucrenew.errors import LoginRefused, Refused, Transient, UnknownReply, Untrusted

USER, PASSWORD = "svc-look", "pass-wörd:日本"
OWN = make(label="axl")
MODE = {"ClusterSecurityMode": "1"}


def client_of(door: Door, waits: list[float]) -> Axl:
    """A client of the door, which notes its pauses."""
    endpoint = door.endpoint()
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    session = tls.trusted_session(endpoint, decision)
    return Axl(endpoint, session, USER, PASSWORD, wait=waits.append, version="15.0.1.11900-40", timeout=10)


@contextmanager
def answering(answers: Answers | str):
    """A client whose publisher answers so, the door, and the pauses that the client made."""
    waits: list[float] = []
    with opened(OWN, answers=always(answers) if isinstance(answers, str) else answers) as door:
        yield client_of(door, waits), door, waits


# --- what is asked


def test_question_is_as_documented():
    """Nodes are asked for on /axl/ with version and operation in the SOAPAction, and with the schema's elements."""
    with answering(Publisher()) as (client, door, _):
        client.nodes()
    (seen,) = door.seen
    operation, texts = question(seen)

    assert ("POST", "/axl/") == (seen.method, seen.path)
    assert '"CUCM:DB ver=12.5 listProcessNode"' == seen.headers["SOAPAction"]
    assert "listProcessNode" == operation
    assert ("%", "", "0", "1000") == (texts["name"] or "%", texts["nodeUsage"], texts["skip"], texts["first"])


@pytest.mark.parametrize(
    ("version", "schema"),
    [
        ("15.0.1.11900-40", "12.5"),
        ("14.0.1.13900-155", "12.5"),
        ("12.0.1.1-1", "12.0"),
        ("11.5.1.1-1", "11.5"),
        ("10.5.2.1-1", "10.5"),
        ("9.1.2", "10.5"),
        ("", "12.5"),
    ],
)
def test_schema_is_not_newer_than_the_publisher(version, schema):
    """The schema is the newest of the package that the publisher's release knows."""
    assert schema == schema_for(version)


def test_package_of_the_schema_is_not_run():
    """The package that brings the schema is never imported: its code has no part in what is sent."""
    with answering(Publisher()) as (client, _, _):
        client.nodes()

    assert SCHEMA_MODULES.isdisjoint(sys.modules)


SCHEMA_MODULES = {"ciscoaxl", "ciscoaxl.axl", "termcolor"}


def test_our_decision_about_trust_holds(monkeypatch, tmp_path):
    """Whatever the environment says of bundles and proxies, only the certificate that was decided on is talked to."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(make(label="other").pem)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with answering(Publisher()) as (client, door, _):
        assert client.nodes()
        with opened(make(label="somebody else"), answers=Publisher()) as stranger:
            door.serves = stranger.serves
            with pytest.raises(Untrusted):
                client.nodes()

    assert 1 == len(door.seen)


# --- what is read


def test_nodes_are_read():
    """Nodes come with their role, without the pseudo node (cucm.md §2.3)."""
    with answering(Publisher()) as (client, _, _):
        found = client.nodes()

    assert [("cs-ccm-pub", "Publisher"), ("cs-imp", "Subscriber")] == [(node.name, node.usage) for node in found]
    assert "CUCM IM and Presence" == found[1].role


@pytest.mark.parametrize(("value", "mode"), [("0", SecurityMode.NON_SECURE), ("1", SecurityMode.MIXED)])
def test_security_mode_is_read(value, mode):
    """The security mode is read out of the database (S24)."""
    with answering(Publisher(parameters={"ClusterSecurityMode": value, "Other": "x"})) as (client, _, _):
        assert mode is client.security_mode()


@pytest.mark.parametrize("parameters", [{}, {"ClusterSecurityMode": "2"}, {"ClusterSecurityMode": ""}])
def test_unclear_security_mode_is_an_error(parameters):
    """A mode that is not shown, or that nobody knows, is never taken for non-secure (S24)."""
    with (
        answering(Publisher(parameters=parameters)) as (client, _, _),
        pytest.raises(UnknownReply, match="SecurityMode"),
    ):
        client.security_mode()


def test_enterprise_parameters_are_found_by_their_words():
    """The parameters about phones are found by the words of their names; what is not shown or unclear is None."""
    shown = {"PrepareClusterForRollbackToPre8.0": "F", "PhoneInteractionOnCertUpdate": "Automatically Reset", **MODE}
    with answering(Publisher(parameters=shown)) as (client, _, _):
        seen = client.enterprise_parameters()
    expected = EnterpriseParameters(SecurityMode.MIXED, rollback=False, phone_interaction="Automatically Reset")

    assert expected == seen

    with answering(Publisher(parameters={"Rollback1": "T", "Rollback2": "F"})) as (client, _, _):
        assert EnterpriseParameters(None, None, None) == client.enterprise_parameters()


def test_groups_are_read():
    """Groups come with their servers by priority and with the device pools that use them."""
    with answering(Publisher()) as (client, _, _):
        found = client.groups()

    assert (
        CallManagerGroup("CMG-HQ", ("CM_cs-ccm-pub", "CM_cs-ccm-sub"), ("DP-HQ", "DP-Branch")),
        CallManagerGroup("CMG-Lab", ("CM_cs-ccm-pub",), ("DP-Lab",)),
    ) == found


def test_phones_are_read_page_by_page():
    """Phones come with the security of their profile, a thousand a question, and as they are asked for."""
    publisher = Publisher(phones=2500)
    with answering(publisher) as (client, _, _):
        phones = client.phones()
        first = next(phones)
        asked = list(publisher.asked)
        others = list(phones)

    assert ["listPhoneSecurityProfile", "listPhone"] == asked
    assert KnownPhone("SEP000000000000", "Cisco 8845", "SIP", "DP-HQ", "Non Secure") == first
    assert 2499 == len(others)
    assert (True, "") == (others[0].is_secure, others[1].security)
    assert 3 == publisher.asked.count("listPhone")


def test_list_without_pages_ends():
    """A publisher that lists everything whatever it is asked for is not asked for ever."""
    publisher = Publisher(phones=1000)
    everything = publisher.listPhone({})
    publisher.listPhone = lambda _: everything
    with answering(publisher) as (client, _, _):
        assert 1000 == len(list(client.phones()))

    assert 2 == publisher.asked.count("listPhone")


@pytest.mark.parametrize("inside", ["<return/>", "<return></return>"])
def test_empty_lists_are_empty(inside):
    """An empty list is empty, in either spelling."""
    with answering(envelope("listProcessNode", inside)) as (client, _, _):
        assert () == client.nodes()


def test_session_cookie_goes_along():
    """The cookie that AXL hands out goes along with the next question, which spares the publisher a login (§3.1)."""
    cookie = [("Set-Cookie", "JSESSIONIDSSO=abc; Path=/; Secure; HttpOnly")]
    publisher = Publisher()
    with answering(lambda seen: Reply(publisher(seen).body, headers=cookie)) as (client, door, _):
        client.nodes()
        client.nodes()

    assert [None, "JSESSIONIDSSO=abc"] == [seen.headers.get("Cookie") for seen in door.seen]


# --- what goes wrong


def test_waits_where_it_is_busy():
    """Told that it is busy it waits, asks the same again, and goes on."""
    publisher = Publisher(parameters=MODE, busy={1, 2})
    with answering(publisher) as (client, _, waits):
        assert SecurityMode.MIXED is client.security_mode()

    assert list(PAUSES[:2]) == waits


def test_waiting_has_an_end():
    """A publisher that is always busy is given up after the last pause."""
    with answering(Publisher(busy=range(100))) as (client, door, waits), pytest.raises(Throttled, match=NODE):
        client.security_mode()

    assert list(PAUSES) == waits
    assert len(PAUSES) + 1 == len(door.seen)


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (Reply("", 401), LoginRefused, "svc-look was refused.*application user"),
        (Reply("", 403), Refused, "HTTP 403.*Standard AXL API Access"),
        (Reply("", 404), Transient, "not there or not ready"),
        (Reply("", 500), Transient, "an empty body"),
        (Reply(fault("Query request too large. Total rows matched: 9"), 500), Refused, "too large"),
        (Reply(fault(PASSWORD), 500), Refused, r"\*\*\*"),
        (Reply("<html>Sign in</html>"), UnknownReply, "not its SOAP"),
        (Reply(rows()[:100]), UnknownReply, "not its SOAP"),
        (Reply('<!DOCTYPE a [<!ENTITY b "c">]>' + rows()), UnknownReply, "not its SOAP"),
        (Reply(envelope("somethingElse", "<return/>")), UnknownReply, "not its SOAP"),
        (Reply(rows().replace("API/12.5", "API/15.0")), UnknownReply, "in another schema.*15.0"),
        (Reply(rows(), cut=100), Unanswered, "no answer"),
    ],
)
def test_every_fault_has_its_class(reply, error, told):
    """Every answer that is none has its class and one sentence that names the node, and is asked for once."""
    with answering(lambda _: reply) as (client, door, waits), pytest.raises(error, match=told) as trouble:
        client.security_mode()

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
                client.nodes()

    assert 1 == len(door.seen)
