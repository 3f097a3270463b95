"""What a person hands in as the signed certificate: read in every dress, and explained where it is none (S12).

1. Nothing but certificates and the name of a file is ever kept of it: it may hold what belongs nowhere.
2. A private key, in any dress, has all of it refused.
3. A sentence about what is wrong quotes nothing of it but names out of certificates.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509 as crypto
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ucrenew.domain import x509
from ucrenew.errors import BadInput

NOTHING = "nothing was handed in: paste the certificate, or name a file that the worker can read"
PRIVATE_KEY = (
    "this holds a private key, and none of it was kept: the key of this certificate never leaves the cluster; hand in"
    " the certificate alone, and have a key that is in use replaced"
)
_REQUEST = (
    "this is a certificate request and not the certificate: give it to the CA, and hand in what the CA gives back"
)
_UNREADABLE = "no certificate can be read in it: hand in PEM, base64, DER or PKCS#7 (.cer, .crt, .pem, .p7b)"
_CUT = "a certificate in it is cut off or damaged: hand in all of it, from BEGIN to END"

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 #]+)-----(.*?)-----END \1-----", re.DOTALL)
KEY_LABEL = "(?:BEGIN|END)[A-Z0-9 ]* PRIVATE KEY"
_CERTIFICATES = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS"})
# Without a header: long words of base64 one after the other, as a text field or a mail leaves them.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=.])M[A-Za-z0-9+/]{31,}(?:\s+[A-Za-z0-9+/]{16,})*(\s+[A-Za-z0-9+/]+)?={0,2}")
_PATH = re.compile(r"(?:[/~.]|[A-Za-z]:\\)[^\r\n]*|[^\r\n]+\.(?:cer|crt|pem|p7b|p7c|der|txt)", re.IGNORECASE)
_LONGEST_PATH = 1024
_PKCS12 = re.compile(rb"\x30.{1,5}\x02\x01\x03\x30", re.DOTALL)  # version 3 (RFC 7292 §4): keys travel in it
_ENCRYPTED_KEY = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05"  # PKCS#5, where a PKCS#8 begins (RFC 5958 §3)


@dataclass(frozen=True)
class HandedIn:
    """Certificates in the order in which they stood there; or a file's name; or one sentence about what is wrong."""

    certificates: tuple[crypto.Certificate, ...] = ()
    path: str = ""
    wrong: str = ""


def read_field(text: str) -> HandedIn:
    """What stands in the field of a form: the certificate itself, or where it lies."""
    said = text.strip().strip('"').strip()
    is_name = "-----" not in said and len(said) <= _LONGEST_PATH and _PATH.fullmatch(said)
    return HandedIn(path=said) if is_name else read_text(said)


def read_file(octets: bytes) -> HandedIn:
    """What a file holds: DER, or text in the encodings that Windows writes."""
    if octets.startswith(b"0"):
        return _of_der(octets)
    encoding = "utf-16" if octets[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    return read_text(octets.decode(encoding, errors="replace"))


def read_text(text: str) -> HandedIn:
    """Every certificate in a text, whatever stands around them; else what is wrong."""
    if not text.strip():
        return HandedIn(wrong=NOTHING)
    if re.search(KEY_LABEL, text):
        return HandedIn(wrong=PRIVATE_KEY)
    return _of_blocks(text) if "-----BEGIN" in text else _of_base64(text)


def _of_blocks(text: str) -> HandedIn:
    blocks = _BLOCK.findall(text)
    found = [_of_der(_decoded(body)) for label, body in blocks if label in _CERTIFICATES]
    if any(one.wrong == PRIVATE_KEY for one in found):
        return HandedIn(wrong=PRIVATE_KEY)
    if any(one.wrong for one in found) or len(blocks) < text.count("-----BEGIN"):
        return HandedIn(wrong=_CUT)
    if found:
        return HandedIn(tuple(certificate for one in found for certificate in one.certificates))
    return HandedIn(wrong=_REQUEST if any("REQUEST" in label for label, _ in blocks) else _UNREADABLE)


def _of_base64(text: str) -> HandedIn:
    """Base64 without a header: each long run of it, with its last word or, where that belongs to the text, without."""
    runs = [list(_candidates(found)) for found in _BASE64.finditer(text)]
    found = [next((one for one in run if not one.wrong), run[-1]) for run in runs]
    if any(one.wrong == PRIVATE_KEY for run in runs for one in run):
        return HandedIn(wrong=PRIVATE_KEY)
    certificates = tuple(certificate for one in found for certificate in one.certificates)
    if certificates:
        return HandedIn(certificates)
    return HandedIn(wrong=next((one.wrong for one in found), _UNREADABLE))


def _candidates(found: re.Match[str]) -> Iterator[HandedIn]:
    yield _of_der(_decoded(found[0]))
    if found[1]:
        yield _of_der(_decoded(found[0][: found.start(1) - found.start()]))


def _of_der(octets: bytes) -> HandedIn:
    if _is_private(octets):
        return HandedIn(wrong=PRIVATE_KEY)
    try:
        found = tuple(x509.parse_certificates(octets))
    except BadInput:
        return HandedIn(wrong=_REQUEST if _is_request(octets) else _UNREADABLE)
    return HandedIn(found, wrong="" if found else _UNREADABLE)  # a PKCS#7 may hold none


def _is_private(octets: bytes) -> bool:
    if _PKCS12.match(octets) or _ENCRYPTED_KEY in octets[:32]:
        return True
    try:
        load_der_private_key(octets, password=None)
    except TypeError:
        return True  # it wants a password
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_request(octets: bytes) -> bool:
    try:
        x509.parse_csr(octets)
    except BadInput:
        return False
    return True


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def pick_leaf(
    certificates: tuple[crypto.Certificate, ...], csr: crypto.CertificateSigningRequest
) -> crypto.Certificate | str:
    """The certificate of our request, by its key; the last one issued where there are several. Else what is wrong."""
    ours = [one for one in certificates if x509.same_key(one, csr) and not x509.is_ca(one)]
    if ours:
        return max(ours, key=lambda one: one.not_valid_before_utc)
    others = ", ".join(dict.fromkeys(_name(one) for one in certificates))
    wanted = x509.common_name(csr) or "the cluster"
    if all(x509.is_ca(one) for one in certificates):
        return f"only CA certificates were handed in ({others}): the certificate for {wanted} itself is missing"
    return f"what was handed in ({others}) has another key than our request for {wanted}: it belongs to another request"


def _name(certificate: crypto.Certificate) -> str:
    return x509.common_name(certificate) or certificate.subject.rfc4514_string() or "without a name"
