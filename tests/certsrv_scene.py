"""A web enrollment of its own on a real TLS socket, for tests that want the CA and no cluster; and who calls there."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from ucrenew.simulator.authority import Authority
from ucrenew.simulator.certsrv import application
from ucrenew.simulator.https import WebServer, tls_context
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.ledger import Ledger
from ucrenew.simulator.scene import Account

USER = "EXAMPLE\\svc-ucrenew"
PASSWORD = "Secret-1+2"
NAMES = ("cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com", "example.com")
BROWSER = "Mozilla/5.0 (Windows NT 10.0)"
# What PyPI certsrv and adcs-issuer search the error page for (certsrv.md §4).
DISPOSITION_MESSAGE = re.compile("Disposition message:[^\t]+\t\t([^\r\n]+)")
LAST_STATUS = re.compile("LastStatus:[^\t]+\t\t([^\r\n]+)")
DISPOSITION = re.compile(r"\t\t(\d) <LocID ID=locDispSpacer>-</LocID>")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class CertsrvScene:
    """A running web enrollment and what a client has to know about it."""

    authority: Authority
    address: str
    ca_file: str

    @property
    def url(self) -> str:
        """The address of the welcome page."""
        return f"https://{self.address}/certsrv/"

    def kinds(self) -> list[str]:
        """The kinds of all entries of the ledger, in order."""
        return [str(entry["kind"]) for entry in self.authority.ledger.entries()]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[CertsrvScene]:
    """Serve until the block ends."""
    # Basic beside what a fresh install offers: for callers who are not about logging on.
    authority = Authority("example.com", 32, Ledger(), iis=Iis(logon=("Negotiate", "NTLM", "Basic")))
    anchor = folder / "root.pem"
    anchor.write_bytes(authority.root.public_bytes(serialization.Encoding.PEM))
    server = WebServer(
        application(authority, Account(USER, PASSWORD)), context=tls_context(authority.web_certificate())
    )
    server.open()
    try:
        yield CertsrvScene(authority, f"localhost:{server.ports[0].number}", str(anchor))
    finally:
        server.release()


def request_for(names: tuple[str, ...] = NAMES, key: rsa.RSAPrivateKey = KEY) -> x509.CertificateSigningRequest:
    """A CSR as a cluster makes it: subject, SANs, nothing about templates."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, names[0]),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(key, hashes.SHA256())


def pem(csr: x509.CertificateSigningRequest) -> str:
    """The CSR in PEM."""
    return csr.public_bytes(serialization.Encoding.PEM).decode()


class Caller:
    """Somebody with a browser's or a program's name."""

    def __init__(self, scene: CertsrvScene, agent: str = "curl/8", user: str = USER, password: str = PASSWORD) -> None:
        self.scene = scene
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = scene.ca_file
        self.session.auth = (user, password) if user else None
        self.session.headers["User-Agent"] = agent

    def get(self, page: str = "") -> requests.Response:
        """Load a page."""
        return self.session.get(self.scene.url + page, timeout=30)

    def post(self, **fields: str) -> requests.Response:
        """Post a form to certfnsh.asp."""
        return self.session.post(self.scene.url + "certfnsh.asp", fields, timeout=30)

    def submit(self, template: str = "WebServer", csr: str | None = None, **more: str) -> requests.Response:
        """Post a CSR."""
        attributes = f"CertificateTemplate:{template}\r\n" if template else ""
        return self.post(Mode="newreq", CertRequest=csr or pem(request_for()), CertAttrib=attributes, **more)
