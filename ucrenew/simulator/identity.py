"""Identities: a private key and the certificate that goes with it, and the self-signed ones a new node starts with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SELF_SIGNED_LIFE = timedelta(days=5 * 365)
# A certificate of the platform's own began this long before it was made, so that clocks a little behind accept it.
_BACKDATED = timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """What a service of a node shows, and the key that proves it."""

    certificate: x509.Certificate
    key: Key
    multi_server: bool = False

    @property
    def self_signed(self) -> bool:
        """Whether the node made it by itself; a CA-signed one names another issuer."""
        return self.certificate.issuer == self.certificate.subject

    def key_pem(self) -> bytes:
        """The private key, for the TLS library only."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def new_key(*, elliptic: bool = False, length: int | None = None) -> Key:
    """A fresh key; RSA 2048 and P-384 where nothing else is asked (cucm.md §4.6)."""
    if elliptic:
        curves = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
        return ec.generate_private_key(curves[length or 384])
    return rsa.generate_private_key(65537, length or 2048)


def subject(common_name: str, *, unit: str | None) -> x509.Name:
    """A subject in the order in which the platform encodes it (cucm_inside.md §A.2); OU only where it is asked."""
    parts = [
        (NameOID.COUNTRY_NAME, "US"),
        (NameOID.ORGANIZATION_NAME, "Example"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
        (NameOID.STATE_OR_PROVINCE_NAME, "California"),
        (NameOID.LOCALITY_NAME, "San Jose"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def key_usage() -> x509.KeyUsage:
    """The usages digitalSignature, keyEncipherment, dataEncipherment (cucm.md §4.7)."""
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        data_encipherment=True,
        content_commitment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def extended_key_usage() -> x509.ExtendedKeyUsage:
    """The extended usages serverAuth and clientAuth (cucm.md §4.7)."""
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def self_signed(
    common_name: str, key: Key, now: datetime, serial: int | None = None, *, names: tuple[str, ...] = ()
) -> Identity:
    """What the platform generates at installation, five years long (cucm.md §2.4, "Self-signed certificate")."""
    name = subject(common_name, unit="Voice")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + SELF_SIGNED_LIFE)
        .add_extension(key_usage(), critical=False)
        .add_extension(extended_key_usage(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names or (common_name,)]), critical=False
        )
    )
    return Identity(builder.sign(key, hashes.SHA256()), key)


def factory_root(common_name: str, now: datetime, serial: int) -> x509.Certificate:
    """A root that the trust store holds from the factory."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return ca_certificate(name, now - timedelta(days=3650), now + timedelta(days=3650), serial)


def ca_certificate(name: x509.Name, start: datetime, end: datetime, serial: int | None = None) -> x509.Certificate:
    """A self-signed CA certificate whose key is thrown away."""
    key = new_key(elliptic=True, length=256)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER, lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """PEM with real line ends (cucm.md §1.4)."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def common_name(name: x509.Name) -> str:
    """The first common name, or the whole name where there is none."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
