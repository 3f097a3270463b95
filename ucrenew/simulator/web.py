"""What Tomcat serves on one node: certificate API, pages and SOAP services, with the node's faults before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ucrenew.simulator import administration, axl, control_center, paws, rest, risport
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.faults import RestFault
from ucrenew.simulator.https import CUT
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Stopping
from ucrenew.simulator.ports import Port
from ucrenew.simulator.services import TOMCAT

Headers = list[tuple[str, str]]


def application(cluster: Cluster, node: SimulatedNode) -> WSGIApplication:
    """All of it as one WSGI application."""
    app = rest.application(cluster, node)
    for part in (control_center, risport, axl, paws, administration):
        part.add_to(app, cluster, node)
    return FaultyDoor(app.wsgi_app, node, cluster)


def redirection(https_port: Callable[[], int]) -> WSGIApplication:
    """Plain HTTP: permanently redirected (cucm.md §1.1 [D]); that it is so on a port of TLS too is [I] guess."""

    def redirect(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # As it was sent: what is escaped in it must not be taken apart into headers.
        where = f"https://{_at(environ['SERVER_NAME'], https_port())}{environ['RAW_URI']}"
        start_response("301 Moved Permanently", [("Location", where)])
        return []

    return redirect


def place_of(port: Port) -> str:
    """Address and number as an address of the web has them."""
    return _at(port.address, port.number)


def _at(host: str, port: int) -> str:
    return host if port == 443 else f"{host}:{port}"  # noqa: PLR2004 - the number of https


class FaultyDoor:
    """Does to a web call what the faults of the node say (see faults.py)."""

    def __init__(self, behind: WSGIApplication, node: SimulatedNode, cluster: Cluster) -> None:  # noqa: D107 - the class says it
        self._behind = behind
        self._node = node
        self._pace = cluster.pace
        self._readings = cluster.readings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One call."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if not self._node.is_up(TOMCAT) and self._readings.while_tomcat_starts != "refused":
            start_response(f"{self._readings.while_tomcat_starts} ", [("Content-Type", "text/html;charset=UTF-8")])
            return [b"<html><body>Tomcat is starting.</body></html>"]
        fault = self._node.faults.take(RestFault, lambda one: one.is_meant_for(method, path))
        if fault is None:
            return self._behind(environ, start_response)
        if fault.kind == "rest-status":
            return _refuse(fault, start_response)
        if fault.kind == "rest-reset":
            return _cut(environ, start_response)
        status, headers, content = self._done(environ)
        if fault.kind == "rest-lost" or not self._waits(fault.seconds):
            return _cut(environ, start_response)
        if fault.kind == "rest-half":
            headers = [*_without_length(headers), ("Content-Length", str(len(content)))]
            content = content[: len(content) // 2]
        start_response(status, headers)
        return [content]

    def _done(self, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
        """The answer, after the call has been done."""
        head: list[tuple[str, Headers]] = []

        def note(status: str, headers: Headers, _: object = None, /) -> object:
            head.append((status, headers))
            return lambda _: None

        # Nobody here writes by the callable that start_response returns.
        content = b"".join(self._behind(environ, note))  # type: ignore[arg-type]
        return (*head[-1], content)

    def _waits(self, seconds: float) -> bool:
        """Let the seconds pass; False when the simulator stops meanwhile."""
        try:
            self._pace.wait(seconds)
        except Stopping:
            return False
        return True


def _refuse(fault: RestFault, start_response: StartResponse) -> list[bytes]:
    kind = "application/json" if fault.body.startswith("{") else "text/html;charset=UTF-8"
    headers = [("Content-Type", kind)]
    if fault.status == 401:  # noqa: PLR2004 - the one status that names a scheme
        headers.append(("WWW-Authenticate", 'Basic realm="CMPlatform Realm"'))
    start_response(f"{fault.status} ", headers)
    return [fault.body.encode()]


def _cut(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    environ[CUT] = True
    start_response("200 OK", [])
    return []


def _without_length(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() != "content-length"]
