"""Reading, comparing and ordering certificates."""

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ucrenew.domain import x509
from ucrenew.errors import BadInput

from .builder import (
    CLIENT,
    COMMON_NAME,
    NAMES,
    NODES,
    NOW,
    PUBLISHER,
    SERVER,
    USAGES,
    Authority,
    authority,
    bare_request,
    chain,
    ec_key,
    in_pkcs7,
    intermediate,
    leaf,
    namesake,
    other_root,
    request,
    root,
    rsa_key,
    self_signed,
)


def pem_block(label, octets):
    body = base64.encodebytes(octets).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


# --- certificates


@pytest.mark.parametrize(
    "text",
    [
        x509.pem(leaf()),
        x509.pem(leaf()).encode(),
        x509.pem(leaf()).replace("\n", "\r\n"),
        x509.der(leaf()),
        f"Bag Attributes\n  friendlyName: x\n{x509.pem(leaf())}\ntrailing words",
        pem_block("X509 CERTIFICATE", x509.der(leaf())),
        in_pkcs7(leaf()),
        in_pkcs7(leaf(), encoding=Encoding.PEM),
        pem_block("CERTIFICATE", in_pkcs7(leaf())),
    ],
    ids=["pem", "bytes", "crlf", "der", "text around", "old header", "p7b", "p7b in PEM", "p7b dressed as certificate"],
)
def test_certificate_in_each_dress(text):
    """One certificate is read from PEM, DER and PKCS#7, also in certsrv's dress, whatever text is around (S12, S13)."""
    assert leaf() == x509.parse_certificate(text)


def test_bundle_keeps_all():
    """All certificates of a bundle are read, in the order of the file (S15)."""
    bundle = "".join(map(x509.pem, (*chain(), leaf())))

    assert [*chain(), leaf()] == x509.parse_certificates(bundle)


def test_chain_file_in_pkcs7():
    """A chain in a .p7b gives all its certificates (S15)."""
    found = x509.parse_certificates(in_pkcs7(*chain()))

    assert set(chain()) == set(found)


@pytest.mark.parametrize("label", ["PKCS7", "PKCS #7 SIGNED DATA", "CMS"])
def test_chain_file_in_each_header(label):
    """A PKCS#7 is read under each of the headers that a person may hand it in with (S12, S15)."""
    assert set(chain()) == set(x509.parse_certificates(pem_block(label, in_pkcs7(*chain()))))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "<html><body>Certificate Pending</body></html>",
        x509.pem(leaf())[:400],
        x509.pem(leaf()).replace("-----END CERTIFICATE-----", ""),
        x509.pem(leaf())[:400] + x509.pem(leaf()),
        x509.pem(leaf()) + x509.pem(leaf())[:400],
        x509.pem(leaf()).replace("MII", "M*I", 1),
        pem_block("CERTIFICATE", x509.der(leaf())[:-20]),
        pem_block("CERTIFICATE", b""),
        x509.pem(request()),
        x509.der(leaf())[:-20],
    ],
    ids=[
        "nothing",
        "blank",
        "html",
        "cut off",
        "no end",
        "cut off, then whole",
        "whole, then cut off",
        "not base64",
        "short DER in PEM",
        "empty PEM",
        "a request",
        "short DER",
    ],
)
def test_no_whole_certificate(text):
    """Anything that is not whole certificates from end to end is refused in words, never read in part."""
    with pytest.raises(BadInput) as caught:
        x509.parse_certificates(text)

    assert "\n" not in str(caught.value)


def test_pkcs7_of_other_kind():
    """A PKCS#7 that is no bundle of certificates is bad input like any other wrong file."""
    only_data = bytes.fromhex("300b06092a864886f70d010701")

    with pytest.raises(BadInput):
        x509.parse_certificates(only_data)


def test_more_than_one_certificate():
    """Where one certificate is expected, two are refused with their number."""
    with pytest.raises(BadInput, match="found 2"):
        x509.parse_certificate("".join(map(x509.pem, chain())))


# --- requests


@pytest.mark.parametrize("label", ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"])
def test_request_in_each_header(label):
    """A request is read under the header of each program that writes one (S11; cucm.md §2.4, certsrv.md §2)."""
    text = "tomcat/tomcat.csr:\n" + pem_block(label, x509.der(request()))

    assert request() == x509.parse_csr(text)


def test_request_in_der():
    """A request is read from DER."""
    assert request() == x509.parse_csr(x509.der(request()))


@pytest.mark.parametrize(
    "text",
    ["", "<html>", x509.pem(request())[:300], x509.pem(leaf()), pem_block("CERTIFICATE REQUEST", b"no request")],
    ids=["nothing", "html", "cut off", "a certificate", "other bytes"],
)
def test_no_whole_request(text):
    """Anything that is not one whole request is refused in words (S11)."""
    with pytest.raises(BadInput) as caught:
        x509.parse_csr(text)

    assert "\n" not in str(caught.value)


# --- what is compared


def test_fingerprint():
    """A fingerprint is the SHA-256 of the DER in 64 lower-case digits, and PEM round trips do not change it."""
    expected = hashlib.sha256(x509.der(leaf())).hexdigest()

    assert expected == x509.fingerprint(leaf())
    assert expected == x509.fingerprint(x509.parse_certificate(x509.pem(leaf())))


def test_key_match():
    """A certificate and a request match by their public keys and by nothing else (S7)."""
    assert x509.same_key(leaf(names=NODES[:1], common_name="other.example.com"), request())
    assert not x509.same_key(leaf(key=rsa_key("an older request")), request())


def test_key_kinds():
    """Keys are named in the words of the certificate API."""
    assert ("rsa", 2048) == x509.key_kind(leaf())
    assert ("ec", 256) == x509.key_kind(request(key=ec_key("a node")))


def test_names_are_parsed():
    """Names come from the parsed SAN, in lower case; the common name is none of them by itself (S8)."""
    found = x509.names(request(names=("A.Example.COM", "b.example.com")))

    assert {"a.example.com", "b.example.com"} == found


def test_nothing_there():
    """A request without extensions and common name has no names, no usages and an empty common name."""
    bare = bare_request(common_name="")

    assert frozenset() == x509.names(bare)
    assert frozenset() == x509.extended_key_usages(bare)
    assert frozenset() == x509.key_usages(bare)
    assert "" == x509.common_name(bare)


def test_usages_of_request():
    """Usages of a request are read in the words that the rules use (cucm.md §4.7)."""
    assert set(USAGES) == x509.key_usages(request())
    assert {SERVER.dotted_string, CLIENT.dotted_string} == x509.extended_key_usages(request())


def test_subject_of_request():
    """The common name and the presence of an OU are read from the subject (S8, cucm.md §1.3)."""
    assert COMMON_NAME == x509.common_name(request())
    assert not x509.has_organizational_unit(request())
    assert x509.has_organizational_unit(request(unit="Voice"))


def test_self_signed_is_by_signature():
    """Self-signed means signed by its own key: root and node certificate are, the others are not (S10)."""
    assert x509.is_self_signed(root().certificate)
    assert x509.is_self_signed(self_signed())
    assert not x509.is_self_signed(intermediate().certificate)
    assert not x509.is_self_signed(leaf())


def test_same_name_is_not_self_signed():
    """A certificate whose issuer has its own name but another key is not self-signed."""
    twin = authority("Example Root CA", root(), key="twin")

    assert not x509.is_self_signed(twin.certificate)


def test_only_cas_are_cas():
    """Basic constraints tell a CA from a leaf."""
    assert x509.is_ca(root().certificate)
    assert x509.is_ca(leaf(ca=True))
    assert not x509.is_ca(leaf())
    assert not x509.is_ca(self_signed(PUBLISHER))


# --- chains


@pytest.mark.parametrize("turn", [1, -1])
def test_chain_is_root_first(turn):
    """Whatever the order of the pool, the chain is root, then intermediate, without the leaf (S15)."""
    pool = [leaf(), intermediate().certificate, other_root().certificate, root().certificate][::turn]

    assert chain() == x509.issuers_root_first(leaf(), pool)


def test_certificate_twice_in_pool():
    """A CA certificate that is in the pool twice is in the chain once (S15)."""
    assert chain() == x509.issuers_root_first(leaf(), [*chain(), *chain()])


def test_renewed_ca_in_pool():
    """Of two CAs with the same name the one whose key signed is taken (S15)."""
    both = [namesake().certificate, *chain()]

    assert chain() == x509.issuers_root_first(leaf(), both)
    assert (root().certificate, namesake().certificate) == x509.issuers_root_first(leaf(issuer=namesake()), both)


def test_long_chain():
    """A chain of four is put in order from the root down (S15)."""
    links = [root()]
    for number in range(3):
        links.append(authority(f"CA {number}", links[-1]))
    expected = tuple(link.certificate for link in links)

    assert expected == x509.issuers_root_first(leaf(issuer=links[-1]), reversed(expected))


def test_cross_signed_root_ends():
    """Two CAs that signed each other do not make an endless chain."""
    one = authority("One")
    two = authority("Two", one)
    one_by_two = authority("One", two)

    found = x509.issuers_root_first(leaf(issuer=two), [one_by_two.certificate, two.certificate])

    assert (one_by_two.certificate, two.certificate) == found


@pytest.mark.parametrize("turn", [1, -1])
def test_ca_renewed_with_its_key(turn):
    """Of a CA's certificates for the key that signed, one that had ended when the leaf began is not taken (S15)."""
    ended = authority("Example Issuing CA", root(), ends=NOW - timedelta(days=10)).certificate

    assert chain() == x509.issuers_root_first(leaf(), [ended, *chain()][::turn])


@pytest.mark.parametrize("turn", [1, -1])
def test_way_that_reaches_a_root(turn):
    """Where the root is there by itself and signed by somebody who is not, the way ends in the root (S15)."""
    crossed = authority("Example Root CA", other_root()).certificate

    assert chain() == x509.issuers_root_first(leaf(), [crossed, *chain()][::turn])


def test_leaf_is_no_issuer():
    """A certificate that is no CA is never taken for an issuer, although its key signed (S15)."""
    node = Authority(self_signed(), ec_key(PUBLISHER))
    below = leaf(issuer=node)

    assert x509.issued_by(below, node.certificate)
    assert () == x509.issuers_root_first(below, [node.certificate])


def test_validation_at_given_time():
    """A path is judged at the time that is given, not at the time of the day (S20)."""
    assert x509.validation_trouble(leaf(), chain(), at=NOW) is None
    assert x509.validation_trouble(leaf(), chain(), at=NOW + timedelta(days=400)) is not None
    assert x509.validation_trouble(leaf(), chain(), at=NOW - timedelta(days=2)) is not None


def test_validation_of_cisco_leaves():
    """Names without a dot and a leaf without client authentication are no matter of the path (cucm.md §4.7)."""
    assert x509.validation_trouble(leaf(names=("pub", *NAMES)), chain(), at=NOW) is None
    assert x509.validation_trouble(leaf(extended=(SERVER,)), chain(), at=NOW) is None


def test_validation_by_stranger():
    """A path to somebody else's root does not validate (S20)."""
    assert x509.validation_trouble(leaf(), (other_root().certificate, intermediate().certificate), at=NOW) is not None
