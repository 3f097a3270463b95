"""Cisco Unified Operating System Administration, as far as a person needs it for S6-S18: certificates, by hand.

Labels and success texts are those of the seed (Cisco's document). Addresses, field names and every other text are [I]
guesses; what the real page opens in a window of its own is a page here.

Rule 1: the pages are one more view of the cluster: they call what the certificate API calls, and judge nothing.
Rule 2: who may look only is told so, and the try is in the ledger, as at the API.
Rule 3: what another site's page makes a browser post is refused (origin.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ucrenew.simulator import certificate_files, origin, request_dialogue, success
from ucrenew.simulator.accounts import NO_PRIVILEGE
from ucrenew.simulator.certificate_list import rows
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import ECDSA, Unacceptable
from ucrenew.simulator.identity import pem
from ucrenew.simulator.logins import Login, Logins
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.uploads import Refusal

BASE = "/cmplatform"
LIST = "certificateFindList.do"
_TRUST = "-trust"
_OPEN = frozenset({"/login.do", "/j_security_check"})
_FINDS = {"begins with": str.startswith, "contains": str.__contains__, "is exactly": str.__eq__}

# A line of the box "Status": its kind, and the text.
Status = tuple[str, str]
OVERWRITES: Status = (
    "warning",
    "Warning: Generating a new CSR for a specific certificate type will overwrite the existing CSR for that type",
)
DISTRIBUTES: Status = (
    "warning",
    "Warning: Uploading a cluster-wide certificate will distribute it to all servers in this cluster",
)
NOT_LISTED: Status = ("warning", "Certificate names not listed below do not have a corresponding CSR")
# [I] guess: how the real page says no is not in the seed.
REFUSED_LOGIN: Status = ("error", "Log on failed - Invalid User ID or Password")
NO_FILE: Status = ("error", "No file selected.")
NO_REQUEST: Status = ("error", "There is no CSR to download")


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Serve the pages under /cmplatform."""
    pages = AdministrationPages(cluster, node)
    part = Blueprint("cmplatform", __name__, url_prefix=BASE, template_folder="templates")
    part.before_request(pages.admit)
    for method, path, answer in (
        ("GET", "/", pages.home),
        ("GET", "/login.do", pages.login),
        ("POST", "/j_security_check", pages.log_in),
        ("POST", "/logout.do", pages.log_out),
        ("GET", f"/{LIST}", pages.listed),
        ("GET", "/certificateDetails.do", pages.details),
        ("GET", "/certificateGenerateCSR.do", pages.asked_request),
        ("POST", "/certificateGenerateCSR.do", pages.generate),
        ("GET", "/certificateDownloadCSR.do", pages.asked_download),
        ("POST", "/certificateDownloadCSR.do", pages.download),
        ("GET", "/certificateUpload.do", pages.asked_upload),
        ("POST", "/certificateUpload.do", pages.upload),
    ):
        part.add_url_rule(path, f"{method} {path}".replace(".", "-"), answer, methods=[method])
    app.register_blueprint(part)


class AdministrationPages:
    """The pages of one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node
        self._logins = Logins(cluster, node)
        # Browsers keep cookies by address, not by port: on loopback the nodes would log each other out.
        self._cookie = f"JSESSIONID-{node.node.host}"

    def admit(self) -> AnyResponse | None:
        """Nobody sees anything but the login before they have logged in."""
        if origin.is_forged(request):
            return Response("Forbidden: this comes from another site's page", 403, content_type="text/plain")
        login = self._logins.find(request.cookies.get(self._cookie, ""))
        if login is None and request.path.removeprefix(BASE) not in _OPEN:
            return redirect(f"{BASE}/login.do", 303)
        g.login = login
        return None

    def login(self) -> AnyResponse:
        """The form of name and password."""
        return self._page("login", [])

    def log_in(self) -> AnyResponse:
        """The accounts of the operating system, not application users (cucm.md §1.1)."""
        cookie = self._logins.begin(request.form.get("j_username", ""), request.form.get("j_password", ""))
        if cookie is None:
            return self._page("login", [REFUSED_LOGIN])
        answer = redirect(f"{BASE}/", 303)
        answer.set_cookie(self._cookie, cookie, path=BASE, secure=True, httponly=True, samesite="Lax")
        return answer

    def log_out(self) -> AnyResponse:
        """End the session."""
        self._logins.end(request.cookies.get(self._cookie, ""))
        return redirect(f"{BASE}/login.do", 303)

    def home(self) -> AnyResponse:
        """What is seen after the login."""
        return self._page("home", [], version=self._node.version)

    def listed(self) -> AnyResponse:
        """Certificate List: what Find is asked for, nothing before it."""
        how, text = request.args.get("how", "begins with"), request.args.get("text", "")
        fits = _FINDS.get(how, str.startswith)
        all_rows = rows(self._cluster, self._node)
        found = [row for row in all_rows if fits(row.certificate.casefold(), text.casefold())] if text else all_rows
        return self._page("list", [], rows=found, asked="find" in request.args, how=how, text=text, hows=list(_FINDS))

    def details(self) -> AnyResponse:
        """Certificate Details of one row."""
        number = request.args.get("number", "")
        row = next((one for one in rows(self._cluster, self._node) if one.number == number), None)
        if row is None:
            return redirect(f"{BASE}/{LIST}", 303)
        return self._page("details", [], row=row, pem=pem(row.of))

    def asked_request(self) -> AnyResponse:
        """Generate Certificate Signing Request: purpose and distribution fill in the rest (S6, S8)."""
        return self._request_form([OVERWRITES])

    def generate(self) -> AnyResponse:
        """The button Generate (S6-S9)."""
        unit = request.form.get("purpose", "")
        if not self._may_change("csr", unit):
            return self._request_form([("error", NO_PRIVILEGE)])
        try:
            _, names = self._cluster.generate_csr(
                self._node, request_dialogue.wish(self._cluster, request.form), self._login.user
            )
        except Unacceptable as reason:
            return self._request_form([("error", str(reason))])
        except Refusal as reason:
            return self._request_form([("error", reason.text)])
        done: list[Status] = [("success", f"Success: {success.GENERATED}"), ("success", success.exported(names))]
        return self._request_form(done)

    def asked_download(self) -> AnyResponse:
        """Download Certificate Signing Request (S11)."""
        return self._page("download", [NOT_LISTED], units=sorted(self._node.requests))

    def download(self) -> AnyResponse:
        """The button Download CSR; the file's name is a guess [I]."""
        pending = self._node.requests.get(request.form.get("purpose", ""))
        if pending is None:
            return self._page("download", [NOT_LISTED, NO_REQUEST], units=sorted(self._node.requests))
        kept = {"Content-Disposition": f'attachment; filename="{pending.unit}.csr"'}
        return Response(pem(pending.request), headers=kept, content_type="application/octet-stream")

    def asked_upload(self) -> AnyResponse:
        """Upload Certificate/Certificate chain (S15-S17)."""
        return self._upload_form([DISTRIBUTES])

    def upload(self) -> AnyResponse:
        """The button Upload: CA certificates into a trust store, or the leaf for its purpose."""
        purpose = request.form.get("purpose", "")
        unit = purpose.removesuffix(_TRUST)
        if not self._may_change("trust-upload" if purpose.endswith(_TRUST) else "leaf-upload", unit):
            return self._upload_form([("error", NO_PRIVILEGE)])
        file = request.files.get("file")
        content = file.read() if file else b""
        if not content:
            return self._upload_form([NO_FILE])
        try:
            done = self._take(purpose, unit, certificate_files.texts(content))
        except Refusal as reason:
            return self._upload_form([("error", reason.text)])
        return self._upload_form([("success", text) for text in done])

    def _take(self, purpose: str, unit: str, texts: list[object]) -> list[str]:
        """Hand it to the cluster; what the platform says then. Raises Refusal."""
        if purpose not in self._purposes():
            raise Refusal(400, f"Invalid purpose {purpose}")
        if purpose.endswith(_TRUST):
            description = request.form.get("description") or "Trust Certificate"
            self._cluster.upload_trust(self._node, unit, texts, description, self._login.user)
            return [f"Success: {success.TRUST_UPLOADED}"]
        return success.installed(unit, self._cluster.upload_leaf(self._node, unit, texts, self._login.user))

    def _request_form(self, status: list[Status]) -> AnyResponse:
        fields = request_dialogue.filled_in(self._cluster, self._node, request.values, request.form)
        return self._page("generate", status, **fields)

    def _upload_form(self, status: list[Status]) -> AnyResponse:
        purpose = request.values.get("purpose", "tomcat")
        return self._page("upload", status, purposes=self._purposes(), purpose=purpose)

    def _purposes(self) -> list[str]:
        units = list(self._node.installed)
        stores = dict.fromkeys(f"{unit.removesuffix(ECDSA)}{_TRUST}" for unit in units)
        return [*units, *stores]

    @property
    def _login(self) -> Login:
        login: Login = g.login
        return login

    def _may_change(self, kind: str, unit: str) -> bool:
        if self._login.privilege >= 1:
            return True
        user = self._login.user
        self._cluster.ledger.write(kind, node=self._node.name, account=user, purpose=unit, refused=NO_PRIVILEGE)
        return False

    def _page(self, name: str, status: Iterable[Status], **content: object) -> Response:
        page = make_response(
            render_template(
                f"cmplatform/{name}.html",
                status=list(status),
                node=self._node.name,
                login=g.login,
                may_change=g.login is not None and g.login.privilege >= 1,
                **content,
            )
        )
        page.headers["Cache-Control"] = "no-store"
        page.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
        return page
