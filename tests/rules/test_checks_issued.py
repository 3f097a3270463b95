"""What came back from the CA: each defect by itself, and all of them at once."""

import ipaddress
from datetime import timedelta

import pytest
from cryptography import x509 as crypto
from cryptography.x509.oid import ExtendedKeyUsageOID

from ucrenew.domain import issued as rules
from ucrenew.domain.finding import Reason, Severity, acceptable, refusals
from ucrenew.domain.issued import check_issued
from ucrenew.domain.x509 import issuers_root_first

from .builder import (
    CLIENT,
    COMMON_NAME,
    DAY,
    NAMES,
    NODES,
    NOW,
    SERVER,
    USAGES,
    authority,
    chain,
    intermediate,
    issued,
    leaf,
    namesake,
    other_root,
    request,
    root,
    rsa_key,
    self_signed,
    signed_with_sha1,
)
from .lab import reasons

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
IPSEC = crypto.ObjectIdentifier("1.3.6.1.5.5.7.3.5")


def test_correct_certificate_passes():
    """A certificate that keeps all of the request, below a known root, gives no finding (S15, S17)."""
    assert () == check_issued(issued())


def test_other_key():
    """A certificate for another key than the request's is refused: an overwritten CSR's comes back so (S7)."""
    (found,) = check_issued(issued(leaf(key=rsa_key("an older request"))))

    assert (Reason.OTHER_KEY, Severity.REFUSE) == (found.reason, found.severity)


@pytest.mark.parametrize(
    ("defects", "told"),
    [
        ({"names": ("other.example.org",), "common_name": "other.example.org"}, True),
        ({"names": (*NAMES, "www.example.com")}, True),
        ({"common_name": "other.example.org"}, False),
        ({}, False),
    ],
    ids=["somebody else's", "our nodes and one more", "other common name only", "other key only"],
)
def test_other_request(defects, told):
    """Other key and other names together are another request's certificate, which is told beside the rest (S14)."""
    found = check_issued(issued(leaf(key=rsa_key("an older request"), **defects)))

    assert told is (Reason.WRONG_REQUEST in reasons(refusals(found)))
    assert Reason.OTHER_KEY in reasons(found)


def test_other_request_is_named():
    """The certificate of another request is told by its common name, so that somebody recognises it (S14)."""
    found = check_issued(issued(leaf(key=rsa_key("x"), names=("a.example.org",), common_name="a.example.org")))

    assert "another request, for a.example.org;" in str(found[1])


def test_our_key_under_other_names():
    """Names that the CA changed on our own key are told as names, not as another request."""
    found = check_issued(issued(leaf(names=("a.example.org",))))

    assert [Reason.NAME_MISSING, Reason.NAME_EXTRA] == reasons(found)


@pytest.mark.parametrize("missing", NODES)
def test_name_left_out(missing):
    """A node's name that the CA left out is refused and named (S17)."""
    (found,) = check_issued(issued(leaf(names=tuple(name for name in NAMES if name != missing))))

    assert (Reason.NAME_MISSING, Severity.REFUSE) == (found.reason, found.severity)
    assert missing in found.sentence


def test_name_added():
    """A name that the CA added is refused: the cluster wants equal sets (cucm.md §4.8)."""
    (found,) = check_issued(issued(leaf(names=(*NAMES, "www.example.com"))))

    assert (Reason.NAME_EXTRA, Severity.REFUSE) == (found.reason, found.severity)
    assert "www.example.com" in found.sentence


def test_address_added():
    """An IP address that the CA added to the SAN makes the sets differ as a name does (cucm.md §4.8)."""
    address = crypto.IPAddress(ipaddress.ip_address("192.0.2.10"))

    found = check_issued(issued(leaf(others=(address,))))

    assert [Reason.NAME_EXTRA] == reasons(found)


def test_names_without_case_or_order():
    """The CA may change the order and the case of names; the sets stay equal (cucm.md §4.8)."""
    shuffled = tuple(name.upper() for name in reversed(NAMES))

    assert () == check_issued(issued(leaf(names=shuffled)))


def test_other_common_name():
    """Another common name than the request's is refused with both names (S18)."""
    (found,) = check_issued(issued(leaf(common_name=NODES[0])))

    assert (Reason.COMMON_NAME, "S18") == (found.reason, found.row)
    assert NODES[0] in found.sentence
    assert COMMON_NAME in found.sentence


def test_common_name_dropped():
    """A certificate without any common name is refused and called empty (S18)."""
    (found,) = check_issued(issued(leaf(common_name="")))

    assert Reason.COMMON_NAME == found.reason
    assert "empty" in found.sentence


def test_subject_may_be_shortened():
    """Other parts of the subject than the common name may be dropped by the CA (certsrv.md §10)."""
    assert () == check_issued(issued(csr=request(unit="Voice")))


def test_client_authentication_missing():
    """A leaf that lacks client authentication alone may be accepted by a person, and by nobody else (FN74345)."""
    (found,) = check_issued(issued(leaf(extended=(SERVER,))))

    assert (Reason.EXTENDED_KEY_USAGE, Severity.ACCEPT) == (found.reason, found.severity)
    assert "client authentication" in found.sentence
    assert ((), (found,)) == (refusals([found]), acceptable([found]))


@pytest.mark.parametrize(
    ("granted", "asked", "shown"),
    [
        ((CLIENT,), (SERVER, CLIENT), "server authentication"),
        ((CODE_SIGNING,), (SERVER, CLIENT), "server authentication, client authentication"),
        ((SERVER,), (SERVER, CLIENT, IPSEC), "client authentication, IPsec end system"),
    ],
    ids=["server authentication", "both", "one more beside client authentication"],
)
def test_other_usage_missing(granted, asked, shown):
    """Whatever else is missing of what the request asks for is refused: no person can accept it (cucm.md §4.7)."""
    (found,) = check_issued(issued(leaf(extended=granted), csr=request(extended=asked)))

    assert (Reason.EXTENDED_KEY_USAGE, Severity.REFUSE) == (found.reason, found.severity)
    assert f"lacks {shown}," in found.sentence
    assert () == acceptable([found])


def test_usage_not_asked_for():
    """Only what the request asks for is demanded; nobody misses what it does not ask for (cucm.md §4.7)."""
    assert () == check_issued(issued(leaf(extended=(SERVER,)), csr=request(extended=(SERVER,))))


def test_data_encipherment_dropped():
    """A key usage that the CA dropped is a warning that names it (cucm.md §4.7)."""
    found = check_issued(issued(leaf(usages=("digital_signature", "key_encipherment"))))

    assert [Reason.KEY_USAGE] == reasons(found)
    assert "data encipherment" in found[0].sentence
    assert () == refusals(found)


def test_key_usage_added():
    """A key usage beside those of the request does no harm."""
    assert () == check_issued(issued(leaf(usages=(*USAGES, "content_commitment"))))


def test_not_yet_valid():
    """A certificate that begins tomorrow is refused with its beginning (S18)."""
    (found,) = check_issued(issued(leaf(begins=NOW + DAY)))

    assert (Reason.NOT_YET_VALID, Severity.REFUSE) == (found.reason, found.severity)
    assert "2026-03-03 09:00 UTC" in found.sentence


def test_clock_of_ca_runs_ahead():
    """A CA whose clock runs five minutes before ours does no harm; a second more is found."""
    five = timedelta(minutes=5)

    assert () == check_issued(issued(leaf(begins=NOW + five)))
    assert [Reason.NOT_YET_VALID] == reasons(check_issued(issued(leaf(begins=NOW + five + timedelta(seconds=1)))))


@pytest.mark.parametrize("ends", [NOW - timedelta(seconds=1), NOW])
def test_ended(ends):
    """A certificate that has ended is refused with its end (S18)."""
    found = check_issued(issued(leaf(ends=ends)))

    assert Reason.EXPIRED in reasons(refusals(found))
    assert f"{ends:%Y-%m-%d %H:%M} UTC" in str(found[0])


def test_last_second_is_valid():
    """In its last second a certificate has not ended."""
    assert rules.has_not_ended(issued(leaf(ends=NOW + timedelta(seconds=1)))) is None


def test_ca_certificate_for_leaf():
    """The CA's own certificate in the place of the leaf is refused as one (S17)."""
    found = check_issued(issued(intermediate().certificate, chain=(root().certificate,)))

    assert Reason.CA_CERTIFICATE == found[0].reason
    assert Reason.OTHER_KEY in reasons(found)


def test_leaf_that_may_sign():
    """A certificate for our key that is marked as a CA is refused, whatever else is right (S17)."""
    assert Reason.CA_CERTIFICATE in reasons(refusals(check_issued(issued(leaf(ca=True)))))


def test_sha1_signature():
    """A certificate that is signed with SHA-1 is refused (S6)."""
    old, above = signed_with_sha1()

    found = check_issued(issued(old, chain=above, trusted_roots=()))

    assert Reason.WEAK_SIGNATURE in reasons(refusals(found))
    assert "sha1" in str(found)


def test_chain_without_intermediate():
    """Without the issuing CA the chain is incomplete, and the sentence says whose issuer is missing (S15)."""
    above = issuers_root_first(leaf(), [root().certificate])

    (found,) = check_issued(issued(chain=above))

    assert () == above
    assert (Reason.CHAIN_INCOMPLETE, "S15") == (found.reason, found.row)
    assert COMMON_NAME in found.sentence


def test_chain_without_root():
    """Without the root the chain is incomplete, and the sentence names the issuing CA (S15)."""
    above = issuers_root_first(leaf(), [intermediate().certificate])

    (found,) = check_issued(issued(chain=above, trusted_roots=()))

    assert (intermediate().certificate,) == above
    assert Reason.CHAIN_INCOMPLETE == found.reason
    assert "Example Issuing CA" in found.sentence


def test_issuer_of_same_name_other_key():
    """A CA of the same name and another key did not sign the leaf: the chain is incomplete, not good (S15)."""
    above = issuers_root_first(leaf(), [namesake().certificate, root().certificate])

    found = check_issued(issued(chain=above, at_hand=(namesake().certificate, root().certificate)))

    assert () == above
    assert [Reason.CHAIN_INCOMPLETE, Reason.CHAIN_NAMESAKE] == reasons(refusals(found))
    assert f"(serial {namesake().certificate.serial_number:x}) has the issuer's name and another key" in str(found[1])


def test_root_of_same_name_other_key():
    """A root that was renewed under its name is told as that, above an issuing CA that is right (S15)."""
    renewed = authority("Example Root CA", key="the root, renewed").certificate
    above = issuers_root_first(leaf(), [intermediate().certificate, renewed])

    found = check_issued(issued(chain=above, trusted_roots=(renewed,)))

    assert [Reason.CHAIN_INCOMPLETE, Reason.CHAIN_NAMESAKE] == reasons(found)
    assert "signed Example Issuing CA" in str(found[1])


def test_namesake_beside_right_chain():
    """Where the key that signed is at hand too, a CA of the same name does no harm (S15)."""
    assert () == check_issued(issued(at_hand=(namesake().certificate, *chain())))


def test_forced_namesake_does_not_validate():
    """Even when a same-named CA is put into the chain, the path does not validate (RFC 5280)."""
    found = check_issued(issued(chain=(root().certificate, namesake().certificate)))

    assert [Reason.CHAIN_INVALID] == reasons(refusals(found))


def test_unexpected_root():
    """A chain that ends in another root than the profile's chain file has is refused and named (S15)."""
    (found,) = check_issued(issued(trusted_roots=(other_root().certificate,)))

    assert (Reason.CHAIN_UNEXPECTED_ROOT, Severity.REFUSE) == (found.reason, found.severity)
    assert "Example Root CA" in found.sentence


def test_root_of_same_name():
    """A root with the right name and another key is not the profile's root: bytes are compared (S15)."""
    impostor = authority("Example Root CA", key="an impostor")
    issuing = authority("Example Issuing CA", impostor)
    given = leaf(issuer=issuing)

    found = check_issued(issued(given, chain=(impostor.certificate, issuing.certificate)))

    assert [Reason.CHAIN_UNEXPECTED_ROOT] == reasons(found)


def test_any_root_without_chain_file():
    """A profile without a chain file demands no particular root (S15)."""
    assert () == check_issued(issued(trusted_roots=()))


def test_one_of_several_roots():
    """Any root of the chain file will do: CAs change roots while certificates of both are about (S15)."""
    assert () == check_issued(issued(trusted_roots=(other_root().certificate, root().certificate)))


def test_ended_intermediate():
    """A chain through an issuing CA that has ended does not validate (S15)."""
    ended = authority("Example Issuing CA", root(), key="ended", ends=NOW - DAY)

    found = check_issued(issued(leaf(issuer=ended), chain=(root().certificate, ended.certificate)))

    assert [Reason.CHAIN_INVALID] == reasons(refusals(found))


def test_root_issues_directly():
    """A chain of one root is complete: not every CA has an intermediate (S15)."""
    assert () == check_issued(issued(leaf(issuer=root()), chain=(root().certificate,)))


def test_self_signed_for_leaf():
    """A node's self-signed certificate is not what the CA issued."""
    found = check_issued(issued(self_signed(), chain=()))

    assert Reason.OTHER_KEY in reasons(found)
    assert Reason.CHAIN_INCOMPLETE in reasons(found)


def test_all_findings_at_once():
    """Everything that is wrong with a certificate is reported in one go, in the list's order (S17)."""
    bad = leaf(
        key=rsa_key("an older request"),
        names=(*NODES[:2], "www.example.com"),
        common_name="www.example.com",
        extended=(SERVER,),
        usages=("digital_signature",),
        begins=NOW - 2 * DAY,
        ends=NOW - DAY,
    )

    found = check_issued(issued(bad, trusted_roots=(other_root().certificate,)))

    assert reasons(found) == [
        Reason.OTHER_KEY,
        Reason.WRONG_REQUEST,
        Reason.NAME_MISSING,
        Reason.NAME_EXTRA,
        Reason.COMMON_NAME,
        Reason.EXTENDED_KEY_USAGE,
        Reason.KEY_USAGE,
        Reason.EXPIRED,
        Reason.CHAIN_INVALID,
        Reason.CHAIN_UNEXPECTED_ROOT,
    ]
    assert [Reason.KEY_USAGE] == [finding.reason for finding in found if finding.severity is Severity.WARN]


def test_chain_is_the_built_one():
    """The chain that the rules are given is what is found by signature among all certificates at hand (S15)."""
    pool = [other_root().certificate, intermediate().certificate, namesake().certificate, root().certificate]

    assert chain() == issuers_root_first(leaf(), pool)
