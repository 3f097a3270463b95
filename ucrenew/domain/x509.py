"""Certificates, requests and chains: reading them, comparing them, putting them in order.

1. Certificates are compared by their DER bytes, keys by SubjectPublicKeyInfo, names by parsed SAN entries.
2. Path validation is the library's (RFC 5280 by ``cryptography.x509.verification``), at a time the caller gives.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ucrenew.errors import BadInput

Signed = x509.Certificate | x509.CertificateSigningRequest
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_BEGIN = re.compile(rb"-----BEGIN (?:CERTIFICATE|X509 CERTIFICATE|PKCS7|PKCS #7 SIGNED DATA|CMS)-----")
_CERTIFICATE = re.compile(_BEGIN.pattern + rb"(.*?)-----END ", re.DOTALL)
# The header of old command references (cucm.md §2.4) and Microsoft's (certsrv.md §2) beside the usual one.
_REQUEST = re.compile(
    rb"-----BEGIN (?:NEW )?CERTIFICATE (?:SIGN )?REQUEST-----(.*?)-----END (?:NEW )?CERTIFICATE (?:SIGN )?REQUEST-----",
    re.DOTALL,
)


def parse_certificate(text: bytes | str) -> x509.Certificate:
    """Read exactly one certificate, PEM or DER. Raises BadInput."""
    found = parse_certificates(text)
    if len(found) != 1:
        raise BadInput(f"expected one certificate and found {len(found)}")
    return found[0]


def parse_certificates(text: bytes | str) -> list[x509.Certificate]:
    """Read all certificates of a PEM bundle, a DER file or a PKCS#7, also in certsrv's dress (certsrv.md §4).

    Raises BadInput when there is none or one cannot be read.
    """
    octets = text.encode() if isinstance(text, str) else text
    if b"-----BEGIN" not in octets:
        return _from_der(octets)
    blocks = [_decoded(body) for body in _CERTIFICATE.findall(octets)]
    if not blocks or len(blocks) < len(_BEGIN.findall(octets)):
        raise BadInput("no whole certificate found: the PEM text is cut off or of another kind")
    return [certificate for block in blocks for certificate in _from_der(block)]


def parse_csr(text: bytes | str) -> x509.CertificateSigningRequest:
    """Read one PKCS#10 request, PEM in any of its known headers or DER. Raises BadInput."""
    octets = text.encode() if isinstance(text, str) else text
    block = _REQUEST.search(octets)
    if block is None and b"-----BEGIN" in octets:
        raise BadInput("no whole certificate request found: the PEM text is cut off or of another kind")
    try:
        return x509.load_der_x509_csr(_decoded(block[1]) if block else octets)
    except ValueError as error:
        raise BadInput(f"the certificate request cannot be read: {error}") from error


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error as error:
        raise BadInput(f"the base64 text inside the PEM is damaged: {error}") from error


def _from_der(octets: bytes) -> list[x509.Certificate]:
    try:
        return [x509.load_der_x509_certificate(octets)]
    except ValueError as certificate_error:
        try:
            return pkcs7.load_der_pkcs7_certificates(octets)
        except (ValueError, UnsupportedAlgorithm):
            raise BadInput(f"the certificate cannot be read: {certificate_error}") from certificate_error


def pem(signed: Signed) -> str:
    """The PEM text, with a final newline."""
    return signed.public_bytes(Encoding.PEM).decode()


def der(signed: Signed) -> bytes:
    """The DER bytes: what two certificates are compared by."""
    return signed.public_bytes(Encoding.DER)


def fingerprint(signed: Signed) -> str:
    """SHA-256 of the DER, 64 lower-case hexadecimal digits."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der(signed))
    return digest.finalize().hex()


def public_key_info(signed: Signed) -> bytes:
    """SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): what two keys are compared by."""
    return signed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def same_key(one: Signed, other: Signed) -> bool:
    """True when both carry the same public key."""
    return public_key_info(one) == public_key_info(other)


def key_kind(signed: Signed) -> tuple[str, int]:
    """Type and length of the key in the words of the certificate API: ``("rsa", 2048)``, ``("ec", 384)``."""
    key = signed.public_key()
    match key:
        case rsa.RSAPublicKey():
            return "rsa", key.key_size
        case ec.EllipticCurvePublicKey():
            return "ec", key.key_size
        case _:
            return type(key).__name__.lower(), 0


def names(signed: Signed) -> frozenset[str]:
    """The entries of the SAN: DNS names in lower case, others with their type before them (``IP:192.0.2.10``).

    Empty when there is no SAN. The cluster compares all of them (cucm.md §4.8), so none is left out.
    """
    found = extension(signed, x509.SubjectAlternativeName)
    return frozenset(map(_entry, found)) if found else frozenset()


def _entry(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return name.value.lower()
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.RFC822Name() | x509.UniformResourceIdentifier():
            return f"{type(name).__name__}:{name.value}"
        case _:
            return repr(name)


def common_name(signed: Signed) -> str:
    """The last common name of the subject as written, or an empty string."""
    found = signed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def has_organizational_unit(signed: Signed) -> bool:
    """True when the subject has an OU; 14SU1 and later leave it out unless told (cucm.md §1.3)."""
    return bool(signed.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME))


def extended_key_usages(signed: Signed) -> frozenset[str]:
    """The dotted OIDs of the extended key usage; empty when there is none."""
    found = extension(signed, x509.ExtendedKeyUsage)
    return frozenset(usage.dotted_string for usage in found) if found else frozenset()


def key_usages(signed: Signed) -> frozenset[str]:
    """Names of the key usage bits that are set, as RFC 5280 §4.2.1.3 writes them, in snake case."""
    found = extension(signed, x509.KeyUsage)
    return frozenset(bit for bit in _KEY_USAGES if getattr(found, bit)) if found else frozenset()


_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)

SERVER_AUTHENTICATION = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
CLIENT_AUTHENTICATION = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string
USAGE_NAMES = {
    SERVER_AUTHENTICATION: "server authentication",
    CLIENT_AUTHENTICATION: "client authentication",
    "1.3.6.1.5.5.7.3.5": "IPsec end system",
}


def extension(signed: Signed, kind: type[_Extension]) -> _Extension | None:
    """One extension's value, or None."""
    try:
        return signed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def is_ca(certificate: x509.Certificate) -> bool:
    """True when basic constraints say CA."""
    found = extension(certificate, x509.BasicConstraints)
    return bool(found and found.ca)


def is_self_signed(certificate: x509.Certificate) -> bool:
    """True when the certificate's own key signed it."""
    return issued_by(certificate, certificate)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True when the issuer's key really signed it; a renewed CA has the same name and another key."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def issuers_root_first(leaf: x509.Certificate, pool: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The CA certificates of the leaf out of a pool in any order: root, then each intermediate (S15).

    One key can have several certificates (a CA renewed with its key, a root signed by another one): a way that reaches
    a root is taken before one that does not, and an issuer that had ended when the leaf began only where there is no
    other. Ends early when an issuer is missing: the first one is then not self-signed.
    """
    authorities = {der(certificate): certificate for certificate in pool if is_ca(certificate)}.values()
    begins = leaf.not_valid_before_utc
    ways = _ways_up(leaf, sorted(authorities, key=lambda ca: ca.not_valid_after_utc <= begins))
    first = next(ways)
    return first if is_whole(first) else next(filter(is_whole, ways), first)


def _ways_up(last: x509.Certificate, pool: Sequence[x509.Certificate]) -> Iterator[tuple[x509.Certificate, ...]]:
    """Every way up to a root, or to where no issuer is at hand, in the order of the pool."""
    above = [] if is_self_signed(last) else [ca for ca in pool if issued_by(last, ca)]
    if not above:
        yield ()
    for ca in above:
        rest = [other for other in pool if other != ca]
        yield from ((*way, ca) for way in _ways_up(ca, rest))


def issuer_in_words(certificate: x509.Certificate) -> str:
    """The subject that an issuer has to have, and its key identifier where the certificate tells (RFC 5280 §4.2.1.1).

    A CA that was renewed has the same name twice: the identifier tells which of the two is meant.
    """
    told = extension(certificate, x509.AuthorityKeyIdentifier)
    name = certificate.issuer.rfc4514_string() or "an empty name"
    identifier = told.key_identifier if told else None
    return f"{name} (key identifier {identifier.hex(':').upper()})" if identifier else name


def is_whole(chain_root_first: Sequence[x509.Certificate]) -> bool:
    """True when the issuers reach a root."""
    return bool(chain_root_first) and is_self_signed(chain_root_first[0])


def validation_trouble(
    leaf: x509.Certificate,
    chain_root_first: Sequence[x509.Certificate],
    *,
    at: datetime,
) -> str | None:
    """Validate the path from leaf to root at a time; return the library's reason, or None when it holds."""
    root, *intermediates = chain_root_first
    # Certificates for Cisco UC are outside the CA/Browser Forum's profile (names without a dot, both key usages),
    # so the leaf's extensions are judged by our own rules (domain/issued.py) and not by the library's web profile.
    leaf_policy = verification.ExtensionPolicy.permit_all()
    ca_policy = verification.ExtensionPolicy.webpki_defaults_ca()
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root]))
        .time(at)
        .extension_policies(ca_policy=ca_policy, ee_policy=leaf_policy)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, intermediates)
    except verification.VerificationError as error:
        return str(error)
    return None
