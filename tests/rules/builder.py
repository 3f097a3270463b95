"""Correct certificates and requests of the document's cluster; a test states only the defect it is about.

Keys are made once for the whole session. The clock stands at ``NOW``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ucrenew.domain.facts import IssuedFacts

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)

PUBLISHER = "cs-ccm-pub.example.com"
SUBSCRIBER = "cs-ccm-sub.example.com"
PRESENCE = "cs-imp.example.com"
COMMON_NAME = "cs-ccm-pub-ms.example.com"
DOMAIN = "example.com"
NODES = (PUBLISHER, SUBSCRIBER, PRESENCE)
# What a cluster puts into the SAN: every node, the common name, the parent domain (S8).
NAMES = (*NODES, COMMON_NAME, DOMAIN)

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
USAGES = ("digital_signature", "key_encipherment", "data_encipherment")
CA_USAGES = ("digital_signature", "key_cert_sign", "crl_sign")
_ALL_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
# The last octet of the object identifiers of RSA signatures, 1.2.840.113549.1.1.x (RFC 8017 §A.2.4).
_RSA_WITH = bytes.fromhex("06092a864886f70d0101")
_SHA256, _SHA1 = b"\x0b", b"\x05"


@cache
def rsa_key(of="the cluster"):  # noqa: ARG001 - the cache tells labels apart
    """The RSA key with this label."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(of):  # noqa: ARG001
    """The EC key with this label."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """A CA: its certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def authority(name, issuer=None, *, key=None, begins=NOW - 1000 * DAY, ends=NOW + 3000 * DAY):
    """A CA certificate, self-signed without an issuer; ``key`` labels its key, its name else."""
    own = ec_key(key or name)
    signer = issuer or Authority(None, own)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(issuer.certificate.subject if issuer else _subject(name))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(CA_USAGES), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()),
            critical=False,
        )
    )
    return Authority(builder.sign(signer.key, hashes.SHA256()), own)


@cache
def root():
    """The root of the company's CA."""
    return authority("Example Root CA")


@cache
def intermediate():
    """The CA below it, which issues."""
    return authority("Example Issuing CA", root())


@cache
def namesake():
    """A CA that has the issuing CA's name and issuer, and another key: as after its renewal."""
    return authority("Example Issuing CA", root(), key="Example Issuing CA, renewed")


@cache
def other_root():
    """The root of somebody else."""
    return authority("Somebody Else's Root CA")


@cache
def request(
    *,
    names=NAMES,
    common_name=COMMON_NAME,
    key=None,
    digest=None,
    unit=None,
    usages=USAGES,
    extended=(SERVER, CLIENT),
    others=(),
):
    """The cluster's request; ``others`` are SAN entries that are no DNS names."""
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(common_name, unit))
        .add_extension(_alternative(names, others), critical=False)
        .add_extension(_key_usage(usages), critical=False)
        .add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    )
    return builder.sign(key or rsa_key(), digest or hashes.SHA256())


def bare_request(common_name=COMMON_NAME):
    """A request without any extension."""
    return x509.CertificateSigningRequestBuilder().subject_name(_subject(common_name)).sign(rsa_key(), hashes.SHA256())


@cache
def leaf(
    *,
    issuer=None,
    key=None,
    names=NAMES,
    common_name=COMMON_NAME,
    usages=USAGES,
    extended=(SERVER, CLIENT),
    begins=NOW - DAY,
    ends=NOW + 365 * DAY,
    ca=False,
    others=(),
):
    """What the issuing CA makes of the cluster's request."""
    signer = issuer or intermediate()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(common_name))
        .issuer_name(signer.certificate.subject)
        .public_key((key or rsa_key()).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(_alternative(names, others), critical=False)
        .add_extension(_key_usage(usages), critical=True)
        .add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(signer.key, hashes.SHA256())


@cache
def self_signed(host=PUBLISHER, *, begins=NOW - DAY, ends=NOW + 1825 * DAY, serial=None):
    """The certificate that a node makes for itself."""
    name, key = _subject(host), ec_key(host)
    number = serial or x509.random_serial_number()
    builder = x509.CertificateBuilder(name, name, key.public_key(), number, begins, ends)
    return builder.add_extension(_alternative((host,), ()), critical=False).sign(key, hashes.SHA256())


def signed_with_sha1():
    """A correct leaf below an RSA root, signed with SHA-1; the library makes none, so the bytes are put together."""
    signer = Authority(_rsa_root(), rsa_key("an old CA"))
    good = leaf(issuer=signer)
    body = good.tbs_certificate_bytes.replace(_RSA_WITH + _SHA256, _RSA_WITH + _SHA1)
    signature = signer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    algorithm = _tagged(0x30, _RSA_WITH + _SHA1 + b"\x05\x00")
    old = _tagged(0x30, body + algorithm + _tagged(0x03, b"\x00" + signature))
    return x509.load_der_x509_certificate(old), (signer.certificate,)


def damaged(csr):
    """The request with the last bit of its signature turned round."""
    octets = csr.public_bytes(Encoding.DER)
    return x509.load_der_x509_csr(octets[:-1] + bytes([octets[-1] ^ 1]))


def in_pkcs7(*certificates, encoding=Encoding.DER):
    """The certificates in one PKCS#7."""
    return pkcs7.serialize_certificates(list(certificates), encoding)


def chain():
    """Root and issuing CA, root first."""
    return (root().certificate, intermediate().certificate)


def issued(certificate=None, **changes):
    """A certificate that came back from the CA with what it is compared with; everything is right but the changes."""
    facts = {"csr": request(), "chain": chain(), "trusted_roots": (root().certificate,), "at": NOW, **changes}
    return IssuedFacts(leaf=certificate or leaf(), **facts)


@cache
def _rsa_root():
    key, name = rsa_key("an old CA"), _subject("An Old CA")
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + 3000 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(CA_USAGES), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _subject(common_name, unit=None):
    parts = [(NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Example")]
    parts += [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else []
    parts += [(NameOID.COMMON_NAME, common_name)] if common_name else []
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _alternative(names, others):
    return x509.SubjectAlternativeName([*(x509.DNSName(name) for name in names), *others])


def _key_usage(wanted):
    return x509.KeyUsage(**{usage: usage in wanted for usage in _ALL_USAGES})


def _tagged(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
