"""What tests of the certificate API's client share: a client of a throw-away node."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from tests.protocols.https_door import NODE, Door, always, csr, make, opened
from ucrenew.clients import tls
from ucrenew.clients.certmgr import CertificateManager, CsrWish
from ucrenew.domain import x509

PASSWORD = "pass-wörd:日本"
OWN = make(label="tomcat")
OTHER = make(label="other")
REQUEST = csr(NODE, "cs-imp.example.com")
REQUEST_PEM = x509.pem(REQUEST)


def wish(**changes: Any) -> CsrWish:
    """An ordinary multi-server wish."""
    plain = {
        "service": "tomcat",
        "distribution": "multi-server",
        "common_name": NODE,
        "key_type": "rsa",
        "key_length": 2048,
        "hash_algorithm": "sha256",
        "alt_names": ("alias.example.com",),
    }
    return CsrWish(**{**plain, **changes})


def talk_to(door: Door, **limits: float) -> CertificateManager:
    """A client of the door."""
    endpoint = door.endpoint()
    decision = tls.decide_trust(endpoint, tls.TrustAnchors(pins=frozenset({OWN.sha256})))
    return CertificateManager(endpoint, tls.trusted_session(endpoint, decision), "osadmin", PASSWORD, **limits)


@contextmanager
def answering(body: object, status: int = 200, **headers: str):
    """A client whose node answers the same to everything; JSON unless it is text already."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    with opened(OWN, answers=always(text, status, **headers)) as door:
        yield talk_to(door), door


def every_call(client: CertificateManager) -> list[Callable[[], object]]:
    """One call of each method."""
    return [
        client.snapshot,
        lambda: client.csr("tomcat"),
        lambda: client.identity("tomcat"),
        lambda: client.trust("tomcat"),
        lambda: client.generate_csr(wish()),
        lambda: client.upload_trust("tomcat", OWN.certificate, description="x"),
        lambda: client.upload_identity("tomcat", [OWN.certificate]),
    ]
