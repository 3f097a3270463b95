"""What the simulator's CA answers to those who come back for a certificate (certsrv.md §4, §5)."""

import re
from base64 import b64decode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.pages.certsrv_fetches import BY_OFFICER
from tests.pages.certsrv_programs import (
    BROWSER,
    CURL,
    DISPOSITION,
    LAST_STATUS,
    MESSAGE,
    REQUEST,
    REQUEST_PEM,
    TEMPLATE,
    Caller,
    number,
)


def test_simulator_walks_pending_life(borrowed, ca, approving):
    """Under submission, still pending to who asks again, then the certificate (§4, §5)."""
    found, _ = approving
    waiting = ca.get(f"certnew.cer?ReqID={found}&ENC=b64")
    again = ca.post({"Mode": "chkpnd", "ReqID": str(found), "SaveCert": "yes", "TargetStoreFlags": "0"})
    borrowed.control.post(f"/requests/{found}/issue")
    issued = ca.post({"Mode": "chkpnd", "ReqID": str(found), "SaveCert": "yes", "TargetStoreFlags": "0"})

    assert (200, "text/html") == (waiting.status, waiting.headers["Content-Type"])
    assert ["5", "Taken Under Submission"] == [DISPOSITION.search(waiting.text)[1], MESSAGE.search(waiting.text)[1]]
    assert "ID=locDispUnknown>(unknown)</LocID>" in waiting.text
    assert "ID=locInfoChkPnd" in again.text
    assert "still pending" in again.text
    assert "The certificate you requested was issued to you" in issued.text
    assert ca.get(f"certnew.cer?ReqID={found}&Enc=b64").body.startswith(b"-----BEGIN CERTIFICATE-----\r\n")


def test_simulator_shows_officers_no(borrowed, ca, approving):
    """An officer's denial is disposition 2, by name, with 0x80094014 (§4 [M], §8)."""
    found, _ = approving
    borrowed.control.post(f"/requests/{found}/deny")
    answer = ca.get(f"certnew.cer?ReqID={found}&Enc=b64")

    assert "2" == DISPOSITION.search(answer.text)[1]
    assert re.fullmatch(r"Denied by \w+\\\S+", MESSAGE.search(answer.text)[1])
    assert BY_OFFICER == LAST_STATUS.search(answer.text)[1]


def test_simulator_shows_policys_no(ca):
    """A denial by policy is disposition 2, and LastStatus has the code (§4 [H])."""
    denied = re.search(r"Your Request Id is (\d+)", ca.submit(REQUEST_PEM, "NoSuchTemplate").text)[1]
    answer = ca.get(f"certnew.cer?ReqID={denied}&Enc=b64")

    assert "2" == DISPOSITION.search(answer.text)[1]
    assert MESSAGE.search(answer.text)[1].startswith("Denied by Policy Module")
    assert "0x80094800" in LAST_STATUS.search(answer.text)[1]


@pytest.mark.parametrize("wanted", ["999999", "%25!s(int=32)", "x"])
def test_simulator_answers_garbage(ca, wanted):
    """An id that it does not know is the error page, not a crash (§4, §12.5)."""
    answer = ca.get(f"certnew.cer?ReqID={wanted}&Enc=b64")

    assert (200, "text/html") == (answer.status, answer.headers["Content-Type"])
    assert [] == [part for part in ("ID=locResultLabel", "ID=locLastStatLabel") if part not in answer.text]


def test_simulator_names_unknown_id(ca):
    """The error page of a number that is none says that the value is empty (§4 [H])."""
    answer = ca.get("certnew.cer?ReqID=999999&Enc=b64")

    assert "The requested property value is empty" in LAST_STATUS.search(answer.text)[1]


@pytest.fixture(scope="module")
def granted(standing):
    """The number of a request that was issued."""
    return number(Caller(standing.scene).submit(REQUEST_PEM, TEMPLATE))


FORMS = {"Enc=b64": "pem", "ENC=b64": "pem", "Encb64": "pem", "": "pem", "Enc=bin": "der"}


KINDS = {BROWSER: ["application/pkix-cert", "application/x-pkcs7-certificates"], CURL: ["text/html"] * 2}


@pytest.mark.parametrize("agent", KINDS, ids=["browser", "curl"])
@pytest.mark.parametrize(("query", "form"), FORMS.items(), ids=FORMS)
def test_simulator_hands_out(ca, granted, query, form, agent):
    """Base64 unless `bin` is asked for, CRLF, the p7b labelled as a certificate; types for browsers only (§4 [H])."""
    ca.agent = agent
    leaf, chain = (ca.get(f"certnew.{kind}?ReqID={granted}&{query}") for kind in ("cer", "p7b"))

    assert KINDS[agent] == [leaf.headers["Content-Type"], chain.headers["Content-Type"]]
    assert [form, form] == [form_of(one.body) for one in (leaf, chain)]
    assert 1 < len(pkcs7.load_der_pkcs7_certificates(unwrapped(chain.body)))
    assert REQUEST.public_key() == x509.load_der_x509_certificate(unwrapped(leaf.body)).public_key()


def form_of(body):
    """Which of the two forms this is; base64 lines end in CRLF and nothing else."""
    if body.startswith(b"-----BEGIN CERTIFICATE-----\r\n"):
        assert b"\n" not in body.replace(b"\r\n", b"")
        return "pem"
    return "der" if body[0] == 0x30 else body[:40]


def unwrapped(body):
    """The DER of either form."""
    return b64decode(b"".join(body.split(b"-----")[2].split())) if body.startswith(b"-----") else body
