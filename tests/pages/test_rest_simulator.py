"""The simulator's certificate API answers in the shapes of cucm.md §1, asked as others' programs ask."""

import json

import pytest
from cryptography import x509

from tests.pages.rest_program import Program, generated, here, issued, names, said, store
from tests.pages.rest_refusals import CA_MISSING
from tests.pages.rest_samples import BASE, BODY, MINIMAL, SNAPSHOTS
from tests.pages.rest_samples import pem as pem_of
from tests.pages.sample import lacking
from tests.pages.terminal import call, plainly
from tests.protocols.https_door import make

READS = (
    "/snapshot/server",
    "/csr?service=tomcat",
    "/identity/certificate?service=tomcat",
    "/trust/certificate?service=tomcat",
)
WRITES = ("/csr", "/identity/certificates", "/trust/certificates")
# netSSL sends the first, getcert with python-requests the second (§1.1).
ACCEPTS = ("application/json", "*/*")


READINGS = [
    (row, reading)
    for row, reading in zip(
        SNAPSHOTS[:4],
        (
            {},
            {"trust_service_form": "tomcat-trust"},
            {"trust_list_key": "certificates"},
            {"trust_service_form": "tomcat-trust", "trust_list_key": "certificates"},
        ),
        strict=True,
    )
]


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize(("row", "reading"), READINGS, ids=[row.sample.name for row, _ in READINGS])
def test_simulator_shows_snapshot(borrowed, program, row, reading, accept):
    """The snapshot has every key of the page's, in each of its readings, and exactly one identity a service."""
    borrowed.control.patch("/state", {"cluster": reading})
    sample = json.loads(row.sample.text)
    del sample["identities"][0]["csr"]
    answer = program.get("/snapshot/server", Accept=accept, X_Request_ID="4711")
    services = [one["service"] for one in answer.json["identities"]]

    assert 200 == answer.status
    assert [] == lacking(sample, answer.json)
    assert sample["trusts"][0]["service"] in {one["service"] for one in answer.json["trusts"]}
    assert 1 == services.count("tomcat")
    assert len(services) == len(set(services))


def test_simulator_shows_bare_array(borrowed, program):
    """One working client tolerates a snapshot that is the bare list of identities (§1.4 [C]): a reading gives it."""
    borrowed.control.patch("/state", {"cluster": {"snapshot_form": "array"}})

    assert [] == lacking([{"service": "tomcat", "certificate": "-----BEGIN"}], program.get("/snapshot/server").json)


@pytest.mark.parametrize("path", READS)
def test_simulator_wants_login(program, path):
    """Every path wants Basic credentials of an OS account (§1.1, §1.2): 401 without, 401 with wrong ones."""
    port, user = program.node["https_port"], program.login[0]
    refused = [call(port, "GET", BASE + path), call(port, "GET", BASE + path, login=(user, "wrong"))]

    assert [401, 401] == [answer.status for answer in refused]
    assert all("CMPlatform Realm" in answer.headers["WWW-Authenticate"] for answer in refused)


def test_simulator_knows_no_application_user(borrowed, program):
    """An application user is none of the OS accounts (§1.1 [D])."""
    account = borrowed.scene["people"]["application"]

    assert 401 == Program(program.node, account).get("/snapshot/server").status


@pytest.mark.parametrize("path", WRITES)
def test_simulator_lets_reader_read(borrowed, program, path):
    """Privilege 0 reads and does not write (§1.1 [D]); 401 or 403, which of them is not known [I]."""
    reader = Program(program.node, borrowed.scene["people"]["reader"])

    assert 200 == reader.get("/snapshot/server").status
    assert reader.post(path, here(program)).status in {401, 403}


@pytest.mark.parametrize("port", ["https_port", "tomcat_port"])
def test_simulator_serves_both_ports(program, port):
    """443 and 8443 go to the same Tomcat (§1.1)."""
    answer = call(program.node[port], "GET", BASE + "/snapshot/server", login=program.login)

    assert (200, program.node["name"]) == (answer.status, answer.json["server"])


def test_simulator_redirects_plain_http(program):
    """A request without TLS is redirected for good: 301 (§1.1 [D]); on which port is not said."""
    port = program.node.get("http_port", program.node["https_port"])
    answer = plainly(port, BASE + "/snapshot/server")

    assert answer.startswith("HTTP/1.1 301")
    assert "\r\nlocation: https://" in answer.lower()


@pytest.mark.parametrize("body", [BODY, MINIMAL], ids=["full", "minimal"])
def test_simulator_generates_request(program, body):
    """Both bodies that working clients sent give a CSR with 200, an alternative name in it, and it can be read back."""
    answer = program.post("/csr", here(program, body), Accept="*/*")
    request = x509.load_pem_x509_csr(answer.json["csr"].encode())

    assert 200 == answer.status
    assert [] == lacking({"trackingId": "...", "csr": "-----BEGIN"}, answer.json)
    assert {*body.get("altNames", ()), program.node["name"]} <= names(request)
    assert (2048, "sha256") == (request.public_key().key_size, request.signature_hash_algorithm.name)
    assert answer.json["csr"] == program.get("/csr?service=tomcat").json["csr"]


def test_simulator_overwrites_request(program):
    """A new CSR takes the place of the one before without a word (§1.3 [T])."""
    before, after = generated(program), generated(program)

    assert before != after
    assert pem_of(after) == program.get("/csr?service=tomcat").json["csr"]


def test_simulator_makes_shared_request(borrowed):
    """On the publisher `multi-server` gives the names of every node (§1.3 [I], §2.4 [T])."""
    program = Program(borrowed.node("cs-ccm-pub"), borrowed.scene["accounts"]["platform"])
    answer = program.post("/csr", BODY | {"distribution": "multi-server", "commonName": "cs-ccm-pub-ms.example.com"})

    assert {node["name"] for node in borrowed.scene["nodes"]} <= names(
        x509.load_pem_x509_csr(answer.json["csr"].encode())
    )


def test_simulator_refuses_unknown_issuer(program):
    """Without its CA in the store a leaf is 400, with an empty reason phrase and a text (§1.1, §1.5 [T])."""
    request = generated(program)
    leaf = issued(request, make("Nobody's CA", ca=True), names(request))
    answer = program.post("/identity/certificates", {"service": "tomcat", "certificates": [pem_of(leaf)]})

    assert (400, "") == (answer.status, answer.reason)
    assert CA_MISSING.lower() in said(answer).lower()


@pytest.mark.parametrize("form", ["array", "object"])
def test_simulator_shows_store(borrowed, program, form):
    """A trust store is a bare array, or an object with `certificates`; each element has `certificate` (§1.2 [C])."""
    borrowed.control.patch("/state", {"cluster": {"trust_reply_form": form}})
    told = program.get("/trust/certificate?service=tomcat").json

    assert (list if form == "array" else dict) is type(told)
    assert [] == lacking([{"certificate": "-----BEGIN"}], store(program))
