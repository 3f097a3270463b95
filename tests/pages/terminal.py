"""Callers of the simulator as others wrote them: a terminal on its SSH port, a program on its HTTPS port."""

import base64
import http.client
import json
import re
import socket
import ssl
import time
from dataclasses import dataclass

import paramiko

SECONDS = 15
PROMPT = re.compile(r"admin:$")


class Terminal:
    """An interactive shell as Cisco's own test framework opens it: 24 lines, return ends a line."""

    def __init__(self, node, user, password):
        self.transport = paramiko.Transport((node["address"], node["ssh_port"]))
        self.transport.start_client(timeout=SECONDS)
        self.transport.auth_interactive(user, lambda _title, _text, prompts: [password] * len(prompts))
        self.channel = self.transport.open_session()

    def close(self):
        """Hang up."""
        self.transport.close()

    def shell(self):
        """Ask for the shell."""
        self.channel.get_pty("vt100", 80, 24)
        self.channel.invoke_shell()
        return self

    def until(self, end=PROMPT, seconds=SECONDS):
        """All that comes until it ends so."""
        text, deadline = "", time.monotonic() + seconds
        while not end.search(text):
            self.channel.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                data = self.channel.recv(4096)
            except TimeoutError:
                raise AssertionError(f"nothing that ends with {end.pattern}: {text!r}") from None
            assert data, f"the node hung up: {text!r}"
            text += data.decode()
        return text

    def said(self, seconds=0.3):
        """What comes in a while; for what must not come."""
        self.channel.settimeout(seconds)
        try:
            return self.channel.recv(4096).decode()
        except TimeoutError:
            return ""

    def press(self, keys):
        """Send keys as they are."""
        self.channel.sendall(keys.encode())

    def ask(self, command, end=PROMPT):
        """What a command says, its echo and the prompt included."""
        self.press(command + "\r")
        return self.until(end)


@dataclass(frozen=True)
class Answered:
    """What came back, to the byte."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self):
        """The body as text."""
        return self.body.decode()


def call(port, method, path, *, login=None, body=None, address="127.0.0.1", **headers):
    """One HTTPS request that follows nothing and adds nothing."""
    # These tests give the nodes other certificates, so the fingerprints of the scene are of the past: what stands
    # there now is pinned, and then verified. The address of loopback is in none of them.
    pinning = ssl.create_default_context(cadata=ssl.get_server_certificate((address, port)))
    pinning.check_hostname = False
    pinning.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    connection = http.client.HTTPSConnection(address, port, timeout=60, context=pinning)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if login:
        sent["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
        answer = connection.getresponse()
        return Answered(answer.status, answer.reason, answer.headers, answer.read())
    finally:
        connection.close()


def plainly(port, path, address="127.0.0.1"):
    """The first line and the headers that come back to a request without TLS."""
    with socket.create_connection((address, port), SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: cucm01.example.com\r\nConnection: close\r\n\r\n".encode())
        connection.settimeout(SECONDS)
        text = b""
        while b"\r\n\r\n" not in text and (data := connection.recv(4096)):
            text += data
    return text.decode()
