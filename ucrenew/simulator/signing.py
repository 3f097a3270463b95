"""What the simulated CA signs: a root, issuing CAs below it, and leaves by template.

Rule 1: without a bend every certificate is right (RFC 5280); each defect is one attribute of `Bends` and nothing else.
Rule 2: the template decides about usages; of a CSR's extensions only the SAN is copied (certsrv.md §10).
Rule 3: keys live in memory only; every start has new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from ucrenew.simulator.templates import CLIENT_AUTH, SERVER_AUTH, USAGES, Template

# A CA backdates what it signs, so that clocks a little behind accept it at once [I].
BACKDATED = timedelta(minutes=10)

# How old CA certificates are when the scene begins.
ROOT_AGE = timedelta(days=365)
ISSUING_AGE = timedelta(days=364)


@dataclass(frozen=True)
class Bends:
    """What is wrong with the next leaf; the defaults are an honest CA.

    ``namesake`` signs with another key under the issuing CA's own name, ``stranger`` with a CA that nobody trusts;
    ``missing_from_chain`` leaves one CA certificate out of every PKCS#7 chain.
    """

    drop_san: tuple[str, ...] = ()
    add_san: tuple[str, ...] = ()
    drop_rdns: tuple[str, ...] = ()
    drop_key_usage: tuple[str, ...] = ()
    drop_client_auth: bool = False
    drop_server_auth: bool = False
    reverse_subject: bool = False
    swap_key: bool = False
    expired: bool = False
    not_yet_valid: bool = False
    days: int = 0
    ca_leaf: bool = False
    sign_with: Literal["intermediate", "namesake", "stranger"] = "intermediate"
    missing_from_chain: Literal["", "intermediate", "root"] = ""


HONEST = Bends()

CHOICES = {"sign_with": ("intermediate", "namesake", "stranger"), "missing_from_chain": ("", "intermediate", "root")}


@dataclass(frozen=True)
class Signer:
    """A CA certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def new_key() -> rsa.RSAPrivateKey:
    """An RSA key of the size that AD CS takes by default."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_root(name: x509.Name, now: datetime) -> Signer:
    """A self-signed root, made a year ago, good for 20 years."""
    key = new_key()
    begin = now - ROOT_AGE
    builder = _frame(name, name, key.public_key(), (begin, begin + timedelta(days=20 * 365)))
    builder = _as_ca(builder, path_length=None)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Signer(builder.sign(key, hashes.SHA256()), key)


def new_intermediate(
    root: Signer, name: x509.Name, host: str, begin: datetime, key: rsa.RSAPrivateKey | None = None
) -> Signer:
    """An issuing CA below ``root``, good for ten years; a renewed one has the same name (certsrv.md §6)."""
    key = key or new_key()
    span = (begin, begin + timedelta(days=10 * 365))
    builder = _as_ca(_frame(name, root.certificate.subject, key.public_key(), span), path_length=0)
    builder = _identified(builder, key.public_key(), root, host)
    return Signer(builder.sign(root.key, hashes.SHA256()), key)


def leaf_for(  # noqa: PLR0913 - the facts of one issue
    csr: x509.CertificateSigningRequest,
    template: Template,
    *,
    signer: Signer,
    host: str,
    now: datetime,
    bends: Bends = HONEST,
) -> x509.Certificate:
    """The leaf that ``template`` makes of ``csr``, with the defects of ``bends``."""
    key = new_key().public_key() if bends.swap_key else csr.public_key()
    subject = _subject(csr.subject, bends)
    builder = _frame(subject, signer.certificate.subject, key, _validity(template, signer, now, bends))
    builder = _with_usages(builder, template, bends)
    names = _names(csr, bends)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    if bends.ca_leaf:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = _identified(builder, key, signer, host)
    return builder.sign(signer.key, hashes.SHA256())


def revocation_list(signer: Signer, now: datetime) -> x509.CertificateRevocationList:
    """An empty CRL, good for a week."""
    builder = x509.CertificateRevocationListBuilder(issuer_name=signer.certificate.subject)
    builder = builder.last_update(now - BACKDATED).next_update(now + timedelta(days=7))
    return builder.sign(signer.key, hashes.SHA256())


def requested_names(csr: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    """The SAN of a CSR, or None when it has none."""
    try:
        return csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _frame(
    subject: x509.Name, issuer: x509.Name, key: object, span: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError(f"this CA certifies RSA and EC keys only, not {type(key).__name__}")
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(span[0]).not_valid_after(span[1])


def _as_ca(builder: x509.CertificateBuilder, *, path_length: int | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_key_usage({"digital_signature", "key_cert_sign", "crl_sign"}), critical=True)


def _identified(builder: x509.CertificateBuilder, key: object, signer: Signer, host: str) -> x509.CertificateBuilder:
    """Subject and authority key identifier, and where AD CS says that CRL and issuer certificate are kept."""
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError(f"this CA certifies RSA and EC keys only, not {type(key).__name__}")
    issuer = signer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    address = f"http://{host}/CertEnroll/{quote(str(issuer))}"
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    crl = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{address}.crl")], None, None, None)
    aia = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(f"{address}.crt")
    )
    for extension in (
        x509.SubjectKeyIdentifier.from_public_key(key),
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
        x509.CRLDistributionPoints([crl]),
        x509.AuthorityInformationAccess([aia]),
    ):
        builder = builder.add_extension(extension, critical=False)
    return builder


def _key_usage(wanted: set[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in USAGES})


def _with_usages(builder: x509.CertificateBuilder, template: Template, bends: Bends) -> x509.CertificateBuilder:
    usages = set(template.key_usages) - set(bends.drop_key_usage)
    if usages:
        builder = builder.add_extension(_key_usage(usages), critical=True)
    dropped = {SERVER_AUTH} if bends.drop_server_auth else set()
    dropped |= {CLIENT_AUTH} if bends.drop_client_auth else set()
    extended = [ObjectIdentifier(oid) for oid in template.extended_key_usages if oid not in dropped]
    return builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False) if extended else builder


def _validity(template: Template, signer: Signer, now: datetime, bends: Bends) -> tuple[datetime, datetime]:
    """The template's years, cut to the CA's own end (certsrv.md §10)."""
    if bends.expired:
        return now - timedelta(days=30), now - timedelta(days=1)
    begin = now + timedelta(days=1) if bends.not_yet_valid else now - BACKDATED
    end = begin + timedelta(days=bends.days or template.days)
    return begin, min(end, signer.certificate.not_valid_after_utc)


def _names(csr: x509.CertificateSigningRequest, bends: Bends) -> x509.SubjectAlternativeName | None:
    asked: Iterable[x509.GeneralName] = requested_names(csr) or ()
    dropped = {name.casefold() for name in bends.drop_san}
    kept = [name for name in asked if str(name.value).casefold() not in dropped]
    kept += [x509.DNSName(name) for name in bends.add_san]
    return x509.SubjectAlternativeName(kept) if kept else None


def _subject(subject: x509.Name, bends: Bends) -> x509.Name:
    dropped = {name.upper() for name in bends.drop_rdns}
    rdns = [rdn for rdn in subject.rdns if not {part.rfc4514_attribute_name for part in rdn} & dropped]
    return x509.Name(reversed(rdns) if bends.reverse_subject else rdns)
