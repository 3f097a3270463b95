"""The simulated CA really signs: right certificates by template, and one defect at a time when it is bent."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import DNSName, PolicyBuilder, Store, VerificationError

from tests.certsrv_scene import NAMES, USER, request_for
from ucrenew.simulator.authority import Authority, NotPending, UnknownRequest
from ucrenew.simulator.ledger import Ledger

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def ledger():
    return Ledger(lambda: NOW)


@pytest.fixture
def authority(ledger):
    return Authority("example.com", 32, ledger, clock=lambda: NOW)


def issue(authority: Authority, template: str = "CiscoUC") -> x509.Certificate:
    row = authority.submit(request_for().public_bytes(serialization.Encoding.DER), template, USER)
    if authority.requests()[-1]["status"] == "pending":
        authority.issue(row.id)
    found = authority.find(row.id)

    assert found is not None
    assert found.certificate is not None
    return found.certificate


def names(leaf: x509.Certificate) -> list[str]:
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return san.get_values_for_type(x509.DNSName)


def usages(leaf: x509.Certificate) -> set[str]:
    return {oid._name for oid in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value}  # noqa: SLF001


def verify(authority: Authority, leaf: x509.Certificate, at: datetime = NOW) -> None:
    policy = PolicyBuilder().store(Store([authority.root])).time(at)
    policy.build_server_verifier(DNSName(NAMES[0])).verify(leaf, [authority.intermediate])
    policy.build_client_verifier().verify(leaf, [authority.intermediate])


def test_leaf_by_cisco_template(authority):
    """A CiscoUC leaf has the CSR's key, subject and names, both usages, and a valid path for servers and clients."""
    leaf = issue(authority)
    key_usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value

    verify(authority, leaf)
    assert request_for().public_key() == leaf.public_key()
    assert request_for().subject == leaf.subject
    assert list(NAMES) == names(leaf)
    assert {"serverAuth", "clientAuth"} == usages(leaf)
    assert (True, True, True) == (key_usage.digital_signature, key_usage.key_encipherment, key_usage.data_encipherment)


def test_leaf_by_web_server_template(authority):
    """A WebServer leaf is issued at once without client authentication and without data encipherment."""
    leaf = issue(authority, "WebServer")
    key_usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value

    assert ["issued"] == [row["status"] for row in authority.requests()]
    assert {"serverAuth"} == usages(leaf)
    assert (True, True, False) == (key_usage.digital_signature, key_usage.key_encipherment, key_usage.data_encipherment)


def test_validity_is_cut(authority):
    """A leaf lives two years, and never longer than the CA that signs it."""
    usual = issue(authority)
    authority.configure(template={"CiscoUC": {"days": 36500}})
    cut = issue(authority)

    assert timedelta(days=730) == usual.not_valid_after_utc - usual.not_valid_before_utc
    assert authority.intermediate.not_valid_after_utc == cut.not_valid_after_utc


def test_officer_decides_once(authority):
    """An officer cannot decide a request twice, nor one that does not exist, and the refusal says why."""
    issue(authority)

    with pytest.raises(NotPending, match="Request 32 cannot be denied: it is issued, not pending"):
        authority.deny(32)
    with pytest.raises(UnknownRequest, match="no request 33"):
        authority.issue(33)
    assert ["issued"] == [row["status"] for row in authority.requests()]


def test_ledger_of_a_submission(authority, ledger):
    """A submission is one entry: account, CA host, request id, subject, the CSR's fingerprint; deciding it is none."""
    issue(authority)
    row = authority.requests()[0]

    assert [
        {
            "at": "2026-11-23T12:00:00.000+00:00",
            "from": USER,
            "node": "ca.example.com",
            "kind": "submit",
            "request_id": 32,
            "subject": "CN=cs-ccm-pub.example.com,O=Example,C=DE",
            "fingerprint": row["fingerprint"],
        }
    ] == ledger.entries()
    assert list(NAMES) == row["names"]


def test_web_certificate(authority):
    """The web server's certificate names CA host, localhost and 127.0.0.1 and is signed by the scene's issuing CA."""
    chain, key = authority.web_certificate()
    leaf, intermediate = x509.load_pem_x509_certificates(chain)
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    leaf.verify_directly_issued_by(intermediate)
    assert authority.intermediate == intermediate
    assert ["ca.example.com", "localhost", "127.0.0.1"] == [str(name.value) for name in san]
    assert serialization.load_pem_private_key(key, None).public_key() == leaf.public_key()


@pytest.mark.parametrize(
    ("bend", "defect"),
    [
        ({"drop_san": NAMES[1]}, lambda leaf: NAMES[1] not in names(leaf)),
        ({"add_san": "www.example.com"}, lambda leaf: names(leaf) == [*NAMES, "www.example.com"]),
        ({"swap_key": True}, lambda leaf: leaf.public_key() != request_for().public_key()),
        ({"drop_client_auth": True}, lambda leaf: usages(leaf) == {"serverAuth"}),
        ({"drop_server_auth": True}, lambda leaf: usages(leaf) == {"clientAuth"}),
        ({"expired": True}, lambda leaf: leaf.not_valid_after_utc < NOW),
        ({"not_yet_valid": True}, lambda leaf: leaf.not_valid_before_utc > NOW),
        ({"days": 3}, lambda leaf: leaf.not_valid_after_utc < NOW + timedelta(days=3)),
        ({"ca_leaf": True}, lambda leaf: x509.BasicConstraints(True, None) in [one.value for one in leaf.extensions]),  # noqa: FBT003
        ({"drop_rdns": ["O"]}, lambda leaf: leaf.subject.rfc4514_string() == f"CN={NAMES[0]},C=DE"),
        ({"reverse_subject": True}, lambda leaf: leaf.subject.rfc4514_string() == f"C=DE,O=Example,CN={NAMES[0]}"),
        (
            {"drop_key_usage": "key_encipherment"},
            lambda leaf: not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment,
        ),
        ({"sign_with": "stranger"}, lambda leaf: "Another Issuing CA" in leaf.issuer.rfc4514_string()),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bend_shows_in_leaf(authority, bend, defect):
    """Each bend makes the one defect that it is named for, and an honest CA has none of them."""
    honest = issue(authority)
    authority.configure(**bend)
    bent = issue(authority)
    authority.configure(profile="honest")

    assert defect(bent)
    assert not defect(honest)
    assert not defect(issue(authority))


def test_namesake_signs(authority):
    """A namesake's leaf carries the issuing CA's name, and no chain certificate signed it."""
    authority.configure(sign_with="namesake")
    leaf = issue(authority)

    assert authority.intermediate.subject == leaf.issuer
    with pytest.raises(InvalidSignature):
        leaf.verify_directly_issued_by(authority.intermediate)
    with pytest.raises(VerificationError):
        verify(authority, leaf)


def test_chain_lacks_intermediate(authority):
    """A chain can be bent to miss the issuing CA or the root."""
    authority.configure(missing_from_chain="intermediate")
    without_intermediate = authority.ca_chain(0)
    authority.configure(missing_from_chain="root")

    assert [authority.root] == without_intermediate
    assert [authority.intermediate] == authority.ca_chain(0)


@pytest.mark.parametrize(
    "bend",
    [
        {"swap_keys": True},
        {"swap_key": "yes"},
        {"drop_san": 3},
        {"reachable": 1},
        {"renewals": -1},
        {"sign_with": "nobody"},
        {"profile": "evil"},
        {"template": {"NoSuch": {"approval": True}}},
        {"template": {"CiscoUC": {"approval": "no"}}},
    ],
    ids=str,
)
def test_wrong_bend_changes_nothing(authority, bend):
    """A bend that does not exist or has a wrong value is refused with a sentence, and nothing is bent by half."""
    before = authority.setup.bends, authority.setup.templates

    with pytest.raises(ValueError, match=r"\w+ \w+"):
        authority.configure(add_san="www.example.com", **bend)
    assert before == (authority.setup.bends, authority.setup.templates)


def test_approval_is_switched_off(authority):
    """A template whose approval is taken away issues at once."""
    authority.configure(template={"CiscoUC": {"approval": False}})
    row = authority.submit(request_for().public_bytes(serialization.Encoding.DER), "CiscoUC", USER)

    assert "issued" == row.status


def test_signing_takes_time():
    """The latency scale sets how long a submission takes; seconds that are set later are plain."""
    waited: list[float] = []
    authority = Authority("example.com", latency=0.5, wait=waited.append)
    authority.submit(None, "CiscoUC", USER)
    authority.configure(sign_seconds=7)
    authority.submit(None, "CiscoUC", USER)

    assert [0.5, 7] == waited
