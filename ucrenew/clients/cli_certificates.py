"""What the platform CLI says about certificates and CSRs (cucm.md §2.4): text in, values out.

The labels around a certificate changed with 14SU2, so they are never read: the PEM block is taken out
and parsed. A reply in no known form raises `ValueError` with the reason.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from cryptography import x509


@dataclass(frozen=True)
class ListedCertificate:
    """One line of `show cert list own` or `show cert list trust`."""

    unit: str
    file: str
    description: str


_LISTED = re.compile(r"^[ \t]*([\w-]+)/(\S.*?\.pem)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s*(.*?)\s*-----END \1-----", re.DOTALL)
# Cisco's older documents show the third form of the word (cucm.md §2.4).
_CSR_LABELS = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST"})
# [I]: no reply of a node without the wanted file was ever seen; these are the words such a sentence needs.
_ABSENT = re.compile(
    r"does not exist|do(?:es)? not have|not found|no such|not available|not present|unable to (?:find|locate)"
    r"|\bno (?:\S+ )*(?:csr|certificates?)\b",
    re.IGNORECASE,
)


def certificate(text: str) -> x509.Certificate | None:
    """`show cert own <unit>`: the certificate, or None when the node says there is none."""
    der = _der(text, frozenset({"CERTIFICATE"}))
    return None if der is None else x509.load_der_x509_certificate(der)


def csr(text: str) -> x509.CertificateSigningRequest | None:
    """`show csr own <unit>`: the CSR, or None when the node says there is none (S11)."""
    der = _der(text, _CSR_LABELS)
    return None if der is None else x509.load_der_x509_csr(der)


def certificate_list(text: str) -> tuple[ListedCertificate, ...]:
    """`show cert list own|trust`: `<unit>/<file>.pem: <description>`, in the order printed."""
    rows = tuple(ListedCertificate(*found) for found in _LISTED.findall(text))
    if not rows and text.strip() and not _ABSENT.search(text):
        raise ValueError("no line of a unit and a .pem file")
    return rows


def _der(text: str, labels: frozenset[str]) -> bytes | None:
    for label, body in _BLOCK.findall(text):
        if label in labels:
            return base64.b64decode("".join(body.split()), validate=True)
    if "-----BEGIN" in text:
        raise ValueError("a PEM block that is cut off or of another kind")
    if not _ABSENT.search(text):
        raise ValueError("neither a PEM block nor a sentence that there is none")
    return None
