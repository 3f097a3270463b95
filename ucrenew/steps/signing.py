"""Having the request signed by the CA: submitted once, collected whenever it is ready (S12-S14)."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509 as crypto

from ucrenew.clients.certsrv import Denied, Issued, Outcome, Pending, SubmissionUnanswered
from ucrenew.domain import x509
from ucrenew.domain.facts import IssuedFacts
from ucrenew.domain.finding import Finding, refusals
from ucrenew.domain.issued import check_issued
from ucrenew.errors import NeedsPerson, Permanent, Trouble
from ucrenew.record import Kind, Record
from ucrenew.site import Site


def ensure_submitted(site: Site, record: Record, csr: crypto.CertificateSigningRequest) -> Outcome:
    """Submit the request unless this renewal has done so; return what the CA says of it now.

    Raises NeedsPerson when an earlier submission got no answer: certsrv cannot be asked for "my requests", and a
    second submission would make a second request (certsrv.md §2).
    """
    if (noted := record.value(Kind.REQUEST_ID)) is not None:
        return look_at_request(site, record, noted["number"])
    authority = site.authority  # reached and judged before anything is noted
    attempt = _next_attempt(site, record)
    record.note(Kind.SUBMIT_INTENT, {"csr": x509.fingerprint(csr)}, about=attempt)
    site.fence()
    try:
        outcome = authority.submit(x509.pem(csr), site.profile.ca.template)
    except SubmissionUnanswered:
        raise
    except Trouble as error:
        record.note(Kind.SUBMIT_NOT_SENT, {"why": str(error)}, about=attempt)
        raise
    # Said before it is noted: should the note fail, the number stands in the log at least.
    site.say(f"{site.profile.ca.url}: submitted; {_in_words(outcome)}")
    if outcome.request_id is not None:
        record.note(Kind.REQUEST_ID, {"number": outcome.request_id})
    return outcome


def _next_attempt(site: Site, record: Record) -> str:
    """The number of the next attempt, when every earlier one surely never reached the CA."""
    intended = [fact.about for fact in record.facts(Kind.SUBMIT_INTENT)]
    not_sent = {fact.about for fact in record.facts(Kind.SUBMIT_NOT_SENT)}
    if set(intended) - not_sent:
        raise NeedsPerson(
            f"{site.profile.ca.url}: the request was submitted, or about to be, and the CA's number for it was never"
            " noted; find it in the CA's list. It is not submitted again: that would make a second request."
            " A new run asks whether to abandon this renewal and begin with a new one"
        )
    return str(len(intended) + 1)


def look_at_request(site: Site, record: Record, request_id: int) -> Outcome:
    """What the CA says of a request now; what was issued once is taken from the record."""
    if (noted := record.value(Kind.ISSUED)) is not None:
        return Issued(request_id, x509.parse_certificate(noted["pem"]))
    return site.authority.retrieve(request_id)


def keep_issued(site: Site, record: Record, issued: Issued) -> tuple[crypto.Certificate, ...]:
    """Note the certificate and what the CA handed out with it; return the CA certificates above it, root first (S15).

    Issuers are found by signature among those and the chain file's, anew each time: the file may be mended meanwhile.
    """
    noted = record.value(Kind.ISSUED)
    if noted is None:
        value = {
            "fingerprint": x509.fingerprint(issued.certificate),
            "pem": x509.pem(issued.certificate),
            "handed_out": [x509.pem(certificate) for certificate in site.authority.chain(issued.request_id)],
        }
        noted = record.note(Kind.ISSUED, value)
    handed_out = (x509.parse_certificate(text) for text in noted["handed_out"])
    return x509.issuers_root_first(issued.certificate, (*site.known_chain, *handed_out))


def confirm_issued(
    site: Site,
    csr: crypto.CertificateSigningRequest,
    leaf: crypto.Certificate,
    chain: tuple[crypto.Certificate, ...],
    *,
    at: datetime,
) -> tuple[Finding, ...]:
    """Judge what came back, everything at once, and return the warnings. Raises Permanent with all refusals."""
    roots = tuple(known for known in site.known_chain if x509.is_self_signed(known))
    findings = check_issued(IssuedFacts(leaf, csr, chain, roots, at))
    if refused := refusals(findings):
        raise Permanent(
            f"the certificate cannot be installed, and nothing was uploaded: {'; '.join(map(str, refused))}."
            " Have the CA put right; then a new run asks whether to abandon this renewal and begin with a new request"
        )
    return findings


def _in_words(outcome: Outcome) -> str:
    match outcome:
        case Issued():
            return f"request {outcome.request_id} was issued at once"
        case Pending():
            return f"Your Request Id is {outcome.request_id}, and it waits for an officer"
        case Denied():
            return f"request {outcome.request_id} was denied: {outcome.message}"
