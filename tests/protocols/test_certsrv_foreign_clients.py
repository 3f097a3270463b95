"""PyPI ``certsrv`` and curl, which we did not write, are served by the simulated web enrollment (certsrv.md §11)."""

import re
import subprocess
from pathlib import Path

import pytest
from certsrv import CertificatePendingException, Certsrv, CouldNotRetrieveCertificateException, RequestDeniedException
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.certsrv_scene import PASSWORD, USER, CertsrvScene, pem, request_for, running

DER = serialization.Encoding.DER


@pytest.fixture
def scene(tmp_path):
    with running(tmp_path) as started:
        yield started


def client(scene: CertsrvScene, password: str = PASSWORD) -> Certsrv:
    made = Certsrv(scene.address, USER, password, cafile=scene.ca_file)
    made.session.trust_env = False  # a bundle named in the environment would take cafile's place (certsrv.md §7)
    return made


def curl(scene: CertsrvScene, page: str, *more: str, login: str = f"{USER}:{PASSWORD}") -> str:
    command = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--cacert", scene.ca_file]
    command += ["--basic", "--user", login, *more, scene.url + page]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def of_simulator(simulator, folder: Path) -> CertsrvScene:
    """The web enrollment of a simulator that runs as a process of its own: no authority at hand, only its JSON file."""
    ca = simulator.scene["ca"]
    anchor = folder / "tls_ca.pem"
    anchor.write_text(ca["tls_ca"])
    return CertsrvScene(None, ca["url"].removeprefix("https://").removesuffix("/certsrv/"), str(anchor))


def curl_submit(scene: CertsrvScene, template: str, *more: str, login: str = f"{USER}:{PASSWORD}") -> str:
    """Post a CSR squeezed on one line, as the bash clients do."""
    line = pem(request_for()).replace("\n", "")
    fields = {"CertRequest": line, "CertAttrib": f"CertificateTemplate:{template}", "Mode": "newreq", "SaveCert": "yes"}
    encoded = [part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")]
    return curl(scene, "certfnsh.asp", *encoded, *more, login=login)


def openssl_verify(scene: CertsrvScene, folder: Path, leaf: bytes, intermediate: bytes = b"") -> str:
    leaf_file, between = folder / "leaf.pem", folder / "between.pem"
    leaf_file.write_bytes(leaf)
    between.write_bytes(intermediate or scene.authority.intermediate.public_bytes(serialization.Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", scene.ca_file]
    return subprocess.run(
        [*command, "-untrusted", str(between), str(leaf_file)], check=True, capture_output=True, text=True, timeout=30
    ).stdout


def test_library_gets_issued(scene, tmp_path):
    """PyPI certsrv gets a WebServer certificate at once, and OpenSSL accepts it up to the root."""
    leaf = client(scene).get_cert(pem(request_for()), "WebServer")

    assert openssl_verify(scene, tmp_path, leaf).endswith("leaf.pem: OK\n")
    assert request_for().public_key() == x509.load_pem_x509_certificate(leaf).public_key()


def test_library_sees_pending(scene):
    """PyPI certsrv gets request id 32 for a CiscoUC request, and the certificate only after the officer issued it."""
    with pytest.raises(CertificatePendingException) as pending:
        client(scene).get_cert(pem(request_for()), "CiscoUC")
    with pytest.raises(CouldNotRetrieveCertificateException, match="Taken Under Submission"):
        client(scene).get_existing_cert(32)
    scene.authority.issue(32)

    assert "32" == pending.value.req_id
    leaf = x509.load_pem_x509_certificate(client(scene).get_existing_cert("32"))
    assert leaf == x509.load_der_x509_certificate(client(scene).get_existing_cert("32", "bin"))
    assert ["submit"] == scene.kinds()


def test_library_sees_officer_deny(scene):
    """PyPI certsrv is told that an officer denied the pending request."""
    with pytest.raises(CertificatePendingException):
        client(scene).get_cert(pem(request_for()), "CiscoUC")
    scene.authority.deny(32)

    with pytest.raises(CouldNotRetrieveCertificateException, match=r"Denied by EXAMPLE\\ca-officer"):
        client(scene).get_existing_cert(32)


def test_library_sees_policy_deny(scene):
    """PyPI certsrv reports the disposition message of a template that the CA does not have."""
    with pytest.raises(RequestDeniedException, match=r"Denied by Policy Module  0x80094800, .*: NoSuch\.\r\n"):
        client(scene).get_cert(pem(request_for()), "NoSuch")


def test_library_sees_parse_error(scene):
    """PyPI certsrv reports a CSR that cannot be parsed in the words of the real CA."""
    with pytest.raises(RequestDeniedException, match=r"^Error Parsing Request"):
        client(scene).get_cert(
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", "WebServer"
        )


def test_library_fetches_chain(scene):
    """PyPI certsrv gets the issuing CA's newest certificate, and issuing CA and root as PKCS#7."""
    scene.authority.configure(renewals=1)
    newest = client(scene).get_ca_cert("bin")
    chain = pkcs7.load_der_pkcs7_certificates(client(scene).get_chain())

    assert scene.authority.intermediate == x509.load_der_x509_certificate(newest)
    assert {scene.authority.intermediate, scene.authority.root} == set(chain)


def test_library_checks_credentials(scene):
    """PyPI certsrv tells a right password from a wrong one, and only the wrong one is in the ledger."""
    assert client(scene).check_credentials() is True
    assert client(scene, "wrong").check_credentials() is False
    assert ["login-refused"] == scene.kinds()


def test_curl_gets_issued(scene, tmp_path):
    """Curl is answered with links whose fourth field at the equals signs is the id, and gets the certificate."""
    page = curl_submit(scene, "WebServer")
    line = next(line for line in page.splitlines() if "ReqID=" in line)
    leaf = curl(scene, "certnew.cer?ReqID=32&Enc=b64")

    assert "32&amp;Enc" == line.split("=")[3]
    assert re.search(r"certnew.cer\?ReqID=(\d+)&amp;Enc=b64", page)
    assert openssl_verify(scene, tmp_path, leaf.encode()).endswith("OK\n")


def test_curl_posts_with_get(scene):
    """A form that arrives as the body of a GET is served too (certsrv.md §2, DAV)."""
    page = curl_submit(scene, "WebServer", "--request", "GET")

    assert "Certificate Issued" in page


def test_curl_as_browser(scene):
    """With a browser's name curl finds the download address in the line after ``function handleGetCert() {``."""
    lines = curl_submit(
        scene, "WebServer", "--user-agent", "Mozilla/5.0 (Windows NT 6.3; rv:11.0) like Gecko"
    ).splitlines()
    address = lines[lines.index("\tfunction handleGetCert() {") + 1].split('"')[1]

    assert "certnew.cer?ReqID=32&" == address
    assert curl(scene, address).startswith("-----BEGIN CERTIFICATE-----")


def test_curl_sees_pending(scene, tmp_path):
    """Curl reads the request id of a pending request, polls it, and has leaf and chain once the officer issued it."""
    page = curl_submit(scene, "CiscoUC")
    before = curl(scene, "certnew.cer?ReqID=32&ENC=b64")
    scene.authority.issue(32)
    chain = tmp_path / "chain.p7b"
    chain.write_text(curl(scene, "certnew.p7b?ReqID=32&Enc=b64"))
    command = ["openssl", "pkcs7", "-print_certs", "-noout", "-in", str(chain)]
    subjects = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    assert re.search(r"ID=locInfoReqID>\s+Your Request Id is 32\.", page)
    assert "Disposition message:" in before
    assert "\t\tTaken Under Submission\n" in before
    assert 3 == subjects.count("subject=")


def test_curl_forgets_escaping(scene):
    """A plus sign that was not escaped arrives as a space, and the CA cannot parse the request."""
    csr = pem(request_for()).replace("\n", "")
    body = "Mode=newreq&CertAttrib=CertificateTemplate:WebServer&CertRequest=" + csr
    page = curl(scene, "certfnsh.asp", "--data", body)

    assert "+" in csr
    assert 'Your Request Id is 32. The disposition message is "Error Parsing Request' in page


def test_whole_simulator_serves_library(simulator, tmp_path):
    """PyPI certsrv runs the pending road by NTLM at the simulator's own process; the officer uses the control API."""
    simulator.control.post("/ca", {"logon": ["Negotiate", "NTLM"], "channel_binding": "required"})
    account = simulator.scene["accounts"]["ca"]
    scene = of_simulator(simulator, tmp_path)
    caller = Certsrv(scene.address, account["user"], account["password"], auth_method="ntlm", cafile=scene.ca_file)
    caller.session.trust_env = False
    with pytest.raises(CertificatePendingException) as pending:
        caller.get_cert(pem(request_for()), simulator.scene["ca"]["template"])
    simulator.control.post("/requests/32/issue")
    leaf = x509.load_pem_x509_certificate(caller.get_existing_cert(pending.value.req_id))
    caller.session.close()

    assert "32" == pending.value.req_id
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(simulator.scene["ca"]["intermediate"].encode()))
    assert ["issued"] == [row["status"] for row in simulator.control.get("/requests")]
    assert ["submit"] == simulator.control.kinds()


def test_whole_simulator_serves_curl(simulator, tmp_path):
    """Curl runs the pending road against the simulator's own process, and hears of an officer's denial there."""
    simulator.control.post("/ca", {"logon": ["Basic"]})
    account = simulator.scene["accounts"]["ca"]
    scene = of_simulator(simulator, tmp_path)
    login = f"{account['user']}:{account['password']}"
    first, second = (curl_submit(scene, "CiscoUC", login=login) for _ in range(2))
    simulator.control.post("/requests/32/issue")
    simulator.control.post("/requests/33/deny")
    issued, denied = (curl(scene, f"certnew.cer?ReqID={number}", login=login) for number in (32, 33))

    assert "Your Request Id is 32." in first
    assert "Your Request Id is 33." in second
    assert openssl_verify(scene, tmp_path, issued.encode(), simulator.scene["ca"]["intermediate"].encode()).endswith(
        "OK\n"
    )
    assert "\t\tDenied by EXAMPLE\\ca-officer\n" in denied
