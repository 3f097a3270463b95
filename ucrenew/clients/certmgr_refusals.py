"""What a node's no means: every answer of the certificate API that carries no value, as one of our errors.

The texts are those of the OS Administration pages (cucm.md §4.8), expected here too; statuses are those seen or
inferred in cucm.md §1. The reason phrase is never looked at: real nodes leave it empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import requests

from ucrenew.errors import LoginRefused, Refused, Transient, Trouble, UnknownReply

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR = 401, 403, 404, 500
_REFUSALS = (400, 409, 422)
_RESTARTING = (404, 502, 503, 504)  # what stands before or in place of a Tomcat that is coming up (cucm.md §1.1)


class Reason(StrEnum):
    """Why a node said no, where its text tells (cucm.md §4.8)."""

    CA_MISSING = "ca-missing"
    SAN_MISMATCH = "san-mismatch"
    KEY_MISMATCH = "key-mismatch"
    NO_CSR = "no-csr"
    UNKNOWN = "unknown"


class NodeRefused(Refused):
    """A node understood and said no; ``reason`` is stable, ``text`` is the node's own."""

    def __init__(self, message: str, *, reason: Reason, text: str) -> None:
        """Keep the reason beside the sentence."""
        super().__init__(message)
        self.reason = reason
        self.text = text


# Substrings in lower case; the first that fits decides.
_TEXTS: tuple[tuple[str, Reason], ...] = (
    ("ca certificate is not available", Reason.CA_MISSING),
    ("issuer certificate not available", Reason.CA_MISSING),
    ("issuer certificate is not available", Reason.CA_MISSING),
    ("csr san and certificate san", Reason.SAN_MISMATCH),
    ("csr public key and certificate public key", Reason.KEY_MISMATCH),
    ("public key mismatch", Reason.KEY_MISMATCH),
    (".csr does not exist", Reason.NO_CSR),
    # Some releases say this for a missing request and for one of another key alike: both end in a new request.
    ("could not be uploaded", Reason.NO_CSR),
)

_ADVICE: Mapping[Reason, str] = {
    Reason.CA_MISSING: "put the CA certificates into the trust store first",
    Reason.SAN_MISMATCH: "have the request signed again, with no name added and none left out",
    Reason.KEY_MISMATCH: "the request was generated anew meanwhile: begin again with a new request",
    Reason.NO_CSR: "the request is used up or was replaced: begin again with a new request",
    Reason.UNKNOWN: "look at this node's OS Administration page",
}


def reason_of(text: str) -> Reason:
    """The stable code of a text (cucm.md §4.8), whatever stands around it and in whatever case."""
    lowered = text.lower()
    return next((reason for part, reason in _TEXTS if part in lowered), Reason.UNKNOWN)


def trouble(answer: requests.Response, at: str, user: str, *, shown: str, explained: bool) -> Trouble:
    """Name what an answer without a value means; ``explained`` when it carried a text of the API's own."""
    status = answer.status_code
    upload = answer.request.method == "POST"
    leaf_upload = upload and "/identity/" in str(answer.request.url)
    if status == _UNAUTHORIZED:
        return LoginRefused(
            f"{at}: account {user} was refused (HTTP {status}); it is not tried again, because accounts lock."
            " It has to be the OS administration account of this node"
        )
    if status == _FORBIDDEN:
        return _no(at, status, shown, "the account may have privilege 0, which only reads")
    # On the upload of a leaf even a bare 500 is documented: the request was generated anew (cucm.md §1.3).
    if status in _REFUSALS or (status == _SERVER_ERROR and upload and (explained or leaf_upload)):
        return _no(at, status, shown, _ADVICE[Reason.KEY_MISMATCH] if status == _SERVER_ERROR and leaf_upload else "")
    if status == _NOT_FOUND and explained:
        return _no(at, status, shown)
    if status in _RESTARTING or status >= _SERVER_ERROR:
        return Transient(f"{at}: it is not ready (HTTP {status}: {shown}); its Tomcat may be restarting")
    return UnknownReply(f"{at}: HTTP {status} with something that is not the certificate API's JSON: {shown}")


def _no(at: str, status: int, shown: str, advice: str = "") -> NodeRefused:
    """The advice of a known reason goes before the one that the status alone suggests."""
    reason = reason_of(shown)
    if reason is not Reason.UNKNOWN or not advice:
        advice = _ADVICE[reason]
    return NodeRefused(f"{at} was refused (HTTP {status}): {shown}; {advice}", reason=reason, text=shown)
