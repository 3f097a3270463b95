"""One TLS connection to the simulated web server, kept open: what goes over it is said by the test, byte by byte."""

from __future__ import annotations

import base64
import hashlib
import http.client
import ssl
from dataclasses import dataclass

import spnego
from spnego.channel_bindings import GssChannelBindings

from tests.certsrv_scene import PASSWORD, USER, CertsrvScene


@dataclass
class Said:
    """An answer: its status, its WWW-Authenticate lines in order, its text."""

    status: int
    schemes: list[str]
    text: str

    @property
    def token(self) -> bytes:
        """What follows the name of the only scheme."""
        (line,) = self.schemes
        return base64.b64decode(line.partition(" ")[2])


class Line:
    """A connection on which requests follow each other."""

    def __init__(self, scene: CertsrvScene) -> None:
        host, _, port = scene.address.partition(":")
        context = ssl.create_default_context(cafile=scene.ca_file)
        self._connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
        self._connection.connect()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, authorization: str = "", method: str = "GET", page: str = "", body: str = "") -> Said:
        """One request."""
        headers = {"Authorization": authorization} if authorization else {}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, f"/certsrv/{page}", body=body.encode() or None, headers=headers)
        answer = self._connection.getresponse()
        return Said(answer.status, answer.headers.get_all("WWW-Authenticate") or [], answer.read().decode())

    def show(self, scheme: str, token: bytes | None, **request: str) -> Said:
        """One request that shows a token."""
        return self.ask(f"{scheme} {base64.b64encode(token or b'').decode()}", **request)

    def bindings(self) -> GssChannelBindings:
        """What a client that binds its logon to this connection says (RFC 5929 §4.1; the certificate is SHA-256)."""
        presented = self._connection.sock.getpeercert(binary_form=True)
        return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(presented).digest())


def client(user: str = USER, password: str = PASSWORD, protocol: str = "ntlm", bindings=None) -> spnego.ContextProxy:
    """The initiator of a logon."""
    ours = spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_negotiate
    return spnego.client(
        user, password, "localhost", "http", protocol=protocol, options=ours, channel_bindings=bindings
    )  # fmt: skip


def log_on(line: Line, initiator: spnego.ContextProxy, scheme: str = "NTLM", **last: str) -> Said:
    """Every leg of a logon; ``last`` is the request that the last one stands in."""
    challenged = line.show(scheme, initiator.step())
    return line.show(scheme, initiator.step(challenged.token), **last)
