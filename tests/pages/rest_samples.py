"""Requests and replies of the certificate API: cucm.md §1, with certificates made here in the places of the pages'."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from tests.pages.sample import Sample
from tests.protocols.https_door import csr, hierarchy, signed
from ucrenew.clients.certmgr import CsrWish

BASE = "/platformcom/api/v1/certmgr/config"
NAMES = ("cucm01.example.com", "alias.example.com")
REQUEST = csr(*NAMES)
LEAF = signed(REQUEST)
ISSUING, ROOT = hierarchy().intermediate.certificate, hierarchy().root.certificate


def pem(thing):
    """In PEM, with real newlines, as the API gives and takes it (cucm.md §1.4)."""
    return thing.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True)
class Row:
    """A call and its answer: our client, asked by ``reads``, has to send the one and make something of the other."""

    sample: Sample
    method: str
    path: str
    sent: Mapping[str, object] | None
    status: int
    reads: Callable
    makes: object


def _snapshot(service="tomcat", key="certificate_data"):
    return {
        "trackingId": "...",
        "server": "cucm01.example.com",
        "identities": [{"service": "tomcat", "certificate": pem(LEAF), "csr": pem(REQUEST)}],
        "trusts": [{"service": service, key: [{"filename": "...", "certificate": pem(ROOT)}]}],
        "revokedCertificates": [],
    }


def _whole(manager):
    found = manager.snapshot()
    own = found.identities["tomcat"]
    return found.server, own.certificate, own.csr, found.trusts["tomcat-trust"]


def _own(manager):
    return manager.snapshot().identities["tomcat"].certificate


def _row(name, mark, path, reply, *, reads, makes=None, page="§1.2", sent=None, status=200):
    method = "GET" if sent is None else "POST"
    return Row(Sample(f"cucm.md {page}", mark, name, json.dumps(reply)), method, path, sent, status, reads, makes)


def _read(name, mark, reply, reads, makes):
    return _row(name, mark, "/snapshot/server", reply, reads=reads, makes=makes, page="§1.4")


WHOLE = ("cucm01.example.com", LEAF, REQUEST, (ROOT,))
WITHOUT = {"identities": [{"service": "tomcat"}, {"service": "ipsec", "certificate": pem(LEAF)}], "trusts": []}
EMPTY = {"identities": [{"service": "tomcat", "certificate": ""}], "trusts": []}
SNAPSHOTS = [
    _read("snapshot", "C", _snapshot(), _whole, WHOLE),
    _read("snapshot, tomcat-trust", "I", _snapshot("tomcat-trust"), _whole, WHOLE),
    _read("snapshot, certificates", "I", _snapshot(key="certificates"), _whole, WHOLE),
    _read("snapshot, both", "I", _snapshot("tomcat-trust", "certificates"), _whole, WHOLE),
    _read("snapshot, bare array", "C", _snapshot()["identities"], _own, LEAF),
    _read("snapshot, no certificate", "C", WITHOUT, _own, None),
    _read("snapshot, empty certificate", "C", EMPTY, _own, None),
]

BODY = {
    "service": "tomcat",
    "distribution": "this-server",
    "commonName": "cucm01.example.com",
    "keyType": "rsa",
    "keyLength": 2048,
    "hashAlgorithm": "sha256",
    "altNames": ["alias.example.com"],
}
MINIMAL = {key: BODY[key] for key in ("service", "distribution", "commonName")}
WITHOUT_NAMES = {key: value for key, value in BODY.items() if key != "altNames"}
SHARED = BODY | {"distribution": "multi-server", "commonName": "cucm01-ms.example.com"}


def _generate(body):
    wish = CsrWish(
        body["service"],
        body["distribution"],
        body["commonName"],
        body["keyType"],
        body["keyLength"],
        body["hashAlgorithm"],
        tuple(body.get("altNames", ())),
    )
    return lambda manager: manager.generate_csr(wish)


def _asked(name, mark, body):
    return _row(name, mark, "/csr", {"csr": pem(REQUEST)}, reads=_generate(body), makes=REQUEST, page="§1.3", sent=body)


REQUESTS = [
    _asked("csr", "C", BODY),
    _asked("csr without names", "C", WITHOUT_NAMES),
    _asked("csr, multi-server", "I", SHARED),
    _row(
        "csr that exists",
        "D",
        "/csr?service=tomcat",
        {"csr": pem(REQUEST)},
        reads=lambda manager: manager.csr("tomcat"),
        makes=REQUEST,
    ),
]

OWN = {"service": "tomcat", "certificate": pem(LEAF)}
STORE = [{"certificate": pem(ROOT)}, {"certificate": pem(ISSUING)}]


def _trust(manager):
    return manager.trust("tomcat")


ONE, STORED = "/identity/certificate?service=tomcat", "/trust/certificate?service=tomcat"
CERTIFICATES = [
    _row("identity", "I", ONE, OWN, reads=lambda manager: manager.identity("tomcat"), makes=LEAF),
    _row("trust, array", "C", STORED, STORE, reads=_trust, makes=(ROOT, ISSUING)),
    _row("trust, object", "C", STORED, {"certificates": STORE}, reads=_trust, makes=(ROOT, ISSUING)),
]

CHAIN = {"service": "tomcat", "certificates": [pem(LEAF), pem(ISSUING), pem(ROOT)]}
LEAF_ALONE = {"service": "tomcat", "certificates": [pem(LEAF)]}
TRUSTED = {"service": ["tomcat"], "certificates": [pem(ROOT)], "description": "Trust Certificate"}


def upload_chain(manager):
    """Install a leaf with what is above it."""
    return manager.upload_identity("tomcat", [LEAF, ISSUING, ROOT])


def _upload_leaf(manager):
    return manager.upload_identity("tomcat", [LEAF])


def _upload_trust(manager):
    return manager.upload_trust("tomcat", ROOT, description="Trust Certificate")


def _upload(name, path, reads, sent, *, status, page):
    reply = {"trackingId": "..."}
    return _row(f"{name} {status}", "C", path, reply, reads=reads, page=page, sent=sent, status=status)


IDENTITIES, TRUSTS = "/identity/certificates", "/trust/certificates"
UPLOADS = [
    row
    for status in (200, 201)
    for row in (
        _upload("identity", IDENTITIES, upload_chain, CHAIN, status=status, page="§1.5"),
        _upload("leaf alone", IDENTITIES, _upload_leaf, LEAF_ALONE, status=status, page="§1.5"),
        _upload("trust", TRUSTS, _upload_trust, TRUSTED, status=status, page="§1.6"),
    )
]
ROWS = [*SNAPSHOTS, *REQUESTS, *CERTIFICATES, *UPLOADS]
