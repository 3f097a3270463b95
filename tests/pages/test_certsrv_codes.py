"""The error codes of certsrv.md §8: the simulator shows code, number, name and text, our client knows the code."""

from dataclasses import dataclass

import pytest

from tests.pages.certsrv_programs import LAST_STATUS, REQUEST_PEM, TEMPLATE, Caller
from tests.pages.certsrv_samples import CONTACT, DENIED_TEXT, document, reason
from ucrenew.clients.certsrv import Denied
from ucrenew.clients.certsrv_pages import DeniedPage, read_page


@dataclass(frozen=True)
class Code:
    """A row of the table; ``text`` is what the page quotes in English, empty where it quotes nothing."""

    code: str
    number: str
    name: str
    text: str

    @property
    def shown(self):
        """The general shape in texts: code, then number and name in parentheses."""
        return f"{self.code} ({self.number} {self.name})"


CODES = [
    Code(
        "0x80094800",
        "-2146875392",
        "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
        "The requested certificate template is not supported by this CA.",
    ),
    Code(
        "0x80094801",
        "-2146875391",
        "CERTSRV_E_NO_CERT_TYPE",
        "The request contains no certificate template information.",
    ),
    Code(
        "0x80094012",
        "-2146877422",
        "CERTSRV_E_TEMPLATE_DENIED",
        "The permissions on the certificate template do not allow the current user "
        "to enroll for this type of certificate.",
    ),
    Code(
        "0x80094014",
        "-2146877420",
        "CERTSRV_E_ADMIN_DENIED_REQUEST",
        "The request was denied by a certificate manager or CA administrator.",
    ),
    Code("0x80094004", "-2146877436", "CERTSRV_E_PROPERTY_EMPTY", "The requested property value is empty"),
    Code("0x800706ba", "-2147023174", "RPC_S_SERVER_UNAVAILABLE", "The RPC server is unavailable"),
    Code("0x80092013", "-2146885613", "CRYPT_E_REVOCATION_OFFLINE", ""),
]
DENIALS = CODES[:3]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_simulator_shows_code(borrowed, ca, code):
    """The error page has the text of a code, then code, number and name (§4, §8)."""
    borrowed.control.post("/ca", {"submit_answer": {"answer": code.code, "times": 1, "page": "error"}})
    said = LAST_STATUS.search(ca.submit(REQUEST_PEM, TEMPLATE).text)[1]

    assert code.shown in said
    assert said.startswith(code.text)


@pytest.mark.parametrize("code", DENIALS, ids=lambda code: code.name)
def test_client_names_code(code):
    """A denied page that holds a code is Denied with it, and the advice has its name (§8)."""
    told = f"{code.text} {code.shown}"
    why = "<P ID=locInfoReqIDandReason> " + reason(told + "\n")
    page = read_page(document("Certificate Request Denied", DENIED_TEXT, why, CONTACT).encode())

    assert DeniedPage(85, told, code.code) == page
    assert code.name in Denied(85, told, code.code).advice


def test_simulator_wants_template(ca):
    """An enterprise CA denies a CSR that names no template, as Cisco's never do (§8 [H])."""
    answer = ca.post({"Mode": "newreq", "CertRequest": REQUEST_PEM, "CertAttrib": ""})

    assert "ID=locDenied" in answer.text
    assert "0x80094801" in answer.text


def test_simulator_offers_to_save_response(borrowed):
    """Without SaveCert the issued page has a `Save response` checkbox (§2, WIN [H])."""
    caller = Caller(borrowed.scene, "Go-http-client/1.1")
    form = {"Mode": "newreq", "CertRequest": REQUEST_PEM, "CertAttrib": f"CertificateTemplate:{TEMPLATE}"}
    answer = caller.post(form | {"SaveCert": "no"})

    assert "ID=locInfo>" in answer.text
    assert "Save response" in answer.text
