"""A throw-away TLS server of a test, with certificates made for it: for answers that the simulator does not give."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ucrenew.clients.tls import Endpoint

NODE = "cs-ccm-pub.example.com"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def key(label: str, kind: str = "ec") -> Key:
    """A key a label, made once a session: RSA ones take their time."""
    assert label
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Cert:
    """A certificate, its key, and the chain that a server sends after it."""

    certificate: crypto.Certificate
    key: Key
    chain: tuple[crypto.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def sha256(self) -> str:
        """The pin of it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def without_chain(self) -> Cert:
        """The same, from a server that forgets its intermediates."""
        return Cert(self.certificate, self.key)


def make(
    name: str = NODE,
    *,
    kind: str = "ec",
    issuer: Cert | None = None,
    ca: bool = False,
    begins: timedelta = timedelta(days=-30),
    ends: timedelta = timedelta(days=300),
    label: str = "",
    digest: hashes.HashAlgorithm | None = None,
) -> Cert:
    """A correct certificate for a name; the test states what is special about it."""
    own = key(label or name, kind)
    subject = crypto.Name([crypto.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        crypto.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(crypto.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(crypto.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(crypto.SubjectAlternativeName([crypto.DNSName(name)]), critical=False)
        .sign(issuer.key if issuer else own, digest or hashes.SHA256())
    )
    above = (
        (issuer.certificate, *issuer.chain)
        if issuer and issuer.certificate.issuer != issuer.certificate.subject
        else ()
    )
    return Cert(built, own, above)


@dataclass(frozen=True)
class Hierarchy:
    """A root, and an intermediate that signs."""

    root: Cert
    intermediate: Cert


@cache
def hierarchy() -> Hierarchy:
    """One CA a session."""
    root = make("Example Root", ca=True)
    return Hierarchy(root, make("Example Issuing CA", ca=True, issuer=root))


def csr(*names: str, kind: str = "ec") -> crypto.CertificateSigningRequest:
    """A request that names these, the first as common name."""
    wanted = names or (NODE,)
    return (
        crypto.CertificateSigningRequestBuilder()
        .subject_name(crypto.Name([crypto.NameAttribute(NameOID.COMMON_NAME, wanted[0])]))
        .add_extension(crypto.SubjectAlternativeName([crypto.DNSName(name) for name in wanted]), critical=False)
        .sign(key("request", kind), hashes.SHA256())
    )


def signed(request: crypto.CertificateSigningRequest) -> crypto.Certificate:
    """What the CA of the tests makes of a request: its key, subject and names."""
    issuer, now = hierarchy().intermediate, datetime.now(UTC)
    names = request.extensions.get_extension_for_class(crypto.SubjectAlternativeName).value
    return (
        crypto.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(request.public_key())
        .serial_number(crypto.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .add_extension(names, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


@dataclass(frozen=True)
class Reply:
    """What the door answers after it read the request; ``date`` None leaves the header out.

    It may also hang up (``drop``), reset the connection, or stall until the client gives up. Of the body it may send
    the first ``cut`` bytes only, although the header ``counted`` all of them or, without that, counted none.
    """

    body: bytes | str = b""
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    drop: bool = False
    reset: bool = False
    stall: bool = False
    cut: int | None = None
    counted: bool = True
    date: str | None = "Mon, 23 Nov 2026 10:00:00 GMT"


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    cipher: str
    port: int  # the client's


Answers = Callable[[Seen], Reply]


@dataclass
class Door:
    """A running server: change ``answers``, ``serves`` or ``breaks`` while it runs.

    ``breaks`` says how each connection ends before its TLS handshake: it is reset, or nothing is ever said.
    """

    port: int
    answers: Answers
    serves: ssl.SSLContext
    breaks: Literal["no", "reset", "silence"] = "no"
    seen: list[Seen] = field(default_factory=list)
    held: list[socket.socket] = field(default_factory=list)

    def endpoint(self, name: str = NODE) -> Endpoint:
        """How to get there under a name."""
        return Endpoint(name, "127.0.0.1", self.port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    door: Door

    def get_request(self) -> Any:
        plain, address = super().get_request()
        if self.door.breaks != "no":
            self._break(plain)
            raise OSError  # for socketserver: there is no request
        # The handshake happens in the handler's thread, so that a client that stalls stalls alone.
        return self.door.serves.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def _break(self, plain: socket.socket) -> None:
        if self.door.breaks == "reset":
            # Not before the client's first word: what is reset earlier `ssl.wrap_socket` leaves unclosed, and whichever
            # test collects it fails of a ResourceWarning.
            plain.recv(1)
            _reset(plain)
        else:
            self.door.held.append(plain)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that refuse us hang up: that is what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go out as two packets: the second need not wait for an ACK

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body, cipher = self.rfile.read(length), self.connection.cipher()[0]
        seen = Seen(self.command, self.path, dict(self.headers), body, cipher, self.client_address[1])
        self.server.door.seen.append(seen)
        reply = self.server.door.answers(seen)
        self.close_connection = reply.drop or reply.reset or reply.stall or reply.cut is not None or not reply.counted
        if reply.reset:
            _reset(self.connection)
        if reply.stall:
            self.rfile.read(1)
        if reply.drop or reply.reset or reply.stall:
            return
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        # Real nodes leave the reason phrase empty (cucm.md §1.1).
        self.send_response_only(reply.status, "")
        if reply.date is not None:
            self.send_header("Date", reply.date)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.counted:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: reply.cut])

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: object) -> None:
        pass


def _reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset and no orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def serving(*certificates: Cert, rsa_first: bool = False) -> ssl.SSLContext:
    """A server's context with one certificate, or one of each kind of key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if rsa_first:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_ciphers("ECDHE+aRSA+AESGCM:ECDHE+aECDSA+AESGCM")
    for shown in certificates:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "identity.pem"
            secret = shown.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            public = b"".join(part.public_bytes(Encoding.PEM) for part in (shown.certificate, *shown.chain))
            file.write_bytes(secret + public)
            context.load_cert_chain(file)
    return context


def always(body: bytes | str, status: int = 200, **headers: str) -> Answers:
    """The same answer to everything."""
    return lambda _: Reply(body, status, [(name.replace("_", "-"), value) for name, value in headers.items()])


@contextmanager
def opened(*certificates: Cert, answers: Answers | None = None, rsa_first: bool = False) -> Iterator[Door]:
    """A server on a port of its own while the block runs."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.door = Door(server.server_address[1], answers or always("{}"), serving(*certificates, rsa_first=rsa_first))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.door
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in server.door.held:
            connection.close()


def closed_port() -> int:
    """A port on which nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return server.server_address[1]
