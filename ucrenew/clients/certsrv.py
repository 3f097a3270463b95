"""Microsoft's web enrollment pages over HTTPS, logged on to as the profile says or as the server offers (certsrv.md).

1. What the CA decided is a value (Issued, Pending, Denied); only transport and misunderstanding raise.
2. A submission is made once. Whatever leaves us without the CA's answer raises SubmissionUnanswered: certsrv cannot
   be asked for "my requests", and a second submission would be a second request (§2).
3. Content is judged by content; the content type depends on the caller's name (§4).
4. Credentials go out once a call, and only where they are asked for. A 401 to them ends it (certsrv_logon.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import requests
from cryptography import x509 as crypto

from ucrenew.clients import certsrv_codes as codes
from ucrenew.clients import certsrv_pages as pages
from ucrenew.clients.certsrv_codes import Means
from ucrenew.clients.certsrv_logon import WebServer
from ucrenew.clients.certsrv_pages import DeniedPage, ErrorPage, IssuedPage, Page, PendingPage
from ucrenew.clients.sessions import Unanswered
from ucrenew.domain import x509
from ucrenew.domain.logon import Logon
from ucrenew.errors import BadInput, LoginRefused, NeedsPerson, Refused, Transient, Trouble, UnknownReply


@dataclass(frozen=True)
class Issued:
    """The CA issued the certificate; it has no number here where a person handed it in."""

    request_id: int | None
    certificate: crypto.Certificate


@dataclass(frozen=True)
class Pending:
    """The request waits for an officer. Nothing tells when: ask again by this id."""

    request_id: int


@dataclass(frozen=True)
class Denied:
    """The CA's policy or an officer denied the request; the text is the CA's."""

    request_id: int | None
    message: str
    code: str | None

    @property
    def advice(self) -> str:
        """The name of the code and what to do about it, after the CA's own text."""
        return codes.explained(self.code) or "ask the CA's owner"

    def __str__(self) -> str:
        """One sentence: which request, why, and what to do."""
        which = "the request" if self.request_id is None else f"request {self.request_id}"
        return f"the CA denied {which}: {self.message}; {self.advice}. A new run begins with a new request"


Outcome = Issued | Pending | Denied


class SubmissionUnanswered(NeedsPerson):
    """Sent and the CA's answer is not known: it may stand in the CA's list. Never submit again blindly."""


class CertSrv:
    """The pages of one CA, over a session that was decided on before (clients/tls.py)."""

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        base_url: str,
        session: requests.Session,
        user: str,
        password: str,
        *,
        logon: Logon | None = None,
        timeout: float = 60,
    ) -> None:
        r"""Take the address (``https://ca.example.com/certsrv/``) and an account, ``DOMAIN\user`` or ``user@domain``.

        Without ``logon`` it is chosen from what the server offers (domain/logon.py).
        Raises BadInput for anything but https: the password would travel in the clear.
        """
        self._web = WebServer(base_url, session, user, password, logon=logon, timeout=timeout)

    def check_login(self) -> str | None:
        """Log in once without asking for anything; return what a person should know, or None.

        Raises LoginRefused, Refused when no way of logging on that we may use is offered, Transient.
        """
        return self._web.check_login()

    def submit(self, csr_pem: str, template: str | None) -> Outcome:
        """Submit a request, once; a certificate issued at once is fetched too.

        Issued and not fetched, for whatever reason, is Pending: the id must not be lost, and ``retrieve`` fetches it.
        Raises SubmissionUnanswered; Transient, LoginRefused, Untrusted only where the CA surely got no request;
        BadInput before anything is sent.
        """
        form = _form(csr_pem, template)
        doing = f"submitting the request{f' for template {template}' if template else ''}"
        try:
            answer = self._web.exchange("POST", "certfnsh.asp", doing, data=form)
        except Unanswered as error:
            raise SubmissionUnanswered(f"{error}; {_LOOK_FIRST}") from error
        if requests.codes.bad_request <= answer.status_code < requests.codes.server_error:
            raise self._web.trouble(answer, doing)  # IIS turned it away before any page ran
        if answer.status_code != requests.codes.ok:
            raise SubmissionUnanswered(f"{self._web.trouble(answer, doing)}; {_LOOK_FIRST}")
        return self._submitted(pages.read_page(answer.content), doing)

    def retrieve(self, request_id: int) -> Outcome:
        """Ask what became of a request, by fetching its certificate (certsrv.md §5).

        Raises Transient with the CA's own text while the CA cannot be asked, Refused for an id it does not know.
        """
        doing = f"asking for request {request_id}"
        found = self._fetch("certnew.cer", {"ReqID": str(request_id), "Enc": "b64"}, doing)
        if isinstance(found, bytes):
            return Issued(request_id, self._certificates(found, doing)[0])
        match found:
            case ErrorPage(disposition=pages.TAKEN_UNDER_SUBMISSION) | PendingPage():
                return Pending(request_id)
            case ErrorPage(disposition=pages.REVOKED):
                return Denied(request_id, f"issued and since revoked: {self._web.quote(str(found))}", found.code)
            case ErrorPage() if _is_denial(found):
                return Denied(request_id, self._web.quote(found.message or str(found)), found.code)
            case DeniedPage():
                return Denied(request_id, self._web.quote(found.message), found.code)
        raise self._no_outcome(found, doing)

    def chain(self, request_id: int) -> tuple[crypto.Certificate, ...]:
        """Fetch the chain of an issued certificate, leaf included, in the CA's own order, which proves nothing."""
        doing = f"fetching the chain of request {request_id}"
        return self._chain({"ReqID": str(request_id)}, doing)

    def ca_chain(self) -> tuple[crypto.Certificate, ...]:
        """Fetch the certificates of the CA itself, newest generation, in its own order (certsrv.md §6)."""
        doing = "fetching the CA's own chain"
        counted = self._renewals(doing)
        newest = {} if counted is None else {"Renewal": str(counted)}  # without it a generation is chosen for us
        return self._chain({"ReqID": "CACert", **newest}, doing)

    # --- what an answer means

    def _submitted(self, page: Page, doing: str) -> Outcome:
        match page:
            case DeniedPage():
                return self._with_code(Denied(page.request_id, self._web.quote(page.message), page.code))
            case PendingPage(request_id=int(number)):
                return Pending(number)
            case IssuedPage():
                return self._issued(page.request_id)
            case ErrorPage() if _is_denial(page):
                return Denied(None, self._web.quote(str(page)), page.code)
        raise SubmissionUnanswered(f"{self._web.url}: {doing}: {self._said(page)}; {_LOOK_FIRST}")

    def _issued(self, request_id: int) -> Outcome:
        try:
            return self.retrieve(request_id)
        except Trouble:
            return Pending(request_id)  # whatever is wrong will be said again by the next look, with the id noted

    def _with_code(self, denied: Denied) -> Denied:
        """A denial for lack of permission shows no code; the page of a fetch does (certsrv.md §3.1, trap 2)."""
        if denied.code or denied.request_id is None:
            return denied
        try:
            again = self.retrieve(denied.request_id)
        except Trouble:
            return denied
        return replace(denied, code=again.code) if isinstance(again, Denied) else denied

    def _no_outcome(self, page: Page, doing: str) -> Trouble:
        at, said = f"{self._web.url}: {doing}", self._said(page)
        if not isinstance(page, ErrorPage):
            return UnknownReply(f"{at}: a page that we do not know: {said}")
        if codes.means(page.code) is Means.NOT_THERE:
            return Refused(f"{at}: the CA has no certificate to give for this number: {said}")
        if page.disposition in _UNDECIDED:
            return Transient(f"{at}: the CA could not be asked: {said}; see that its service is running")
        return UnknownReply(f"{at}: the CA hands out nothing and does not say why: {said}; fetch it by hand")

    def _said(self, page: Page) -> str:
        """The page's words and what its code means."""
        explained = codes.explained(page.code) if isinstance(page, ErrorPage) else ""
        return "; ".join(filter(None, (self._web.quote(str(page)), explained)))

    # --- fetching

    def _renewals(self, doing: str) -> int | None:
        """How often the CA was renewed; certcarc.asp can fail where the others work, and that is no reason to stop."""
        try:
            return pages.renewals(self._page(self._get("certcarc.asp", {}, doing), doing))
        except LoginRefused:
            raise
        except Trouble:
            return None

    def _chain(self, query: Mapping[str, str], doing: str) -> tuple[crypto.Certificate, ...]:
        found = self._fetch("certnew.p7b", {**query, "Enc": "b64"}, doing)
        if isinstance(found, bytes):
            return tuple(self._certificates(found, doing))
        if isinstance(found, ErrorPage) and (found.disposition == pages.TAKEN_UNDER_SUBMISSION or _is_denial(found)):
            raise Refused(f"{self._web.url}: {doing}: there is none yet: {self._said(found)}")
        raise self._no_outcome(found, doing)

    def _fetch(self, page: str, query: Mapping[str, str], doing: str) -> bytes | Page:
        """The bytes of a certificate or chain, or the page that came instead, told apart by their first bytes."""
        body = self._page(self._get(page, query, doing), doing).lstrip(b"\xef\xbb\xbf \t\r\n")
        return body if body.startswith((b"-----BEGIN", b"0")) else pages.read_page(body)

    def _certificates(self, body: bytes, doing: str) -> list[crypto.Certificate]:
        try:
            return x509.parse_certificates(body)
        except BadInput as error:
            shown = self._web.quote(body[:200].decode("ascii", errors="replace"))
            raise UnknownReply(f"{self._web.url}: {doing}: {error}; it sent {len(body)} bytes: {shown}") from error

    def _page(self, answer: requests.Response, doing: str) -> bytes:
        if answer.status_code == requests.codes.ok:
            return answer.content
        raise self._web.trouble(answer, doing)

    def _get(self, page: str, query: Mapping[str, str], doing: str) -> requests.Response:
        return self._web.exchange("GET", page, doing, params=query)


_LOOK_FIRST = (
    "the request may stand in the CA's list all the same: look there, and enter its number or allow a second submission"
)
_UNDECIDED = (None, 0, 1)  # none, incomplete, error


def _is_denial(page: ErrorPage) -> bool:
    """By number where there is one that tells, else by code: texts are in the server's language."""
    if page.disposition == pages.DENIED:
        return True
    return page.disposition in _UNDECIDED and codes.means(page.code) is Means.DENIED


def _form(csr_pem: str, template: str | None) -> dict[str, str]:
    """The fields of certsrv.md §2. A SAN never goes into the attributes (§9): it is in the request."""
    if template is not None and any(ord(letter) < ord(" ") for letter in template):
        raise BadInput(f"the template's name holds control characters: {template!r}")  # they would add attributes
    return {
        "Mode": "newreq",
        "CertRequest": x509.pem(x509.parse_csr(csr_pem)),
        "CertAttrib": f"CertificateTemplate:{template}\r\n" if template else "",
        "FriendlyType": "Saved-Request Certificate",
        "TargetStoreFlags": "0",
        "SaveCert": "yes",
        "ThumbPrint": "",
    }
