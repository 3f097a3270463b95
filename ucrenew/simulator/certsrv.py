"""The simulated web enrollment ("certsrv") in front of an `Authority`: requests in, pages and certificates out.

Rule 1: status 200 whatever the CA decided; only the web server itself says anything else (certsrv.md §1).
Rule 2: paths and the names of query and form fields know no case (§1).
Rule 3: a caller whose User-Agent has no ``Mozilla`` gets links, not a script, and all bodies as text/html (§3.2, §4).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import string
import textwrap
from collections.abc import Callable, Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from ucrenew.simulator import certsrv_forms as forms
from ucrenew.simulator import certsrv_menus as menus
from ucrenew.simulator import certsrv_pages as pages
from ucrenew.simulator import refusals
from ucrenew.simulator.authority import Authority, ServiceStopped
from ucrenew.simulator.https import CUT
from ucrenew.simulator.request_rows import Row, Status
from ucrenew.simulator.scene import Account

_TEN_DAYS = 10 * 24 * 3600


def application(authority: Authority, *accounts: Account) -> WSGIApplication:
    """The web enrollment of ``authority`` for these accounts, by Basic authentication."""
    site = _Site(authority, accounts)
    app = Flask(__name__, static_folder=None)
    app.before_request(site.admit)
    app.after_request(site.dress)
    app.register_error_handler(ServiceStopped, site.service_stopped)
    for path, view in site.views().items():
        app.add_url_rule(f"/certsrv/{path}", view_func=view, methods=["GET", "POST"], endpoint=path or "default")
    app.add_url_rule("/certsrv", view_func=lambda: redirect("/certsrv/", 301), endpoint="folder")

    def blind_to_case(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("PATH_INFO", "").lower()
        return app.wsgi_app(environ, start_response)

    return blind_to_case


class _Site:
    """One web server: its views and the accounts that it knows."""

    def __init__(self, authority: Authority, accounts: Sequence[Account]) -> None:
        self._ca = authority
        self._accounts = accounts
        self._session = "ASPSESSIONID" + "".join(secrets.choice(string.ascii_uppercase) for _ in range(8))

    def views(self) -> dict[str, Callable[[], AnyResponse]]:
        """Pages by their file names."""
        return {
            "": self.welcome,
            "default.asp": self.welcome,
            "certrqus.asp": self.menu,
            "certrqad.asp": self.menu,
            "certrqma.asp": self.menu,
            "certrqxt.asp": self.request_form,
            "certfnsh.asp": self.finish,
            "certnew.cer": self.certificate,
            "certnew.p7b": self.chain,
            "certcarc.asp": self.ca_certificates,
            "certcrl.crl": self.crl,
            "certckpn.asp": self.pending_list,
            "certrmpn.asp": self.forget_pending,
        }

    def admit(self) -> AnyResponse | None:
        """Let nobody in without the password; a bare challenge is not a refused login."""
        if not self._ca.reachable:  # the listener stands in front of a stopped application pool
            return Response("Service Unavailable", 503, content_type="text/html")
        given = request.authorization
        if given is not None and given.type == "basic":
            g.account = self._known(given.username or "", given.password or "")
            if g.account:
                return None
        if request.headers.get("Authorization", "").casefold().startswith("basic "):
            name = (given.username if given is not None else None) or ""
            self._ca.ledger.write("login-refused", node=self._ca.host, account=name)
        request.get_data()  # nothing of a refused body may be left for the next request of this connection
        challenge = {"WWW-Authenticate": f'Basic realm="{self._ca.host}"'}
        return Response(pages.unauthorized(), 401, challenge, content_type="text/html")

    def _known(self, user: str, password: str) -> str:
        """The account that these are the credentials of; empty when there is none."""
        for account in self._accounts:
            short = account.user.rpartition("\\")[2]
            # DOMAIN\user, user@domain and the bare name all log on here (§7 [M]).
            names = {name.casefold() for name in (account.user, short, f"{short}@{self._ca.domain}")}
            if user.casefold() in names and hmac.compare_digest(password.encode(), account.password.encode()):
                return account.user
        return ""

    def dress(self, response: Response) -> Response:
        """Headers that every answer of IIS carries (§7)."""
        response.headers["Server"] = "Microsoft-IIS/10.0"
        response.headers["X-Powered-By"] = "ASP.NET"
        response.headers["Cache-Control"] = "private"
        if response.status_code == 200 and self._session not in request.cookies:  # noqa: PLR2004
            response.headers.add("Set-Cookie", f"{self._session}={secrets.token_hex(12).upper()}; secure; path=/")
        return response

    def welcome(self) -> AnyResponse:
        """/certsrv/: a cheap look at the credentials."""
        return _html(menus.welcome(self._ca.name))

    def menu(self) -> AnyResponse:
        """The pages between welcome and form."""
        links = [("certrqxt.asp", "Submit a certificate request by using a base-64-encoded CMC or PKCS #10 file")]
        return _html(menus.menu(self._ca.name, "Advanced Certificate Request", links))

    def request_form(self) -> AnyResponse:
        """The form, with the templates that this account may use (§6)."""
        shown = [
            (one.name, one.display_name, one.minimum_key_size)
            for one in self._ca.templates.values()
            if one.published and one.enroll
        ]
        return _html(menus.request_form(self._ca.name, shown))

    def finish(self) -> AnyResponse:
        """certfnsh.asp: a new request, or a look at a pending one (§2, §5)."""
        form = forms.fields(request.form.items())
        if form.get("mode", "").casefold() == "chkpnd":
            return self._check_pending(form)
        if form.get("mode", "").casefold() != "newreq":
            return _html(self._error("no form data", None, refusals.SUCCESS))
        if self._ca.forced.cuts("reset"):
            return _cut()
        row = self._ca.submit(forms.decoded(form.get("certrequest", "")), forms.template(form), g.account)
        if self._ca.forced.cuts("lost"):
            return _cut()
        if row.status is not Status.PENDING:
            return self._settled(row, form)
        entry = forms.cookie_entry(row.id, form)
        return _remembering(_html(pages.pending(self._ca.name, row.id)), forms.cookie_with(_cookie(), entry))

    def certificate(self) -> AnyResponse:
        """certnew.cer: one certificate, or the error page (§4)."""
        found = self._wanted()
        if isinstance(found, str):
            return _html(found)
        one, _ = found
        return _download(one.public_bytes(Encoding.DER), "application/pkix-cert")

    def chain(self) -> AnyResponse:
        """certnew.p7b: a degenerate PKCS#7 of the chain, or the error page (§4)."""
        found = self._wanted()
        if isinstance(found, str):
            return _html(found)
        _, chain = found
        return _download(pkcs7.serialize_certificates(chain, Encoding.DER), "application/x-pkcs7-certificates")

    def ca_certificates(self) -> AnyResponse:
        """certcarc.asp (§6)."""
        return _html(menus.ca_certificates(self._ca.name, self._ca.renewals))

    def crl(self) -> AnyResponse:
        """certcrl.crl; there are no delta CRLs, and the content type is a guess (§1 [L])."""
        generation = self._generation()
        if generation is None:
            return _html(self._error("", None, refusals.PROPERTY_EMPTY))
        return _download(self._ca.crl(generation).public_bytes(Encoding.DER), "application/pkix-crl", "X509 CRL")

    def pending_list(self) -> AnyResponse:
        """certckpn.asp: what the browser's own cookie names (§5)."""
        return _html(menus.pending_list(self._ca.name, forms.cookie_entries(_cookie())))

    def forget_pending(self) -> AnyResponse:
        """certrmpn.asp: takes one entry out of the cookie."""
        left = forms.cookie_without(_cookie(), forms.fields(request.form.items()).get("reqid", ""))
        return _remembering(_html(menus.pending_list(self._ca.name, forms.cookie_entries(left))), left)

    def service_stopped(self, stopped: ServiceStopped) -> AnyResponse:
        """The error page when the web server cannot reach the CA (§4 [M])."""
        mode = forms.fields(request.form.items()).get("mode", "").casefold()
        return _html(self._error(mode if mode in {"newreq", "chkpnd"} else "", None, str(stopped)))

    def _settled(self, row: Row, form: dict[str, str]) -> AnyResponse:
        if row.status is Status.DENIED:
            return _html(pages.denied(self._ca.name, row.id, row.message))
        save = form.get("savecert", "yes").casefold() != "no"
        return _html(pages.issued(self._ca.name, row.id, self._ca.renewals, browser=_is_browser(), save=save))

    def _check_pending(self, form: dict[str, str]) -> AnyResponse:
        row = self._row(form.get("reqid", ""))
        if row is None:
            return _html(self._error("chkpnd", None, refusals.PROPERTY_EMPTY))
        if row.status is Status.PENDING:
            return _html(pages.still_pending(self._ca.name, row.id))
        return self._settled(row, form)

    def _wanted(self) -> tuple[x509.Certificate, list[x509.Certificate]] | str:
        """The certificate and chain that the query asks for, or the error page that says why not."""
        number = forms.fields(request.args.items()).get("reqid", "")
        if number.casefold() == "cacert":
            generation = self._generation()
            if generation is None:
                return self._error("", None, refusals.PROPERTY_EMPTY)
            return self._ca.ca_certificate(generation), self._ca.ca_chain(generation)
        row = self._row(number)
        if row is None:
            return self._error("", None, refusals.PROPERTY_EMPTY)
        if row.certificate is None:
            return self._error("", row, row.last_status)
        return row.certificate, self._ca.chain_of(row)

    def _row(self, number: str) -> Row | None:
        # A garbled id is an error page, never a crash (§12.5).
        return self._ca.find(int(number)) if re.fullmatch(r"[0-9]{1,9}", number.strip()) else None

    def _generation(self) -> int | None:
        """Renewal=k; -1 and none at all give the newest (§6 [M])."""
        text = forms.fields(request.args.items()).get("renewal", "-1")
        if text == "-1":
            return self._ca.renewals
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) and int(text) <= self._ca.renewals else None

    def _error(self, mode: str, row: Row | None, last_status: str) -> str:
        return pages.error(
            self._ca.name,
            mode=mode,
            disposition=None if row is None else row.status.disposition,
            message="" if row is None else row.message,
            result=last_status if row is None else refusals.SUCCESS,
            last_status=last_status,
        )


def _is_browser() -> bool:
    return "mozilla" in request.headers.get("User-Agent", "").casefold()


def _cut() -> Response:
    """No answer: the connection ends."""
    request.environ[CUT] = True
    return Response()


def _html(page: str) -> Response:
    return Response(page, content_type="text/html")


def _download(der: bytes, content_type: str, label: str = "CERTIFICATE") -> Response:
    """DER for Enc=bin, else base64 with CRLF; a chain stands between CERTIFICATE lines too (§4)."""
    kind = content_type if _is_browser() else "text/html"
    if forms.fields(request.args.items()).get("enc", "").casefold() == "bin":
        return Response(der, content_type=kind)
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    text = "\r\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))
    return Response(text, content_type=kind)


def _cookie() -> str:
    return request.cookies.get("Requests", "")


def _remembering(response: Response, cookie: str) -> Response:
    """The browser's list of pending requests, good for ten days (§5); certnew.cer never asks for it."""
    response.headers.add("Set-Cookie", f"Requests={cookie}; max-age={_TEN_DAYS}; path=/certsrv; secure")
    return response
