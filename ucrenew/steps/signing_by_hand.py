"""Any other CA (S12): a person hands the request in there, and the signed certificate back to us.

1. What was handed in once counts on: an answer that lacked something is completed by the next one.
2. Nothing is noted as issued before it is the request's certificate, can be installed, and reaches a root.
3. What is not so is asked again, with one sentence in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509 as crypto

from ucrenew.clients.certsrv import Issued
from ucrenew.domain import x509
from ucrenew.domain.acting import Step
from ucrenew.domain.facts import IssuedFacts
from ucrenew.domain.finding import refusals
from ucrenew.domain.gate import Form, Gate, Question
from ucrenew.domain.handed_in import NOTHING, HandedIn, pick_leaf, read_file
from ucrenew.domain.handwork import have_signed_by_hand
from ucrenew.domain.issued import check_issued
from ucrenew.domain.plan import Plan
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import answers_given, ask_person

LARGEST_FILE = 1 << 20  # octets: chains are a few thousand


def ensure_signed(site: Site, record: Record, plan: Plan, csr: crypto.CertificateSigningRequest) -> Issued | Question:
    """The certificate that a person handed in, once it can be installed; until then the question for it."""
    if (noted := record.value(Kind.ISSUED)) is not None:
        return Issued(None, x509.parse_certificate(noted["pem"]))
    subject = x509.fingerprint(csr)[:16]
    given = answers_given(record, Step.SUBMIT, subject, gate=Gate.SUBMISSION)
    wrong = ""
    if given:
        handed_in = [_read(site, answer) for answer in given]
        found = _judged(site, csr, handed_in)
        if isinstance(found, crypto.Certificate):
            return _noted(site, record, found, handed_in)
        wrong = f"**{found}.**"
    where = put_out(site, plan, csr)
    text = have_signed_by_hand(plan, csr, where)
    return ask_person(record, Step.SUBMIT, subject, wrong, text, gate=Gate.SUBMISSION, form=Form.CERTIFICATE)


def put_out(site: Site, plan: Plan, csr: crypto.CertificateSigningRequest) -> str:
    """Write the request into the folder that the profile names, unless it lies there; say where, or why not."""
    path = site.profile.path(site.profile.ca.request_folder) / f"{plan.cluster}-{plan.purpose}.csr"
    text = x509.pem(csr)
    try:
        if not path.is_file() or path.read_text(encoding="ascii", errors="replace") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")
    except OSError as error:
        return f"It could not be written to {path} on the worker ({error.strerror})."
    return f"It lies on the worker as {path}, too."


def _noted(site: Site, record: Record, leaf: crypto.Certificate, handed_in: Iterable[HandedIn]) -> Issued:
    authorities = filter(x509.is_ca, _certificates(handed_in))
    site.say(f"the certificate was handed in: {x509.fingerprint(leaf)}, issued by {leaf.issuer.rfc4514_string()}")
    value = {
        "fingerprint": x509.fingerprint(leaf),
        "pem": x509.pem(leaf),
        "handed_out": [x509.pem(certificate) for certificate in authorities],
    }
    return Issued(None, x509.parse_certificate(record.note(Kind.ISSUED, value)["pem"]))


def _judged(site: Site, csr: crypto.CertificateSigningRequest, handed_in: list[HandedIn]) -> crypto.Certificate | str:
    """The leaf, when it can be installed with what is at hand; else one sentence about what is wrong."""
    certificates = _certificates(handed_in)
    if handed_in[-1].wrong and not (handed_in[-1].wrong == NOTHING and certificates):
        return handed_in[-1].wrong
    leaf = pick_leaf(certificates, csr)
    if isinstance(leaf, str):
        return leaf
    at_hand = (*site.known_chain, *certificates)
    chain = x509.issuers_root_first(leaf, at_hand)
    roots = tuple(known for known in site.known_chain if x509.is_self_signed(known))
    wrong = refusals(check_issued(IssuedFacts(leaf, csr, chain, roots, site.clock(), at_hand)))
    return "; ".join(map(str, wrong)) if wrong else leaf


def _certificates(handed_in: Iterable[HandedIn]) -> tuple[crypto.Certificate, ...]:
    return tuple(dict.fromkeys(certificate for one in handed_in for certificate in one.certificates))


def _read(site: Site, answer: Mapping[str, Any]) -> HandedIn:
    """What an answer holds by now: its certificates, or what the file that it names holds today."""
    if wrong := str(answer.get("wrong", "")):
        return HandedIn(wrong=wrong)
    if path := str(answer.get("path", "")):
        return _file(site, path)
    text = str(answer.get("certificate", ""))
    return HandedIn(tuple(x509.parse_certificates(text))) if text else HandedIn(wrong=NOTHING)


def _file(site: Site, name: str) -> HandedIn:
    path = site.profile.path(Path(name))
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return HandedIn(wrong=f"{path} is no file of certificates on the worker: name one that it can read")
        found = read_file(path.read_bytes())
    except OSError as error:
        return HandedIn(wrong=f"{path} cannot be read by the worker ({error.strerror}): name a file that it can read")
    return HandedIn(found.certificates, wrong=f"{path}: {found.wrong}" if found.wrong else "")
