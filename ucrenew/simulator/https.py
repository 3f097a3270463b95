"""HTTP and TLS for the WSGI applications of the simulator: HTTP/1.1 with keep-alive, one thread a connection.

Rule 1: the TLS handshake is done in the thread of its connection, never where connections are accepted.
Rule 2: a new certificate needs a new context; the connections of the old one are cut with its port.
Rule 3: who speaks plain HTTP to a port of TLS is answered by ``plain``, where there is one, else cut off.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote_to_bytes

from ucrenew.simulator.ports import ANYWHERE, Place, Port
from ucrenew.simulator.scene import LOOPBACK

if TYPE_CHECKING:
    import socketserver
    from wsgiref.types import WSGIApplication

# An application that sets this in its environment wants the connection to end without an answer.
CUT = "simulator.cut"
# Where an application finds what it has noted about this connection: a logon can be bound to it.
CONNECTION = "simulator.connection"
# Which of the server's ports a call came in by, from 0.
PORT = "simulator.port"
_IDLE_SECONDS = 60
_HANDSHAKE = b"\x16"
_BARE_FROM = 400


def utc_now() -> datetime:
    """The clock of a server that has none of its own."""
    return datetime.now(UTC)


def tls_context(*pairs: tuple[bytes, bytes]) -> ssl.SSLContext:
    """A server context of PEM chains (leaf first) with their keys; a client gets the kind of key it prefers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory(prefix="ucrenew-simulator-") as folder:
        for chain, key in pairs:
            # The ssl module reads files only; this one is private and gone at once.
            path = Path(folder) / "identity.pem"
            path.touch(mode=0o600)
            path.write_bytes(key + chain)
            context.load_cert_chain(path)
    return context


class WebServer:
    """A WSGI application behind one or more ports that share a TLS context (or have none)."""

    def __init__(  # noqa: D107, PLR0913 - the class says it
        self,
        application: WSGIApplication,
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = utc_now,
        bare_errors: bool = False,
        places: Sequence[Place] = (ANYWHERE,),
        plain: WebServer | None = None,
    ) -> None:
        self.application = application
        self.context = context
        self.clock = clock
        self.bare_errors = bare_errors
        self.plain = plain
        self.ports = tuple(Port(self._serve, place) for place in places)

    def open(self) -> None:
        """Listen on every port."""
        for port in self.ports:
            port.open()

    def close(self) -> None:
        """Refuse connections on every port and cut the open ones."""
        for port in self.ports:
            port.close()

    def release(self) -> None:
        """Close for good."""
        for port in self.ports:
            port.release()

    def position(self, connection: socket.socket) -> int | None:
        """Which of the ports a connection came in by; None for one that was handed on."""
        number = connection.getsockname()[1]
        return next((index for index, port in enumerate(self.ports) if port.number == number), None)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None or (self.plain and connection.recv(1, socket.MSG_PEEK) != _HANDSHAKE):
            (self.plain or self).answer(connection)
            return
        # A copy of the descriptor, because wrapping takes it away from its owner, who has to be able to cut it.
        with self.context.wrap_socket(connection.dup(), server_side=True) as encrypted:
            self.answer(encrypted)

    def answer(self, connection: socket.socket) -> None:
        """Answer what comes by an established connection, up to its end."""
        Conversation(connection, (LOOPBACK, 0), cast("socketserver.BaseServer", self))


class Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, each given to the application."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self) -> None:
        """Begin with nothing noted about the connection."""
        super().setup()
        self._noted: dict[str, object] = {}

    def handle_one_request(self) -> None:
        """Read one request, body included, and answer it."""
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if self.raw_requestline and self.parse_request():
            body = self._body()
            if body is None:
                self.send_error(HTTPStatus.BAD_REQUEST)
            else:
                self._run(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Keep quiet: the ledger is the log."""

    def version_string(self) -> str:
        """Say nothing about the software."""
        return "-"

    @property
    def _web(self) -> WebServer:
        return cast("WebServer", self.server)

    def _body(self) -> bytes | None:
        """The whole body; None when its length makes no sense."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        try:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        except ValueError:
            return None

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            try:
                length = int(self.rfile.readline(1026).partition(b";")[0], 16)
            except ValueError:
                return None
            body += self.rfile.read(length)
            if length == 0:
                while self.rfile.readline(65537).strip():
                    pass
                return bytes(body)
            self.rfile.readline(1026)

    def _run(self, body: bytes) -> None:
        answer: dict[str, object] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
            answer.update(status=status, headers=headers)
            return lambda _: None

        environment = self._environment(body)
        parts = self._web.application(environment, start_response)
        try:
            content = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        if environment.get(CUT):
            raise ConnectionAbortedError
        self._send(str(answer["status"]), cast("list[tuple[str, str]]", answer["headers"]), content)

    def _send(self, status: str, headers: Iterable[tuple[str, str]], content: bytes) -> None:
        code, _, phrase = status.partition(" ")
        promised = next((int(value) for name, value in headers if name.lower() == "content-length"), len(content))
        if promised > len(content) and self.command != "HEAD":
            # Only the end of the connection tells that nothing more will come.
            self.close_connection = True
        # Failing replies carry no reason phrase on the platform (cucm.md §1.1 [T]).
        bare = self._web.bare_errors and int(code) >= _BARE_FROM
        self.send_response_only(int(code), "" if bare else phrase)
        now = self._web.clock().astimezone(UTC)
        self.send_header("Date", format_datetime(now, usegmt=True))
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "date"}:
                self.send_header(name, value)
        # BaseHTTPRequestHandler has decided from the version and the Connection header whether to go on.
        self.send_header("Content-Length", str(promised))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _environment(self, body: bytes) -> dict[str, object]:
        path, _, query = self.path.partition("?")
        host, _, port = self.headers.get("Host", LOOPBACK).partition(":")
        secure = self._web.context is not None
        environment: dict[str, object] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": host,
            "SERVER_PORT": port or ("443" if secure else "80"),
            "SERVER_PROTOCOL": self.request_version,
            "RAW_URI": self.path,
            PORT: self._web.position(self.connection),
            "REMOTE_ADDR": LOOPBACK,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if secure else "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            CONNECTION: self._noted,
        }
        for name in set(self.headers.keys()):
            if name.lower() not in {"content-type", "content-length"}:
                values = self.headers.get_all(name) or []
                environment["HTTP_" + name.upper().replace("-", "_")] = ",".join(values)
        return environment

    def finish(self) -> None:
        """End the conversation; the peer may have gone already."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()
