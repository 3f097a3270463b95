"""Files that a person uploads: one certificate or a chain, as PEM, DER or PKCS#7 (cucm.md §4.6; S15: certchain.p7b)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from ucrenew.simulator.identity import pem

_ARMOUR = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END [A-Z0-9 ]+-----", re.DOTALL)
_Reader = Callable[[bytes], list[x509.Certificate]]


def texts(content: bytes) -> list[object]:
    """The certificates of a file as PEM, a leaf before the CAs; what cannot be read stays as it is, to be refused."""
    found = _certificates(content)
    return [pem(one) for one in sorted(found, key=_is_ca)] or [content.decode("latin-1")]


def _certificates(content: bytes) -> list[x509.Certificate]:
    for read in _READERS:
        try:
            return read(content)
        except (ValueError, UnsupportedAlgorithm):
            continue
    return []


def _armoured_chain(content: bytes) -> list[x509.Certificate]:
    """PKCS#7 between lines of any label: certsrv calls it CERTIFICATE (certsrv.md §4)."""
    armoured = _ARMOUR.search(content)
    if armoured is None:
        raise ValueError("no armour")
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(armoured[1]))


def _single(content: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(content)]


_READERS: tuple[_Reader, ...] = (
    x509.load_pem_x509_certificates,
    _single,
    pkcs7.load_der_pkcs7_certificates,
    _armoured_chain,
)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
