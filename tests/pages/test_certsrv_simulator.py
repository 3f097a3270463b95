"""The simulator's web enrollment answers others' programs with the pages that real servers gave (certsrv.md)."""

import re

import pytest
from cryptography import x509

from tests.pages import certsrv_samples as samples
from tests.pages.certsrv_programs import BROWSER, CURL, EXPLORER, PROGRAMS, REQUEST, REQUEST_PEM, TEMPLATE, number
from tests.pages.terminal import call


def lacks(answer, row, renamed=("", "")):
    """The captured fragments that a page does not have; CRLF and all."""
    fragments = [fragment.replace(*renamed).replace("\n", "\r\n") for fragment in row.fragments]
    return [fragment for fragment in fragments if not row.sample.shape(fragment).search(answer.text)]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"§2 {program.name}")
def test_simulator_serves_program(ca, program):
    """Every working program's form is taken, and the program finds its request and fetches the certificate."""
    ca.agent = program.agent
    found = number(ca.submit(REQUEST_PEM, TEMPLATE, program), program.key)
    leaf = x509.load_pem_x509_certificate(ca.get(f"certnew.cer?ReqID={found}&Enc=b64").body)

    assert REQUEST.public_key() == leaf.public_key()


@pytest.mark.parametrize("agent", [BROWSER, CURL], ids=["browser", "curl"])
def test_simulator_issues_in_shape(ca, agent):
    """The issued page has links for a program and a script for a browser, as captured, in the common frame (§3)."""
    ca.agent = agent
    answer = ca.submit(REQUEST_PEM, TEMPLATE)
    other = "getEncoding" if agent == CURL else '&amp;Enc=b64"><LocID ID=locDownloadCert'

    assert 200 == answer.status
    assert "text/html" == answer.headers["Content-Type"]
    assert f"<Title>{samples.TITLE}</Title>" in answer.text
    assert "ID=locMSCertSrv" in answer.text
    assert "\n" not in answer.text.replace("\r\n", "")
    assert samples.ISSUED_TEXT in answer.text
    assert other not in answer.text
    assert "<P ID=locPageTitle> <B> Certificate Issued </B>" in answer.text


def test_simulator_pairs_links(ca):
    """Each pair of links stands on one line with its text, which line-wise programs rely on (§3.2 [H])."""
    ca.agent = CURL
    answer = ca.submit(REQUEST_PEM, TEMPLATE)
    lines = [line for line in answer.text.split("\r\n") if "certnew.cer?ReqID=" in line and "CACert" not in line]

    assert 1 == len(lines)
    assert re.search(
        r'<A Href="certnew.cer\?ReqID=\d+&amp;Enc=bin">.*<A Href="certnew.cer\?ReqID=\d+&amp;Enc=b64">', lines[0]
    )
    assert "<LocID ID=locDownloadCert1>" in lines[0]


def test_simulator_keeps_waiting_in_shape(approving):
    """The pending page is the captured one, to the line break (§3.1 [H])."""
    _, answer = approving

    assert [] == lacks(answer, samples.PENDING)


def test_simulator_comments_for_explorer(borrowed, ca):
    """For Internet Explorer the pending page carries the number in a commented line (§3.2 [M])."""
    borrowed.control.post("/ca", {"template": {TEMPLATE: {"approval": True}}})
    ca.agent = EXPLORER
    answer = ca.submit(REQUEST_PEM, TEMPLATE)

    assert re.search(r"' nReqId = \d+", answer.text)


def test_simulator_denies_in_shape(ca):
    """The denied page names an id too, and its message has two blanks and ends in CRLF (§3.1, traps 1 and 2 [H])."""
    answer = ca.submit(REQUEST_PEM, "NoSuchTemplate")

    assert [] == lacks(answer, samples.DENIED, ("WebServer", "NoSuchTemplate"))
    assert answer.text.index("ID=locDenied") < answer.text.index("Your Request Id is")


def test_simulator_reads_plus_as_blank(ca):
    """A `+` that was not escaped arrives as a blank, and the CA cannot parse the request (§2, §8 [H])."""
    form = {"Mode": "newreq", "CertRequest": REQUEST_PEM, "CertAttrib": f"CertificateTemplate:{TEMPLATE}"}
    answer = ca.post(form, unescaped="+")

    assert "ID=locDenied" in answer.text
    assert "Error Parsing Request" in answer.text
    assert "0x8009310b" in answer.text.lower()


def test_simulator_counts_every_post(ca):
    """Each submission is a request of its own, denied ones too (§2 [H])."""
    first = number(ca.submit(REQUEST_PEM, TEMPLATE))
    denied = re.search(r"Your Request Id is (\d+)", ca.submit(REQUEST_PEM, "NoSuchTemplate").text)[1]
    last = number(ca.submit(REQUEST_PEM, TEMPLATE))

    assert [first + 1, first + 2] == [int(denied), last]


def test_simulator_counts_generations(borrowed, ca):
    """`nRenewals` counts; `Renewal=n` and `-1` are the newest, `0` the oldest; options name the CA (§6)."""
    borrowed.control.post("/ca", {"renewals": 2})
    page = ca.get("certcarc.asp").text
    generations = [ca.get(f"certnew.cer?ReqID=CACert&Renewal={which}&Enc=b64").body for which in ("0", "2", "-1")]

    assert "2" == re.search(r"var nRenewals=(\d+);", page)[1]
    assert 3 == len(re.findall("<Option", page))
    assert re.search(rf'<Option Value="0" Selected>.*Current.*\[{re.escape(borrowed.scene["ca"]["name"])}', page)
    assert generations[1] == generations[2] != generations[0]


def test_simulator_lists_templates(ca):
    """The form to submit lists templates with fourteen fields, the second of them the short name (§1, §6 [H])."""
    page = ca.get("certrqxt.asp").text
    options = [value.split(";") for value in re.findall(r'<Option Value="(E;[^"]*)">', page)]

    assert "<Select Name=lbCertTemplate ID=lbCertTemplateID>" in page
    assert TEMPLATE in {fields[1] for fields in options}
    assert {14} == {len(fields) for fields in options}


def test_simulator_refuses_login(ca):
    """Without credentials, and with wrong ones: 401, the schemes in the header, the known sentence in the body (§7)."""
    refused = [call(ca.port, "GET", "/certsrv/", login=login) for login in (None, (ca.login[0], "wrong"))]

    assert [401, 401] == [answer.status for answer in refused]
    assert all(answer.headers.get_all("WWW-Authenticate") for answer in refused)
    assert all("401 - Unauthorized: Access is denied due to invalid credentials." in answer.text for answer in refused)


def test_simulator_knows_no_case(ca):
    """IIS paths know no case, `/certsrv` leads to `/certsrv/`, and the server names itself (§1, §7)."""
    welcome = ca.get("")
    elsewhere = call(ca.port, "GET", "/CertSrv/Default.ASP", login=ca.login)
    bare = call(ca.port, "GET", "/certsrv", login=ca.login)

    assert [200, 200] == [welcome.status, elsewhere.status]
    assert (True, True) == (300 < bare.status < 309, bare.headers["Location"].endswith("/certsrv/"))
    assert "Microsoft-IIS/10.0" == welcome.headers["Server"]
