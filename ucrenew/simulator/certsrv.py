"""The simulated web enrollment ("certsrv") in front of an `Authority`: requests in, pages and certificates out.

Rule 1: status 200 whatever the CA decided; only the web server itself says anything else (certsrv.md §1).
Rule 2: paths and the names of query and form fields know no case (§1).
Rule 3: a caller whose User-Agent has no ``Mozilla`` gets links, not a script, and all bodies as text/html (§3.2, §4).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from ucrenew.simulator import certsrv_forms as forms
from ucrenew.simulator import certsrv_menus as menus
from ucrenew.simulator import certsrv_pages as pages
from ucrenew.simulator import refusals
from ucrenew.simulator.authority import Authority, ServiceStopped
from ucrenew.simulator.certsrv_downloads import Downloads, html
from ucrenew.simulator.certsrv_error import error
from ucrenew.simulator.certsrv_logon import Doorkeeper
from ucrenew.simulator.certsrv_view import frame_of
from ucrenew.simulator.https import CUT
from ucrenew.simulator.request_rows import Row, Status
from ucrenew.simulator.scene import Account

_TEN_DAYS = 10 * 24 * 3600


def application(authority: Authority, *accounts: Account) -> WSGIApplication:
    """The web enrollment of ``authority`` for these accounts; how they log on is in its settings (`Iis`)."""
    site = _Site(authority, Doorkeeper(authority, accounts))
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
    """One web server: its views, and who stands at its door."""

    def __init__(self, authority: Authority, door: Doorkeeper) -> None:
        self._ca = authority
        self._door = door
        self._downloads = Downloads(authority)
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
            "certnew.cer": self._downloads.certificate,
            "certnew.p7b": self._downloads.chain,
            "certcarc.asp": self.ca_certificates,
            "certcrl.crl": self._downloads.crl,
            "certckpn.asp": self.pending_list,
            "certrmpn.asp": self.forget_pending,
        }

    def admit(self) -> AnyResponse | None:
        """Nobody, while the application pool behind the listener is stopped; else whom the door lets in (§7)."""
        if self._ca.reachable:
            return self._door.admit()
        return Response("Service Unavailable", "503 Service Unavailable", content_type="text/html")

    def dress(self, response: Response) -> Response:
        """Headers that every answer of IIS carries (§7)."""
        self._door.farewell(response)
        response.headers["Server"] = "Microsoft-IIS/10.0"
        response.headers["X-Powered-By"] = "ASP.NET"
        response.headers["Cache-Control"] = "private"
        if response.status_code == 200 and self._session not in request.cookies:  # noqa: PLR2004
            response.headers.add("Set-Cookie", f"{self._session}={secrets.token_hex(12).upper()}; secure; path=/")
        return response

    @property
    def _frame(self) -> pages.Frame:
        return frame_of(self._ca)

    def welcome(self) -> AnyResponse:
        """/certsrv/: a cheap look at the credentials."""
        return html(menus.welcome(self._frame))

    def menu(self) -> AnyResponse:
        """The pages between welcome and form."""
        links = [("certrqxt.asp", "Submit a certificate request by using a base-64-encoded CMC or PKCS #10 file")]
        return html(menus.menu(self._frame, "Advanced Certificate Request", links))

    def request_form(self) -> AnyResponse:
        """The form, with the templates that this account may use (§6)."""
        setup = self._ca.setup
        shown = [
            (one.name, one.display_name, one.minimum_key_size)
            for one in setup.templates.values()
            if one.published and one.enroll and one.listed
        ]
        return html(menus.request_form(self._frame, None if setup.standalone else shown))

    def finish(self) -> AnyResponse:
        """certfnsh.asp: a new request, or a look at a pending one (§2, §5)."""
        form = forms.fields(request.form.items())
        if form.get("mode", "").casefold() == "chkpnd":
            return self._check_pending(form)
        if form.get("mode", "").casefold() != "newreq":
            return html(error(self._frame, "no form data", None, refusals.SUCCESS))
        if self._ca.forced.cuts("reset"):
            return _cut()
        row = self._ca.submit(forms.decoded(form.get("certrequest", "")), forms.template(form), g.account)
        if self._ca.forced.cuts("lost"):
            return _cut()
        if row.status is not Status.PENDING:
            return self._settled(row, form)
        entry = forms.cookie_entry(row.id, form)
        return _remembering(html(pages.pending(self._frame, row.id)), forms.cookie_with(_cookie(), entry))

    def ca_certificates(self) -> AnyResponse:
        """certcarc.asp (§6); it asks the CA, and is the error page where that is stopped (§4, A2C 97 [M])."""
        return html(menus.ca_certificates(self._frame, self._ca.reached().renewals))

    def pending_list(self) -> AnyResponse:
        """certckpn.asp: what the browser's own cookie names (§5)."""
        return html(menus.pending_list(self._frame, forms.cookie_entries(_cookie())))

    def forget_pending(self) -> AnyResponse:
        """certrmpn.asp: takes one entry out of the cookie."""
        left = forms.cookie_without(_cookie(), forms.fields(request.form.items()).get("reqid", ""))
        return _remembering(html(menus.pending_list(self._frame, forms.cookie_entries(left))), left)

    def service_stopped(self, stopped: ServiceStopped) -> AnyResponse:
        """The error page when the web server cannot reach the CA (§4 [M])."""
        mode = forms.fields(request.form.items()).get("mode", "").casefold()
        return html(error(self._frame, mode if mode in {"newreq", "chkpnd"} else "", None, str(stopped)))

    def _settled(self, row: Row, form: dict[str, str]) -> AnyResponse:
        if row.status is Status.DENIED:
            return html(pages.denied(self._frame, row.id, row.message))
        save = form.get("savecert", "yes").casefold() != "no"
        return html(pages.issued(self._frame, row.id, self._ca.renewals, save=save))

    def _check_pending(self, form: dict[str, str]) -> AnyResponse:
        row = self._downloads.row(form.get("reqid", ""))
        if row is None:
            return html(error(self._frame, "chkpnd", None, refusals.PROPERTY_EMPTY))
        if row.status is Status.PENDING:
            return html(pages.still_pending(self._frame, row.id))
        return self._settled(row, form)


def _cut() -> Response:
    """No answer: the connection ends."""
    request.environ[CUT] = True
    return Response()


def _cookie() -> str:
    return request.cookies.get("Requests", "")


def _remembering(response: Response, cookie: str) -> Response:
    """The browser's list of pending requests, good for ten days (§5); certnew.cer never asks for it."""
    response.headers.add("Set-Cookie", f"Requests={cookie}; max-age={_TEN_DAYS}; path=/certsrv; secure")
    return response
