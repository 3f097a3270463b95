"""In real Chromium: the procedure by hand, S6-S18, judged by the ledger; who may only look; what other sites can do."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import chromium
from tests.browser.people import Administrator, Officer, Requester
from tests.conftest import until
from tests.simulator.walk import Rest, names, submit
from ucrenew.simulator import identity
from ucrenew.simulator.https import WebServer, tls_context

NODES = ["cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com"]


@pytest.fixture(scope="module")
def downloads(tmp_path_factory) -> Path:
    """Where the browser saves files."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def browser(standing, downloads):
    """One browser for all of these tests: a start takes seconds."""
    with chromium.running(downloads, standing.scene) as running:
        yield running


@pytest.fixture
def somebody(browser, borrowed, downloads):
    """A person of that trade at the browser, which knows nobody yet."""
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    return lambda trade: trade(browser, borrowed.scene, downloads / "downloads")


def generate(administrator: Administrator) -> list[str]:
    """Generate CSR for tomcat, on all nodes; what the page says."""
    administrator.press("Generate CSR")
    administrator.choose("Certificate Purpose*", "tomcat")
    administrator.choose("Distribution*", "Multi-server(SAN)")
    assert NODES == administrator.value("Auto-populated Domains").split()
    assert "2048" == administrator.value("Key Length*")
    assert "SHA256" == administrator.value("Hash Algorithm*")
    administrator.press("Generate")
    told = administrator.statuses()
    administrator.press("Close")
    return told


def test_procedure_by_hand_in_a_browser(somebody, borrowed, tmp_path):
    """A person renews up to the restart with the pages' own labels, and the ledger has exactly what the procedure says.

    Generate, download, submit, see it pend, have it issued by the officer, fetch, upload root, intermediate and leaf.
    """
    administrator, requester, officer = map(somebody, (Administrator, Requester, Officer))
    administrator.log_in("person")
    generated = generate(administrator)
    listed = [row[:3] for row in administrator.rows("tomcat")]
    administrator.press("Download CSR")
    administrator.press("Download CSR")
    csr = administrator.downloaded("tomcat.csr").decode()

    requester.submit(csr)
    pends = requester.shown()
    number = borrowed.control.get("/requests")[-1]["id"]
    officer.issue(number)
    requester.look_at_pending()
    requester.on("//*[@id='rbB64Enc']", WebElement.click)
    requester.follow("Download certificate")
    leaf = tmp_path / "tomcat.cer"
    leaf.write_bytes(requester.downloaded("certnew.cer"))
    root, intermediate = split(requester.chain_of_the_ca(), tmp_path)

    administrator.come_back()
    told = [
        administrator.upload(purpose, file)
        for purpose, file in (("tomcat-trust", root), ("tomcat-trust", intermediate), ("tomcat", leaf))
    ]
    after = [[row[2], row[4], row[5]] for row in administrator.rows("tomcat")]

    every = ",".join(NODES)
    assert [
        "Success: Certificate Signing Request Generated",
        f"CSR export operation successful on the nodes [{', '.join(NODES)}].",
    ] == generated
    assert sorted(listed) == [["tomcat", "cs-ccm-pub-ms.example.com", "CSR Only"], ["tomcat", NODES[0], "Self-signed"]]
    assert f"Your Request Id is {number}." in pends
    assert [["Success: Certificate Uploaded"]] * 2 == told[:2]
    assert [
        f"Certificate upload operation successful for the nodes {every}.",
        f'Restart Cisco Tomcat Service for the nodes {every} using the CLI "utils service restart Cisco Tomcat".',
    ] == told[2]
    assert [["CA-signed", "Multi-server(SAN)", borrowed.scene["ca"]["name"]]] == after
    entries = borrowed.control.ledger()
    assert ["csr", "submit", "trust-upload", "trust-upload", "leaf-upload"] == [one["kind"] for one in entries]
    assert {"osperson"} == {one["from"] for one in entries}
    assert [] == [one for one in entries if "refused" in one]
    assert {*NODES, "example.com"} <= set(names(x509.load_pem_x509_certificate(leaf.read_bytes())))


def split(chain: bytes, folder: Path) -> tuple[Path, Path]:
    """Root and intermediate of a chain file as files of their own, as a person gets them with openssl."""
    body = b"".join(line for line in chain.splitlines() if not line.startswith(b"-----"))
    found = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
    files = folder / "root.cer", folder / "intermediate.cer"
    for file, one in zip(files, sorted(found, key=lambda one: one.issuer != one.subject), strict=True):
        file.write_bytes(one.public_bytes(Encoding.PEM))
    return files


def test_reader_in_a_browser(somebody, borrowed):
    """An account that may only look sees the list, and every button that changes something is dead."""
    reader = somebody(Administrator)
    reader.log_in("reader")
    before = borrowed.control.state()

    assert ["TVS"] == [row[0] for row in reader.rows("TVS")]
    for words in ("Generate CSR", "Upload Certificate/Certificate chain"):
        assert not reader.find(f"//button[normalize-space()='{words}']").is_enabled()
    reader.browser.get(reader.browser.current_url.replace("FindList", "GenerateCSR"))
    assert not reader.find("//button[normalize-space()='Generate']").is_enabled()
    assert before == borrowed.control.state()
    assert [] == borrowed.control.ledger()


def test_management_page_is_live(somebody, borrowed):
    """What happens shows on the open page by itself, and what its reader has opened stays open."""
    officer = somebody(Officer)
    officer.browser.get(borrowed.scene["control"] + "/")
    officer.on("//details[@id]/summary", WebElement.click)
    submit(borrowed, Rest(borrowed).csr().json["csr"], borrowed.scene["accounts"]["ca"])
    number = borrowed.control.get("/requests")[-1]["id"]

    assert officer.find(f"//table[@id='requests']//td[normalize-space()='{number}']")
    assert officer.find("//details[@id and @open]")


@pytest.mark.parametrize("path", ["/page/requests/{}/issue", "/requests/{}/issue"])
def test_other_site_clicks_nothing(somebody, borrowed, path):
    """A page of another site that posts to the management page or its API is refused, and the request still pends."""
    submit(borrowed, Rest(borrowed).csr().json["csr"], borrowed.scene["accounts"]["ca"])
    number = borrowed.control.get("/requests")[-1]["id"]
    visitor = somebody(Officer)
    with evil_site(borrowed.scene["control"] + path.format(number)) as address:
        visitor.browser.get(address)
        until(lambda: "another site" in visitor.shown())

    assert visitor.browser.current_url == borrowed.scene["control"] + path.format(number)
    assert "pending" == borrowed.control.get("/requests")[-1]["status"]


def test_browser_trusts_the_scene_only(somebody):
    """A server whose certificate is not one of the scene's is not shown: no check is off in these tests."""
    visitor = somebody(Officer)
    key = identity.new_key(elliptic=True)
    stranger = identity.self_signed("stranger.example.com", key, datetime.now(UTC))
    pair = (identity.pem(stranger.certificate).encode(), stranger.key_pem())
    server = WebServer(lambda *_: [b""], context=tls_context(pair))
    server.open()
    try:
        visitor.browser.get(f"https://stranger.example.com:{server.ports[0].number}/")
        title = visitor.browser.title
    finally:
        server.release()

    assert "Privacy error" == title


@contextmanager
def evil_site(target: str) -> Iterator[str]:
    """The address of a page that posts a form to somebody else as soon as it is looked at."""
    page = f'<form method="post" action="{target}"></form><script>document.forms[0].submit()</script>'

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_):
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://{chromium.EVIL}:{server.server_port}/"
        server.shutdown()
