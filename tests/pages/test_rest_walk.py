"""A certificate is renewed on the simulator with the very calls that working clients send (cucm.md §1.3-§1.6)."""

import pytest

from tests.pages.rest_program import generated, issued, names, said, store
from tests.pages.rest_refusals import SAN
from tests.pages.rest_samples import pem
from tests.pages.terminal import Terminal
from tests.protocols.https_door import hierarchy, signed

CAS = [pem(hierarchy().root.certificate), pem(hierarchy().intermediate.certificate)]
TRUSTED = {"service": ["tomcat"], "certificates": CAS, "description": "Trust Certificate"}


@pytest.fixture
def trusting(program):
    """The node's store holds the CA of these tests: netSSL uploads root and intermediate in one call."""
    program.post("/trust/certificates", TRUSTED)
    return program


def upload(program, *certificates):
    """Install a leaf and what is above it."""
    return program.post(
        "/identity/certificates", {"service": "tomcat", "certificates": [pem(one) for one in certificates]}
    )


def test_simulator_takes_both_cas(program):
    """Root and intermediate go into the store in one call, 200 or 201 with JSON, and stand there (§1.6 [C])."""
    answer = program.post("/trust/certificates", TRUSTED)

    assert answer.status in {200, 201}
    assert isinstance(answer.json, dict)
    assert set(CAS) <= {one["certificate"] for one in store(program)}


@pytest.mark.parametrize("above", [(), (hierarchy().intermediate.certificate, hierarchy().root.certificate)])
def test_simulator_installs_leaf(trusting, above):
    """A leaf, alone or above its chain, is taken with 200 or 201 and JSON; the CSR is used up (§1.5 [C], [D])."""
    request = generated(trusting)
    leaf = signed(request)
    answer = upload(trusting, leaf, *above)
    own = next(one for one in trusting.get("/snapshot/server").json["identities"] if one["service"] == "tomcat")

    assert answer.status in {200, 201}
    assert isinstance(answer.json, dict)
    assert pem(leaf) == own["certificate"]
    assert not own.get("csr")
    assert pem(leaf) in str(trusting.get("/identity/certificate?service=tomcat").json["certificate"])


def test_simulator_refuses_stale_request(trusting):
    """A leaf for a CSR that was overwritten is 500, or 400, with a text where clients look for it (§1.3, §1.5 [C])."""
    stale = signed(generated(trusting))
    generated(trusting)
    answer = upload(trusting, stale)

    assert (answer.status, answer.reason) in {(500, ""), (400, "")}
    assert "" != said(answer)


@pytest.mark.parametrize("change", [{"www.example.com"}, {"alias.example.com"}], ids=["one more", "one less"])
def test_simulator_compares_names(trusting, change):
    """A leaf with a name more or less than the CSR has is refused, in the words of the pages (§1.7, §4.8 [D])."""
    request = generated(trusting)
    answer = upload(trusting, issued(request, hierarchy().intermediate, names(request) ^ change))

    assert (answer.status, answer.reason) in {(400, ""), (500, "")}
    assert SAN.lower() in said(answer).lower()


def test_simulator_misses_request(trusting):
    """Once a CSR is used up the same leaf is refused (§1.5: CUCM consumes the CSR; §4.8 [D])."""
    leaf = signed(generated(trusting))
    statuses = [upload(trusting, leaf).status for _ in range(2)]

    assert statuses in ([200, 400], [200, 500], [201, 400], [201, 500])


def test_command_line_shows_the_same(borrowed, trusting):
    """Request and certificate of the API are those of the command line: lists, forms and descriptions of §2.4."""
    account = borrowed.scene["accounts"]["platform"]
    request = generated(trusting)
    terminal = Terminal(trusting.node, account["user"], account["password"]).shell()
    terminal.until()
    terminal.ask("set cli pagination off")
    requests = terminal.ask("show csr list own")
    shown = [terminal.ask(form) for form in ("show csr own tomcat", "show csr own tomcat/tomcat.csr")]
    upload(trusting, signed(request))
    listed = terminal.ask("show cert list own")
    terminal.close()

    assert "\r\ntomcat/tomcat.csr\r\n" in requests
    assert all(pem(request).replace("\n", "\r\n") in answer for answer in shown)
    assert "\r\ntomcat/tomcat.pem: Certificate Signed by Example Issuing CA\r\n" in listed
