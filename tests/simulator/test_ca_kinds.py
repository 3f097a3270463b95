"""Other CAs than the usual one: a standalone CA, and one that was renewed, with a new key or with the same (§2, §6)."""

import re

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certsrv_scene import BROWSER, KEY, Caller, pem, request_for, running


@pytest.fixture
def scene(tmp_path):
    with running(tmp_path) as started:
        yield started


@pytest.fixture
def standalone(scene):
    scene.authority.configure(standalone=True)
    return scene


def fetched(scene, number):
    return x509.load_pem_x509_certificate(Caller(scene).get(f"certnew.cer?ReqID={number}&Enc=b64").content)


@pytest.mark.parametrize("template", ["", "WebServer", "NoSuch"])
def test_standalone_uses_no_template(standalone, template):
    """A standalone CA lets every sound request wait, whatever template it names or does not name."""
    page = Caller(standalone).submit(template).text

    assert "Your Request Id is 32." in page
    assert [("pending", "")] == [(row["status"], row["template"]) for row in standalone.authority.requests()]


def test_standalone_issues_what_was_asked(standalone):
    """What a standalone CA issues has the usages that the CSR asks for, and none where it asks for none."""
    asked = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    usage = x509.KeyUsage(True, False, True, True, False, False, False, False, False)  # noqa: FBT003 - nine of them
    csr = x509.CertificateSigningRequestBuilder(request_for().subject)
    csr = csr.add_extension(asked, critical=False).add_extension(usage, critical=False).sign(KEY, hashes.SHA256())
    Caller(standalone).submit(csr=pem(csr))
    Caller(standalone).submit()
    standalone.authority.issue(32)
    standalone.authority.issue(33)
    extensions = fetched(standalone, 32).extensions

    assert asked == extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert usage == extensions.get_extension_for_class(x509.KeyUsage).value
    with pytest.raises(x509.ExtensionNotFound):
        fetched(standalone, 33).extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_standalone_refuses_nonsense(standalone):
    """A CSR that cannot be parsed is denied by a standalone CA too, and an officer's denial is one."""
    caller = Caller(standalone)
    broken = caller.submit(csr="AAAA").text
    caller.submit()
    standalone.authority.deny(33)

    assert "Error Parsing Request" in broken
    assert "\t\tDenied by EXAMPLE\\ca-officer\r\n" in caller.get("certnew.cer?ReqID=33").text


def test_standalone_lists_no_template(standalone):
    """The form of a standalone CA has no list of templates."""
    page = Caller(standalone).get("certrqxt.asp").text

    assert "ID=locTaRequest" in page
    assert "ID=lbCertTemplateID" not in page


@pytest.mark.parametrize(("how", "same"), [("new-key", False), ("same-key", True)])
def test_renewal_keeps_the_name(scene, how, same):
    """A renewed CA has its name and a later certificate, and its key only if that was kept."""
    before = scene.authority.intermediate
    scene.authority.configure(renew=how)
    after = scene.authority.intermediate

    assert before.subject == after.subject
    assert before.not_valid_before_utc < after.not_valid_before_utc
    assert before.serial_number != after.serial_number
    assert same == (before.public_key() == after.public_key())
    after.verify_directly_issued_by(scene.authority.root)


def test_leaf_of_a_renewed_ca(scene):
    """A new leaf is signed with the new key, though both CA certificates have the name of its issuer."""
    old = scene.authority.intermediate
    scene.authority.configure(renew="new-key")
    Caller(scene).submit()
    leaf = fetched(scene, 32)

    assert old.subject == leaf.issuer
    leaf.verify_directly_issued_by(scene.authority.intermediate)
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(old)


def test_leaf_of_a_ca_with_its_old_key(scene):
    """After a renewal with the same key old and new CA certificate both fit an old leaf and a new one."""
    Caller(scene).submit()
    old = scene.authority.intermediate
    scene.authority.configure(renew="same-key")
    Caller(scene).submit()

    for number in (32, 33):
        for issuer in (old, scene.authority.intermediate):
            fetched(scene, number).verify_directly_issued_by(issuer)


def test_list_of_ca_certificates(scene):
    """certcarc.asp lists the newest first, older ones with their index, and its values count back from nRenewals."""
    for how in ("new-key", "same-key", "new-key"):
        scene.authority.configure(renew=how)
    caller = Caller(scene, BROWSER)
    page = caller.get("certcarc.asp").text
    entries = re.findall(r'<Option Value="(\d)"[^\[]*\[([^\]]*)\]', page)
    renewals = int(re.search(r"var nRenewals=(\d+);", page)[1])
    name = "Example Issuing CA 1"
    certificates = [
        x509.load_pem_x509_certificate(caller.get(f"certnew.cer?ReqID=CACert&Renewal={renewals - int(value)}").content)
        for value, _ in entries
    ]

    assert [("0", f"{name}(3)"), ("1", f"{name}(2)"), ("2", f"{name}(1)"), ("3", name)] == entries
    assert 4 == len({one.serial_number for one in certificates})
    assert 3 == len({one.public_key().public_numbers() for one in certificates})
    assert scene.authority.intermediate == certificates[0]


@pytest.mark.parametrize("renewal", [0, 1])
def test_chain_of_each_generation(scene, renewal):
    """The CA's chain of a generation is that generation's certificate and the root."""
    scene.authority.configure(renew="new-key")
    answer = Caller(scene).get(f"certnew.p7b?ReqID=CACert&Renewal={renewal}&Enc=bin")

    assert {scene.authority.ca_certificate(renewal), scene.authority.root} == set(
        pkcs7.load_der_pkcs7_certificates(answer.content)
    )
