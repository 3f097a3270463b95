"""What the CA can answer, on the submission and when it is asked for the request (certsrv.md §4, §8), or not answer."""

from collections.abc import Sequence

import pytest

from tests.procedure.faults import Bend, Fault
from tests.procedure.people import finds_no_request, finds_the_number
from ucrenew.record import Kind

TITLE = "The CA"
SUBMITTING, FETCHING, CHAIN = "submitting the request", "asking for the request", "fetching the chain"
# Decisions about the request, by the codes of certsrv.md §8: each ends the renewal.
DENIALS = (
    "0x80094800", "0x80094801", "0x80094802", "0x80094011", "0x80094012", "0x80094014", "0x80094811", "0x8009480f",
    "0x8009310b", "0x80092013", "0x80090006",
)  # fmt: skip
# No decision: the CA could not do its work, or knows no such request.
ERRORS = ("ca-stopped", "0x800706ba", "0x80094003", "0x80094004")


def ca(**told: object) -> tuple[Bend, ...]:
    """What the CA is made to do."""
    return (("/ca", told),)


def on_submission(answer: str, **more: object) -> Fault:
    """An answer to the submission."""
    return Fault(f"`{answer}`", SUBMITTING, ca(submit_answer={"answer": answer}), **more)


def on_fetching(answer: str, **more: object) -> Fault:
    """An answer whenever the request is asked for."""
    return Fault(f"`{answer}`", FETCHING, ca(fetch_answer={"answer": answer}), **more)


def on_error_page(answer: str, **more: object) -> Fault:
    """A decision that is shown on the page of a CA that never got so far."""
    bends = ca(submit_answer={"answer": answer, "page": "error"})
    return Fault(f"`{answer}` on the error page", SUBMITTING, bends, **more)


UNAVAILABLE = "HTTP 503 from the CA's web server"
AFTER_SUBMISSION = {"at": (Kind.REQUEST_ID, "")}
DRILLS: dict[str, Sequence[Fault]] = {
    **{f"{answer}, submitted": [on_submission(answer, final=True)] for answer in DENIALS},
    "denied on the error page": [on_error_page("0x80094012", final=True)],
    "not now": [on_error_page("0x80092013", **finds_no_request)],
    "pending": [on_submission("pending")],
    **{f"{answer}, submitted": [on_submission(answer, **finds_no_request)] for answer in ERRORS},
    "service down": [Fault("the CA's service is down", SUBMITTING, ca(service_running=False), **finds_no_request)],
    "lost": [Fault("taken, and the answer is lost", SUBMITTING, ca(lost=1), **finds_the_number)],
    "cut": [Fault("the connection is cut before it is taken", SUBMITTING, ca(reset=1), **finds_no_request)],
    "unavailable": [
        Fault(UNAVAILABLE, "before anything", ca(reachable=False)),
        # Asked how to log on before anything is sent: nothing was submitted.
        Fault(UNAVAILABLE, SUBMITTING, ca(reachable=False), at=(Kind.SUBMIT_INTENT, "1")),
        Fault(UNAVAILABLE, CHAIN, ca(reachable=False), **AFTER_SUBMISSION),
    ],
    **{f"{answer}, fetched": [on_fetching(answer, final=True)] for answer in DENIALS},
    "errors, fetched": [
        *(on_fetching(answer) for answer in (*ERRORS, "pending")),
        Fault("the CA's service is down", FETCHING, ca(service_running=False)),
    ],
    "chain": [Fault("`ca-stopped`", CHAIN, ca(fetch_answer="ca-stopped"), **AFTER_SUBMISSION)],
}


@pytest.mark.parametrize("name", DRILLS)
def test_drill(drills, name):
    """Whatever the CA answers, there is one submission; a no ends the renewal, a lost answer is for a person."""
    assert () == drills.of(name, DRILLS[name]).complaints


def test_docs(drills):
    """docs/faults.md says of these faults what was observed."""
    drills.hold_the_page(TITLE, DRILLS)
