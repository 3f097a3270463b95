"""What a node's certificate API can do wrong, at every call that matters (cucm.md §1)."""

from collections.abc import Iterator, Sequence

import pytest

from tests.procedure.faults import Bend, Fault, fault_at
from tests.procedure.lives import PUBLISHER, SUBSCRIBER
from tests.procedure.people import generates, uploads_the_chain
from ucrenew.clients.certmgr import CertificateManager
from ucrenew.record import Kind

# In the order in which a renewal makes them.
CALLS = {
    "reading the certificates before anything": ("GET", "/snapshot/server", PUBLISHER),
    "generating the request": ("POST", "/csr", PUBLISHER),
    "reading the request back": ("GET", "/csr", SUBSCRIBER),
    "uploading the chain": ("POST", "/trust/certificates", PUBLISHER),
    "uploading the certificate": ("POST", "/identity/certificates", PUBLISHER),
    "reading the certificate back": ("GET", "/identity/certificate", SUBSCRIBER),
}
EVERY = "every one of these calls, once"


def at(call: str, kind: str, **more: object) -> Bend:
    """A fault of one call."""
    method, path, node = CALLS[call]
    return fault_at(kind, node, method=method, path=path, **more)


def always(status: int) -> Sequence[Fault]:
    """A status with an empty reason phrase and no body, at each call in turn, until somebody puts it right."""
    return [
        Fault(
            f"HTTP {status}",
            call,
            (at(call, "rest-status", status=status),),
            at=None if (status, call) in HANDED_OVER else READ_BACK.get(call),
            **PEOPLE.get((status, call), {}),
        )
        for call in CALLS
    ]


def once(what: str, kind: str, **more: object) -> Sequence[Fault]:
    """Something at every call of one and the same life, at each for once."""
    return [Fault(what, EVERY, tuple(at(call, kind, times=1, **more) for call in CALLS))]


def late(call: str) -> Bend:
    """An answer that comes when nobody waits for it any more."""
    return at(call, "rest-slow", times=1, seconds=30)


# The same calls are made before we act, too; here they fail afterwards.
READ_BACK = {
    "reading the request back": (Kind.CSR_INTENT, ""),
    "reading the certificate back": (Kind.LEAF_INTENT, ""),
}
HANDED_OVER = {(403, "reading the request back")}  # a person has generated it by then, so we intend nothing
PEOPLE = {
    (403, "generating the request"): generates,
    (403, "uploading the chain"): uploads_the_chain,
}
PAGE = "a page with HTTP 200 in place of every answer"
MOMENTS = {
    "from the start": None,
    "from the request on": (Kind.CSR_INTENT, ""),
    "from the submission on": (Kind.REQUEST_ID, ""),
    "from the certificate's upload on": (Kind.LEAF_INTENT, ""),
}
DRILLS: dict[str, Sequence[Fault]] = {
    **{f"HTTP {status}": always(status) for status in (401, 403, 404, 500, 503)},
    "page": [Fault(PAGE, where, (fault_at("html", PUBLISHER),), at=moment) for where, moment in MOMENTS.items()],
    "503 once": once("HTTP 503, once", "rest-status", status=503),
    "half": once("the answer breaks off in its middle", "rest-half"),
    "slow": once("the answer takes its time", "rest-slow", seconds=0.5),
    **{
        f"too slow, {call}": [Fault("the answer takes too long", f"{call}, once", (late(call),))]
        for call in ("reading the certificates before anything", "uploading the certificate")
    },
    "reset": once("the connection is cut before anything is done", "rest-reset"),
    "lost": once("done, and the answer is lost", "rest-lost"),
}


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """The client's time limits, in seconds: what takes too long takes long enough."""
    limits = CertificateManager.__init__.__kwdefaults__
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(limits, "read_timeout", 3)
        patch.setitem(limits, "write_timeout", 5)
        yield


@pytest.mark.parametrize("name", DRILLS)
def test_drill(drills, name):
    """Whatever the API answers or does not: the renewal goes on, or stops with a sentence and goes on when retried."""
    assert () == drills.of(name, DRILLS[name]).complaints


def test_docs(drills):
    """docs/faults.md says of these faults what was observed."""
    drills.hold_the_page("The certificate API", DRILLS)
