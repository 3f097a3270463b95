"""Submitting to Microsoft's web enrollment: once, with every answer understood in every language."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from tests.protocols.certsrv_captures import (
    DENIED,
    DENIED_DE,
    DENIED_FR,
    DENIED_JA,
    ISSUED_LINKS,
    ISSUED_SCRIPT,
    LEAF,
    OWN,
    PASSWORD,
    PENDING,
    PENDING_DE,
    PENDING_DRESSED,
    PENDING_FR,
    PENDING_JA,
    REQUEST,
    RPC_DOWN,
    USER,
    answering,
    client_of,
    error_page,
    first_then,
)
from tests.protocols.https_door import (
    Reply,
    closed_port,
    make,
    opened,
    serving,
)
from ucrenew.clients import tls
from ucrenew.clients.certsrv import CertSrv, Denied, Issued, Pending, SubmissionUnanswered
from ucrenew.domain import x509
from ucrenew.errors import (
    BadInput,
    NeedsPerson,
    Transient,
    Untrusted,
)

# --- submitting


def test_form_is_complete():
    """The form is sent once, escaped so that each plus survives, as a browser, with template and no SAN (§2, §9)."""
    with answering(PENDING) as (client, door):
        client.submit(x509.pem(REQUEST), "CiscoUC")
    (seen,) = door.seen
    form = parse_qs(seen.body.decode(), keep_blank_values=True, strict_parsing=True)

    assert ("POST", "/certsrv/certfnsh.asp") == (seen.method, seen.path)
    assert ["newreq"] == form["Mode"]
    assert REQUEST == x509.parse_csr(form["CertRequest"][0])
    assert "CertificateTemplate:CiscoUC" == form["CertAttrib"][0].strip()
    assert seen.headers["User-Agent"].startswith("Mozilla/5.0")
    assert "application/x-www-form-urlencoded" == seen.headers["Content-Type"]


def test_standalone_ca_needs_no_template():
    """Without a template no attribute is sent (S13)."""
    with answering(PENDING) as (client, door):
        client.submit(x509.pem(REQUEST), None)

    assert [""] == parse_qs(door.seen[0].body.decode(), keep_blank_values=True)["CertAttrib"]


def test_bad_input_is_not_sent():
    """A request that is cut off, or a template's name that would add attributes, is refused before anything is sent."""
    with answering(PENDING) as (client, door):
        for pem, template in (
            (x509.pem(REQUEST)[:200], "CiscoUC"),
            (x509.pem(REQUEST), "CiscoUC\r\nSAN:dns=a.example"),
        ):
            with pytest.raises(BadInput):
                client.submit(pem, template)

    assert [] == door.seen


@pytest.mark.parametrize(
    ("answer", "number"), [(PENDING, 32), (PENDING_FR, 25), (PENDING_DE, 41), (PENDING_JA, 7), (PENDING_DRESSED, 32)]
)
def test_pending_in_any_language(answer, number):
    """A pending page is known by its element ids in every language, whatever comments and scripts hold."""
    with answering(answer) as (client, _):
        assert Pending(number) == client.submit(x509.pem(REQUEST), "CiscoUC")


def test_pending_in_another_charset():
    """Ids and numbers are ASCII in every code page, so a page that is not UTF-8 is understood too."""
    with answering(PENDING_JA.encode("cp932")) as (client, _):
        assert Pending(7) == client.submit(x509.pem(REQUEST), "CiscoUC")


def test_denied_is_not_pending():
    """A denied page names a request id as well, and is denied all the same; its message ends without the line break."""
    with answering(DENIED) as (client, _):
        denied = client.submit(x509.pem(REQUEST), "Nope")

    assert (85, "0x80094800") == (denied.request_id, denied.code)
    assert denied.message.startswith("Denied by Policy Module 0x80094800, The request was for")
    assert denied.message.endswith("policy: Nope.")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (DENIED_FR, "Refusé par le module de stratégie 0x80094012"),
        (DENIED_DE, "Vom Richtlinienmodul verweigert 0x80094012"),
        (DENIED_JA, "ポリシー モジュールによって拒否されました 0x80094012"),
    ],
)
def test_denied_in_any_language(answer, message):
    """A denial is known by its element ids in every language, with its message out of that language's quotes."""
    with answering(answer) as (client, _):
        denied = client.submit(x509.pem(REQUEST), "CiscoUC")

    assert Denied(85, message, "0x80094012") == denied


def test_denied_without_code_is_looked_up():
    """A denial whose page shows no code gets it from the page of a fetch; the request is not submitted again."""
    bare = DENIED.replace(
        "Denied by Policy Module  0x80094800, The request was for a", "Denied by Policy Module"
    ).replace(
        " certificate template that is not supported by the Active Directory Certificate Services policy: Nope.", ""
    )
    again = error_page(
        "2", "Denied by Policy Module", "The permissions on the certificate template 0x80094012 (-2146877422)"
    )
    with answering(first_then(bare, again)) as (client, door):
        denied = client.submit(x509.pem(REQUEST), "CiscoUC")

    assert Denied(85, "Denied by Policy Module", "0x80094012") == denied
    assert str(denied) == (
        "the CA denied request 85: Denied by Policy Module; CERTSRV_E_TEMPLATE_DENIED: give the account Read and Enroll"
        " on the template. A new run begins with a new request"
    )
    assert ["POST", "GET"] == [seen.method for seen in door.seen]


@pytest.mark.parametrize("answer", [ISSUED_LINKS, ISSUED_SCRIPT])
def test_issued_in_both_variants(answer):
    """The id of an issued certificate is found in plain links and in the script that browsers get (§3.2)."""
    with answering(first_then(answer, x509.pem(LEAF))) as (client, door):
        issued = client.submit(x509.pem(REQUEST), "WebServer")

    assert Issued(83, LEAF) == issued
    assert "/certsrv/certnew.cer?ReqID=83&Enc=b64" == door.seen[1].path


@pytest.mark.parametrize(
    "fetch", [Reply(drop=True), Reply("", 503), Reply("", 401), Reply("<html>?</html>"), Reply(x509.pem(LEAF)[:300])]
)
def test_issued_id_is_never_lost(fetch):
    """When the certificate was issued and cannot be fetched, the id comes back as one to ask for again."""
    with answering(first_then(ISSUED_LINKS, fetch)) as (client, door):
        outcome = client.submit(x509.pem(REQUEST), "WebServer")

    assert Pending(83) == outcome
    assert ["POST", "GET"] == [seen.method for seen in door.seen]


def test_policy_error_is_a_denial():
    """An error page whose code is a decision of the CA's policy is a denial without a number."""
    answer = error_page("2", "Denied by Policy Module", "no template information 0x80094801 (-2146875391)")
    with answering(answer) as (client, _):
        denied = client.submit(x509.pem(REQUEST), None)

    assert (None, "0x80094801") == (denied.request_id, denied.code)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply("", 500),
        Reply("", 502),
        Reply("", 302, [("Location", "/login")]),
        Reply(RPC_DOWN),
        Reply("<html><title>Sign in</title>Please</html>"),
        Reply(""),
        Reply(PENDING.replace("32", "thirty-two")),
    ],
)
def test_unanswered_submission_is_for_a_person(reply):
    """Whatever leaves a submission without the CA's answer goes to a person, and is sent exactly once."""
    with answering(lambda _: reply) as (client, door), pytest.raises(SubmissionUnanswered, match="look there") as lost:
        client.submit(x509.pem(REQUEST), "CiscoUC")

    assert isinstance(lost.value, NeedsPerson)
    assert not isinstance(lost.value, Transient)
    assert ["POST"] == [seen.method for seen in door.seen]


def test_submission_error_keeps_ca_text():
    """The CA's own words for its trouble stand in the message."""
    with answering(RPC_DOWN) as (client, _), pytest.raises(SubmissionUnanswered, match="The RPC server is unavailable"):
        client.submit(x509.pem(REQUEST), "CiscoUC")


def test_unsent_submission_may_be_repeated():
    """Where no connection came about, or the CA's server is not the one decided on, nothing was submitted."""
    with opened(OWN) as door:
        client = client_of(door)
        door.serves = serving(make("ca.example.com", label="impostor"))
        with pytest.raises(Untrusted):
            client.submit(x509.pem(REQUEST), "CiscoUC")
    endpoint = tls.Endpoint("ca.example.com", "127.0.0.1", closed_port())
    with opened(OWN) as door:
        decision = tls.decide_trust(door.endpoint(), tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    gone = CertSrv(
        f"https://ca.example.com:{endpoint.port}/certsrv",
        tls.trusted_session(endpoint, decision),
        USER,
        PASSWORD,
        logon=None,
    )
    with pytest.raises(Transient, match="no connection"):
        gone.submit(x509.pem(REQUEST), "CiscoUC")

    assert [] == door.seen
