"""Every row of certsrv.md §4 and §8, and every way in which the pages can fail, for a submission and for a fetch.

What the CA decided is a value. After ``nothing`` (Transient) no request was made; after ``lost`` (SubmissionUnanswered)
one may stand in the CA's list. The sentence has the code's name and what to do.
"""

from __future__ import annotations

import pytest

from tests.protocols.certsrv_captures import (
    BY_OFFICER,
    ISSUED_LINKS,
    ISSUED_SCRIPT,
    LEAF,
    NOT_STARTED,
    OWN,
    PASSWORD,
    PENDING,
    PENDING_FR,
    REQUEST,
    RPC_DOWN,
    TAKEN,
    UNKNOWN_ID,
    client_of,
    error_page,
    page,
)
from tests.protocols.https_door import Reply, opened
from ucrenew.clients.certsrv import Denied, Pending, SubmissionUnanswered
from ucrenew.clients.certsrv_codes import CODES
from ucrenew.clients.certsrv_pages import read_page
from ucrenew.clients.sessions import Unanswered
from ucrenew.domain import x509
from ucrenew.errors import LoginRefused, Refused, Transient, Trouble, UnknownReply

denied, pending, nothing, later, lost = Denied, Pending, Transient, Transient, SubmissionUnanswered
login, refused, unknown, cut = LoginRefused, Refused, UnknownReply, Unanswered

CALLS = {
    "submit": lambda client: client.submit(x509.pem(REQUEST), "CiscoUC"),
    "retrieve": lambda client: client.retrieve(32),
}


def coded(code: str, disposition: str = "(never set)") -> str:
    """An error page with this code and nothing else that tells."""
    return error_page(disposition, "", f"Der Text ist in der Sprache des Servers. {code} (-2146875392)")


def denial(code: str) -> str:
    """A denied page with this code."""
    return page(
        "Certificate Request Denied",
        '<P ID=locDenied>\n<P ID=locInfoReqIDandReason>\nYour Request Id is 85. The disposition message is "Denied by'
        f' Policy Module  {code}, so it is.\n".\n<P ID=locContactAdmin>',
    )


# --- codes: what an error page with it means for a submission and for a fetch, and what is said to do

BY_CODE = {
    "0x80094800": (denied, denied, "CERTSRV_E_UNSUPPORTED_CERT_TYPE: the CA offers no such template"),
    "0x80094801": (denied, denied, "CERTSRV_E_NO_CERT_TYPE: an enterprise CA wants a template"),
    "0x80094802": (denied, denied, "CERTSRV_E_TEMPLATE_CONFLICT: request and profile name different templates"),
    "0x80094011": (denied, denied, "CERTSRV_E_ENROLL_DENIED: give the account Read and Enroll"),
    "0x80094012": (denied, denied, "CERTSRV_E_TEMPLATE_DENIED: give the account Read and Enroll"),
    "0x80094014": (denied, denied, "CERTSRV_E_ADMIN_DENIED_REQUEST: an officer said no"),
    "0x80094811": (denied, denied, "CERTSRV_E_KEY_LENGTH: the template wants a longer key"),
    "0x8009480f": (denied, denied, "CERTSRV_E_SUBJECT_DNS_REQUIRED: the template builds the subject"),
    "0x8009310b": (denied, denied, "CRYPT_E_ASN1_BADTAG: the CA could not read the request"),
    "0x80094003": (lost, refused, "CERTSRV_E_BAD_REQUESTSTATUS: ask the CA's officer"),
    "0x80094004": (lost, refused, "CERTSRV_E_PROPERTY_EMPTY: nothing was issued under this number"),
    "0x80092013": (lost, later, "CRYPT_E_REVOCATION_OFFLINE: the CA cannot check its own CRL"),
    "0x800706ba": (lost, later, "RPC_S_SERVER_UNAVAILABLE: the web server cannot reach the CA"),
    "0x80094899": (denied, denied, "ask the CA's owner"),  # CERTSRV_E_*, not in the list
    "0x80004005": (lost, later, "Der Text ist in der Sprache des Servers"),  # no code of certsrv.md
}

# --- pages: what each means for a submission and for a fetch, and words that are said

PAGES = {
    "pending": (PENDING, pending, pending, ""),
    "still pending": (TAKEN, lost, pending, "Taken Under Submission"),
    "denied by policy": (coded("0x80094800", "2"), denied, denied, "CERTSRV_E_UNSUPPORTED_CERT_TYPE"),
    "denied by an officer": (BY_OFFICER, denied, denied, "CERTSRV_E_ADMIN_DENIED_REQUEST: an officer"),
    "denied without a code": (error_page("2", "Verweigert", "0x0"), denied, denied, "ask the CA's owner"),
    "revoked": (coded("0x0", "6"), lost, denied, "ask the CA's owner"),
    "unknown id": (UNKNOWN_ID, lost, refused, "no certificate to give for this number"),
    "RPC": (RPC_DOWN, lost, later, "RPC_S_SERVER_UNAVAILABLE: the web server cannot reach the CA"),
    "CA service not started": (NOT_STARTED, lost, later, "Certification Authority Service has not been started"),
    "incomplete": (coded("0x0", "0"), lost, later, "disposition 0"),
    "error": (coded("0x0", "1"), lost, later, "disposition 1"),
    "issued, not handed out": (coded("0x0", "3"), lost, unknown, "disposition 3"),
    "issued out of band": (coded("0x0", "4"), lost, unknown, "disposition 4"),
    "another page": ("<title>Sign in</title>", lost, unknown, "Sign in"),
    "an empty page": ("", lost, unknown, "no title"),
}

# --- what is no page of the CA: for a submission, for a fetch

BREAKS = {
    "refused": (Reply("<title>401</title>", 401), login, login),
    "refused, half a page": (Reply("<title>401</title>", 401, cut=5), login, login),
    "forbidden": (Reply("", 403), refused, refused),
    "no such page": (Reply("", 404), unknown, unknown),
    "elsewhere": (Reply("", 302, [("Location", "/login")]), lost, unknown),
    "broken": (Reply("", 500), lost, later),
    "bad gateway": (Reply("", 502), lost, later),
    "not ready": (Reply("", 503), lost, later),
    "half an error": (Reply("<title>503</title>", 503, cut=5), lost, cut),
    "hung up": (Reply(drop=True), lost, cut),
    "reset": (Reply(reset=True), lost, cut),
    "slow": (Reply(stall=True), lost, cut),
    "half a page": (Reply(PENDING, cut=len(PENDING) // 2), lost, cut),
    "half a certificate": (Reply(x509.pem(LEAF), cut=300, counted=False), lost, unknown),
}


def outcome(client, call: str) -> tuple[type, str]:
    """The class of what a call ends in, and what is said with it."""
    try:
        found = CALLS[call](client)
    except Trouble as trouble:
        return type(trouble), str(trouble)
    return type(found), f"{found.message}; {found.advice}" if isinstance(found, Denied) else ""


def told(reply: Reply) -> tuple[dict[str, type], str]:
    """What a submission and a fetch end in, and everything that is said; one line each, and each is sent once."""
    with opened(OWN, answers=lambda _: reply) as door:
        client = client_of(door, timeout=0.2)
        found = {call: outcome(client, call) for call in CALLS}
    sentences = [sentence for _, sentence in found.values()]

    assert ["POST", "GET"] == [seen.method for seen in door.seen]
    assert not any("\n" in sentence or PASSWORD in sentence for sentence in sentences)
    return {call: kind for call, (kind, _) in found.items()}, " ".join(sentences)


@pytest.mark.parametrize("code", BY_CODE)
def test_code_has_class_and_name(code):
    """A code alone tells, in any language, whether the CA decided, knows nothing or could not work; and its name."""
    submit, retrieve, words = BY_CODE[code]
    found, said = told(Reply(coded(code)))

    assert {"submit": submit, "retrieve": retrieve} == found
    assert words in said


@pytest.mark.parametrize("code", CODES)
def test_denied_page_is_final_with_any_code(code):
    """A denied page is a denial whatever its code, with its number, the code's name and what to do."""
    with opened(OWN, answers=lambda _: Reply(denial(code))) as door:
        found = CALLS["submit"](client_of(door))

    assert (85, code) == (found.request_id, found.code)
    assert found.advice.startswith(BY_CODE[code][2])


def test_every_code_is_tried():
    """Every code that has a name here stands in the table above."""
    assert set(CODES) <= set(BY_CODE)


@pytest.mark.parametrize("name", PAGES)
def test_page_has_its_class(name):
    """Each page is a value where the CA decided, and else of the class that tells the caller what to do next."""
    body, submit, retrieve, words = PAGES[name]
    found, said = told(Reply(body))

    assert {"submit": submit, "retrieve": retrieve} == found
    assert words in said


@pytest.mark.parametrize("how", BREAKS)
def test_break_has_its_class(how):
    """What is no answer of the CA leaves a submission open unless IIS turned it away, and a fetch to be repeated."""
    reply, submit, retrieve = BREAKS[how]
    found, _ = told(reply)

    assert {"submit": submit, "retrieve": retrieve} == found


def test_broken_handshake_submits_nothing():
    """A submission whose connection broke before the request left may be repeated: nothing was sent."""
    with opened(OWN) as door:
        client = client_of(door)
        door.breaks = "reset"
        found = [outcome(client, call)[0] for call in CALLS]

    assert [nothing, nothing] == found
    assert [] == door.seen


@pytest.mark.parametrize(
    ("body", "number"),
    [(PENDING, 32), (PENDING_FR, 25), (ISSUED_LINKS, 83), (ISSUED_SCRIPT, 83), (denial("0x80094800"), 85)],
)
def test_cut_page_gives_no_other_number(body, number):
    """Wherever a page is cut off, its number is the whole one or none: half of it would be somebody else's request."""
    found = {getattr(read_page(body[:length].encode()), "request_id", None) for length in range(len(body) + 1)}

    assert {number, None} == found
