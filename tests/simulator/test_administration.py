"""The administration pages, S6-S18 by hand: labels and success texts of the seed, refusals of cucm.md §4.8."""

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.simulator.by_hand import MULTI_SERVER, REQUEST, Person, said, text
from tests.simulator.walk import TestCa, names, pem

PUBLISHER = "cs-ccm-pub.example.com"
NODES = [PUBLISHER, "cs-ccm-sub.example.com", "cs-imp.example.com"]
UPLOADED = f"Certificate upload operation successful for the nodes {','.join(NODES)}."
RESTART = (
    f'Restart Cisco Tomcat Service for the nodes {",".join(NODES)} using the CLI "utils service restart Cisco Tomcat".'
)
OVERWRITES = (
    "Warning: Generating a new CSR for a specific certificate type will overwrite the existing CSR for that type"
)


def download(person: Person) -> x509.CertificateSigningRequest:
    """The file that the button Download CSR gives."""
    return x509.load_pem_x509_csr(person.post("certificateDownloadCSR.do", {"purpose": "tomcat"}).data)


def test_pages_demand_login(borrowed):
    """Without a session every page leads to the login, and no form does anything."""
    person = Person(borrowed, password="wrong")
    shown = person.get("certificateFindList.do?find=Find")
    posted = person.post("certificateGenerateCSR.do", REQUEST)

    assert ["Log on failed - Invalid User ID or Password"] == said(person.after_login)
    for reply in (shown, posted):
        assert (303, "/cmplatform/login.do") == (reply.status, reply.headers["Location"])
    assert [("login-refused", "osperson")] == [(one["kind"], one["from"]) for one in borrowed.control.ledger()]


def test_page_application_user(borrowed):
    """An application user is nobody at the operating system's pages (cucm.md §1.1)."""
    assert "Set-Cookie" not in Person(borrowed, "application").after_login.headers


def test_page_session_cookie(borrowed):
    """One cookie, for this page alone: no script reads it, no other site's form carries it."""
    cookie = Person(borrowed).after_login.headers["Set-Cookie"]

    assert {"Secure", "HttpOnly", "Path=/cmplatform", "SameSite=Lax"} <= set(cookie.split("; "))


def test_page_fills_in_domains(standing):
    """Multi-server fills in every node, the parent domain and the -ms name; for CallManager CUCM nodes only (S8)."""
    person = Person(standing)
    tomcat = text(person.get("certificateGenerateCSR.do?purpose=tomcat&distribution=Multi-server(SAN)"))
    callmanager = text(person.get("certificateGenerateCSR.do?purpose=CallManager&distribution=Multi-server(SAN)"))
    single = text(person.get("certificateGenerateCSR.do?purpose=tomcat"))

    domains = [re.search(r"readonly>(.*?)</textarea>", page, re.DOTALL)[1].split() for page in (tomcat, callmanager)]
    assert [NODES, NODES[:2]] == domains
    assert 'value="cs-ccm-pub-ms.example.com"' in tomcat
    assert 'id="parent" size="48" value="example.com"' in tomcat
    assert f'value="{PUBLISHER}"' in single
    assert "Auto-populated Domains" not in single
    assert [OVERWRITES] == said(person.get("certificateGenerateCSR.do"))


def test_page_generates_request(borrowed):
    """Generate says where the CSR is and keeps what was typed; two rows are listed, the file names all (S9-S11)."""
    person = Person(borrowed)
    page = person.post("certificateGenerateCSR.do", {**REQUEST, "other_domains": "www.example.com"})
    rows = [row[:6] for row in person.rows("tomcat") if row[0] == "tomcat"]
    csr = download(person)

    assert [
        "Success: Certificate Signing Request Generated",
        f"CSR export operation successful on the nodes [{', '.join(NODES)}].",
    ] == said(page)
    assert ">www.example.com</textarea>" in text(page)
    assert ["tomcat", "cs-ccm-pub-ms.example.com", "CSR Only", "RSA", MULTI_SERVER, "--"] in rows
    assert 2 == len(rows)
    assert {*NODES, "example.com", "www.example.com"} <= set(names(csr))
    assert [("csr", "osperson", PUBLISHER)] == [
        (one["kind"], one["from"], one["node"]) for one in borrowed.control.ledger()
    ]


def test_page_download_without_request(borrowed):
    """Without a CSR there is nothing to choose and nothing to download (S11)."""
    person = Person(borrowed, host="cs-imp")
    told = said(person.post("certificateDownloadCSR.do", {"purpose": "cup-xmpp"}))

    assert "Certificate names not listed below do not have a corresponding CSR" == told[0]
    assert "There is no CSR to download" == told[1]


@pytest.mark.parametrize("form", ["pem", "der", "p7b", "certsrv"])
def test_page_takes_chain_files(borrowed, form):
    """Root and intermediate go into tomcat-trust as files of every form, and the leaf for tomcat (S15-S18)."""
    person, ca = Person(borrowed), TestCa()
    person.post("certificateGenerateCSR.do", REQUEST)
    leaf = ca.sign(download(person))
    chain = [ca.root, ca.intermediate]
    p7b = pkcs7.serialize_certificates(chain, Encoding.DER)
    files = {
        "pem": [pem(one).encode() for one in chain],
        "der": [one.public_bytes(Encoding.DER) for one in chain],
        "p7b": [p7b],
        "certsrv": [pkcs7.serialize_certificates(chain, Encoding.PEM).replace(b"PKCS7", b"CERTIFICATE")],
    }[form]
    trusted = [person.upload("tomcat-trust", "ca.file", content) for content in files]
    installed = person.upload("tomcat", "tomcat.pem", pem(leaf).encode())

    assert [["Success: Certificate Uploaded"]] * len(files) == trusted
    assert [UPLOADED, RESTART] == installed
    rows = [row for row in person.rows("tomcat") if row[0] == "tomcat"]
    assert [["CA-signed", MULTI_SERVER, f"Issuing {ca.name}"]] == [[row[2], row[4], row[5]] for row in rows]
    assert ["csr", "trust-upload", "trust-upload", "leaf-upload"] == borrowed.control.kinds()
    assert {"osperson"} == {one["from"] for one in borrowed.control.ledger()}


def test_page_refusals(borrowed):
    """What the platform refuses is said in its own words, and is in the ledger as refused (cucm.md §4.8)."""
    person, ca = Person(borrowed), TestCa()
    person.post("certificateGenerateCSR.do", REQUEST)
    leaf = ca.sign(download(person))
    orphan = person.upload("tomcat", "leaf.pem", pem(leaf).encode())
    unreadable = person.upload("tomcat-trust", "letter.txt", b"Dear Sir or Madam")
    nameless = said(person.post("certificateUpload.do", {"purpose": "tomcat"}))
    nonsense = said(person.post("certificateGenerateCSR.do", {**REQUEST, "hash": "MD5"}))

    assert ["CA Certificate is not available in the trust-store"] == orphan
    assert ["The certificate could not be read"] == unreadable
    assert ["No file selected."] == nameless
    assert ["Invalid hashAlgorithm md5"] == nonsense
    refused = [(one["kind"], "refused" in one) for one in borrowed.control.ledger()]
    assert [("csr", False), ("leaf-upload", True), ("trust-upload", True), ("csr", True)] == refused


def test_page_reader_changes_nothing(borrowed):
    """An account of privilege 0 sees the list, its buttons are dead, and what it posts all the same is refused."""
    reader = Person(borrowed, "reader")
    before = borrowed.control.state()
    page = text(reader.get("certificateGenerateCSR.do"))
    generated = said(reader.post("certificateGenerateCSR.do", REQUEST))
    trusted = reader.upload("tomcat-trust", "root.pem", pem(TestCa().root).encode())

    assert any("tomcat" == row[0] for row in reader.rows())
    assert '<button id="generate" disabled>' in page
    assert [["The account has no privilege to change anything"]] * 2 == [generated, trusted]
    assert before == borrowed.control.state()
    assert [("csr", "osreader", True), ("trust-upload", "osreader", True)] == [
        (one["kind"], one["from"], "refused" in one) for one in borrowed.control.ledger()
    ]


def test_page_refuses_other_sites(borrowed):
    """A form that another site's page sends with the person's cookie does nothing."""
    person = Person(borrowed)
    forged = person.post("certificateGenerateCSR.do", REQUEST, origin="https://evil.example.net")

    assert 403 == forged.status
    assert [] == borrowed.control.ledger()


def test_page_details(standing):
    """A click on a row shows its names and its PEM."""
    person = Person(standing)
    listed = text(person.get("certificateFindList.do?text=TVS&how=is+exactly&find=Find"))
    page = text(person.get(re.search(r"certificateDetails\.do\?number=\w+", listed)[0]))

    shown = x509.load_pem_x509_certificate(re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)[1].encode())
    assert ", ".join(names(shown)) in page


def test_page_asks_again_after_restart(simulator):
    """Sessions end with Tomcat ([I]): after its restart the page wants the name again."""
    person = Person(simulator)
    inside = person.get("")
    for state in ("STOPPED", "STARTED"):
        simulator.control.post(f"/nodes/{PUBLISHER}", {"services": {"Cisco Tomcat": state}})

    assert [200, 303] == [inside.status, person.get("").status]
