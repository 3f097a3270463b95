"""What a node refuses in its own words (cucm.md §4.8), and what does not reach a node of the cluster (S16)."""

from collections.abc import Sequence

import pytest

from tests.procedure.faults import Bend, Fault, fault_at
from tests.procedure.lives import IMP, PUBLISHER, SUBSCRIBER
from tests.procedure.people import generates, uploads_the_chain
from ucrenew.record import Kind

LEAF, TRUST = "uploading the certificate", "uploading the chain"
TITLE = "Refusals, and nodes that miss what they are sent"
CHAIN_MISSING = "CA Certificate is not available in the trust-store"
SAN = "CSR SAN and Certificate SAN does not match"
KEY = "CSR public key and Certificate public key do not match"
NO_CSR = "File /usr/local/platform/.security/tomcat/keys/tomcat.csr does not exist"
NOT_UPLOADED = "The file /usr/local/platform/upload/certs//tomcat.der could not be uploaded."
EXPIRED = "Certificate is expired"  # [I]: that, not how
SAME_NAME = "Trust Certificates with the Same CN are Not Replaced"
UNKNOWN = "Something that no document tells"


def refuse(what: str, text: str, status: int = 400, *, times: int | None = 1) -> Bend:
    """A refusal, whatever the facts."""
    told = {"what": what, "text": text, "status": status}
    return fault_at("refuse", PUBLISHER, **told, **({"times": times} if times else {}))


def leaf_refused(text: str, status: int = 400) -> Fault:
    """The certificate, with this text until somebody puts it right."""
    return Fault(f"`{text}` (HTTP {status})", LEAF, (refuse("leaf", text, status, times=None),))


def trust_refused(text: str, times: int | None = None) -> Fault:
    """A CA certificate."""
    how = "HTTP 400, once" if times else "HTTP 400"
    return Fault(f"`{text}` ({how})", TRUST, (refuse("trust", text, times=times),), **uploads_the_chain)


def fan_out(node: str, word: str) -> Bend:
    """How what is sent to a node arrives there."""
    return f"/nodes/{node}", {"fan_out": word}


MOMENTS = {
    "the request": (Kind.CSR_INTENT, ""),
    "the chain, and the certificate after it": (Kind.ISSUED, ""),
    "the certificate": (Kind.LEAF_INTENT, ""),
}
DRILLS: dict[str, Sequence[Fault]] = {
    "leaf": [
        leaf_refused(CHAIN_MISSING),
        leaf_refused(SAN),
        leaf_refused(KEY, 500),
        leaf_refused(NO_CSR),
        leaf_refused(NOT_UPLOADED),
        leaf_refused(EXPIRED),
        leaf_refused(UNKNOWN),
    ],
    "leaf without its chain, once": [
        Fault(f"`{CHAIN_MISSING}` (HTTP 400, once)", LEAF, (refuse("leaf", CHAIN_MISSING),))
    ],
    **{f"trust {text}": [trust_refused(text)] for text in (SAME_NAME, EXPIRED, CHAIN_MISSING, UNKNOWN)},
    "trust, once": [trust_refused(UNKNOWN, times=1)],
    "csr": [
        Fault(
            "`Invalid distribution`",
            "generating the request",
            (refuse("csr", "Invalid distribution", times=None),),
            **generates,
        )
    ],
    **{
        f"{word} {node}, {what}": [
            Fault(f"{word}: {what} on its way to {node}", "between the nodes", (fan_out(node, word),), at=moment)
        ]
        for word, node in (("missed", SUBSCRIBER), ("broken", IMP))
        for what, moment in MOMENTS.items()
    },
}


@pytest.mark.parametrize("name", DRILLS)
def test_drill(drills, name):
    """Whatever a node refuses or misses: the renewal goes on, asks a person, or stops and goes on when retried."""
    assert () == drills.of(name, DRILLS[name]).complaints


def test_docs(drills):
    """docs/faults.md says of these faults what was observed."""
    drills.hold_the_page(TITLE, DRILLS)
