"""What callers put into queries, forms and cookie of certsrv, in the dresses of real clients (certsrv.md §2, §5)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote_plus, unquote_plus

_CSR = re.compile(
    r"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----(?P<body>.*?)-----END (NEW )?CERTIFICATE REQUEST-----\s*", re.DOTALL
)
_COOKIE_ENTRY = re.compile(r"\[(\d+),[^,\]]*,[^,\]]*,([^\]]*)\]")


def fields(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Query or form fields by their names in lower case: ASP knows no case (§1)."""
    return {name.casefold(): value for name, value in items}


def template(form: dict[str, str]) -> str | None:
    """The CertificateTemplate line of CertAttrib, whatever its line ends (§2)."""
    for line in form.get("certattrib", "").splitlines():
        name, _, value = line.partition(":")
        if name.strip().casefold() == "certificatetemplate":
            return value.strip() or None
    return None


def decoded(text: str) -> bytes | None:
    """The CSR in its dresses of §2: PEM, PEM on one line, bare base64; None when it is none of them.

    White space is nothing, so that an unescaped ``+`` (it arrives as a space) is lost and spoils the request.
    """
    match = _CSR.fullmatch(text)
    body = match["body"] if match else text
    try:
        return base64.b64decode("".join(body.split()), validate=True) or None
    except ValueError:
        return None


def cookie_entry(number: int, form: dict[str, str]) -> str:
    """One pending request in the browser's list: id, flags, SaveCert, FriendlyType (§5, captured by JIM)."""
    rest = (form.get("targetstoreflags", "0"), form.get("savecert", "yes"), form.get("friendlytype", ""))
    return f"[{number},{','.join(rest)}]"


def cookie_entries(cookie: str) -> list[tuple[str, str]]:
    """Request id and friendly type of each entry of the cookie as it came."""
    return [(match[1], match[2]) for match in _COOKIE_ENTRY.finditer(unquote_plus(cookie))]


def cookie_with(cookie: str, entry: str) -> str:
    """The encoded cookie with one entry more."""
    return _encoded(unquote_plus(cookie) + entry)


def cookie_without(cookie: str, number: str) -> str:
    """The encoded cookie without the entries of one request id."""
    return _encoded("".join(match[0] for match in _COOKIE_ENTRY.finditer(unquote_plus(cookie)) if match[1] != number))


def _encoded(cookie: str) -> str:
    return quote_plus(cookie).replace("-", "%2D")
