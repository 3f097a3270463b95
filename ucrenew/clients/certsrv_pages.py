"""What a page of Microsoft's web enrollment says: pure, from bytes to values (certsrv.md §3, §4).

1. Only element ids, URLs and numbers are read. Texts follow the server's language; they are shown, never judged.
2. Denied is asked for before pending: the denied page names a request id too (certsrv.md §3.1, trap 1).
3. Ids are looked for outside scripts and comments, except that an issued page may keep its link in a script (§3.2).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

TAKEN_UNDER_SUBMISSION, DENIED, REVOKED = 5, 2, 6  # CR_DISP_* (certsrv.md §4)

_NOISE = re.compile(r"<!--.*?-->|<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(r"0x[0-9a-fA-F]{8}")
# Something has to follow: of a page that was cut off in the middle of its number, half the number would be another.
_NUMBER = re.compile(r"[0-9]+(?=[^0-9])")
_LINK = re.compile(r"certnew\.cer\?ReqID=([0-9]+)&", re.IGNORECASE)
_RENEWALS = re.compile(r"\bnRenewals\s*=\s*([0-9]+)", re.IGNORECASE)
# The message stands in quotes, in those of the page's language where it is translated.
_IN_QUOTES = re.compile('["\u201c\u201e\u00ab\u300c](.*)["\u201d\u201c\u00bb\u300d]', re.DOTALL)


@dataclass(frozen=True)
class IssuedPage:
    """The certificate can be fetched under this id."""

    request_id: int


@dataclass(frozen=True)
class PendingPage:
    """The request waits; the page of a second look does not repeat the id."""

    request_id: int | None


@dataclass(frozen=True)
class DeniedPage:
    """The request was denied."""

    request_id: int | None
    message: str
    code: str | None


@dataclass(frozen=True)
class ErrorPage:
    """The table of an error page; also what a fetch says of a request that is pending or denied."""

    disposition: int | None
    message: str
    result: str
    last_status: str

    @property
    def code(self) -> str | None:
        """The first error code: of the last status, the result, the message, in this order."""
        return code_in(self.last_status) or code_in(self.result) or code_in(self.message)

    def __str__(self) -> str:
        """All texts of the table that say something."""
        parts = [self.message, self.last_status, self.result]
        shown = [text for index, text in enumerate(parts) if text and text not in parts[:index]]
        disposition = "none" if self.disposition is None else self.disposition
        return "; ".join([*shown, f"disposition {disposition}"])


@dataclass(frozen=True)
class OtherPage:
    """A page that the reference does not know; its words for a message."""

    title: str
    text: str

    def __str__(self) -> str:
        """Title and beginning."""
        return f"{self.title or 'no title'}: {self.text or 'no text'}"


Page = IssuedPage | PendingPage | DeniedPage | ErrorPage | OtherPage


def read_page(body: bytes) -> Page:
    """Say which page this is and what it holds."""
    whole = body.decode("utf-8", errors="replace")
    page = _NOISE.sub(" ", whole)
    if _has(page, "locDenied") or _has(page, "locInfoReqIDandReason"):
        return _denied(_paragraph(page, "locInfoReqIDandReason"))
    if _has(page, "locInfoReqID") or _has(page, "locInfoChkPnd"):
        return PendingPage(_first_number(_paragraph(page, "locInfoReqID")))
    if any(_has(page, known) for known in ("locDispLabel", "locResultLabel", "locLastStatLabel")):
        return _error(page)
    # A link in the page itself is surer than one in a script, and that is surer than one in a comment.
    for text in (page, whole):
        found = set(_LINK.findall(text))
        if len(found) == 1:
            return IssuedPage(int(found.pop()))
    return OtherPage(_words(_TITLE.findall(page)[0]) if _TITLE.search(page) else "", _words(_TITLE.sub(" ", page)))


def renewals(body: bytes) -> int | None:
    """How often the CA's own certificate was renewed, as certcarc.asp counts (certsrv.md §6); None if it does not."""
    found = _RENEWALS.search(body.decode("utf-8", errors="replace"))
    return int(found[1]) if found else None


def code_in(text: str) -> str | None:
    """The first error code in a text, in lower case; success is none."""
    return next((code.lower() for code in _CODE.findall(text) if int(code, 16)), None)


def _denied(paragraph: str) -> DeniedPage:
    words = _words(paragraph)
    inside = _IN_QUOTES.search(words)
    message = (inside[1] if inside else words).strip()
    return DeniedPage(_first_number(paragraph), message or "no message was given", code_in(message))


def _error(page: str) -> ErrorPage:
    return ErrorPage(
        disposition=_first_number(_value(page, "locDispLabel")),
        message=_words(_value(page, "locDispMsgLabel")),
        result=_words(_value(page, "locResultLabel")),
        last_status=_words(_value(page, "locLastStatLabel")),
    )


def _has(page: str, element: str) -> bool:
    return _place(element).search(page) is not None


def _place(element: str) -> re.Pattern[str]:
    """The opening tag with exactly this id, quoted or not."""
    return re.compile(rf"<[^>]*\bid\s*=\s*[\"']?{element}\b[\"']?[^>]*>", re.IGNORECASE)


def _paragraph(page: str, element: str) -> str:
    """What follows an element's tag up to the end of its paragraph or the next one; pages close few of them."""
    found = _place(element).search(page)
    return _up_to(r"</?p\b", page[found.end() :]) if found else ""


def _value(page: str, label: str) -> str:
    """The definition that belongs to a label of the error table."""
    found = _place(label).search(page)
    if found is None:
        return ""
    entry = _up_to(r"<dt\b|</dl\b", page[found.end() :])
    return re.split(r"<dd\b[^>]*>", entry, maxsplit=1, flags=re.IGNORECASE)[-1]


def _up_to(end: str, markup: str) -> str:
    """What stands before an end, and a line break for it; all of it where the end is missing."""
    before, *rest = re.split(end, markup, maxsplit=1, flags=re.IGNORECASE)
    return f"{before}\n" if rest else before


def _first_number(markup: str) -> int | None:
    found = _NUMBER.search(html.unescape(_TAG.sub(" ", markup)))
    return int(found[0]) if found else None


def _words(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
