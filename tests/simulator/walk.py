"""Ways into a simulated node that share no code with it: plain urllib3, plain paramiko, a CA of the test's own."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import paramiko
import requests
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from requests_ntlm import HttpNtlmAuth

from tests.conftest import Simulator

BASE = "/platformcom/api/v1/certmgr/config"
PROMPT = "admin:"


@dataclass
class Reply:
    """What came back."""

    status: int
    reason: str
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


class Rest:
    """The certificate API of one node, with the running certificate pinned and then verified."""

    def __init__(
        self,
        simulator: Simulator,
        host: str = "cs-ccm-pub",
        port: str = "https_port",
        more_anchors: str = "",
        account: Any = None,
    ):
        node = simulator.node(host)
        self.name = node["name"]
        self.account = account or simulator.scene["accounts"]["platform"]
        address = (node["address"], node[port])
        presented = ssl.get_server_certificate(address) if not more_anchors else ""
        self.pool = urllib3.HTTPSConnectionPool(
            *address,
            ca_cert_data=presented + more_anchors,
            assert_hostname=self.name,
            server_hostname=self.name,
            retries=False,
            timeout=60,
        )

    def call(self, method: str, path: str, body: object = None, password: str | None = None, *, bare: bool = False):
        """One call with the account of the scene, or without any."""
        told = f"{self.account['user']}:{password or self.account['password']}"
        headers = {"Accept": "application/json"}
        if not bare:
            headers["Authorization"] = "Basic " + base64.b64encode(told.encode()).decode()
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        reply = self.pool.request(method, BASE + path, body=content, headers=headers)
        return Reply(reply.status, reply.reason, reply.headers, reply.data.decode())

    def csr(self, **told: object) -> Reply:
        """A multi-server CSR, but for what the test says."""
        body = {"service": "tomcat", "distribution": "multi-server", **told}
        return self.call("POST", "/csr", body)

    def trust(self, *certificates: x509.Certificate, service: object = None) -> Reply:
        """Upload CA certificates."""
        body = {"service": service or ["tomcat"], "certificates": [pem(one) for one in certificates]}
        return self.call("POST", "/trust/certificates", {**body, "description": "Trust Certificate"})

    def leaf(self, *certificates: x509.Certificate) -> Reply:
        """Upload the leaf, and what else comes with it."""
        body = {"service": "tomcat", "certificates": [pem(one) for one in certificates]}
        return self.call("POST", "/identity/certificates", body)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def parsed(reply: Reply) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(reply.json["csr"].encode())


def names(of: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    extension = of.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def submit(simulator: Simulator, csr: str, account: Any) -> str:
    """The page that the scene's CA answers a submission with."""
    ca = simulator.scene["ca"]
    fields = {"Mode": "newreq", "CertRequest": csr, "CertAttrib": f"CertificateTemplate:{ca['template']}\r\n"}
    with requests.Session() as session, tempfile.NamedTemporaryFile("w", suffix=".pem") as anchor:
        anchor.write(ca["tls_ca"])
        anchor.flush()
        session.trust_env = False
        login = HttpNtlmAuth(account["user"], account["password"])
        return session.post(f"{ca['url']}certfnsh.asp", fields, auth=login, verify=anchor.name, timeout=60).text


class TestCa:
    """A root and an intermediate of names never used before, which sign exactly what the test asks for."""

    __test__ = False
    root_key = rsa.generate_private_key(65537, 2048)
    key = rsa.generate_private_key(65537, 2048)

    def __init__(self):
        now = datetime.now(UTC)
        self.name = secrets.token_hex(4)
        self.root = self.ca_certificate(f"Root {self.name}", now - timedelta(days=2))
        self.intermediate = self.ca_certificate(f"Issuing {self.name}", now - timedelta(days=1), issued=True)

    def ca_certificate(self, name: str, start: datetime, *, issued: bool = False) -> x509.Certificate:
        """A CA certificate of that name, signed by the root."""
        key = self.key if issued else self.root_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.root.subject if issued else _name(name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        return builder.sign(self.root_key, hashes.SHA256())

    def sign(
        self,
        request: x509.CertificateSigningRequest,
        *,
        days: tuple[int, int] = (-1, 90),
        dns: list[str] | None = None,
        key: rsa.RSAPrivateKey | None = None,
    ) -> x509.Certificate:
        """A correct leaf for ``request``, but for what the test states."""
        now = datetime.now(UTC)
        public = key.public_key() if key else request.public_key()
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in dns or names(request)])
        return (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.intermediate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(alternative, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Shell:
    """An interactive shell on one node, by bare paramiko."""

    def __init__(self, simulator: Simulator, host: str = "cs-ccm-pub", rows: int = 24, account: Any = None):
        self.transport = login(simulator, host, account=account)
        self.channel = self.transport.open_session()
        self.channel.get_pty(term="vt100", width=80, height=rows)
        self.channel.invoke_shell()
        self.seen = ""

    def read_to(self, wanted: str, seconds: float = 20) -> str:
        """Everything up to and with ``wanted``; what follows stays for later."""
        end = time.monotonic() + seconds
        while wanted not in self.seen:
            left = end - time.monotonic()
            assert left > 0, f"no {wanted!r} in {self.seen!r}"
            self.channel.settimeout(left)
            chunk = self.channel.recv(65536).decode()
            assert chunk, f"closed after {self.seen!r}"
            self.seen += chunk
        cut = self.seen.index(wanted) + len(wanted)
        found, self.seen = self.seen[:cut], self.seen[cut:]
        return found

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing comes for a while."""
        self.channel.settimeout(seconds)
        try:
            self.seen += self.channel.recv(65536).decode()
        except TimeoutError:
            return True
        return False

    def ask(self, command: str, seconds: float = 20) -> str:
        """Send a command at the prompt and read to the next one; pagination is off by then."""
        self.channel.sendall(command + "\r")
        self.read_to("\n", seconds)
        return self.read_to(PROMPT, seconds)[: -len(PROMPT)].replace("\r", "")

    def start(self) -> Shell:
        """Read to the first prompt and turn the pager off."""
        self.read_to(PROMPT)
        self.ask("set cli pagination off")
        return self

    def close(self) -> None:
        """Hang up."""
        self.transport.close()


def login(
    simulator: Simulator, host: str, password: str | None = None, account: Any = None, *, plain: bool = False
) -> paramiko.Transport:
    """An authenticated connection whose host key was compared before anything secret was sent."""
    node, account = simulator.node(host), account or simulator.scene["accounts"]["platform"]
    transport = paramiko.Transport((node["address"], node["ssh_port"]))
    transport.start_client(timeout=20)
    digest = hashlib.sha256(transport.get_remote_server_key().asbytes()).digest()
    assert node["ssh_host_key"] == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    if plain:
        transport.auth_password(account["user"], password or account["password"], fallback=False)
    else:
        transport.auth_interactive(account["user"], lambda *_: [password or account["password"]])
    return transport
