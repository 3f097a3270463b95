"""Who is at the other end: read the presented certificate, decide once, connect accordingly.

1. ``decide_trust`` is the one place that decides, and it decides before any credential is sent.
2. ``presented_certificate`` is the one function that looks without verifying; it sends nothing after the handshake.
3. A session follows its decision exactly: the same kind of key, the same certificate or the same CA file.
4. A pin stands for name and dates: an expired self-signed Tomcat is the commonest emergency. That is said, not hidden.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import requests
from cryptography import x509 as crypto

from ucrenew.clients.sessions import BoundAdapter, OneOrigin
from ucrenew.domain import x509
from ucrenew.errors import BadInput, Transient, Trouble, UnknownReply, Untrusted

KeyType = Literal["rsa", "ec"]

HTTPS = 443
TIMEOUT = 15.0

# <openssl/x509_vfy.h>: Python has no name for the second one, nor for the first before 3.10.
_PARTIAL_CHAIN = 0x80000
_NO_CHECK_TIME = 0x200000

# Python 3.11 cannot choose signature algorithms; in TLS 1.2 the cipher suite tells the server which key to show.
_SUITES: dict[KeyType, str] = {
    "rsa": "ECDHE+aRSA+AESGCM:ECDHE+aRSA+CHACHA20:DHE+aRSA+AESGCM:ECDHE+aRSA+AES:kRSA+AESGCM:!aNULL:!eNULL",
    "ec": "ECDHE+aECDSA+AESGCM:ECDHE+aECDSA+CHACHA20:ECDHE+aECDSA+AES:!aNULL:!eNULL",
}


@dataclass(frozen=True)
class Endpoint:
    """A TLS port: its name (SNI, host name check, messages), and the address and port that reach it."""

    name: str
    address: str
    port: int

    @property
    def origins(self) -> tuple[str, ...]:
        """Every spelling of its URL without a path; the first is the one to use."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return (
            (f"https://{host}", f"https://{host}:{HTTPS}") if self.port == HTTPS else (f"https://{host}:{self.port}",)
        )

    def __str__(self) -> str:
        """Name and port; the address too where it differs."""
        at = "" if self.address == self.name else f" (at {self.address})"
        return f"{self.name}:{self.port}{at}"


@dataclass(frozen=True)
class TrustAnchors:
    """What the profile trusts; fingerprints are SHA-256 of the DER in lower-case hexadecimal digits."""

    ca_pem: str | None = None
    pins: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()  # leaves that renewals of ours installed


@dataclass(frozen=True)
class TrustDecision:
    """Why an endpoint is trusted, and the context that trusts it and nobody else."""

    reason: str
    fingerprint: str
    note: str | None
    context: ssl.SSLContext
    check_name: bool


def presented_certificate(
    endpoint: Endpoint, *, key_type: KeyType | None = None, timeout: float = TIMEOUT
) -> crypto.Certificate:
    """Read the certificate that a port presents, unverified, to compare it; nothing is sent after the handshake.

    A node may hold an RSA and an ECDSA certificate: ``key_type`` asks for one of them.
    Raises Transient when nobody answers, UnknownReply when it is not TLS or there is no certificate of that type.
    """
    certificate = _handshake(endpoint, _unverified(None), timeout)
    if key_type is None or _key_type(certificate) == key_type:
        return certificate
    return _handshake(endpoint, _unverified(key_type), timeout)


def decide_trust(endpoint: Endpoint, anchors: TrustAnchors, *, timeout: float = TIMEOUT) -> TrustDecision:
    """Decide whether an endpoint is whom the profile means: by pin, by the leaf just installed, or by a CA file.

    Raises Untrusted with the presented fingerprint and what to do; Transient when nobody answers; BadInput for a
    CA file that cannot be read.
    """
    authorities = x509.parse_certificates(anchors.ca_pem) if anchors.ca_pem else []
    refusals = []
    for narrowed, certificate in _presented_in_turn(endpoint, timeout):
        if reason := _exact_match(certificate, anchors):
            return _trust_exactly(certificate, reason, narrowed)
        try:
            if authorities:
                return _trust_authorities(endpoint, authorities, narrowed, timeout)
            refusals.append(_described(certificate))
        except Untrusted as error:
            refusals.append(f"{_described(certificate)}, which the CA file does not verify ({error})")
    raise Untrusted(
        f"{endpoint} presents {'; and '.join(refusals)}, and the profile trusts no such certificate; nothing was sent."
        " Compare the fingerprint with what the node itself shows, then put it into the profile:"
        " `python -m deployments.trust PROFILE` shows it"
    )


def trusted_session(endpoint: Endpoint, decision: TrustDecision) -> requests.Session:
    """Return a session that reaches this endpoint only, and only while it is the one that was decided on."""
    origins = endpoint.origins
    adapter = BoundAdapter(
        name=endpoint.name,
        address=endpoint.address,
        host_header=origins[0].removeprefix("https://"),
        context=decision.context,
        exact=None if decision.check_name else decision.fingerprint,
    )
    return OneOrigin(origins, adapter)


def served_chain_is_valid(
    endpoint: Endpoint, *, roots_pem: str, key_type: KeyType = "rsa", timeout: float = TIMEOUT
) -> crypto.Certificate:
    """Connect anew, trusting the given roots only, and return the leaf (S20).

    It fails when the intermediate is not sent, as it fails for a phone or a browser that knows the root alone.
    Raises Untrusted with OpenSSL's reason, Transient when nobody answers.
    """
    default = _handshake(endpoint, _unverified(None), timeout)
    # Narrowed only where needed: a release 15 node can be set to TLS 1.3 only.
    narrowed = None if _key_type(default) == key_type else key_type
    context = _trusting(x509.parse_certificates(roots_pem), narrowed)
    try:
        return _handshake(endpoint, context, timeout)
    except Untrusted as error:
        raise Untrusted(f"{endpoint} serves a certificate that the root alone does not verify: {error}") from error


def _presented_in_turn(endpoint: Endpoint, timeout: float) -> Iterator[tuple[KeyType | None, crypto.Certificate]]:
    """What a plain client is shown, then what one is shown that asks for the other kind of key."""
    first = presented_certificate(endpoint, timeout=timeout)
    yield None, first
    other: KeyType = "ec" if _key_type(first) == "rsa" else "rsa"
    try:
        second = _handshake(endpoint, _unverified(other), timeout)
    except (UnknownReply, Transient):
        return  # it has one kind only, and some servers then just hang up
    if second != first:
        yield other, second


def _exact_match(certificate: crypto.Certificate, anchors: TrustAnchors) -> str | None:
    found = x509.fingerprint(certificate)
    if found in anchors.pins:
        return "pinned"
    return "installed by us" if found in anchors.leaves else None


def _trust_exactly(certificate: crypto.Certificate, reason: str, narrowed: KeyType | None) -> TrustDecision:
    context = _trusting([certificate], narrowed)
    context.check_hostname = False
    context.verify_flags |= _PARTIAL_CHAIN | _NO_CHECK_TIME
    return TrustDecision(
        reason, x509.fingerprint(certificate), _date_note(certificate, reason), context, check_name=False
    )


def _trust_authorities(
    endpoint: Endpoint, authorities: Sequence[crypto.Certificate], narrowed: KeyType | None, timeout: float
) -> TrustDecision:
    context = _trusting(authorities, narrowed)
    verified = _handshake(endpoint, context, timeout)
    return TrustDecision("CA file", x509.fingerprint(verified), None, context, check_name=True)


def _date_note(certificate: crypto.Certificate, reason: str) -> str | None:
    now = datetime.now(UTC)
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    because = "it is pinned" if reason == "pinned" else "a renewal of ours installed it"
    if now > ends:
        return f"its certificate expired on {ends:%Y-%m-%d}, accepted because {because}: dates are ignored"
    if now < begins:
        return (
            f"its certificate is valid from {begins:%Y-%m-%d %H:%M} UTC, accepted because {because}: dates are ignored"
        )
    return None


def _described(certificate: crypto.Certificate) -> str:
    return (
        f"the {x509.key_kind(certificate)[0].upper()} certificate with SHA-256 {x509.fingerprint(certificate)}"
        f" (subject {certificate.subject.rfc4514_string() or 'empty'},"
        f" {'expired' if certificate.not_valid_after_utc < datetime.now(UTC) else 'expires'}"
        f" {certificate.not_valid_after_utc:%Y-%m-%d})"
    )


def _key_type(certificate: crypto.Certificate) -> str:
    return x509.key_kind(certificate)[0]


def _unverified(narrowed: KeyType | None) -> ssl.SSLContext:
    context = _context(narrowed)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only to read what is presented; such a connection carries nothing
    return context


def _trusting(certificates: Sequence[crypto.Certificate], narrowed: KeyType | None) -> ssl.SSLContext:
    context = _context(narrowed)
    context.load_verify_locations(cadata=b"".join(map(x509.der, certificates)))
    return context


def _context(narrowed: KeyType | None) -> ssl.SSLContext:
    """TLS 1.2 or later with certificate and name required; narrowed to one kind of key where asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False  # RFC 9525 §2: names are in the SAN
    if narrowed:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_SUITES[narrowed])
    return context


def _handshake(endpoint: Endpoint, context: ssl.SSLContext, timeout: float) -> crypto.Certificate:
    try:
        with (
            socket.create_connection((endpoint.address, endpoint.port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.name) as secured,
        ):
            return crypto.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError) as error:
        raise _named(error, endpoint) from error


def _named(error: OSError | ValueError, endpoint: Endpoint) -> Trouble:
    match error:
        case ssl.SSLCertVerificationError():
            return Untrusted(error.verify_message)
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Transient(f"{endpoint} hung up during the TLS handshake")
        case ssl.SSLError():
            reason = (error.reason or str(error)).lower().replace("_", " ")
            return UnknownReply(f"{endpoint} does not answer as a TLS server with such a certificate would: {reason}")
        case socket.gaierror() if error.errno != socket.EAI_AGAIN:
            return BadInput(f"{endpoint}: no address is known for {endpoint.address}: {error.strerror}")
        case OSError():
            return Transient(f"{endpoint} cannot be reached: {error.strerror or error}")
        case _:
            return UnknownReply(f"{endpoint} presents a certificate that cannot be read: {error}")
