"""Logging on to certsrv with NTLM: bound to the TLS connection, proved once, and no form reaches the CA twice."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes

from tests.protocols.certsrv_captures import (
    ISSUED_LINKS,
    LEAF,
    PASSWORD,
    PENDING,
    REQUEST,
    challenge,
    client_of,
    first_then,
)
from tests.protocols.https_door import Reply, always, make
from tests.protocols.ntlm_door import accounts, binding, iis
from ucrenew.clients.certsrv import Issued, Pending, SubmissionUnanswered
from ucrenew.domain import x509
from ucrenew.domain.logon import Logon
from ucrenew.errors import BadInput, LoginRefused, Refused, Transient, UnknownReply

pytestmark = pytest.mark.usefixtures("accounts")
__all__ = ["accounts"]

CALLS = {
    "log in": lambda client: client.check_login(),
    "submit": lambda client: client.submit(x509.pem(REQUEST), "CiscoUC"),
    "retrieve": lambda client: client.retrieve(32),
    "chain": lambda client: client.chain(32),
}


def posts(door) -> list[bytes]:
    """The bodies of all forms that arrived."""
    return [seen.body for seen in door.seen if seen.method == "POST"]


def test_form_leaves_once_with_the_proof():
    """The login begins with a GET without a body, and the form leaves once, on the same connection, with the proof."""
    with iis(always(PENDING)) as (server, door):
        outcome = client_of(door, logon=Logon.NTLM).submit(x509.pem(REQUEST), "CiscoUC")
    first, second = door.seen

    assert Pending(32) == outcome
    assert ("GET", "/certsrv/", b"") == (first.method, first.path, first.body)
    assert ("POST", "/certsrv/certfnsh.asp") == (second.method, second.path)
    assert REQUEST == x509.parse_csr(parse_qs(second.body.decode())["CertRequest"][0])
    assert first.port == second.port
    assert 1 == len(server.proofs)


def test_unasked_ntlm_where_it_is_offered():
    """Where the profile names no way NTLM is taken where it is offered, asked for once; every call logs on anew."""
    with iis(first_then(ISSUED_LINKS, x509.pem(LEAF))) as (server, door):
        client = client_of(door, logon=None)
        note = client.check_login()
        issued = client.submit(x509.pem(REQUEST), "WebServer")

    assert note is None
    assert Issued(83, LEAF) == issued
    assert 1 == len([seen for seen in door.seen if "Authorization" not in seen.headers])
    assert 3 == len(server.proofs)
    assert 1 == len(posts(door))


@pytest.mark.parametrize("call", CALLS)
def test_wrong_password_is_proved_once(call):
    """A wrong password is proved once by each kind of call; the error names what is offered, not the password."""
    with iis(always(PENDING)) as (server, door), pytest.raises(LoginRefused) as refused:
        CALLS[call](client_of(door, logon=None, password="not-this-one"))

    assert 1 == len(server.proofs)
    assert "offered: Negotiate, NTLM" in str(refused.value)
    assert "not-this-one" not in str(refused.value)


def test_broken_channel_binding_is_explained():
    """Where TLS ends at another certificate the right password is refused, and the error says what to look at."""
    elsewhere = binding(make("proxy.example.com"))
    with iis(always(PENDING), bound_to=elsewhere) as (server, door), pytest.raises(LoginRefused, match="ends TLS"):
        client_of(door, logon=Logon.NTLM).submit(x509.pem(REQUEST), "CiscoUC")

    assert 1 == len(server.proofs)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda one: one.name)
def test_binding_has_the_hash_of_the_signature(digest):
    """A proof is bound by the hash with which the server's certificate is signed (RFC 5929 §4.1)."""
    shown = make("ca.example.com", label=digest.name, digest=digest)
    with iis(always(PENDING), shown=shown, bound_to=binding(shown, digest)) as (_, door):
        client = client_of(door, logon=Logon.NTLM, shown=shown)

        assert Pending(32) == client.submit(x509.pem(REQUEST), "CiscoUC")


@pytest.mark.parametrize(
    ("bent", "error"),
    [
        (Reply("", 401), Refused),  # no challenge in it
        (challenge("Negotiate", "Basic"), Refused),
        (Reply("", 401, [("WWW-Authenticate", "NTLM TlRMTVNTUAACAAAA")]), UnknownReply),
        (Reply("", 503), Transient),
        (Reply("", 302, [("Location", "https://else.example.com/")]), UnknownReply),
        (Reply(drop=True), Transient),
        (Reply(stall=True), Transient),
    ],
)
def test_login_that_cannot_begin_submits_nothing(bent, error):
    """Whatever comes in the place of a challenge, nothing was submitted, nothing proved, and no answer is missing."""
    with iis(always(PENDING), challenged=lambda _: bent) as (server, door), pytest.raises(error) as trouble:
        client_of(door, logon=Logon.NTLM, timeout=0.2).submit(x509.pem(REQUEST), "CiscoUC")

    assert not isinstance(trouble.value, SubmissionUnanswered)
    assert [] == posts(door)
    assert [] == server.proofs


def test_connection_closed_after_the_challenge():
    """A server that says it closes the connection after its challenge gets no proof: nothing could be sent on it."""

    def closing(reply: Reply) -> Reply:
        return replace(reply, headers=[*reply.headers, ("Connection", "close")])

    with iis(always(PENDING), challenged=closing) as (server, door), pytest.raises(Transient, match="in the middle"):
        client_of(door, logon=Logon.NTLM).submit(x509.pem(REQUEST), "CiscoUC")

    assert [] == posts(door)
    assert [] == server.proofs


def test_connection_dropped_after_the_challenge():
    """A connection that is dropped between the legs is not opened anew: no form and no proof arrive anywhere else.

    Whether the drop is seen before the form leaves is a matter of microseconds: if not, its answer is missing.
    """

    def dropping(reply: Reply) -> Reply:
        return replace(reply, cut=len(reply.body))

    failed = pytest.raises((Transient, SubmissionUnanswered))
    with iis(always(PENDING), challenged=dropping) as (server, door), failed:
        client_of(door, logon=Logon.NTLM).submit(x509.pem(REQUEST), "CiscoUC")

    assert ["GET"] == [seen.method for seen in door.seen]
    assert [] == server.proofs


@pytest.mark.parametrize("lost", [Reply(drop=True), Reply(reset=True), Reply(PENDING, cut=99), Reply("", 500)])
def test_lost_answer_is_not_asked_for_again(lost):
    """A form whose answer is lost after the login went to the CA once, and a person has to look."""
    with iis(lambda _: lost) as (_, door), pytest.raises(SubmissionUnanswered):
        client_of(door, logon=Logon.NTLM).submit(x509.pem(REQUEST), "CiscoUC")

    assert 1 == len(posts(door))


def test_environment_has_no_say(monkeypatch, tmp_path):
    """CA bundles, proxies and a netrc of the environment neither weaken nor break anything."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere.pem"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine ca.example.com login nobody password nothing\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("NO_PROXY", "")
    with iis(always(PENDING)) as (_, door):
        assert Pending(32) == client_of(door, logon=None).submit(x509.pem(REQUEST), "CiscoUC")


@pytest.mark.parametrize("level", ["0", "2", "9", "x"])
def test_environment_cannot_ask_for_less(level, monkeypatch):
    """LM_COMPAT_LEVEL would have NTLMv1 sent, which a thief of it can undo: nothing is sent then."""
    with iis(always(PENDING)) as (server, door):
        client = client_of(door, logon=Logon.NTLM)
        monkeypatch.setenv("LM_COMPAT_LEVEL", level)
        with pytest.raises(BadInput, match="LM_COMPAT_LEVEL"):
            client.retrieve(32)

    assert [] == server.proofs


def test_no_proof_in_the_log(caplog):
    """However much is logged, neither the password nor the messages that prove it are in it."""
    caplog.set_level(logging.DEBUG)
    with iis(always(PENDING)) as (_, door):
        client_of(door, logon=None).submit(x509.pem(REQUEST), "CiscoUC")

    assert PASSWORD not in caplog.text
    assert "TlRMTVNTUAAD" not in caplog.text  # how an NTLM proof begins in base64


# --- which way is taken


@pytest.mark.parametrize(
    ("offered", "first_word"), [(("Negotiate", "NTLM", "Basic"), "NTLM"), (("ntlm",), "NTLM"), (("basic",), "Basic")]
)
def test_way_is_chosen_from_the_offer(offered, first_word):
    """NTLM goes before Basic, in whatever letters they are offered."""
    with iis(lambda _: Reply()) as (_, door):
        door.answers = lambda _: challenge(*offered)
        with pytest.raises((LoginRefused, Refused)):
            client_of(door, logon=None).retrieve(1)

    assert [None, first_word] == [
        (seen.headers.get("Authorization") or " ").split(" ")[0] or None for seen in door.seen
    ]


@pytest.mark.parametrize(
    ("offered", "logon", "words"),
    [
        (("Negotiate",), None, r"no NTLM or Basic login, only Negotiate; .* logon = \"kerberos\""),
        (("Digest",), None, "no NTLM or Basic login, only Digest"),
        (("Basic",), Logon.NTLM, "no NTLM login, only Basic"),
        (("NTLM",), Logon.BASIC, "no Basic login, only NTLM; Basic is a Windows feature of its own"),
    ],
)
def test_what_is_not_offered_is_not_tried(offered, logon, words):
    """Where the wanted way is not offered nothing is proved, and the error says what is offered and what to do."""
    with iis(lambda _: Reply()) as (_, door):
        door.answers = lambda _: challenge(*offered)
        with pytest.raises(Refused, match=words):
            client_of(door, logon=logon).check_login()

    assert [False] == ["Authorization" in seen.headers for seen in door.seen]


def test_anonymous_gets_no_password():
    """A server that lets in anybody is noticed; where no way of logging on is named it never sees any credential."""
    with iis(always(PENDING)) as (_, door):
        door.answers = always(PENDING)
        client = client_of(door, logon=None)
        note = client.check_login()
        outcome = client.submit(x509.pem(REQUEST), None)

    assert "without a password" in note
    assert Pending(32) == outcome
    assert not any("Authorization" in seen.headers for seen in door.seen)
    assert 1 == len(posts(door))


def test_anonymous_is_noticed_with_ntlm_too():
    """A server that answers the first message with the page needs no login, and the form still leaves once."""
    with iis(always(PENDING)) as (server, door):
        door.answers = always(PENDING)
        client = client_of(door, logon=Logon.NTLM)
        note = client.check_login()
        outcome = client.submit(x509.pem(REQUEST), None)

    assert "without a password" in note
    assert Pending(32) == outcome
    assert 1 == len(posts(door))
    assert [] == server.proofs


def test_bare_request_lost_is_no_lost_submission():
    """When the question how to log on gets no answer nothing was submitted, so it may be tried again."""
    with iis(always(PENDING)) as (_, door):
        door.answers = lambda _: Reply(drop=True)
        with pytest.raises(Transient, match="how to log on") as trouble:
            client_of(door, logon=None).submit(x509.pem(REQUEST), "CiscoUC")

    assert not isinstance(trouble.value, SubmissionUnanswered)
    assert [] == posts(door)
