"""Our client makes of each page of a Microsoft CA that was captured what it says, over real TLS."""

import re
from base64 import b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.pages import certsrv_fetches
from tests.pages.certsrv_fetches import NO_RPC, NOTHING
from tests.pages.certsrv_samples import LEAF, REQUEST, SUBMISSIONS, document, error
from tests.pages.sample import named
from tests.protocols.https_door import Reply, hierarchy, make, opened
from ucrenew.clients.certsrv import CertSrv, Issued, Pending
from ucrenew.clients.tls import TrustAnchors, decide_trust, trusted_session
from ucrenew.domain.logon import Logon
from ucrenew.errors import LoginRefused, Permanent, Refused, Transient, Trouble

USER, PASSWORD = "EXAMPLE\\svc-ucrenew", "Secret-1"
BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
REQUEST_PEM = REQUEST.public_bytes(Encoding.PEM).decode()
CERTIFICATE = LEAF.public_bytes(Encoding.PEM).replace(b"\n", b"\r\n")
CHAIN = [hierarchy().root.certificate, LEAF, hierarchy().intermediate.certificate]
CAS = [hierarchy().intermediate.certificate, hierarchy().root.certificate]
UNAUTHORIZED = "401 - Unauthorized: Access is denied due to invalid credentials."


@pytest.fixture(scope="module")
def talk():
    """A CA's door, and our client in front of it, which trusts its certificate by a pin."""
    shown = make("ca.example.com")
    with opened(shown) as door:
        endpoint = door.endpoint("ca.example.com")
        decision = decide_trust(endpoint, TrustAnchors(pins=frozenset({shown.sha256})))
        session = trusted_session(endpoint, decision)
        yield door, CertSrv(f"{endpoint.origins[0]}/certsrv/", session, USER, PASSWORD, logon=Logon.BASIC)


def serve(door, pages, kind="text/html"):
    """Let the door answer by page, and forget who called; a page may be bytes, a text or a whole reply."""

    def answers(seen):
        page = pages[urlsplit(seen.path).path.removeprefix("/certsrv/")]
        return page if isinstance(page, Reply) else Reply(page, headers=[("Content-Type", kind)])

    door.answers = answers
    door.seen.clear()


def asked(seen):
    """The query of a request."""
    return {name.lower(): value for name, (value,) in parse_qs(urlsplit(seen.path).query).items()}


@pytest.mark.parametrize("kind", ["text/html", "application/pkix-cert"])
@pytest.mark.parametrize("row", **named(SUBMISSIONS))
def test_client_reads_outcome(talk, row, kind):
    """Issued, pending and denied are told apart on every page, whatever its language; the CSR is posted once (§2)."""
    door, client = talk
    page = Reply(row.sample.text, headers=[("Content-Type", "text/html")])
    fetched = CERTIFICATE if isinstance(row.makes, Issued) else error(2, "Denied by Policy Module")
    serve(door, {"certfnsh.asp": page, "certnew.cer": fetched}, kind)

    assert row.makes == client.submit(REQUEST_PEM, "WebServer")
    assert 1 == [seen.method for seen in door.seen].count("POST")


def test_client_posts_as_others_do(talk):
    """The form is the one that servers take: fields of §2, `+` escaped, a browser's name, no SAN attribute (§9)."""
    door, client = talk
    serve(door, {"certfnsh.asp": SUBMISSIONS[0].sample.text})
    client.submit(REQUEST_PEM, "WebServer")
    (seen,) = door.seen
    form = {name: value for name, (value,) in parse_qs(seen.body.decode()).items()}

    assert ("POST", "/certsrv/certfnsh.asp") == (seen.method, seen.path)
    assert "application/x-www-form-urlencoded" == seen.headers["Content-Type"]
    assert BASIC == seen.headers["Authorization"]
    assert "Mozilla" in seen.headers["User-Agent"]
    assert {"Mode": "newreq", "TargetStoreFlags": "0", "SaveCert": "yes"}.items() <= form.items()
    assert REQUEST_PEM.split() == form["CertRequest"].split()
    assert ["CertificateTemplate:WebServer"] == form["CertAttrib"].split()
    assert REQUEST_PEM.count("+") == seen.body.count(b"%2B")


@pytest.mark.parametrize("row", **named(certsrv_fetches.OUTCOMES))
def test_client_reads_state(talk, row):
    """The error page of a fetch tells the state of the request by its number, whatever the words (§4)."""
    door, client = talk
    serve(door, {"certnew.cer": row.sample.text})

    assert row.makes == client.retrieve(32)
    assert [{"reqid": "32", "enc": "b64"}] == [asked(seen) for seen in door.seen]


@pytest.mark.parametrize("row", **named(certsrv_fetches.TROUBLES))
def test_client_quotes_reason(talk, row):
    """An error page without a state is an error of ours that quotes the page's reason (§4, §8)."""
    door, client = talk
    serve(door, {"certnew.cer": row.sample.text})

    with pytest.raises(row.makes, match=row.words):
        client.retrieve(32)

    assert [{"reqid": "32", "enc": "b64"}] == [asked(seen) for seen in door.seen]


@pytest.mark.parametrize("status", [500, 503])
def test_client_asks_again_later(talk, status):
    """A web server that fails is one to ask again (§8: 5xx is retryable)."""
    door, client = talk
    serve(door, {"certnew.cer": Reply("", status)})

    with pytest.raises(Transient):
        client.retrieve(32)


def test_client_stops_at_revoked(talk):
    """Disposition 6, should it ever be shown, ends the waiting (§4 [M])."""
    door, client = talk
    serve(door, {"certnew.cer": error(6, "Revoked")})

    try:
        outcome = client.retrieve(32)
    except Permanent:
        outcome = None

    assert not isinstance(outcome, Pending | Issued)


@pytest.mark.parametrize("kind", ["text/html", "application/pkix-cert"])
@pytest.mark.parametrize("form", [CERTIFICATE, LEAF.public_bytes(Encoding.DER)], ids=["b64", "bin"])
def test_client_takes_certificate(talk, form, kind):
    """A certificate is known by its content, not by the header, which depends on the caller's name (§4 [H])."""
    door, client = talk
    serve(door, {"certnew.cer": form}, kind)

    assert LEAF == client.retrieve(32).certificate


def base64_of(certificates):
    """A PKCS#7 chain as certnew.p7b gives it: in base64, CRLF, labelled as a certificate (§4 [H])."""
    text = b64encode(pkcs7.serialize_certificates(certificates, Encoding.DER)).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\r\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def forms_of(certificates):
    """Both forms of a chain."""
    return [base64_of(certificates), pkcs7.serialize_certificates(certificates, Encoding.DER)]


@pytest.mark.parametrize("kind", ["text/html", "application/x-pkcs7-certificates"])
@pytest.mark.parametrize("form", forms_of(CHAIN), ids=["b64", "bin"])
def test_client_opens_chain(talk, form, kind):
    """A chain inside `BEGIN CERTIFICATE`, or in DER, holds the leaf and the CAs above it, in no order (§4 [H])."""
    door, client = talk
    serve(door, {"certnew.p7b": form}, kind)

    assert set(CHAIN) == set(client.chain(32))
    assert ["32"] == [asked(seen)["reqid"] for seen in door.seen]


RENEWED = document(
    "Download a CA Certificate, Certificate Chain, or CRL",
    "<Script>\nvar nRenewals=2;\n</Script>",
    '<Option Value="0" Selected> Current [Example Issuing CA 1]',
    '<Option Value="1"> Previous [Example Issuing CA 1(1)]',
    '<Option Value="2"> Previous [Example Issuing CA 1]',
)


def test_client_wants_newest_generation(talk):
    """Of a CA that was renewed twice the chain of generation 2 is asked for, not the oldest (§6 [H])."""
    door, client = talk
    serve(door, {"certcarc.asp": RENEWED, "certnew.p7b": base64_of(CAS), "certnew.cer": CERTIFICATE})
    found = client.ca_chain()
    fetched = [asked(seen) for seen in door.seen if "reqid" in asked(seen)]

    assert set(CAS) == set(found)
    assert [("CACert", "2")] == [(one["reqid"], one["renewal"]) for one in fetched]


def test_client_says_why_there_is_no_chain(talk):
    """certcarc.asp may be an error page where submissions work: its reason is quoted (§6, A2C 97)."""
    door, client = talk
    serve(door, {"certcarc.asp": error(last=NO_RPC), "certnew.p7b": error(last=NO_RPC)})

    with pytest.raises(Trouble, match="The RPC server is unavailable"):
        client.ca_chain()


@pytest.mark.parametrize("last", [NO_RPC, NOTHING])
def test_client_keeps_last_status(talk, last):
    """An error page to a submission is neither pending nor denied: the LastStatus text is kept (§12.7)."""
    door, client = talk
    serve(door, {"certfnsh.asp": error(last=last, mode="newreq")})

    with pytest.raises(Trouble) as trouble:
        client.submit(REQUEST_PEM, "WebServer")

    assert last.split(".")[0] in str(trouble.value)
    assert 1 == len(door.seen)


def unauthorized(*schemes):
    """The 401 of IIS: one header line a scheme (§7)."""
    return Reply(f"<H2>{UNAUTHORIZED}</H2>", 401, [("WWW-Authenticate", scheme) for scheme in schemes])


def test_client_names_offered_schemes(talk):
    """A fresh server offers Negotiate and NTLM alone: no password is sent, and both are named (§7 [H])."""
    door, client = talk
    serve(door, {"": unauthorized("Negotiate", "NTLM")})

    with pytest.raises(Refused) as refused:
        client.check_login()

    assert [] == [seen for seen in door.seen if "Authorization" in seen.headers]
    assert {"Negotiate", "NTLM"} <= set(re.findall(r"\w+", str(refused.value)))


def test_client_gives_password_once(talk):
    """A 401 to the credentials is a refused login, after they were presented once (§7)."""
    door, client = talk
    serve(door, {"": unauthorized('Basic realm="ca.example.com"'), "certfnsh.asp": unauthorized("Basic")})

    with pytest.raises(LoginRefused):
        client.check_login()

    assert [BASIC] == [seen.headers["Authorization"] for seen in door.seen if "Authorization" in seen.headers]


def test_client_notices_open_door(talk):
    """A server that lets anybody in answers 200 to anybody: that proves no password, and is said (§7 [H])."""
    door, client = talk
    serve(door, {"": document("Welcome")})

    assert client.check_login()
