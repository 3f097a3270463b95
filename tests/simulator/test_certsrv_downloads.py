"""What the simulated web enrollment gives out: certificates, chains and revocation lists, or why it gives none."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.certsrv_scene import BROWSER, DISPOSITION, DISPOSITION_MESSAGE, LAST_STATUS, Caller, running


@pytest.fixture
def scene(tmp_path):
    with running(tmp_path) as started:
        yield started


@pytest.mark.parametrize(
    ("agent", "page", "content_type"),
    [
        (BROWSER, "certnew.cer", "application/pkix-cert"),
        (BROWSER, "certnew.p7b", "application/x-pkcs7-certificates"),
        ("curl/8", "certnew.cer", "text/html"),
        ("curl/8", "certnew.p7b", "text/html"),
    ],
)
@pytest.mark.parametrize("query", ["&Enc=b64", "&Enc=bin", "", "&Encb64"])
def test_download_content_types(scene, agent, page, content_type, query):
    """The content type depends on the User-Agent alone; base64 is what comes unless Enc=bin asks for DER."""
    Caller(scene).submit()
    answer = Caller(scene, agent).get(f"{page}?ReqID=32{query}")

    assert content_type == answer.headers["Content-Type"]
    assert (b"\x30\x82" if query == "&Enc=bin" else b"-----BEGIN CERTIFICATE-----\r\n") == answer.content[
        : 2 if query == "&Enc=bin" else 29
    ]


def test_chain_stands_in_certificate_lines(scene):
    """A base64 chain is a PKCS#7 of leaf, issuing CA and root between CERTIFICATE lines that end in CRLF."""
    Caller(scene).submit()
    lines = Caller(scene).get("certnew.p7b?ReqID=32&Enc=b64").text.split("\r\n")
    chain = pkcs7.load_der_pkcs7_certificates(base64.b64decode("".join(lines[1:-2])))
    leaf = x509.load_pem_x509_certificate(Caller(scene).get("certnew.cer?ReqID=32").content)

    assert ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", ""] == [lines[0], *lines[-2:]]
    assert {leaf, scene.authority.intermediate, scene.authority.root} == set(chain)


def test_fetch_while_pending(scene):
    """While a request is pending certnew.cer answers 200 with disposition 5 on the error page."""
    Caller(scene).submit("CiscoUC")
    answer = Caller(scene, BROWSER).get("certnew.cer?ReqID=32&Enc=b64")

    assert (200, "text/html") == (answer.status_code, answer.headers["Content-Type"])
    assert "<P ID=locPageTitle> <B> Error </B>" in answer.text
    assert "(certnew.cer/certnew.p7b/certcrl.crl certificate/crl fetch)" in answer.text
    assert "5" == DISPOSITION.search(answer.text)[1]
    assert "Taken Under Submission" == DISPOSITION_MESSAGE.search(answer.text)[1]
    assert "The operation completed successfully. 0x0 (WIN32: 0)" == LAST_STATUS.search(answer.text)[1]


def test_fetch_after_officer_denied(scene):
    """After an officer's denial certnew.cer shows disposition 2, who denied, and 0x80094014."""
    Caller(scene).submit("CiscoUC")
    scene.authority.deny(32)
    page = Caller(scene).get("certnew.cer?ReqID=32&Enc=b64").text

    assert "2" == DISPOSITION.search(page)[1]
    assert "Denied by EXAMPLE\\ca-officer" == DISPOSITION_MESSAGE.search(page)[1]
    assert "0x80094014 (-2146877420 CERTSRV_E_ADMIN_DENIED_REQUEST)" in LAST_STATUS.search(page)[1]


def test_fetch_after_policy_denied(scene):
    """A request that policy denied has disposition 2 and the code of the refusal in both rows."""
    Caller(scene).submit("NoSuch")
    page = Caller(scene).get("certnew.p7b?ReqID=32&Enc=b64").text

    assert "2" == DISPOSITION.search(page)[1]
    assert DISPOSITION_MESSAGE.search(page)[1].startswith("Denied by Policy Module  0x80094800")
    assert "0x80094800 (-2146875392 CERTSRV_E_UNSUPPORTED_CERT_TYPE)" in LAST_STATUS.search(page)[1]


@pytest.mark.parametrize("number", ["77", "", "abc", "%25!s(int=32)", "-1", "99999999999999999999", "٣٢"])
def test_fetch_of_unknown_id(scene, number):
    """An unknown or garbled request id is the error page with 0x80094004 and no disposition message to find."""
    answer = Caller(scene).get(f"certnew.cer?ReqID={number}&Enc=b64")

    assert 200 == answer.status_code
    assert "The requested property value is empty. 0x80094004" in LAST_STATUS.search(answer.text)[1]
    assert DISPOSITION_MESSAGE.search(answer.text) is None


def test_ca_certificates_after_renewal(scene):
    """certcarc.asp counts renewals; Renewal=0 is the oldest certificate, none and -1 are the newest, 2 is an error."""
    oldest = scene.authority.intermediate
    scene.authority.configure(renewals=1)
    newest = scene.authority.intermediate
    caller = Caller(scene)
    fetched = [
        caller.get("certnew.cer?ReqID=CACert" + renewal).text
        for renewal in ("&Renewal=0", "&Renewal=1", "", "&Renewal=-1")
    ]

    assert "\tvar nRenewals=1;\r\n" in caller.get("certcarc.asp").text
    assert [oldest, newest, newest, newest] == [x509.load_pem_x509_certificate(text.encode()) for text in fetched]
    assert oldest.subject == newest.subject
    assert "ID=locResultLabel" in caller.get("certnew.cer?ReqID=CACert&Renewal=2").text


def test_chain_keeps_its_generation(scene):
    """A leaf issued before a renewal keeps the issuing certificate that signed it in its chain."""
    Caller(scene).submit()
    oldest = scene.authority.intermediate
    scene.authority.configure(renewals=1)
    chain = pkcs7.load_der_pkcs7_certificates(Caller(scene).get("certnew.p7b?ReqID=32&Enc=bin").content)

    assert oldest in chain
    assert scene.authority.intermediate not in chain


def test_delta_crl_is_no_base_crl(scene):
    """The CA makes no delta CRLs: who asks for one gets the error page, and not the base CRL in its place."""
    assert "ID=locResultLabel" in Caller(scene).get("certcrl.crl?Type=delta&Renewal=0&Enc=bin").text


def test_crl_is_signed(scene):
    """The CRL that certcarc.asp points to is signed by the issuing CA."""
    answer = Caller(scene, BROWSER).get("certcrl.crl?Type=base&Renewal=0&Enc=bin")

    assert "application/pkix-crl" == answer.headers["Content-Type"]
    assert x509.load_der_x509_crl(answer.content).is_signature_valid(scene.authority.intermediate.public_key())
