"""The certificate REST API of one node: a view of the cluster (cucm.md §1).

Rule 1: every path demands Basic authentication; credentials that were presented and refused go into the ledger.
Rule 2: replies are a superset of what is known: `trackingId`, and for errors `messages` and `message` (§1.7 [I]).
Rule 3: what is said, and with which status, of a call that is no whole one is an [I] guess: 400 and a text of our own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, jsonify, request

from ucrenew.simulator import success
from ucrenew.simulator.accounts import NO_PRIVILEGE, platform_privilege
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.csr import Unacceptable
from ucrenew.simulator.https import PORT
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
    app.register_error_handler(Refusal, lambda reason: view.error(reason.status, reason.text))
    app.register_error_handler(Unacceptable, lambda reason: view.error(400, str(reason)))
    app.register_error_handler(Stopping, lambda _: view.error(503, "The server is shutting down"))
    for code in (404, 405, 500):
        app.register_error_handler(code, _plain_error)
    for method, path, answer in view.routes():
        app.add_url_rule(BASE + path, f"{method} {path}", answer, methods=[method])
    link = '<a href="/cmplatform/">Cisco Unified Operating System Administration</a>'
    app.add_url_rule("/", "root", lambda: _page(node.name, f"Cisco Unified Communications: {link}"))
    app.add_url_rule("/ccmadmin/", "ccmadmin", lambda: _page("Cisco Unified CM Administration", node.name))
    return app


class CertificateApi:
    """The calls of §1.2 on one node."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._readings = cluster.readings
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
        if not self._node.has_certificate_api() or (request.environ.get(PORT) == 1 and not self._readings.api_on_8443):
            return _page("HTTP Status 404 - Not Found", request.path, status=404)
        told = request.authorization
        user, password = (told.username or "", told.password or "") if told else ("", "")
        privilege = platform_privilege(self._cluster.scene, self._node, user, password)
        if privilege is None:
            if told is not None:
                self._cluster.ledger.write("login-refused", node=self._node.name, account=user)
            return self.error(401, "Unauthorized")
        if request.method not in _READ_METHODS and privilege < 1:
            return self._forbidden(user)
        return None

    def _forbidden(self, user: str) -> Response:
        """A reader that wants to write."""
        kind = _WRITES.get(request.path.removeprefix(BASE))
        if kind:
            self._cluster.ledger.write(kind, node=self._node.name, account=user, refused=NO_PRIVILEGE)
        return self.error(self._readings.forbidden_status, NO_PRIVILEGE)

    def snapshot(self) -> Response:
        """`GET /snapshot/server` (§1.4)."""
        self._cluster.pace.wait(self._cluster.delays.snapshot_seconds)
        with self._cluster.lock:
            identities = [self._identity(unit) for unit in self._cluster.listed(self._node)]
            trusts = [self._trust(store) for store in self._node.trust]
        if self._readings.snapshot_form == "array":
            return jsonify(identities)
        return _reply(server=self._node.name, identities=identities, trusts=trusts, revokedCertificates=[])

    def generate_csr(self) -> Response:
        """`POST /csr` (§1.3): status 200 and the request; the texts of the page as messages ([I], §1.7)."""
        pending, names = self._cluster.generate_csr(self._node, _body(), self._account())
        told = [success.GENERATED, *self._named(success.exported(names))]
        return _reply(csr=pem(pending.request), messages=told)

    def read_csr(self) -> Response:
        """`GET /csr?service=`: the request as the node holds it; shape and missing one are [I] (§1.2)."""
        unit = self._unit(request.args)
        pending = self._node.requests.get(unit)
        if pending is None:
            return self.error(404, f"There is no CSR for {unit}")
        return _reply(service=unit, csr=pem(pending.request))

    def upload_leaf(self) -> Response:
        """`POST /identity/certificates` (§1.5)."""
        told = _body()
        unit, texts = told.get("service"), _certificates(told)
        if not isinstance(unit, str):
            raise Refusal(400, "service must be a string")
        names = self._cluster.upload_leaf(self._node, unit, texts, self._account())
        return self._uploaded(self._named(*success.installed(unit, names)))

    def read_identity(self) -> Response:
        """`GET /identity/certificate?service=`; the shape is [I] (§1.2)."""
        found = self._identity(self._unit(request.args))
        return jsonify([found]) if self._readings.identity_reply_form == "array" else _reply(**found)

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
        return self._uploaded([success.TRUST_UPLOADED])

    def read_trust(self) -> Response:
        """`GET /trust/certificate?service=`: a bare array or an object with `certificates` (§1.2)."""
        entries = self._entries(f"{self._unit(request.args)}-trust")
        if self._readings.trust_reply_form == "array":
            return jsonify(entries)
        return _reply(certificates=entries)

    def options(self) -> Response:
        """`GET /options`, `GET /snapshot/options`: content unverified (§1.2 [I])."""
        if self._readings.options_path not in {"both", request.path.removeprefix(BASE)}:
            return _page("HTTP Status 404 - Not Found", request.path, status=404)
        return _reply(
            services=list(self._node.installed),
            distributions=["this-server", self._readings.multi_server_word],
            keyTypes=["rsa", "ecdsa" if self._readings.ec_word == "ecdsa" else "ec"],
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
        service = store if self._readings.trust_service_form == "tomcat-trust" else store.removesuffix("-trust")
        return {"service": service, self._readings.trust_list_key: self._entries(store)}

    def _entries(self, store: str) -> list[dict[str, object]]:
        held, named = self._node.trust.get(store), self._node.file_of
        return [
            {"filename": named(entry), "certificate": pem(entry.certificate), "description": entry.description}
            for entry in (held.entries() if held else ())
        ]

    def _named(self, *texts: str) -> list[str]:
        """What names nodes, where a good answer does that."""
        return list(texts) if self._readings.success_names_nodes else []

    def _uploaded(self, messages: list[str]) -> Response:
        reply = _reply(messages=messages)
        reply.status_code = self._readings.upload_status
        return reply

    def error(self, status: int, text: str) -> Response:
        """A refusal, with its text under the keys that clients look for (§1.5, §1.7)."""
        texts = {"messages": [text], "message": text, "error": text}
        wanted = {"messages", "message"} if self._readings.error_keys == "both" else {self._readings.error_keys}
        refused = _reply(**{key: value for key, value in texts.items() if key in wanted})
        refused.status_code = status
        if status == 401:  # noqa: PLR2004 - the one status that names a scheme
            refused.headers["WWW-Authenticate"] = 'Basic realm="CMPlatform Realm"'
        return refused

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


def _plain_error(trouble: HTTPException) -> Response:
    return _page(f"HTTP Status {trouble.code}", trouble.name, status=trouble.code or 500)


def _page(title: str, text: str, *, status: int = 200) -> Response:
    return Response(_PAGE.format(title=title, text=text), status=status, content_type="text/html;charset=UTF-8")


def _tracking_id() -> str:
    """The caller's own number where it sent one, else a new one; that they are the same thing is [I] guess (§1.1)."""
    return request.headers.get("X-Request-ID") or secrets.token_hex(16)
