"""The certificate REST API of one node: a view of the cluster (cucm.md §1).

Rule 1: every path demands Basic authentication; credentials that were presented and refused go into the ledger.
Rule 2: replies are a superset of what is known: `trackingId`, and for errors `messages` and `message` (§1.7 [I]).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, jsonify, request

from ucrenew.simulator.accounts import platform_privilege
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import Unacceptable
from ucrenew.simulator.identity import pem
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Stopping
from ucrenew.simulator.uploads import Refusal

if TYPE_CHECKING:
    from flask.json.provider import DefaultJSONProvider
    from werkzeug.exceptions import HTTPException

BASE = "/platformcom/api/v1/certmgr/config"
_WRITES = {"/csr": "csr", "/identity/certificates": "leaf-upload", "/trust/certificates": "trust-upload"}
_READ_METHODS = frozenset({"GET", "HEAD"})
_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"


def application(cluster: Cluster, node: SimulatedNode) -> Flask:
    """What Tomcat serves on this node."""
    app = Flask(f"rest-{node.node.host}")
    cast("DefaultJSONProvider", app.json).sort_keys = False
    view = CertificateApi(cluster, node)
    app.before_request(view.admit)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(Unacceptable, lambda reason: _error(400, str(reason)))
    app.register_error_handler(Stopping, lambda _: _error(503, "The server is shutting down"))
    for code in (404, 405, 500):
        app.register_error_handler(code, _plain_error)
    for method, path, answer in view.routes():
        app.add_url_rule(BASE + path, f"{method} {path}", answer, methods=[method])
    app.add_url_rule("/", "root", lambda: _page(node.name, "Cisco Unified Communications"))
    app.add_url_rule("/ccmadmin/", "ccmadmin", lambda: _page("Cisco Unified CM Administration", node.name))
    return app


class CertificateApi:
    """The calls of §1.2 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node

    def routes(self) -> list[tuple[str, str, Callable[[], Response]]]:
        """Method, path after the base, and what answers (§1.2)."""
        return [
            ("GET", "/snapshot/server", self.snapshot),
            ("POST", "/csr", self.generate_csr),
            ("GET", "/csr", self.read_csr),
            ("POST", "/identity/certificates", self.upload_leaf),
            ("GET", "/identity/certificate", self.read_identity),
            ("POST", "/trust/certificates", self.upload_trust),
            ("GET", "/trust/certificate", self.read_trust),
            ("GET", "/options", self.options),
            ("GET", "/snapshot/options", self.options),
        ]

    def admit(self) -> Response | None:
        """What stands before every call: the fault `html`, releases without the API, the account (§1.1)."""
        if not request.path.startswith("/platformcom"):
            return None
        if self._node.faults.html:
            return _page("Cisco Unified Operating System Administration", "Please log in.")
        if not self._node.has_certificate_api():
            return _page("HTTP Status 404 - Not Found", request.path, status=404)
        told = request.authorization
        user, password = (told.username or "", told.password or "") if told else ("", "")
        privilege = platform_privilege(self._cluster.scene, self._node, user, password)
        if privilege is None:
            if told is not None:
                self._cluster.ledger.write("login-refused", node=self._node.name, account=user)
            refused = _error(401, "Unauthorized")
            refused.headers["WWW-Authenticate"] = 'Basic realm="CMPlatform Realm"'
            return refused
        if request.method not in _READ_METHODS and privilege < 1:
            return self._forbidden(user)
        return None

    def _forbidden(self, user: str) -> Response:
        """A reader that wants to write: 401 or 403 is unknown (§1.1 [I])."""
        text = "The account has no privilege to change anything"
        kind = _WRITES.get(request.path.removeprefix(BASE))
        if kind:
            self._cluster.ledger.write(kind, node=self._node.name, account=user, refused=text)
        return _error(403, text)

    def snapshot(self) -> Response:
        """`GET /snapshot/server` (§1.4)."""
        self._cluster.pace.wait(self._cluster.delays.snapshot_seconds)
        with self._cluster.lock:
            identities = [self._identity(unit) for unit in self._cluster.listed(self._node)]
            trusts = [self._trust(store) for store in self._node.trust]
        if self._cluster.readings.snapshot_form == "array":
            return jsonify(identities)
        return _reply(server=self._node.name, identities=identities, trusts=trusts, revokedCertificates=[])

    def generate_csr(self) -> Response:
        """`POST /csr` (§1.3): status 200 and the request; the texts of the page as messages ([I], §1.7)."""
        pending, names = self._cluster.generate_csr(self._node, _body(), self._account())
        text = f"CSR export operation successful on the nodes [{', '.join(names)}]."
        return _reply(csr=pem(pending.request), messages=["Certificate Signing Request Generated", text])

    def read_csr(self) -> Response:
        """`GET /csr?service=`: the request as the node holds it; shape and missing one are [I] (§1.2)."""
        unit = self._unit(request.args)
        pending = self._node.requests.get(unit)
        if pending is None:
            return _error(404, f"There is no CSR for {unit}")
        return _reply(service=unit, csr=pem(pending.request))

    def upload_leaf(self) -> Response:
        """`POST /identity/certificates` (§1.5)."""
        told = _body()
        unit, texts = told.get("service"), _certificates(told)
        if not isinstance(unit, str):
            raise Refusal(400, "service must be a string")
        names = self._cluster.upload_leaf(self._node, unit, texts, self._account())
        listed = ",".join(names)
        restart = (
            f'Restart Cisco Tomcat Service for the nodes {listed} using the CLI "utils service restart Cisco Tomcat".'
        )
        messages = [f"Certificate upload operation successful for the nodes {listed}."]
        return _reply(messages=messages + ([restart] if unit.startswith("tomcat") else []))

    def read_identity(self) -> Response:
        """`GET /identity/certificate?service=`; the shape is [I] (§1.2)."""
        return _reply(**self._identity(self._unit(request.args)))

    def upload_trust(self) -> Response:
        """`POST /trust/certificates` (§1.6): `service` is an array here and names the purpose, not its store."""
        told = _body()
        units, texts = told.get("service"), _certificates(told)
        if not isinstance(units, list) or not units:
            raise Refusal(400, "service must be an array")
        for unit in units:
            if not isinstance(unit, str) or unit not in self._node.installed:
                raise Refusal(400, f"Invalid service {unit}")
        for unit in units:
            description = str(told.get("description") or "Trust Certificate")
            self._cluster.upload_trust(self._node, unit, texts, description, self._account())
        return _reply(messages=["Certificate Uploaded"])

    def read_trust(self) -> Response:
        """`GET /trust/certificate?service=`: a bare array or an object with `certificates` (§1.2)."""
        entries = self._entries(f"{self._unit(request.args)}-trust")
        if self._cluster.readings.trust_reply_form == "array":
            return jsonify(entries)
        return _reply(certificates=entries)

    def options(self) -> Response:
        """`GET /options`, `GET /snapshot/options`: content unverified (§1.2 [I])."""
        return _reply(
            services=list(self._node.installed),
            distributions=["this-server", self._cluster.readings.multi_server_word],
            keyTypes=["rsa", "ec"],
            hashAlgorithms=["sha256", "sha384", "sha512"],
        )

    def _unit(self, args: Mapping[str, str]) -> str:
        unit = args.get("service", "")
        if unit not in self._node.installed:
            raise Refusal(400, f"Invalid service {unit}")
        return unit

    def _identity(self, unit: str) -> dict[str, object]:
        found: dict[str, object] = {"service": unit, "certificate": pem(self._node.identities()[unit].certificate)}
        if unit in self._node.requests:
            found["csr"] = pem(self._node.requests[unit].request)
        return found

    def _trust(self, store: str) -> dict[str, object]:
        readings = self._cluster.readings
        service = store if readings.trust_service_form == "tomcat-trust" else store.removesuffix("-trust")
        return {"service": service, readings.trust_list_key: self._entries(store)}

    def _entries(self, store: str) -> list[dict[str, object]]:
        held = self._node.trust.get(store)
        return [
            {"filename": entry.file, "certificate": pem(entry.certificate), "description": entry.description}
            for entry in (held.entries() if held else ())
        ]

    def _account(self) -> str:
        return str(request.authorization.username) if request.authorization else ""


def _body() -> dict[str, object]:
    told = request.get_json(force=True, silent=True)
    if not isinstance(told, dict):
        raise Refusal(400, "The body is not a JSON object")
    return cast("dict[str, object]", told)


def _certificates(told: Mapping[str, object]) -> list[object]:
    texts = told.get("certificates")
    if not isinstance(texts, list) or not texts:
        raise Refusal(400, "certificates must be an array")
    return texts


def _reply(**content: object) -> Response:
    return jsonify({"trackingId": _tracking_id(), **content})


def _error(status: int, text: str) -> Response:
    refused = jsonify({"trackingId": _tracking_id(), "messages": [text], "message": text})
    refused.status_code = status
    return refused


def _refused(reason: Refusal) -> Response:
    return _error(reason.status, reason.text)


def _plain_error(trouble: HTTPException) -> Response:
    return _page(f"HTTP Status {trouble.code}", trouble.name, status=trouble.code or 500)


def _page(title: str, text: str, *, status: int = 200) -> Response:
    return Response(_PAGE.format(title=title, text=text), status=status, content_type="text/html;charset=UTF-8")


def _tracking_id() -> str:
    return request.headers.get("X-Request-ID") or secrets.token_hex(16)
