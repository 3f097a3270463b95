"""The client of Microsoft's web enrollment: against the simulator, logging in, asking again, chains."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.conftest import Simulator
from tests.protocols.certsrv_captures import (
    BY_OFFICER,
    CHAIN,
    LEAF,
    PASSWORD,
    REQUEST,
    RPC_DOWN,
    TAKEN,
    USER,
    answering,
    challenge,
    error_page,
    page,
)
from tests.protocols.https_door import (
    NODE,
    Reply,
    Seen,
    always,
    csr,
)
from ucrenew.clients import tls
from ucrenew.clients.certsrv import CertSrv, Denied, Issued, Pending, SubmissionUnanswered
from ucrenew.domain import x509
from ucrenew.errors import (
    BadInput,
    LoginRefused,
    Refused,
    Transient,
    UnknownReply,
)


def simulated(simulator: Simulator, **account: str) -> CertSrv:
    """A client of the simulated CA."""
    ca, known = simulator.scene["ca"], simulator.scene["accounts"]["ca"]
    parts = urlsplit(ca["url"])
    endpoint = tls.Endpoint(parts.hostname, parts.hostname, parts.port)
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(ca_pem=ca["tls_ca"]))
    session = tls.trusted_session(endpoint, decision)
    return CertSrv(ca["url"], session, known["user"], account.get("password", known["password"]))


def rsa_request() -> str:
    """A request that the simulated CA takes."""
    return x509.pem(csr(NODE, kind="rsa"))


# --- against the simulator


def test_pending_becomes_issued(simulator):
    """A request waits under its id until the officer issues it, and then its certificate and chain are there (S13)."""
    ca = simulated(simulator)
    note = ca.check_login()
    submitted = ca.submit(rsa_request(), simulator.scene["ca"]["template"])
    waiting = ca.retrieve(32)
    simulator.control.post("/requests/32/issue")
    issued = ca.retrieve(32)
    root = x509.parse_certificate(simulator.scene["ca"]["root"])
    intermediate = x509.parse_certificate(simulator.scene["ca"]["intermediate"])

    assert note is None
    assert Pending(32) == submitted == waiting
    assert isinstance(issued, Issued)
    assert x509.same_key(csr(NODE, kind="rsa"), issued.certificate)
    assert (root, intermediate) == x509.issuers_root_first(issued.certificate, ca.chain(32))
    assert {root, intermediate} <= set(ca.ca_chain())
    assert ["submit"] == simulator.control.kinds()


def test_officer_denies(simulator):
    """A request that an officer denied is a value with the CA's message and code, not an error."""
    ca = simulated(simulator)
    ca.submit(rsa_request(), simulator.scene["ca"]["template"])
    simulator.control.post("/requests/32/deny")
    denied = ca.retrieve(32)

    assert isinstance(denied, Denied)
    assert (32, "0x80094014") == (denied.request_id, denied.code)
    assert "Denied by" in denied.message


def test_issued_at_once(simulator):
    """A template without approval gives the certificate with the submission (S14)."""
    issued = simulated(simulator).submit(rsa_request(), "WebServer")

    assert isinstance(issued, Issued)
    assert 32 == issued.request_id
    assert x509.same_key(csr(NODE, kind="rsa"), issued.certificate)


def test_unknown_template_is_denied(simulator):
    """A template that the CA does not offer is denied with its code, and the request has a number all the same."""
    denied = simulated(simulator).submit(rsa_request(), "NoSuchTemplate")

    assert isinstance(denied, Denied)
    assert (32, "0x80094800") == (denied.request_id, denied.code)


def test_unknown_id_is_refused(simulator):
    """An id that the CA never gave is refused, and not taken for one that waits."""
    with pytest.raises(Refused, match="0x80094004"):
        simulated(simulator).retrieve(999)


def test_wrong_password_is_tried_once(simulator):
    """A wrong password is presented once, by each kind of call, and the message does not show it."""
    ca = simulated(simulator, password="not-this-one")
    for count, call in enumerate((ca.check_login, lambda: ca.submit(rsa_request(), None), lambda: ca.retrieve(1)), 1):
        with pytest.raises(LoginRefused) as refused:
            call()

        assert ["login-refused"] * count == simulator.control.kinds()
        assert "not-this-one" not in str(refused.value)


def test_ca_is_unreachable(simulator):
    """A CA that cannot be reached is trouble that may pass for a look, and a submission is not repeated."""
    ca = simulated(simulator)
    simulator.control.post("/ca", {"reachable": False})
    with pytest.raises(Transient):
        ca.retrieve(32)
    with pytest.raises((Transient, SubmissionUnanswered)):
        ca.submit(rsa_request(), "CiscoUC")


# --- logging in


def test_login_asks_bare_first():
    """The schemes are asked for without credentials; only then is the password sent, once."""
    offer = challenge("Negotiate", "NTLM", "Basic")
    with answering(lambda seen: Reply() if "Authorization" in seen.headers else offer) as (client, door):
        note = client.check_login()

    assert note is None
    assert [False, True] == ["Authorization" in seen.headers for seen in door.seen]


def test_basic_is_not_offered():
    """Where only Negotiate and NTLM are offered no password is sent, and the message says what was offered (§7)."""
    with answering(lambda _: challenge("Negotiate", "NTLM")) as (client, door):
        with pytest.raises(Refused, match="only Negotiate, NTLM"):
            client.check_login()
        with pytest.raises(LoginRefused, match=r"offered: Negotiate, NTLM\).*Web-Basic-Auth"):
            client.retrieve(1)

    assert [False, True] == ["Authorization" in seen.headers for seen in door.seen]


def test_anonymous_is_noticed():
    """A server that lets in anybody makes a login prove nothing, and that is said."""
    with answering("<html>Welcome</html>") as (client, _):
        assert "without a password" in client.check_login()


@pytest.mark.parametrize(
    ("status", "error"), [(403, Refused), (404, UnknownReply), (302, UnknownReply), (500, Transient), (503, Transient)]
)
def test_other_statuses(status, error):
    """Each other status has its class, names the address, and no password is sent to who answers so."""
    reply = Reply("<html>no</html>", status, [("Location", "https://else.example.com/")])
    with answering(lambda _: reply) as (client, door), pytest.raises(error, match=r"ca\.example\.com"):
        client.check_login()

    assert ["Authorization" not in seen.headers for seen in door.seen] == [True]


@pytest.mark.parametrize("url", ["http://ca.example.com/certsrv/", "ca.example.com/certsrv", "ftp://ca.example.com/"])
def test_only_https(url):
    """An address that is not https is refused before anything is sent."""
    with requests.Session() as session, pytest.raises(BadInput, match="https://"):
        CertSrv(url, session, USER, PASSWORD)


# --- asking again


@pytest.mark.parametrize(
    "answer",
    [
        TAKEN,
        error_page("5", "Pris en compte", "L\u2019opération a réussi. 0x0", labels=("Disposition :", "Erreur")),
        page("証明書は保留中です", "<P ID=locInfoChkPnd> 保留中"),
    ],
)
def test_still_pending_in_any_language(answer):
    """Disposition 5 means waiting, in whatever words."""
    with answering(answer) as (client, _):
        assert Pending(32) == client.retrieve(32)


def test_denied_by_officer():
    """Disposition 2 means denied; message and code are the CA's."""
    with answering(BY_OFFICER) as (client, _):
        assert Denied(32, "Denied by EXAMPLE\\officer", "0x80094014") == client.retrieve(32)


def test_revoked_is_no_certificate():
    """Disposition 6, revoked meanwhile, is a denial that says so."""
    with answering(error_page("6", "Revoked by EXAMPLE\\officer", "0x0")) as (client, _):
        assert "revoked" in client.retrieve(32).message


@pytest.mark.parametrize(
    "content_type", ["application/pkix-cert", "text/html", "application/pkix-cert; charset=utf-8", ""]
)
@pytest.mark.parametrize("encoding", ["crlf", "lf", "der", "bom"])
def test_certificate_in_any_dress(content_type, encoding):
    """A certificate is known by its content, whatever content type, line ends or encoding it comes in (§4)."""
    pem = x509.pem(LEAF)
    body = {"crlf": pem.replace("\n", "\r\n"), "lf": pem, "der": x509.der(LEAF), "bom": "\ufeff" + pem}[encoding]
    with answering(always(body, 200, Content_Type=content_type)) as (client, _):
        assert Issued(32, LEAF) == client.retrieve(32)


@pytest.mark.parametrize(
    "body", [x509.pem(LEAF)[:300], x509.der(LEAF)[:200], "<html>Sign in</html>", "", "-----BEGIN CERTIFICATE-----"]
)
def test_damaged_certificate_is_named(body):
    """A certificate that is cut off, or another page, is an unknown reply: neither pending nor denied."""
    with answering(body) as (client, _), pytest.raises(UnknownReply, match="asking for request 32"):
        client.retrieve(32)


# --- chains


def dressed(encoding: Encoding, label: str) -> bytes:
    """The chain as PKCS#7 in one of its dresses."""
    octets = pkcs7.serialize_certificates(list(CHAIN), encoding)
    return octets.replace(b"PKCS7", label.encode()).replace(b"\n", b"\r\n") if encoding is Encoding.PEM else octets


@pytest.mark.parametrize(
    "body",
    [dressed(Encoding.PEM, "CERTIFICATE"), dressed(Encoding.PEM, "PKCS7"), dressed(Encoding.DER, "")],
    ids=["certificate", "pkcs7", "der"],
)
def test_chain_in_each_dress(body):
    """A chain is read in certsrv's own label, in the right one, and in DER; leaf and both CA certificates are in it."""
    with answering(body) as (client, door):
        found = client.chain(32)

    assert set(CHAIN) == set(found)
    assert "/certsrv/certnew.p7b?ReqID=32&Enc=b64" == door.seen[0].path


def test_no_chain_yet():
    """The chain of a request that waits is refused; a CA that is down is trouble that may pass."""
    with answering(TAKEN) as (client, _), pytest.raises(Refused, match="none yet"):
        client.chain(32)
    with answering(RPC_DOWN) as (client, _), pytest.raises(Transient):
        client.chain(32)


@pytest.mark.parametrize(
    ("counted", "query"),
    [
        ("<script>\nvar nRenewals=2;\n</script>", "ReqID=CACert&Renewal=2&Enc=b64"),
        (RPC_DOWN, "ReqID=CACert&Enc=b64"),
        (Reply("", 404), "ReqID=CACert&Enc=b64"),
        (Reply(drop=True), "ReqID=CACert&Enc=b64"),
    ],
)
def test_newest_ca_chain(counted, query):
    """The CA's own chain is asked for in its newest generation, and without one where none is counted (§6).

    A web server beside the CA may have no certcarc.asp that works: that is no reason to stop.
    """

    def answers(seen: Seen) -> Reply:
        if "certcarc.asp" in seen.path:
            return counted if isinstance(counted, Reply) else Reply(counted)
        return Reply(dressed(Encoding.PEM, "CERTIFICATE"))

    with answering(answers) as (client, door):
        assert set(CHAIN) == set(client.ca_chain())

    assert f"/certsrv/certnew.p7b?{query}" == door.seen[1].path


def test_password_is_in_no_message():
    """A page that echoes the account's password is quoted without it."""
    with answering(f"<html><title>Oops</title>{PASSWORD}</html>") as (client, _):
        for call in (
            lambda: client.retrieve(1),
            lambda: client.submit(x509.pem(REQUEST), None),
            lambda: client.chain(1),
        ):
            with pytest.raises((UnknownReply, SubmissionUnanswered)) as refused:
                call()

            assert PASSWORD not in str(refused.value)
            assert "Oops" in str(refused.value)
