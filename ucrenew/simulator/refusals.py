"""What the CA says no to, and the words it uses (certsrv.md §3, §4, §8).

Disposition messages end in a line break where the captured page shows one: clients must live with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ucrenew.simulator.templates import Template

# Where a CSR names a template ([MS-WCCE] 2.2.2.7.7.1): a UTF8String in a SEQUENCE, or a bare BMPString ([I] Windows').
_TEMPLATE_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")
_STRINGS = {b"\x0c": "utf-8", b"\x1e": "utf-16-be"}

SUCCESS = "The operation completed successfully. 0x0 (WIN32: 0)"

# Sentences: certsrv.md §8 where it has them, else Windows' own as commonly printed [I].
CODES = {
    0x80094800: ("CERTSRV_E_UNSUPPORTED_CERT_TYPE", "The requested certificate template is not supported by this CA."),
    0x80094801: ("CERTSRV_E_NO_CERT_TYPE", "The request contains no certificate template information."),
    0x80094802: ("CERTSRV_E_TEMPLATE_CONFLICT", "The request contains conflicting template information."),
    0x80094003: ("CERTSRV_E_BAD_REQUESTSTATUS", "The request's current status does not allow this operation."),
    0x80094011: (
        "CERTSRV_E_ENROLL_DENIED",
        "The permissions on this CA do not allow the current user to enroll for certificates.",
    ),
    0x8009480F: (
        "CERTSRV_E_SUBJECT_DNS_REQUIRED",
        "The DNS name is unavailable and cannot be added to the Subject Alternate name.",
    ),
    0x80092013: (
        "CRYPT_E_REVOCATION_OFFLINE",
        "The revocation function was unable to check revocation because the revocation server was offline.",
    ),
    0x80094012: (
        "CERTSRV_E_TEMPLATE_DENIED",
        (
            "The permissions on the certificate template do not allow the current user to enroll for this type of "
            "certificate."
        ),
    ),
    0x80094014: (
        "CERTSRV_E_ADMIN_DENIED_REQUEST",
        "The request was denied by a certificate manager or CA administrator.",
    ),
    0x80094004: ("CERTSRV_E_PROPERTY_EMPTY", "The requested property value is empty."),
    0x80094811: (
        "CERTSRV_E_KEY_LENGTH",
        "The public key does not meet the minimum size required by the specified certificate template.",
    ),
    0x80090006: ("NTE_BAD_SIGNATURE", "Invalid Signature."),
    0x8009310B: ("CRYPT_E_ASN1_BADTAG", "ASN1 bad tag value met."),
    0x800706BA: ("RPC_S_SERVER_UNAVAILABLE", "The RPC server is unavailable."),
}


@dataclass(frozen=True)
class Refusal:
    """A disposition message and the status text beside it."""

    message: str
    last_status: str


def status_text(code: int) -> str:
    """The text of a code in the shape of §8: sentence, hexadecimal, signed decimal and name."""
    name, sentence = CODES[code]
    return f"{sentence} 0x{code:08x} ({code - 2**32} {name})"


UNDER_SUBMISSION = Refusal("Taken Under Submission", SUCCESS)
RPC_UNAVAILABLE = status_text(0x800706BA)
CA_STOPPED = "The Certification Authority Service has not been started."
PROPERTY_EMPTY = status_text(0x80094004)


def by_officer(officer: str) -> Refusal:
    """A denial in the CA console [M]."""
    return Refusal(f"Denied by {officer}", status_text(0x80094014))


def readable(encoded: bytes | None) -> x509.CertificateSigningRequest | None:
    """The PKCS#10 in ``encoded``, or None when there is none."""
    if encoded is None:
        return None
    try:
        csr = x509.load_der_x509_csr(encoded)
        csr.public_key()
        csr.extensions  # noqa: B018 - parsed here, so that nothing later meets a broken one
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return None
    return csr


def template_in(csr: x509.CertificateSigningRequest | None) -> str | None:
    """The template that the CSR itself names, beside or instead of the attribute (§8); Cisco's never do."""
    for extension in csr.extensions if csr else ():
        if extension.oid == _TEMPLATE_NAME and isinstance(extension.value, x509.UnrecognizedExtension):
            encoded = extension.value.value
            told = encoded[2:] if encoded.startswith(b"\x30") else encoded
            if told[:1] in _STRINGS:
                return told[2:].decode(_STRINGS[told[:1]], errors="replace")
    return None


def of_csr(csr: x509.CertificateSigningRequest | None) -> Refusal | None:
    """Why the CA refuses a CSR, whatever its policy, or None."""
    if csr is None:
        status = status_text(0x8009310B)
        return Refusal(f"Error Parsing Request  {status}", status)
    if not _well_signed(csr):
        status = status_text(0x80090006)  # this text is a guess [I]
        return Refusal(f"Error Verifying Request Signature or Signing Certificate  {status}", status)
    return None


def _well_signed(csr: x509.CertificateSigningRequest) -> bool:
    try:
        return csr.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return False


def of_policy(
    csr: x509.CertificateSigningRequest | None, asked: str | None, template: Template | None
) -> Refusal | None:
    """Why the policy of an enterprise CA refuses a sound CSR, or None."""
    if not asked:
        return by_policy(
            0x80094801,
            "The request does not contain a certificate template extension or the CertificateTemplate request "
            "attribute.",
        )
    if (template_in(csr) or asked).casefold() != asked.casefold():
        return by_policy(0x80094802)
    if template is None:
        return by_policy(
            0x80094800,
            "The request was for a certificate template that is not supported by the Active Directory "
            f"Certificate Services policy: {asked}.",
        )
    if not template.enroll:
        return Refusal("Denied by Policy Module", status_text(0x80094012))
    key = csr.public_key() if csr else None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= template.minimum_key_size:
        return None
    # A template's minimum is one of its own algorithm; EC keys are let through [I].
    return None if isinstance(key, ec.EllipticCurvePublicKey) else by_policy(0x80094811)


def by_policy(code: int, sentence: str = "") -> Refusal:
    """Trap 2 of §3: two spaces after "Module", and a line break at the end; without a sentence it is the code's."""
    message = f"Denied by Policy Module  0x{code:08x}, {sentence or CODES[code][1]}\r\n"
    return Refusal(message, status_text(code))
