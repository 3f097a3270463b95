"""What a node's no means: every answer of the certificate API that carries no value, as one of our errors.

The texts are those of the OS Administration pages (cucm.md §4.8), expected here too; statuses are those seen or
inferred in cucm.md §1. The reason phrase is never looked at: real nodes leave it empty.

The class tells the truth about what was asked for: after Transient nothing was done, after Unanswered it may have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import requests

from ucrenew.clients.sessions import Unanswered
from ucrenew.errors import LoginRefused, Refused, Transient, Trouble, UnknownReply

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR, _UNAVAILABLE = 401, 403, 404, 500, 503
_REFUSALS = (400, 409, 422)
_ABSENT = (_NOT_FOUND, _UNAVAILABLE)  # what stands in place of the API while its Tomcat comes up (cucm.md §1.1)


class Reason(StrEnum):
    """Why a node said no, where its text or status tells (cucm.md §4.8)."""

    CA_MISSING = "ca-missing"
    SAN_MISMATCH = "san-mismatch"
    KEY_MISMATCH = "key-mismatch"
    NO_CSR = "no-csr"
    EXPIRED = "expired"
    SAME_NAME = "same-name"
    UNREADABLE = "unreadable"
    PRIVILEGE = "privilege"
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
# [I]: the reference says that these happen, not in which words. So they count in a text of the API's own only: a page
# that stands in its place may well say that a session expired.
_INFERRED: tuple[tuple[str, Reason], ...] = (
    ("expired", Reason.EXPIRED),
    ("same cn", Reason.SAME_NAME),
    ("already exist", Reason.SAME_NAME),
    ("privilege", Reason.PRIVILEGE),
    ("invalid certificate", Reason.UNREADABLE),
    ("not a valid certificate", Reason.UNREADABLE),
    ("unable to parse", Reason.UNREADABLE),
)
_OF_REQUEST = (Reason.SAN_MISMATCH, Reason.KEY_MISMATCH, Reason.NO_CSR)  # a CA certificate has no request

_ADVICE: Mapping[Reason, str] = {
    Reason.CA_MISSING: "put the CA certificates into the trust store first",
    Reason.SAN_MISMATCH: "have the request signed again, with no name added and none left out",
    Reason.KEY_MISMATCH: "the request was generated anew meanwhile: begin again with a new request",
    Reason.NO_CSR: "the request is used up or was replaced: begin again with a new request",
    Reason.EXPIRED: "the certificate has ended: obtain a new one",
    Reason.SAME_NAME: "a store keeps one certificate a name: compare the fingerprints, delete the other one first",
    Reason.UNREADABLE: "it takes X.509 certificates in PEM or DER, with keys of 4096 bits at most",
    Reason.PRIVILEGE: "the account may have privilege 0, which only reads: see that it has 1",
    Reason.UNKNOWN: "look at this node's OS Administration page",
}
_MAY_NOT_READ = "see that this account may read certificates there"
_WHAT_ANSWERS = "see what answers there in place of the API, which is of release 14 and later"
LOOK_FIRST = "it may have been done all the same: look before it is done again"


def reason_of(text: str, *, explained: bool = True) -> Reason:
    """The stable code of a text (cucm.md §4.8), whatever stands around it and in whatever case."""
    lowered = text.lower()
    known = (*_TEXTS, *_INFERRED) if explained else _TEXTS
    return next((reason for part, reason in known if part in lowered), Reason.UNKNOWN)


def trouble(answer: requests.Response, at: str, user: str, *, shown: str, explained: bool) -> Trouble:
    """Name what an answer without a value means; ``explained`` when it carried a text of the API's own."""
    status, acting = answer.status_code, answer.request.method == "POST"
    leaf = acting and "/identity/" in str(answer.request.url)
    if status == _UNAUTHORIZED:
        return _login_refused(at, user, acting=acting)
    # On the upload of a leaf even a bare 500 is documented: the request was generated anew (cucm.md §1.3).
    broken = status == _SERVER_ERROR and acting and (explained or leaf)
    if status in (*_REFUSALS, _FORBIDDEN) or broken or (status == _NOT_FOUND and explained):
        reason = _reason(answer, shown, explained=explained)
        advice = _advice(reason, status, acting=acting, guessed=leaf and (broken or not explained))
        return NodeRefused(f"{at} was refused (HTTP {status}): {shown}; {advice}", reason=reason, text=shown)
    if status in _ABSENT or (status >= _SERVER_ERROR and not acting):
        return Transient(f"{at}: it is not ready (HTTP {status}: {shown}); its Tomcat may be restarting")
    if status >= _SERVER_ERROR:
        return Unanswered(f"{at}: it broke off (HTTP {status}: {shown}); {LOOK_FIRST}")
    advice = LOOK_FIRST if acting else _WHAT_ANSWERS
    return UnknownReply(f"{at}: HTTP {status} with something that is not the certificate API's JSON: {shown}; {advice}")


def _login_refused(at: str, user: str, *, acting: bool) -> LoginRefused:
    # Which status a write with privilege 0 gets is not known (cucm.md §1.1).
    reading = "; where it was let in to read, it may have privilege 0" if acting else ""
    return LoginRefused(
        f"{at}: account {user} was refused (HTTP {_UNAUTHORIZED}); it is not tried again, because accounts lock."
        f" It has to be the OS administration account of this node{reading}"
    )


def _reason(answer: requests.Response, shown: str, *, explained: bool) -> Reason:
    """The text's reason; a status alone gives one for a 403 only."""
    reason = reason_of(shown, explained=explained)
    if reason in _OF_REQUEST and "/trust/" in str(answer.request.url):
        reason = Reason.UNKNOWN
    return Reason.PRIVILEGE if reason is Reason.UNKNOWN and answer.status_code == _FORBIDDEN else reason


def _advice(reason: Reason, status: int, *, acting: bool, guessed: bool) -> str:
    """What to do; ``guessed`` where the status of a leaf's upload says more than its text (cucm.md §1.3, §1.5)."""
    if reason is Reason.UNKNOWN and guessed:
        return f"most likely: {_ADVICE[Reason.KEY_MISMATCH if status == _SERVER_ERROR else Reason.CA_MISSING]}"
    return _MAY_NOT_READ if reason is Reason.PRIVILEGE and not acting else _ADVICE[reason]
