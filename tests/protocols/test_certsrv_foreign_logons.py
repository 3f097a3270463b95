"""PyPI ``certsrv`` and curl go the whole road at the simulated web enrollment by each logon that they have.

Issued, pending, denied by policy and by the officer, fetched, and the chain (certsrv.md §7, §11).
"""

import re
import subprocess

import pytest
from certsrv import CertificatePendingException, Certsrv, CouldNotRetrieveCertificateException, RequestDeniedException
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.certsrv_scene import PASSWORD, USER, pem, request_for, running

FRESH_INSTALL = ["Negotiate", "NTLM"]


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with running(tmp_path_factory.mktemp("logons")) as started:
        yield started


@pytest.fixture
def scene(standing):
    yield standing
    standing.authority.configure(profile="honest")


@pytest.fixture(params=["basic", "ntlm"])
def by(request, scene):
    """How they log on; NTLM where the server was freshly installed, Basic where it is all that is offered."""
    scene.authority.configure(logon=FRESH_INSTALL if request.param == "ntlm" else ["Basic"])
    return request.param


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No bundle that requests would take instead of the library's CA file (§7)."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def called(scene):
    """The library as its user has it."""
    made = []

    def call(by: str) -> Certsrv:
        made.append(Certsrv(scene.address, USER, PASSWORD, auth_method=by, cafile=scene.ca_file))
        return made[-1]

    yield call
    for library in made:
        library.session.close()


@pytest.fixture
def library(called, by):
    return called(by)


def curl(scene, page, *more, by="ntlm", login=f"{USER}:{PASSWORD}"):
    """The text of a page, or with ``--include`` what came before it too."""
    command = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert", scene.ca_file]
    command += [f"--{by}", "--user", login, *more, scene.url + page]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def curl_submit(scene, template, by):
    line = pem(request_for()).replace("\n", "")
    fields = {"CertRequest": line, "CertAttrib": f"CertificateTemplate:{template}", "Mode": "newreq", "SaveCert": "yes"}
    told = [part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")]
    return curl(scene, "certfnsh.asp", *told, by=by)


def test_library_goes_the_whole_road(scene, library):
    """PyPI certsrv: credentials, issued at once, pending and then fetched, denied by policy and by the officer."""
    with pytest.raises(CertificatePendingException) as first:
        library.get_cert(pem(request_for()), "CiscoUC")
    with pytest.raises(CertificatePendingException) as second:
        library.get_cert(pem(request_for()), "CiscoUC")
    with pytest.raises(RequestDeniedException, match="0x80094800"):
        library.get_cert(pem(request_for()), "NoSuch")
    with pytest.raises(CouldNotRetrieveCertificateException, match="Taken Under Submission"):
        library.get_existing_cert(first.value.req_id)
    scene.authority.issue(int(first.value.req_id))
    scene.authority.deny(int(second.value.req_id))
    with pytest.raises(CouldNotRetrieveCertificateException, match=r"Denied by EXAMPLE\\ca-officer"):
        library.get_existing_cert(second.value.req_id)
    leaves = [library.get_cert(pem(request_for()), "WebServer"), library.get_existing_cert(first.value.req_id)]

    assert library.check_credentials() is True
    for leaf in leaves:
        x509.load_pem_x509_certificate(leaf).verify_directly_issued_by(scene.authority.intermediate)
    assert {scene.authority.intermediate, scene.authority.root} == set(
        pkcs7.load_der_pkcs7_certificates(library.get_chain())
    )


def test_library_checks_credentials(scene, library):
    """A wrong password is told from a right one, and is one entry of the ledger whatever the logon."""
    before = scene.kinds().count("login-refused")
    library.update_credentials(USER, "wrong")

    assert library.check_credentials() is False
    assert before + 1 == scene.kinds().count("login-refused")


def test_library_without_what_is_offered(scene, called):
    """PyPI certsrv's default, Basic, is refused by a fresh install: "browser works, script gets 401"."""
    scene.authority.configure(logon=FRESH_INSTALL)

    assert called("basic").check_credentials() is False


def test_library_under_required_binding(scene, called):
    """PyPI certsrv binds its NTLM logon to the channel, and so gets in where that is required."""
    scene.authority.configure(logon=FRESH_INSTALL, channel_binding="required")

    assert called("ntlm").check_credentials() is True


def test_curl_goes_the_whole_road(scene, by, tmp_path):
    """Curl: issued at once, pending and then fetched, denied by policy and by the officer, and the chain."""
    issued, first, second, denied = (
        curl_submit(scene, name, by) for name in ("WebServer", "CiscoUC", "CiscoUC", "NoSuch")
    )
    numbers = [re.search(expression, page)[1] for expression, page in (
        (r"certnew.cer\?ReqID=(\d+)&amp;Enc=b64", issued),
        (r"Your Request Id is (\d+)", first),
        (r"Your Request Id is (\d+)", second),
    )]  # fmt: skip
    waiting = curl(scene, f"certnew.cer?ReqID={numbers[1]}&Enc=b64", by=by)
    scene.authority.issue(int(numbers[1]))
    scene.authority.deny(int(numbers[2]))
    refused = curl(scene, f"certnew.cer?ReqID={numbers[2]}&Enc=b64", by=by)
    chain = tmp_path / "chain.p7b"
    chain.write_text(curl(scene, f"certnew.p7b?ReqID={numbers[1]}&Enc=b64", by=by))
    command = ["openssl", "pkcs7", "-print_certs", "-noout", "-in", str(chain)]
    subjects = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    assert "\t\tTaken Under Submission\n" in waiting
    assert "\t\tDenied by EXAMPLE\\ca-officer\n" in refused
    assert "<P ID=locDenied>" in denied
    for number in numbers[:2]:
        leaf = curl(scene, f"certnew.cer?ReqID={number}&Enc=b64", by=by).encode()
        x509.load_pem_x509_certificate(leaf).verify_directly_issued_by(scene.authority.intermediate)
    assert 3 == subjects.count("subject=")


def test_curl_posts_once(scene):
    """However many legs curl's NTLM takes, a submission is one row, and nothing is noted but that."""
    scene.authority.configure(logon=FRESH_INSTALL)
    rows, kinds = len(scene.authority.requests()), len(scene.kinds())
    curl_submit(scene, "WebServer", "ntlm")

    assert rows + 1 == len(scene.authority.requests())
    assert ["submit"] == scene.kinds()[kinds:]


@pytest.mark.parametrize(("by", "login"), [("negotiate", ":"), ("negotiate", f"{USER}:{PASSWORD}"), ("ntlm", "x:y")])
def test_curl_is_refused_cleanly(scene, by, login):
    """Without a Kerberos ticket, or with a wrong password, curl's last answer is 401 with all that is offered."""
    scene.authority.configure(logon=FRESH_INSTALL)
    answer = curl(scene, "", "--include", by=by, login=login).rpartition("HTTP/1.1 ")[2]

    assert answer.startswith("401 Unauthorized")
    assert ["Negotiate", "NTLM"] == re.findall(r"^WWW-Authenticate: (\S+)$", answer, re.MULTILINE)
    assert "401 - Unauthorized: Access is denied due to invalid credentials." in answer


def test_curl_binds_nothing(scene):
    """Debian's curl binds nothing: NTLM gets it in where bindings are accepted, not where one is required."""
    codes = []
    for rule in ("accept", "required"):
        scene.authority.configure(logon=FRESH_INSTALL, channel_binding=rule)
        codes.append(curl(scene, "", "--output", "/dev/null", "--write-out", "%{http_code}"))

    assert ["200", "401"] == codes
