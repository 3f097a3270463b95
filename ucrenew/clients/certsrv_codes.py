"""The error codes of a Microsoft CA that are worth a name, and what to do about each (certsrv.md §8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Means(Enum):
    """What a code says of a request."""

    DENIED = auto()  # the CA decided against it; asking again is no help, another request may be
    NOT_THERE = auto()  # there is nothing under this number, or not what was asked for
    NOT_NOW = auto()  # no fault of the request: the CA could not do its work


@dataclass(frozen=True)
class Code:
    """One code by the name that Microsoft's documents use."""

    name: str
    means: Means
    advice: str


_ENROLL = "give the account Read and Enroll on the template"

CODES: Mapping[str, Code] = {
    "0x80094800": Code(
        "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
        Means.DENIED,
        "the CA offers no such template: check its short name in the profile, and that it is published on this CA",
    ),
    "0x80094801": Code(
        "CERTSRV_E_NO_CERT_TYPE", Means.DENIED, "an enterprise CA wants a template: name one in the profile"
    ),
    "0x80094802": Code(
        "CERTSRV_E_TEMPLATE_CONFLICT", Means.DENIED, "request and profile name different templates: name one of them"
    ),
    "0x80094011": Code("CERTSRV_E_ENROLL_DENIED", Means.DENIED, _ENROLL),
    "0x80094012": Code("CERTSRV_E_TEMPLATE_DENIED", Means.DENIED, _ENROLL),
    "0x80094014": Code(
        "CERTSRV_E_ADMIN_DENIED_REQUEST", Means.DENIED, "an officer said no: ask why before another request is made"
    ),
    "0x80094811": Code(
        "CERTSRV_E_KEY_LENGTH", Means.DENIED, "the template wants a longer key: change the plan's, or the template"
    ),
    "0x8009480f": Code(
        "CERTSRV_E_SUBJECT_DNS_REQUIRED",
        Means.DENIED,
        'the template builds the subject from the directory: have it say "Supply in the request"',
    ),
    "0x8009310b": Code(
        "CRYPT_E_ASN1_BADTAG", Means.DENIED, "the CA could not read the request: look whether something altered it"
    ),
    "0x80094003": Code(
        "CERTSRV_E_BAD_REQUESTSTATUS", Means.NOT_THERE, "ask the CA's officer in which state this request is"
    ),
    "0x80094004": Code(
        "CERTSRV_E_PROPERTY_EMPTY",
        Means.NOT_THERE,
        "nothing was issued under this number, or the CA does not know it: look in its list",
    ),
    "0x80092013": Code(
        "CRYPT_E_REVOCATION_OFFLINE", Means.NOT_NOW, "the CA cannot check its own CRL: have its owner publish one"
    ),
    "0x800706ba": Code(
        "RPC_S_SERVER_UNAVAILABLE", Means.NOT_NOW, "the web server cannot reach the CA: have its owner look"
    ),
}
_POLICY = "0x800948", "0x800940"  # CERTSRV_E_*: whatever else it is, it is a decision and no accident


def means(code: str | None) -> Means | None:
    """What a code says; None where there is none, or one that says nothing of a request."""
    if code is None:
        return None
    if known := CODES.get(code):
        return known.means
    return Means.DENIED if code.startswith(_POLICY) else None


def explained(code: str | None) -> str:
    """Name and advice of a code; empty for one that has no name here."""
    known = CODES.get(code or "")
    return f"{known.name}: {known.advice}" if known else ""
