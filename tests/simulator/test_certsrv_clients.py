"""Every client of certsrv.md §11 is served in its own terms: submitted as it submits, read as it reads, fetched so too.

The programs themselves, where they can be had here, run in tests/protocols/test_certsrv_foreign_clients.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from tests.certsrv_scene import DISPOSITION_MESSAGE, LAST_STATUS, PASSWORD, USER, pem, request_for, running
from tests.simulator import certsrv_readers as readers

GO, CURL = "Go-http-client/1.1", "curl/7.88.1"
MOZILLA = "Mozilla/5.0 (X11; Linux x86_64)"
INTERNET_EXPLORER = "Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko"
DENIED = (
    "Denied by Policy Module  0x80094800, The request was for a certificate template that is not supported by the "
    "Active Directory Certificate Services policy: NoSuch.\r\n"
)
NOTHING = readers.NOTHING
PKIX, TEXT = "application/pkix-cert", "text/html"


def as_pem(text: str) -> str:
    """With its line breaks."""
    return text


def on_one_line(text: str) -> str:
    """With the line breaks removed."""
    return text.replace("\n", "")


def bare(text: str) -> str:
    """Base64 without any header."""
    return "".join(text.splitlines()[1:-1])


@dataclass(frozen=True)
class Client:
    """One row of the table: how it submits, how it reads, what it takes the pages for, how it fetches."""

    name: str
    agent: str
    dress: Callable[[str], str]
    attributes: str
    read: Callable[[str], tuple[str, str]]
    pending: tuple[str, str] = ("pending", "{id}")
    denied: tuple[str, str] = ("denied", DENIED)
    fields: tuple[tuple[str, str], ...] = (("TargetStoreFlags", "0"), ("SaveCert", "yes"))
    method: str = "POST"
    fetch: str = "certnew.cer?ReqID={id}&Enc=b64"
    content_type: str = PKIX


FRIENDLY = (("FriendlyType", "Saved-Request Certificate"), ("TargetStoreFlags", "0"), ("SaveCert", "yes"))
THUMBPRINT = (("TargetStoreFlags", "0"), ("SaveCert", "yes"), ("ThumbPrint", ""))
WITH_CRLF, WITH_LF, PLAIN = "CertificateTemplate:{0}\r\n", "CertificateTemplate:{0}\n", "CertificateTemplate:{0}"

CLIENTS = (
    Client("MW", "Mozilla/5.0 certsrv (https://github.com/magnuswatn/certsrv)", as_pem, WITH_CRLF, readers.magnus,
           fields=FRIENDLY),
    Client("A2C", "Mozilla/5.0 certsrv", bare, WITH_CRLF, readers.magnus, fields=FRIENDLY),
    Client("DG", MOZILLA, as_pem, WITH_CRLF, readers.degagne, fields=FRIENDLY),
    Client("NOK", "Mozilla", as_pem, WITH_CRLF, readers.nokia, ("polls", "{id}"), ("polls", "{id}"),
           (*FRIENDLY, ("CertificateTemplate", "{0}")), fetch="certnew.cer?ReqID={id}&ENC=b64"),
    Client("JIM", GO, on_one_line, PLAIN, readers.jimmy, denied=("denied", ""),
           fields=(("TargetStoreFlags", "%!s(int=0)"),), content_type=TEXT),
    Client("WIN", GO, as_pem, PLAIN, readers.winca, NOTHING, NOTHING, (("SaveCert", "no"),),
           fetch="certnew.cer?ReqID={id}&Encb64", content_type=TEXT),
    Client("CAD", GO, as_pem, PLAIN, readers.caddy, NOTHING, NOTHING, content_type=TEXT),
    Client("DAV", CURL, on_one_line, PLAIN, readers.davi, NOTHING, NOTHING, THUMBPRINT, "GET", content_type=TEXT),
    Client("BGS", INTERNET_EXPLORER, on_one_line, PLAIN, readers.certreq, denied=NOTHING, fields=THUMBPRINT,
           fetch="certnew.cer?ReqID={id}&"),
    Client("NAR", MOZILLA, bare, WITH_LF + "UserAgent:" + MOZILLA, readers.naresh, NOTHING, NOTHING),
    Client("CTP", MOZILLA, as_pem, WITH_LF, readers.certipy, denied=("denied", "template"),
           fetch="certnew.cer?ReqID={id}"),
    Client("IMP", MOZILLA, on_one_line, PLAIN, readers.impacket, NOTHING, NOTHING, fetch="certnew.cer?ReqID={id}"),
    Client("HRA", "acme-adcs-ra/1.0", as_pem, WITH_CRLF, readers.hraedon, content_type=TEXT),
)  # fmt: skip


class Caller:
    """One client, logged on by NTLM; the connection stays open."""

    def __init__(self, scene) -> None:
        self.scene = scene
        self.session = requests.Session()
        self.session.verify, self.session.trust_env = scene.ca_file, False
        self.session.auth = HttpNtlmAuth(USER, PASSWORD)

    def submit(self, client: Client, template: str) -> tuple[str, str]:
        """What the client takes the answer for."""
        told = {name: value.format(template) for name, value in client.fields}
        form = {"Mode": "newreq", "CertRequest": client.dress(pem(request_for())), **told}
        form["CertAttrib"] = client.attributes.format(template)
        answer = self.session.request(
            client.method, self.scene.url + "certfnsh.asp", data=form, headers={"User-Agent": client.agent}, timeout=30
        )

        assert (200, TEXT) == (answer.status_code, answer.headers["Content-Type"])
        return client.read(answer.content.decode())

    def get(self, page: str, agent: str = MOZILLA) -> requests.Response:
        """Load a page."""
        return self.session.get(self.scene.url + page, headers={"User-Agent": agent}, timeout=30)

    @property
    def newest(self) -> int:
        """The id that the CA gave last."""
        return int(self.scene.authority.requests()[-1]["id"])


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    with running(tmp_path_factory.mktemp("clients")) as scene:
        scene.authority.configure(logon=["Negotiate", "NTLM"])
        yield Caller(scene)


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request):
    return request.param


def outcome(template: tuple[str, str], number: int) -> tuple[str, str]:
    return template[0], template[1].replace("{id}", str(number))


def test_issued_in_own_terms(caller, client):
    """The client finds the request id on the issued page, where and how it looks for it."""
    found = caller.submit(client, "WebServer")

    assert ("issued", str(caller.newest)) == found


def test_pending_in_own_terms(caller, client):
    """The client takes a pending page for what it takes pending pages for."""
    found = caller.submit(client, "CiscoUC")

    assert outcome(client.pending, caller.newest) == found


def test_denied_in_own_terms(caller, client):
    """The client takes a denied page for what it takes denied pages for: the message with two spaces and its CRLF."""
    found = caller.submit(client, "NoSuch")

    assert outcome(client.denied, caller.newest) == found


def test_fetched_in_own_terms(caller, client):
    """The certificate comes to the client's own query with the content type that its name earns it."""
    caller.submit(client, "WebServer")
    answer = caller.get(client.fetch.format(id=caller.newest), client.agent)

    assert client.content_type == answer.headers["Content-Type"]
    assert answer.text.startswith("-----BEGIN CERTIFICATE-----\r\n")


# --- what one client does and no other


def test_nokia_polls(caller):
    """NOK polls with ENC=b64: "Taken Under Submission" while it waits, "Denied by" after the officer's denial."""
    nokia = next(one for one in CLIENTS if one.name == "NOK")
    caller.submit(nokia, "CiscoUC")
    waiting = caller.get(nokia.fetch.format(id=caller.newest), "Mozilla").text
    caller.scene.authority.deny(caller.newest)
    denied = caller.get(nokia.fetch.format(id=caller.newest), "Mozilla").text

    assert "Taken Under Submission" == DISPOSITION_MESSAGE.search(waiting)[1]
    assert DISPOSITION_MESSAGE.search(denied)[1].startswith("Denied by")


def test_nokia_gets_newest_chain(caller):
    """NOK and MW read nRenewals of certcarc.asp and get chain and certificate under exactly these content types."""
    renewals = re.search(r"var nRenewals=(\d+);", caller.get("certcarc.asp").text)[1]
    answers = [caller.get(f"{page}?ReqID=CACert&ENC=b64&Renewal={renewals}") for page in ("certnew.cer", "certnew.p7b")]

    assert [PKIX, "application/x-pkcs7-certificates"] == [answer.headers["Content-Type"] for answer in answers]


def test_degagne_asks_for_latest(caller):
    """DG asks for Renewal=-1 and means the newest."""
    answers = [caller.get(f"certnew.cer?ReqID=CACert&Enc=b64&Renewal={which}").text for which in ("-1", "0")]

    assert answers[0] == answers[1]
    assert answers[0].startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(("number", "expected"), [("1", True), ("%!s(int=32)", True), ("{id}", False)])
def test_jimmy_checks_pending(caller, number, expected):
    """JIM asks with Mode=chkpnd: "still pending" for a waiting request, an error page for an id that is garbled."""
    jimmy = next(one for one in CLIENTS if one.name == "JIM")
    caller.submit(jimmy, "CiscoUC")
    form = {"Mode": "chkpnd", "ReqID": number.replace("{id}", str(caller.newest)), "SaveCert": "yes"}
    answer = caller.session.post(
        caller.scene.url + "certfnsh.asp", {**form, "TargetStoreFlags": "0"}, headers={"User-Agent": GO}, timeout=30
    )

    assert 200 == answer.status_code
    assert (expected, not expected) == ("ID=locResultLabel" in answer.text, "still pending" in answer.text)


def test_jimmy_sees_issued(caller):
    """After the officer issued, chkpnd says "The certificate you requested was issued to you"."""
    caller.submit(next(one for one in CLIENTS if one.name == "JIM"), "CiscoUC")
    caller.scene.authority.issue(caller.newest)
    form = {"Mode": "chkpnd", "ReqID": str(caller.newest)}
    page = caller.session.post(caller.scene.url + "certfnsh.asp", form, headers={"User-Agent": GO}, timeout=30).text

    assert "The certificate you requested was issued to you" in page


def test_lemur_walks_ids(caller):
    """LEM walks ids from 1 on, other people's too, and knows the end by the words about an empty property."""
    page = caller.get("certnew.cer?ReqID=1&Enc=b64").text

    assert "The requested property value is empty" in page
    assert "CERTSRV_E_PROPERTY_EMPTY" in page


def test_certipy_asks_for_the_code(caller):
    """Where the page says only "Denied by Policy Module", CTP gets the code from LastStatus of certnew.cer."""
    caller.scene.authority.configure(template={"WebServer": {"enroll": False}})
    found = caller.submit(next(one for one in CLIENTS if one.name == "HRA"), "WebServer")
    status = LAST_STATUS.search(caller.get(f"certnew.cer?ReqID={caller.newest}").text)[1]
    caller.scene.authority.configure(template={"WebServer": {"enroll": True}})

    assert ("denied", "Denied by Policy Module") == found
    assert "0x80094012" == re.search(r"(0x[a-zA-Z0-9]+) \([-]?[0-9]+ ", status)[1]


def test_certreq_lists_templates(caller):
    """BGS takes the second and the last of 14 fields of each option, and counts the options of certcarc.asp."""
    lines = [line for line in caller.get("certrqxt.asp", INTERNET_EXPLORER).text.splitlines() if "<Option" in line]
    fields = [re.search(r'Value="(.*)">', line)[1].split(";") for line in lines]
    options = [line for line in caller.get("certcarc.asp", INTERNET_EXPLORER).text.splitlines() if "Option" in line]

    assert [("WebServer", "Web Server"), ("CiscoUC", "Cisco UC")] == [(one[1], one[13]) for one in fields]
    assert 1 == len(options)
