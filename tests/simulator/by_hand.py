"""A person at the administration pages of a node, without a browser: the forms as HTML has them, the cookie kept."""

from __future__ import annotations

import html
import re
from typing import Any

import urllib3

from tests.conftest import Simulator
from tests.simulator.walk import Rest

MULTI_SERVER = "Multi-server(SAN)"
REQUEST = {"purpose": "tomcat", "distribution": MULTI_SERVER, "key_length": "2048", "hash": "SHA256"}


class Person:
    """Logged in at one node with an account of the scene."""

    def __init__(self, simulator: Simulator, account: str = "person", host: str = "cs-ccm-pub", password: str = ""):
        # Its pool is pinned to the certificate that the node shows.
        self._pool = Rest(simulator, host).pool
        self.origin = f"https://{self._pool.host}:{self._pool.port}"
        self._cookie = ""
        told = simulator.scene["people"][account]
        fields = {"j_username": told["user"], "j_password": password or told["password"]}
        self.after_login = self.post("j_security_check", fields)
        self._cookie = self.after_login.headers.get("Set-Cookie", "").partition(";")[0]

    def get(self, page: str) -> urllib3.BaseHTTPResponse:
        """A click on a link."""
        return self._ask("GET", page, {})

    def post(self, page: str, fields: dict[str, Any], origin: str | None = None) -> urllib3.BaseHTTPResponse:
        """A click on a form's button; a file is (name, content)."""
        body, kind = urllib3.encode_multipart_formdata(fields)
        return self._ask("POST", page, {"Content-Type": kind, "Origin": origin or self.origin}, body)

    def upload(self, purpose: str, name: str, content: bytes) -> list[str]:
        """Upload a file; what the page says then."""
        return said(self.post("certificateUpload.do", {"purpose": purpose, "file": (name, content)}))

    def rows(self, begins: str = "") -> list[list[str]]:
        """The cells of the list."""
        page = text(self.get(f"certificateFindList.do?how=begins+with&text={begins}&find=Find"))
        lines = re.findall(r"<tr><td>(.*?)</tr>", page, re.DOTALL)
        return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in line.split("</td>")[:-1]] for line in lines]

    def _ask(self, method: str, page: str, headers: dict[str, str], body: bytes | None = None) -> Any:
        headers = {**headers, "Cookie": self._cookie} if self._cookie else headers
        return self._pool.request(method, f"/cmplatform/{page}", body=body, headers=headers, redirect=False)


def text(reply: urllib3.BaseHTTPResponse) -> str:
    """The page as a browser shows it."""
    return html.unescape(reply.data.decode())


def said(reply: urllib3.BaseHTTPResponse) -> list[str]:
    """The lines of the box "Status"."""
    return re.findall(r'<p class="\w+">(.*?)</p>', text(reply))
