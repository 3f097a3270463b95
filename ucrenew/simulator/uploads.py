"""What an upload is refused for (cucm.md §4.8, §1.5, §1.7): small judgements, no state of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ucrenew.simulator.csr import PendingRequest
from ucrenew.simulator.trust import issuers

CA_MISSING = "CA Certificate is not available in the trust-store"
SAN_DIFFERS = "CSR SAN and Certificate SAN does not match"
KEY_DIFFERS = "CSR public key and Certificate public key do not match"
# The other forms of these texts (cucm.md §4.8 [I]), and the one that some releases have instead [D].
_VARIANTS = {
    CA_MISSING: "Issuer certificate not available",
    KEY_DIFFERS: "Certificate/CSR public key mismatch",
}
_NOT_UPLOADED = "The file /usr/local/platform/upload/certs//{unit}.der could not be uploaded."
# [I] guess: only "expired cert rejected" is known.
NOT_VALID = "Certificate is expired or not yet valid"
# [I] guess.
UNREADABLE = "The certificate could not be read"


class Refusal(Exception):
    """The platform says no: an HTTP status and the text that comes with it."""

    def __init__(self, status: int, text: str) -> None:  # noqa: D107 - the class says it
        super().__init__(text)
        self.status = status
        self.text = text


def no_request(unit: str) -> Refusal:
    """There is no CSR on the node: never made, or consumed (cucm.md §4.8). Status [I] guess."""
    return Refusal(400, f"File /usr/local/platform/.security/{unit}/keys/{unit}.csr does not exist")


def worded(reason: Refusal, unit: str, words: Literal["guide", "variant", "file"]) -> Refusal:
    """A refusal in the words of a reading; `file` is what becomes of a missing request and of a foreign key."""
    if words == "variant":
        return Refusal(reason.status, _VARIANTS.get(reason.text, reason.text))
    if words == "file" and reason.text in {KEY_DIFFERS, no_request(unit).text}:
        return Refusal(reason.status, _NOT_UPLOADED.format(unit=unit))
    return reason


def read_pem(text: object) -> x509.Certificate:
    """The certificate in one PEM text; raises Refusal."""
    try:
        return x509.load_pem_x509_certificate(str(text).encode())
    except ValueError:
        raise Refusal(400, UNREADABLE) from None


def check_dates(certificate: x509.Certificate, now: datetime) -> None:
    """Raises Refusal for a certificate out of its time (cucm.md §4.8 "expired cert rejected", §1.7)."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Refusal(400, NOT_VALID)


def check_issuer(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> None:
    """Raises Refusal unless the way to a self-signed root is in the trust store; HTTP 400 is [T] (cucm.md §1.5)."""
    _, complete = issuers(certificate, known)
    if not complete:
        raise Refusal(400, CA_MISSING)


def check_leaf(  # noqa: PLR0913 - what a leaf is held against
    leaf: x509.Certificate,
    pending: PendingRequest | None,
    known: Iterable[x509.Certificate],
    now: datetime,
    *,
    unit: str,
    key_status: int = 500,
) -> PendingRequest:
    """The request that ``leaf`` answers; raises Refusal with the first reason that applies.

    The order of the checks is [I] guess. A leaf that lacks clientAuth is accepted (cucm.md §4.7).
    """
    check_dates(leaf, now)
    if pending is None:
        raise no_request(unit)
    if _public(leaf) != _public(pending.request):
        # A stale CSR comes back as 500 (cucm.md §1.3 [C]).
        raise Refusal(key_status, KEY_DIFFERS)
    if _names(leaf) != _names(pending.request):
        raise Refusal(400, SAN_DIFFERS)
    check_issuer(leaf, known)
    return pending


def _public(of: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    return of.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _names(of: x509.Certificate | x509.CertificateSigningRequest) -> set[tuple[str, str]]:
    """SAN entries as a set: sets must be equal, order is free (cucm.md §4.8)."""
    try:
        extension = of.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {(type(name).__name__, str(name.value).lower()) for name in extension.value}
