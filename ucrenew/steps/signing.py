"""Having the request signed by the CA: submitted once, collected whenever it is ready (S12-S14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509 as crypto

from ucrenew.clients.certsrv import CertSrv, Denied, Issued, Outcome, Pending, SubmissionUnanswered
from ucrenew.domain import x509
from ucrenew.domain.acting import Step
from ucrenew.domain.facts import IssuedFacts
from ucrenew.domain.finding import Finding, acceptable, refusals
from ucrenew.domain.gate import Form, Gate, Question
from ucrenew.domain.handwork import submit_by_hand
from ucrenew.domain.issued import check_issued
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions import submission_question
from ucrenew.errors import LoginRefused, Permanent, Refused, Trouble
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person, last_answer
from ucrenew.steps.signing_by_hand import ensure_signed


def ensure_submitted(
    site: Site, record: Record, plan: Plan, csr: crypto.CertificateSigningRequest
) -> Outcome | Question:
    """Submit the request unless this renewal has done so; return what the CA says of it now.

    Where an earlier submission got no answer, or a person submits, the CA's number is asked for: certsrv cannot be
    asked for "my requests", and a second submission would make a second request (certsrv.md §2).
    """
    if site.profile.ca.is_by_hand:
        return ensure_signed(site, record, plan, csr)
    return _ensure_submitted_to_pages(site, record, plan, csr)


def _ensure_submitted_to_pages(
    site: Site, record: Record, plan: Plan, csr: crypto.CertificateSigningRequest
) -> Outcome | Question:
    if (noted := record.value(Kind.REQUEST_ID)) is not None:
        return look_at_request(site, record, noted["number"])
    authority = site.authority  # reached and judged before anything is noted
    attempts = _attempts(record)
    if attempts.in_doubt:
        said = attempts.said(record)
        if said is None:
            return attempts.question(plan, site.profile.ca.url, csr)
        if number := int(said["request_id"]):
            return _adopt(
                site, record, csr, number, lambda wrong: attempts.question(plan, site.profile.ca.url, csr, wrong)
            )
    if site.profile.is_by_hand(Step.SUBMIT):
        return _by_person(site, record, plan, csr)
    try:
        return _submit(site, record, authority, csr, attempt=str(attempts.count + 1))
    except SubmissionUnanswered as error:
        return _attempts(record).question(plan, site.profile.ca.url, csr, str(error))


def _submit(
    site: Site, record: Record, authority: CertSrv, csr: crypto.CertificateSigningRequest, *, attempt: str
) -> Outcome:
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


def _by_person(site: Site, record: Record, plan: Plan, csr: crypto.CertificateSigningRequest) -> Outcome | Question:
    """The CA's answer to the request that a person submitted; until they name its number it is asked for."""
    subject = x509.fingerprint(csr)[:16]

    def ask(wrong: str = "") -> Question:
        text = submit_by_hand(plan, csr)
        told = f"**{wrong}**" if wrong else ""
        return ask_person(record, Step.SUBMIT, subject, told, text, gate=Gate.SUBMISSION, form=Form.SUBMISSION)

    said = last_answer(record, Step.SUBMIT, subject, gate=Gate.SUBMISSION)
    if said is None:
        return ask()
    if number := int(said["request_id"]):
        return _adopt(site, record, csr, number, ask)
    return ask("a number is needed: a person submits here, we never do")


@dataclass(frozen=True)
class _Attempts:
    """How often the request was submitted, or about to be, and whether one of them may stand in the CA's list."""

    count: int
    in_doubt: bool
    answers: int  # that a person gave to the question about the last one

    def said(self, record: Record) -> Mapping[str, Any] | None:
        """The last answer to the question about the last attempt."""
        return next(reversed(record.answers(Gate.SUBMISSION, _matter(self.count))), None)

    def question(self, plan: Plan, url: str, csr: crypto.CertificateSigningRequest, wrong: str = "") -> Question:
        """Ask which number it has, or whether to submit it once more."""
        text = submission_question(plan, url, x509.fingerprint(csr), wrong)
        return Question(Gate.SUBMISSION, text, f"{_matter(self.count)}{self.answers + 1}", Form.SUBMISSION)


def _matter(count: int) -> str:
    # The count is in it: an old "submit it once more" is no licence for a third time (prefect.md §10).
    return f"attempt-{count}-"


def _attempts(record: Record) -> _Attempts:
    intended = [fact.about for fact in record.facts(Kind.SUBMIT_INTENT)]
    not_sent = {fact.about for fact in record.facts(Kind.SUBMIT_NOT_SENT)}
    answers = len(record.answers(Gate.SUBMISSION, _matter(len(intended))))
    return _Attempts(len(intended), bool(set(intended[-1:]) - not_sent), answers)


def _adopt(
    site: Site,
    record: Record,
    csr: crypto.CertificateSigningRequest,
    number: int,
    ask_again: Callable[[str], Question],
) -> Outcome | Question:
    """What the CA says of the number that a person found; for good it is taken with a certificate of our key only.

    Until then it may be another request's: a denied one ends nothing, and one that is still pending when the run is
    woken is asked for again.
    """
    try:
        outcome = site.authority.retrieve(number)
    except Refused as refused:
        return ask_again(f"the CA does not know request {number}: {refused}")
    match outcome:
        case Issued() if x509.same_key(outcome.certificate, csr):
            record.note(Kind.REQUEST_ID, {"number": number})
        case Issued():
            return ask_again(f"request {number} is not ours: its certificate has another key")
        case Denied():
            return ask_again(f"{outcome}. Where that is ours, deny here, too; else enter the number of ours")
        case Pending():
            answer = str(len(record.answers(Gate.SUBMISSION, "")))
            if record.fact(Kind.REQUEST_NAMED, about=answer) is not None:
                return ask_again(f"request {number} is still pending: enter it again to wait on, or another number")
            record.note(Kind.REQUEST_NAMED, {"number": number}, about=answer)
    site.say(f"{site.profile.ca.url}: request {number} was named by a person; {_in_words(outcome)}")
    return outcome


def look_at_request(site: Site, record: Record, request_id: int) -> Outcome:
    """What the CA says of a request now; what was issued once is taken from the record."""
    if (noted := record.value(Kind.ISSUED)) is not None:
        return Issued(request_id, x509.parse_certificate(noted["pem"]))
    return site.authority.retrieve(request_id)


def keep_issued(site: Site, record: Record, issued: Issued) -> tuple[crypto.Certificate, ...]:
    """Note the certificate and what the CA handed out with it; return the CA certificates above it, root first (S15).

    Issuers are found by signature among those and the chain file's, anew each time: the file may be mended meanwhile.
    A CA whose pages give no chain is no reason to stop where the chain file has all of it (certsrv.md §6).
    """
    if record.value(Kind.ISSUED) is None and issued.request_id is not None:
        handed_out, why_not = _handed_out(site, issued.request_id, issued.certificate)
        value = {
            "fingerprint": x509.fingerprint(issued.certificate),
            "pem": x509.pem(issued.certificate),
            "handed_out": [x509.pem(certificate) for certificate in handed_out],
            **({"no_chain": why_not} if why_not else {}),
        }
        record.note(Kind.ISSUED, value)
    return x509.issuers_root_first(issued.certificate, issuers_at_hand(site, record))


def _handed_out(site: Site, number: int, leaf: crypto.Certificate) -> tuple[tuple[crypto.Certificate, ...], str]:
    """What the CA hands out with the certificate; or nothing and why, where the chain file has every issuer."""
    try:
        return site.authority.chain(number), ""
    except LoginRefused:
        raise  # said to nobody, it would be presented again
    except Trouble as trouble:
        if not x509.is_whole(x509.issuers_root_first(leaf, site.known_chain)):
            raise
        site.say(f"{trouble}; the chain is taken from the profile's chain file, which has all of it")
        return (), str(trouble)


def issuers_at_hand(site: Site, record: Record) -> tuple[crypto.Certificate, ...]:
    """Everything in which the issuers are looked for: the chain file and what the CA handed out."""
    handed_out = (record.value(Kind.ISSUED) or {}).get("handed_out", ())
    return (*site.known_chain, *(x509.parse_certificate(text) for text in handed_out))


def confirm_issued(  # noqa: PLR0913 - what it is judged with
    site: Site,
    csr: crypto.CertificateSigningRequest,
    leaf: crypto.Certificate,
    chain: tuple[crypto.Certificate, ...],
    *,
    at: datetime,
    at_hand: tuple[crypto.Certificate, ...] = (),
    namesakes: tuple[Finding, ...] = (),
) -> tuple[Finding, ...]:
    """Judge what came back, everything at once; return the warnings and what a person may accept.

    Raises Permanent with all refusals.
    """
    roots = tuple(known for known in site.known_chain if x509.is_self_signed(known))
    findings = (*check_issued(IssuedFacts(leaf, csr, chain, roots, at, at_hand)), *namesakes)
    if refusals(findings):
        wrong = (*refusals(findings), *acceptable(findings))
        raise Permanent(
            f"the certificate cannot be installed, and nothing was uploaded: {'; '.join(map(str, wrong))}."
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
            return str(outcome)
