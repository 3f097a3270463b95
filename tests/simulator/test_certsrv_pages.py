"""The simulated web enrollment answers as the captured pages of certsrv.md do: from the login to what was decided."""

import base64
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.certsrv_scene import BROWSER, KEY, LAST_STATUS, PASSWORD, USER, Caller, pem, request_for, running


@pytest.fixture
def scene(tmp_path):
    with running(tmp_path) as started:
        yield started


def test_bare_request_is_challenged(scene):
    """Without credentials the web server answers 401 with what it offers, and nothing is written down."""
    with Caller(scene, user="").session as session:
        answer = session.get(scene.url, timeout=30)

    assert 401 == answer.status_code
    assert 'Negotiate, NTLM, Basic realm="ca.example.com"' == answer.headers["WWW-Authenticate"]
    assert "<title>401 - Unauthorized: Access is denied due to invalid credentials.</title>" in answer.text
    assert [] == scene.kinds()


@pytest.mark.parametrize("user", [USER, "example\\SVC-ucrenew", "svc-ucrenew@example.com", "svc-ucrenew"])
def test_user_name_forms(scene, user):
    r"""One account logs on as DOMAIN\user, as user@domain and by its bare name."""
    answer = Caller(scene, user=user).get()

    assert 200 == answer.status_code
    assert "<P ID=locPageTitle> <B> Welcome </B>" in answer.text


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("OTHER\\svc-ucrenew", PASSWORD)])
def test_wrong_credentials_are_noted(scene, user, password):
    """Credentials that were presented and refused are one entry of the ledger, with the name that was presented."""
    answer = Caller(scene, user=user, password=password).submit()

    assert 401 == answer.status_code
    assert [("login-refused", user, "ca.example.com")] == [
        (entry["kind"], entry["from"], entry["node"]) for entry in scene.authority.ledger.entries()
    ]


def test_frame_of_every_page(scene):
    """Pages have CRLF line ends, upper-case tags, the CA's name, text/html without a charset, and IIS's headers."""
    answer = Caller(scene).get("certrqxt.asp")

    assert "text/html" == answer.headers["Content-Type"]
    assert "Microsoft-IIS/10.0" == answer.headers["Server"]
    assert "ASP.NET" == answer.headers["X-Powered-By"]
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n")
    assert "<Title>Microsoft Active Directory Certificate Services</Title>" in answer.text
    assert re.search(r"ID=locMSCertSrv>.*Example Issuing CA 1", answer.text)


def test_issued_page_for_programs(scene):
    """A program gets one line with both links for the certificate and one for the chain, ampersands escaped."""
    lines = Caller(scene).submit().text.split("\r\n")
    certificate, chain = (line for line in lines if "?ReqID=32" in line)

    assert "<P ID=locPageTitle> <B> Certificate Issued </B>" in lines
    assert "<P ID=locInfo> The certificate you requested was issued to you.</P>" in lines
    assert 'certnew.cer?ReqID=32&amp;Enc=bin"' in certificate
    assert 'certnew.cer?ReqID=32&amp;Enc=b64"' in certificate
    assert 'certnew.p7b?ReqID=32&amp;Enc=b64"' in chain


def test_issued_page_for_browsers(scene):
    """A browser gets a script instead of links."""
    page = Caller(scene, BROWSER).submit().text

    assert '\tfunction handleGetCert() {\r\n\t\tlocation="certnew.cer?ReqID=32&"+getEncoding();\r\n' in page
    assert '\t\tlocation="certnew.p7b?ReqID=32&"+getEncoding();\r\n' in page
    assert "ReqID=32&amp;" not in page


def test_issued_page_without_saving(scene):
    """With SaveCert=no the certificate is issued too, and the page has a checkbox instead of radio buttons."""
    page = Caller(scene).submit(SaveCert="no").text

    assert "Certificate Issued" in page
    assert "Save response" in page
    assert "Type=Radio" not in page


def test_pending_page(scene):
    """A template with approval answers with the pending page and the request id in its paragraph."""
    page = Caller(scene).submit("CiscoUC").text

    assert "<P ID=locPageTitle> <B> Certificate Pending </B>" in page
    assert "<P ID=locInfoReqID>\r\nYour Request Id is 32.\r\n</P>" in page
    assert "However, you must wait for an\r\nadministrator to issue the certificate you requested. </P>" in page
    assert "within 10 days" in page


def test_denied_page(scene):
    """The denied page names the request id too, two spaces after "Module", and a line break before the last quote."""
    page = Caller(scene).submit("Web Server").text

    assert "<P ID=locDenied> Your certificate request was denied. </P>" in page
    assert (
        'Your Request Id is 32. The disposition message is "Denied by Policy Module  0x80094800, The request was for a '
        "certificate template that is not supported by the Active Directory Certificate Services policy: "
        'Web Server.\r\n".\r\n</P>'
    ) in page


def test_denied_without_template(scene):
    """A request that names no template is denied with 0x80094801, as a Cisco CSR never names one."""
    page = Caller(scene).submit("").text

    assert 'The disposition message is "Denied by Policy Module  0x80094801, ' in page


def test_denied_without_permission(scene):
    """A missing Enroll permission gives the bare words; the code is only on the page of certnew.cer."""
    scene.authority.configure(template={"WebServer": {"enroll": False}})
    page = Caller(scene).submit().text
    fetched = Caller(scene).get("certnew.cer?ReqID=32").text

    assert 'message is "Denied by Policy Module".' in page
    assert "0x80094012 (-2146877422 CERTSRV_E_TEMPLATE_DENIED)" in LAST_STATUS.search(fetched)[1]


def test_outside_text_is_escaped(scene):
    """A template name with markup in it comes back as text."""
    page = Caller(scene).submit("<Script>").text

    assert "&lt;Script&gt;" in page
    assert "<Script>" not in page


def test_each_post_makes_a_row(scene):
    """Denied, unparsable and issued submissions each take a new request id and one entry of the ledger."""
    caller = Caller(scene)
    caller.submit("NoSuch")
    caller.submit(csr="nonsense")
    caller.submit("CiscoUC")
    caller.submit()

    assert ["denied", "denied", "pending", "issued"] == [row["status"] for row in scene.authority.requests()]
    assert [32, 33, 34, 35] == [row["id"] for row in scene.authority.requests()]
    assert [32, 33, 34, 35] == [entry["request_id"] for entry in scene.authority.ledger.entries()]
    assert [True, True, False, False] == ["refused" in entry for entry in scene.authority.ledger.entries()]


def _one_line(text: str) -> str:
    return text.replace("\n", "")


@pytest.mark.parametrize(
    "dress",
    [
        str,
        _one_line,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "".join(text.splitlines()[1:-1]),
        lambda text: "\n".join(text.splitlines()[1:-1]),
        lambda text: text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    ],
    ids=["pem", "one line", "CRLF", "bare base64", "bare base64 in lines", "new certificate request"],
)
def test_csr_in_every_dress(scene, dress):
    """A CSR is taken as PEM, PEM on one line, base64 without header, and under the older label."""
    page = Caller(scene).submit(csr=dress(pem(request_for()))).text

    assert "Certificate Issued" in page


def test_damaged_csr_is_denied(scene):
    """A CSR that lost its end cannot be parsed, one whose signature is wrong is not accepted."""
    good = base64.b64decode("".join(pem(request_for()).splitlines()[1:-1]))
    short = Caller(scene).submit(csr=base64.b64encode(good[:-9]).decode()).text
    forged = Caller(scene).submit(csr=base64.b64encode(good[:-1] + bytes([good[-1] ^ 1])).decode()).text

    assert re.search(r'message is "Error Parsing Request  .*0x8009310b', short)
    assert 'message is "Error Verifying Request Signature' in forged


@pytest.mark.parametrize(
    "attributes", ["CertificateTemplate:WebServer\n", "UserAgent:x\r\ncertificatetemplate: webserver"]
)
def test_attribute_lines(scene, attributes):
    """Attribute lines may end in LF or CRLF, stand in any order and be written in any case."""
    page = Caller(scene).post(mode="newreq", CERTREQUEST=pem(request_for()), certattrib=attributes).text

    assert "Certificate Issued" in page


def test_paths_know_no_case(scene):
    """/CertSrv/CertNew.CER?reqid= is the same page, and /certsrv leads to /certsrv/."""
    Caller(scene).submit()
    session = Caller(scene).session
    root = scene.url.removesuffix("certsrv/")
    fetched = session.get(root + "CertSrv/CertNew.CER?reqid=32&ENC=b64", timeout=30)
    moved = session.get(root + "certsrv", timeout=30, allow_redirects=False)

    assert fetched.text.startswith("-----BEGIN CERTIFICATE-----\r\n")
    assert (301, "/certsrv/") == (moved.status_code, moved.headers["Location"])


def test_check_pending_page(scene):
    """Mode=chkpnd answers "still pending" without a request id, then issued or denied as on submission."""
    caller = Caller(scene)
    caller.submit("CiscoUC")
    caller.submit("CiscoUC")
    waiting = caller.post(Mode="chkpnd", ReqID="32").text
    scene.authority.issue(32)
    scene.authority.deny(33)
    issued, denied = (caller.post(Mode="chkpnd", ReqID=number).text for number in ("32", "33"))

    assert "<P ID=locInfoChkPnd>" in waiting
    assert "still pending" in waiting
    assert "Your Request Id" not in waiting
    assert "certnew.cer?ReqID=32&amp;Enc=b64" in issued
    assert "<P ID=locDenied>" in denied


def test_cookie_of_pending_requests(scene):
    """The browser's cookie names its pending requests in the captured form, and certckpn.asp shows only those."""
    caller = Caller(scene, BROWSER)
    caller.submit("CiscoUC", TargetStoreFlags="0", SaveCert="yes", FriendlyType="Saved-Request Certificate")
    listed = caller.get("certckpn.asp").text

    assert "%5B32%2C0%2Cyes%2CSaved%2DRequest+Certificate%5D" == caller.session.cookies["Requests"]
    assert 'Name=ReqID Value="32"' in listed
    assert 'Name=ReqID Value="32"' not in Caller(scene, BROWSER).get("certckpn.asp").text


def test_cookie_entry_is_removed(scene):
    """certrmpn.asp takes one request out of the cookie and leaves the request itself alone."""
    caller = Caller(scene, BROWSER)
    caller.submit("CiscoUC")
    caller.submit("CiscoUC")
    left = caller.session.post(scene.url + "certrmpn.asp", {"Action": "rmpn", "ReqID": "32"}, timeout=30).text

    assert 'Value="33"' in left
    assert 'Value="32"' not in left
    assert ["pending", "pending"] == [row["status"] for row in scene.authority.requests()]


def test_template_options(scene):
    """certrqxt.asp lists templates with the short name in the second and the display name in the last of 14 fields."""
    scene.authority.configure(template={"CiscoUC": {"enroll": False}})
    page = Caller(scene).get("certrqxt.asp").text
    options = [value.split(";") for value in re.findall(r'<Option Value="(E;[^"]*)">', page)]

    assert "<Select Name=lbCertTemplate ID=lbCertTemplateID>" in page
    assert [("WebServer", "Web Server", 14)] == [(fields[1], fields[13], len(fields)) for fields in options]


def test_service_behind_is_stopped(scene):
    """When the CA service is down a submission makes no row, says 0x800706ba with 200, and is noted as refused."""
    scene.authority.configure(service_running=False)
    submitted = Caller(scene).submit()
    fetched = Caller(scene).get("certnew.cer?ReqID=32").text

    assert 200 == submitted.status_code
    assert "<P ID=locPageTitle> <B> Error </B>" in submitted.text
    assert "\t\tnewreq <LocID ID=locModeSpacer>-</LocID>" in submitted.text
    assert "The RPC server is unavailable. 0x800706ba" in LAST_STATUS.search(submitted.text)[1]
    assert "0x800706ba" in fetched
    assert [] == scene.authority.requests()
    assert ["submit"] == [entry["kind"] for entry in scene.authority.ledger.entries() if "refused" in entry]


BARE, IN_SEQUENCE = b"\x1e\x12" + "WebServer".encode("utf-16-be"), b"\x30\x0b\x0c\x09WebServer"


def naming(template):
    """A CSR that names a template itself, in the extension of [MS-WCCE] 2.2.2.7.7.1."""
    named = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2"), template)
    builder = x509.CertificateSigningRequestBuilder().subject_name(request_for().subject)
    return pem(builder.add_extension(named, critical=False).sign(KEY, hashes.SHA256()))


@pytest.mark.parametrize("named", [BARE, IN_SEQUENCE])
def test_template_named_in_the_request(scene, named):
    """A template that the CSR names stands for a missing attribute; another one beside it is 0x80094802 (§8)."""
    caller = Caller(scene)
    pages = [caller.submit(template, csr=naming(named)).text for template in ("", "webserver", "CiscoUC")]

    assert ["Certificate Issued", "Certificate Issued", "Certificate Request Denied"] == [
        re.search(r"ID=locPageTitle> <B> (.*) </B>", page)[1] for page in pages
    ]
    assert "0x80094802, The request contains conflicting template information." in pages[2]


@pytest.mark.parametrize(
    "page", ["certcarc.asp", "certnew.cer?ReqID=CACert", "certnew.p7b?ReqID=CACert&Renewal=0", "certcrl.crl?Type=base"]
)
def test_nothing_of_a_stopped_ca(scene, page):
    """When the CA service is down its own certificates cannot be had either: the error page says why (A2C 97)."""
    scene.authority.configure(service_running=False)
    answer = Caller(scene).get(page)

    assert 200 == answer.status_code
    assert "The RPC server is unavailable. 0x800706ba" in LAST_STATUS.search(answer.text)[1]


def test_web_server_is_down(scene):
    """An unreachable web enrollment is no 200 page."""
    scene.authority.configure(reachable=False)

    assert 503 == Caller(scene).get().status_code


INTERNET_EXPLORER = "Mozilla/5.0 (Windows NT 6.3; WOW64; Trident/7.0; rv:11.0) like Gecko"


@pytest.mark.parametrize(
    ("agent", "body_end", "commented"),
    [("curl/8", '">', False), (BROWSER, '">', False), (INTERNET_EXPLORER, ' OnLoad="postLoad();">', True)],
)
def test_pending_page_by_agent(scene, agent, body_end, commented):
    """Internet Explorer's pending page has the id in a commented line of VBScript, the others' a stray quote."""
    page = Caller(scene, agent).submit("CiscoUC").text

    assert f"ALink=#0000FF{body_end}<Font ID=locPageFont" in page
    assert commented == ("' nReqId = 32\r\n" in page)


def test_captured_cookie_is_read(scene):
    """certckpn.asp understands the cookie that was captured from a browser, with date and escaped hyphen."""
    caller = Caller(scene, BROWSER)
    caller.session.headers["Cookie"] = (
        "Requests=%5B339%2C0%2Cyes%2CSaved%2DRequest+Certificate+%2827%2F02%2F2019++09%3A58%3A30%29%5D"
    )
    page = caller.get("certckpn.asp").text

    assert 'Name=ReqID Value="339"' in page
    assert "Saved-Request Certificate (27/02/2019  09:58:30)" in page


def test_template_that_is_not_listed(scene):
    """A template that the form leaves out is accepted by its name all the same (§6 [M])."""
    scene.authority.configure(template={"WebServer": {"listed": False}})
    caller = Caller(scene)

    assert "E;WebServer;" not in caller.get("certrqxt.asp").text
    assert "Certificate Issued" in caller.submit().text
