"""The templates of the simulated enterprise CA, and what a standalone CA goes by (certsrv.md §2, §6, §10)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"

USAGES = (
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


@dataclass(frozen=True)
class Template:
    """One certificate template of the enterprise CA, by its short name (certsrv.md §2, §10)."""

    name: str
    display_name: str
    extended_key_usages: tuple[str, ...] = (SERVER_AUTH,)
    key_usages: tuple[str, ...] = ("digital_signature", "key_encipherment")
    approval: bool = False
    published: bool = True
    enroll: bool = True
    # A template of a newer version is not on certrqxt.asp and is accepted by name all the same (§6 [M]).
    listed: bool = True
    minimum_key_size: int = 2048
    days: int = 730


TEMPLATES = (
    Template("WebServer", "Web Server"),
    Template(
        "CiscoUC",
        "Cisco UC",
        extended_key_usages=(SERVER_AUTH, CLIENT_AUTH),
        key_usages=("digital_signature", "key_encipherment", "data_encipherment"),
        approval=True,
    ),
)


def as_requested(csr: x509.CertificateSigningRequest) -> Template:
    """What a standalone CA goes by instead of a template: the usages that the CSR asks for, for a year [I]."""
    asked = {extension.oid: extension.value for extension in csr.extensions}
    extended, usages = asked.get(ExtensionOID.EXTENDED_KEY_USAGE), asked.get(ExtensionOID.KEY_USAGE)
    return Template(
        "",
        "",
        extended_key_usages=tuple(one.dotted_string for one in extended)
        if isinstance(extended, x509.ExtendedKeyUsage)
        else (),
        key_usages=_set_usages(usages) if isinstance(usages, x509.KeyUsage) else (),
        days=365,
    )


def _set_usages(usages: x509.KeyUsage) -> tuple[str, ...]:
    only_with_agreement = () if usages.key_agreement else USAGES[-2:]
    return tuple(name for name in USAGES if name not in only_with_agreement and getattr(usages, name))
