"""What programs that others wrote expect of a node, each in its own terms, as cucm.md has them under their keys.

They are walked from the page alone; of none of them is there a line here. Their names are the page's.
"""

import re
import ssl
from collections.abc import Iterator

import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from tests.conftest import until
from tests.simulator.soap import asked, envelope, post
from tests.simulator.walk import BASE, PROMPT, Shell, TestCa, login, pem

PUBLISHER = "cs-ccm-pub.example.com"
UNICON_PAGING = r"\x1b\[1m\r\noptions: q=quit, n=next, p=prev, b=begin, e=end \(lines \d+ - (\d+) of (\d+)\) : \x1b\[0m"
UNICON_PROMPT = r"^(.*?)([\r\n]|\x1b\[K)admin:\s*"
NETSSL_CSR = {
    "service": "tomcat", "distribution": "this-server", "commonName": PUBLISHER, "keyType": "rsa", "keyLength": 2048,
    "hashAlgorithm": "sha256", "altNames": ["alias.example.com"],
}  # fmt: skip
GETCERT_CSR = {"service": "tomcat", "distribution": "this-server", "commonName": PUBLISHER}


class ByName(HTTPAdapter):
    """These clients go to a node by its name; here the name has another address and port."""

    def init_poolmanager(self, *arguments, **options):  # noqa: D102 - the library's
        super().init_poolmanager(*arguments, **options, assert_hostname=PUBLISHER, server_hostname=PUBLISHER)


@pytest.fixture
def api(borrowed, tmp_path) -> Iterator[requests.Session]:
    """A session of requests with the platform account; `api.base` is where the API is."""
    node, account = borrowed.node("cs-ccm-pub"), borrowed.scene["accounts"]["platform"]
    pinned = tmp_path / "node.pem"
    pinned.write_text(ssl.get_server_certificate((node["address"], node["https_port"])))
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", ByName())
        session.auth = (account["user"], account["password"])
        session.verify = str(pinned)
        session.base = f"https://{node['address']}:{node['https_port']}{BASE}"
        yield session


@pytest.fixture
def shell(borrowed) -> Iterator[Shell]:
    opened = Shell(borrowed)
    yield opened
    opened.close()


def request_of(text: str) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(text.encode())


# --- netSSL: REST, and Tomcat by a shell


@pytest.mark.parametrize("readings", [{}, {"trust_reply_form": "object", "upload_status": 201}], ids=["", "other"])
def test_netssl_renews(borrowed, api, readings):
    """It takes 200 for a CSR only, compares trust in either shape, uploads both CA certificates in a call, then all."""
    borrowed.control.post("/cluster", readings)
    ca = TestCa()
    made = api.post(f"{api.base}/csr", json=NETSSL_CSR)
    leaf = ca.sign(request_of(made.json()["csr"]))
    response = api.get(f"{api.base}/trust/certificate?service=tomcat").json()
    present = [one["certificate"] for one in (response if isinstance(response, list) else response["certificates"])]
    issuers = [pem(one) for one in (ca.root, ca.intermediate) if pem(one) not in present]
    trust = {"service": ["tomcat"], "certificates": issuers, "description": "Trust Certificate"}
    identity = {"service": "tomcat", "certificates": [pem(leaf), pem(ca.intermediate), pem(ca.root)]}

    assert 200 == made.status_code
    assert 2 == len(issuers)
    assert api.post(f"{api.base}/trust/certificates", json=trust).status_code in {200, 201}
    assert api.post(f"{api.base}/identity/certificates", json=identity).status_code in {200, 201}


@pytest.mark.parametrize("keys", ["both", "messages", "message", "error"])
def test_netssl_reads_errors(borrowed, api, keys):
    """It finds the text of a refusal under `message`, then `error`, then first of `messages`; a stale CSR is 500."""
    borrowed.control.post("/cluster", {"error_keys": keys})
    ca = TestCa()
    stale = ca.sign(request_of(api.post(f"{api.base}/csr", json=NETSSL_CSR).json()["csr"]))
    api.post(f"{api.base}/csr", json=NETSSL_CSR)
    refused = api.post(f"{api.base}/identity/certificates", json={"service": "tomcat", "certificates": [pem(stale)]})
    told = refused.json()

    assert 500 == refused.status_code
    assert "CSR public key and Certificate public key do not match" == (
        told.get("message") or told.get("error") or told["messages"][0]
    )


@pytest.mark.parametrize("forgets", [False, True])
def test_netssl_restarts_tomcat(borrowed, forgets):
    """It nudges the prompt after Welcome, restarts Tomcat, and believes the list where no [STARTED] came."""
    borrowed.control.post("/cluster", {"restart_forgets_started": forgets})
    # Where nothing was installed: what the publisher serves has to stay as it is pinned.
    shell = Shell(borrowed, "cs-ccm-sub")
    shell.read_to("Welcome")
    shell.channel.sendall("\r\n")
    shell.read_to(PROMPT)
    shell.channel.sendall("utils service restart Cisco Tomcat\r\n")
    shell.read_to("Service Manager is running")
    seen = shell.read_to(PROMPT)

    def is_listed() -> bool:
        shell.channel.sendall("set cli pagination off\r\n")
        shell.read_to("turned off")
        shell.channel.sendall("utils service list\r\n")
        return "Cisco Tomcat[STARTED]" in shell.read_to("Primary Node")

    assert until(is_listed)
    shell.close()
    assert not re.search(r"\[FAILED\]|ERROR", seen)
    assert forgets != ("[STARTED]" in seen)


# --- getcert: REST, and before 14 the command line


def test_getcert_phrase(api):
    """What its README shows: a leaf without its CA is a 400 whose phrase is empty."""
    leaf = TestCa().sign(request_of(api.post(f"{api.base}/csr", json=GETCERT_CSR).json()["csr"]))
    body = {"service": "tomcat", "certificates": [pem(leaf)]}
    with pytest.raises(requests.HTTPError, match=r"^400 Client Error:  for url: https://"):
        api.post(f"{api.base}/identity/certificates", json=body).raise_for_status()


def test_getcert_leaf_alone(api):
    """With the CA in the store the leaf alone is enough, and the request is gone afterwards."""
    ca = TestCa()
    leaf = ca.sign(request_of(api.post(f"{api.base}/csr", json=GETCERT_CSR).json()["csr"]))
    body = {"service": ["tomcat"], "certificates": [pem(ca.root), pem(ca.intermediate)], "description": "x"}
    api.post(f"{api.base}/trust/certificates", json=body).raise_for_status()
    api.post(f"{api.base}/identity/certificates", json={"service": "tomcat", "certificates": [pem(leaf)]})

    assert 404 == api.get(f"{api.base}/csr?service=tomcat").status_code


@pytest.mark.parametrize("blanks", [1, 2])
def test_getcert_generates_by_shell(borrowed, shell, blanks):
    """It answers the question for the OU with yes, finds the success with one blank or two, and a PEM by its ends."""
    borrowed.control.post("/cluster", {"csr_generated_blanks": blanks})
    shell.start()
    shell.channel.sendall("set csr gen tomcat\r\n")
    shell.read_to("Include OU in CSR (yes|no)?")
    shell.channel.sendall("yes\r\n")
    made = shell.read_to(PROMPT)
    found = re.search(
        r"-----BEGIN CERTIFICATE REQUEST-----.+-----END CERTIFICATE REQUEST-----",
        shell.ask("show csr own tomcat"),
        re.DOTALL,
    )
    request = request_of(found[0])

    assert re.search(r"Successfully Generated CSR\s+for\s+tomcat", made)
    assert (blanks == 2) == ("Successfully Generated CSR  for tomcat" in made)
    assert 1 == len(request.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME))
    assert ["csr"] == borrowed.control.kinds()


@pytest.mark.parametrize("ends", ["empty-line", "certificate"])
def test_getcert_imports_by_shell(borrowed, shell, ends):
    """Before 14 it makes, pastes and installs by the shell: each certificate, an empty line, the prompt."""
    borrowed.control.post("/cluster", {"version": "12.5.1.11900-146", "paste_ends": ends})
    shell.start()
    ca = TestCa()
    shell.ask("set csr gen tomcat")
    text = shell.ask("show csr own tomcat")
    leaf = ca.sign(request_of(text[text.index("-----BEGIN") :]))
    said = []
    for kind, certificate in (("trust", ca.root), ("trust", ca.intermediate), ("own", leaf)):
        shell.channel.sendall(f"set cert import {kind} tomcat\r\n")
        shell.read_to("Paste the Certificate and Hit Enter")
        shell.channel.sendall(pem(certificate) + "\r\n")
        said.append(shell.read_to("become active.").replace("\r", "").splitlines()[-2:])
        shell.read_to(PROMPT)

    assert [
        "Successfully imported certificate for tomcat.",
        "Please restart services related to tomcat for the new certificate to become active.",
    ] == said[-1]
    assert ["csr", "trust-upload", "trust-upload", "leaf-upload"] == borrowed.control.kinds()
    assert not borrowed.control.node(PUBLISHER)["identity"]["tomcat"]["self_signed"]


def test_cli_refuses_multi_server_leaf(borrowed, api, shell):
    """From 14SU2 the command line takes no certificate for the whole cluster (SG14), and the ledger says so."""
    api.post(f"{api.base}/csr", json={"service": "tomcat", "distribution": "multi-server"})
    borrowed.control.forget()
    shell.start()

    assert "cannot be uploaded by the command line" in shell.ask("set cert import own tomcat")
    assert [("leaf-upload", True)] == [(one["kind"], "refused" in one) for one in borrowed.control.ledger()]


# --- reporters and monitors


def test_certrep_reads_everything(api):
    """It asks for the options, and names every key of the snapshot."""
    snapshot = api.get(f"{api.base}/snapshot/server").json()
    (trust,) = [one for one in snapshot["trusts"] if one["service"] == "tomcat"]

    assert 200 == api.get(f"{api.base}/options").status_code
    assert {"trackingId", "server", "identities", "trusts", "revokedCertificates"} == set(snapshot)
    assert all(one["filename"].endswith(".pem") and one["certificate"] for one in trust["certificate_data"])


@pytest.mark.parametrize("form", ["object", "array"])
def test_zbx_reads_snapshot(borrowed, api, form):
    """It wants one identity of a service, under `identities` or bare, and a PEM that it splits at its line ends."""
    borrowed.control.post("/cluster", {"snapshot_form": form})
    snapshot = api.get(f"{api.base}/snapshot/server").json()
    identities = snapshot if isinstance(snapshot, list) else snapshot["identities"]
    (tomcat,) = [one for one in identities if one["service"] == "tomcat"]

    assert "-----BEGIN CERTIFICATE-----" == tomcat["certificate"].split("\n")[0]


@pytest.mark.parametrize("prefix", ["ns1", "ns2", ""])
def test_zbx_reads_services(borrowed, prefix):
    """One empty name asks for all; its patterns live with any prefix, and two states of rest are no faults."""
    borrowed.control.post("/cluster", {"soap_prefix": prefix})
    status, text = post(borrowed, asked())
    found = dict(
        re.findall(r"<(?:\w+:)?ServiceName>([^<]+)</.*?<(?:\w+:)?ReasonCodeString(?: ?/>|>([^<]*)<)", text, re.DOTALL)
    )

    assert 200 == status
    assert "" == found["Cisco Tomcat"]
    assert "Service Not Activated" == found["Cisco WebDialer Web Service"]


def test_ccs_lists_services(standing):
    """It asks for the list with an empty element, and finds names in it."""
    status, text = post(standing, envelope("soapGetStaticServiceList", "<ServiceInformationResponse/>"))

    assert (200, True) == (status, "<ns1:ServiceName>Cisco Tomcat</ns1:ServiceName>" in text)


def test_aletheia_knows_realm(api):
    """It tells a wrong OS account by the realm."""
    refused = api.get(f"{api.base}/snapshot/server", auth=("osadmin", "wrong"))

    assert (401, 'Basic realm="CMPlatform Realm"') == (refused.status_code, refused.headers["WWW-Authenticate"])


@pytest.mark.parametrize(("state", "expected"), [("STARTED", 200), ("STOPPED", 404)])
def test_pawspy_asks_for_paws(borrowed, api, state, expected):
    """It tells by a status whether the administrative web service runs: 200, 404 where not, 401 to a bad account."""
    borrowed.control.post(f"/nodes/{PUBLISHER}", {"services": {"Platform Administrative Web Service": state}})
    place = api.base.replace(BASE, "/platform-services/services/listServices")

    assert expected == api.get(place).status_code
    if state == "STARTED":
        assert 401 == api.get(place, auth=("osadmin", "wrong")).status_code


# --- those that read the command line


def test_ctmcp_reads_listings(shell):
    """Its patterns for the publisher's row, for own certificates and for a finished backup find theirs."""
    shell.start()

    assert re.search(
        r"^(\S+) (cs-ccm-pub\.\S+) cs-ccm-pub Publisher callmanager DBPub authenticated$",
        shell.ask("show network cluster"),
        re.MULTILINE,
    )
    assert ("ipsec", "ipsec.pem", "Self-signed certificate generated by system") in re.findall(
        r"^(\S+)/(\S+\.pem): (.+)$", shell.ask("show cert list own"), re.MULTILINE
    )
    assert re.search(
        r"^\d{4}(-\d\d){5}\.tar\s+NETWORK\s+\w{3} \w{3} \d\d .* SUCCESS\s+",
        shell.ask("utils disaster_recovery history backup"),
        re.MULTILINE,
    )


def test_hc_reads_logs(shell):
    """Its patterns for services, replication and a wrong command find theirs."""
    shell.start()
    states = re.findall(r"^(.+?)\[ ?([A-Z ]+?) ?\](?:  (.*))?$", shell.ask("utils service list"), re.MULTILINE)
    replication = shell.ask("utils dbreplication runtimestate")

    assert ("Cisco Tomcat", "STARTED", "") in states
    assert {"", "Service Not Activated"} == {reason for _, _, reason in states}
    assert "No valid command entered" in shell.ask("show nothing")
    assert re.search(r"^DB and Replication Services: ALL RUNNING$", replication, re.MULTILINE)
    assert 2 == len(re.findall(r"^\S+ +\S+ +0\.\d+ .*\(2\) .*Setup Completed$", replication, re.MULTILINE))


def test_unicon_pages_to_the_end(shell):
    """With its patterns for the prompt and both pagers it gets the same as with pagination off, and a whole file."""
    pager = "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m"
    shell.read_to(PROMPT)
    shell.channel.sendall("utils service list\r")
    seen = shell.read_to(pager)
    shell.channel.sendall(" ")
    seen += shell.read_to("\r" + PROMPT)
    paged = re.sub(r"\x1b\[1mPress.*?\x1b\[K", "", seen, flags=re.DOTALL).replace("\r", "")
    shell.ask("set cli pagination off")

    assert re.search(UNICON_PROMPT, seen, re.DOTALL)
    assert shell.ask("utils service list") == paged.removeprefix("utils service list\n").removesuffix(PROMPT)

    shell.channel.sendall("file view activelog syslog/CiscoSyslog\r")
    lines, last, count = "", 0, 1
    while last < count:
        page = shell.read_to(") : \x1b[0m")
        shell.channel.sendall("n")
        lines += page
        last, count = (int(number) for number in re.search(UNICON_PAGING, page).groups())
        assert last == len(re.findall(r"ServiceStarted \[", lines))
    assert PROMPT in shell.read_to(PROMPT)


def test_upg_logs_in_by_password(borrowed):
    """On 11.5 a plain password opens the door, and the release stands in the first line."""
    borrowed.control.post("/cluster", {"version": "11.5.1.18900-97"})
    transport = login(borrowed, "cs-ccm-pub", plain=True)
    transport.close()
    shell = Shell(borrowed).start()

    assert "Active Master Version: 11.5.1.18900-97" == shell.ask("show version active").splitlines()[0]
    shell.close()
