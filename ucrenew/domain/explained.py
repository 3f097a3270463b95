"""What was done wrong by hand, told to the person who did it; the rules judge, these texts say what to do instead.

Each function returns markdown, or an empty text when nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Finding, Reason, refusals
from ucrenew.domain.plan import Plan
from ucrenew.domain.requested import CSR
from ucrenew.domain.rule import apply
from ucrenew.errors import BadInput


def explain_csr(csr: crypto.CertificateSigningRequest | None, plan: Plan) -> str:
    """Of a request that a person generated: none, for a single server, with a node forgotten (S6-S9)."""
    if csr is None:
        return _text(
            f"**{plan.publisher}** shows no {plan.purpose} request.",
            "Generate it there, for this purpose; *Generate Self-signed* and other purposes make none.",
        )
    findings = refusals(apply(CSR, CsrFacts(csr, plan)))
    if not findings:
        return ""
    return _text(
        f"The request on **{plan.publisher}** is of no use:",
        _listed(_of_request(finding, csr, plan) for finding in findings),
        "Generate it once more with the fields as asked for. Nothing was sent to the CA, so nothing is lost.",
    )


def _of_request(finding: Finding, csr: crypto.CertificateSigningRequest, plan: Plan) -> str:
    if finding.reason is not Reason.CSR_NAME_MISSING:
        return finding.sentence
    named = [node for node in plan.nodes if node in x509.names(csr)]
    forgotten = [node for node in plan.nodes if node not in named]
    others = sorted(set(plan.extra_names) - x509.names(csr))
    if forgotten and len(named) <= 1 < len(plan.nodes):
        return (
            f"it is a single-server request: of the nodes it names only {named[0] if named else 'none'}. Distribution"
            " was left as it was; choose Multi-server(SAN)"
        )
    parts = [f"it forgets {', '.join(forgotten)}: they have to stand in Auto-populated Domains"] if forgotten else []
    parts += [f"it lacks {', '.join(others)}: they belong into Other Domains"] if others else []
    return "; ".join(parts) or finding.sentence


def explain_spread(nodes: Sequence[str], plan: Plan) -> str:
    """Of a request that is as planned and did not reach these nodes (S9, cucm_inside.md §C)."""
    if not nodes:
        return ""
    return _text(
        f"The request on **{plan.publisher}** is as planned, and is not on {_bold(nodes)} (S9).",
        "See that *Cisco Tomcat* and *Platform Administrative Web Service* are up there, then generate once more.",
    )


def explain_file(text: bytes | str, csr: crypto.CertificateSigningRequest) -> str:
    """Of a file that was handed in as the certificate: something else, several, the CA's, another request's (S12)."""
    octets = text.encode() if isinstance(text, str) else text
    if b"PRIVATE KEY-----" in octets:
        return _text("This is a private key. The cluster's key never leaves it: delete this file, and find out whose.")
    if _is_request(octets):
        return _text("This is a request, not a certificate: what the CA made of it is wanted.")
    try:
        found = x509.parse_certificates(octets)
    except BadInput as error:
        return _text(f"This is no certificate: {error}.", "Paste the whole text, Base 64 encoded, as the CA gave it.")
    leaves = [certificate for certificate in found if x509.same_key(certificate, csr)]
    if leaves:
        return ""
    if all(x509.is_ca(certificate) for certificate in found):
        return _text(f"Only CA certificates are in it: {_names(found)}.", "The certificate of our request is wanted.")
    return _text(f"It is for another key: {_names(found)}.", "Fetch the certificate of the request as it is shown.")


def _is_request(octets: bytes) -> bool:
    try:
        x509.parse_csr(octets)
    except BadInput:
        return False
    return True


def explain_trust(
    certificate: crypto.Certificate,
    node: str,
    plan: Plan,
    store: Sequence[crypto.Certificate],
    leaf: crypto.Certificate,
) -> str:
    """Of a CA certificate that a person uploaded: not there, a namesake in its place, the wrong file (S15, S16)."""
    if certificate in store:
        return ""
    namesakes = [kept for kept in store if kept.subject == certificate.subject]
    reasons = [
        f"a certificate of that name is there, serial {kept.serial_number:x}, valid from"
        f" {kept.not_valid_before_utc:%Y-%m-%d}: another file was uploaded, or that one was not replaced because it is"
        " not older (cucm.md §4.8); delete it, then upload again"
        for kept in namesakes
    ]
    reasons += ["the cluster's own certificate is there: perhaps the wrong file was chosen"] if leaf in store else []
    reasons += (
        []
        if reasons
        else ["nothing of that name is there: another file was uploaded, or it may be on its way for up to 30 minutes"]
    )
    return _text(
        f"**{node}**: {x509.common_name(certificate)} (serial {certificate.serial_number:x}) is not in"
        f" {plan.purpose.trust_store}:",
        _listed(reasons),
    )


def explain_leaf(
    shown: crypto.Certificate | None,
    node: str,
    plan: Plan,
    leaf: crypto.Certificate,
    store: Sequence[crypto.Certificate] = (),
) -> str:
    """Of the certificate that a node shows after the upload: none, the old one, another one (S17)."""
    if shown == leaf:
        return ""
    return _text(
        f"**{node}** does not show the new {plan.purpose} certificate:",
        _listed((_what_is_shown(shown, plan, leaf), *_wrong_purpose(plan, leaf, store))),
        f"Look whether **{node}** stands in `Certificate upload operation successful for the nodes ...`. Where it does"
        " not, see that *Cisco Tomcat* and *Platform Administrative Web Service* are up there, and upload once more.",
    )


def _what_is_shown(shown: crypto.Certificate | None, plan: Plan, leaf: crypto.Certificate) -> str:
    if shown is None:
        return "it shows no certificate at all"
    about = f"serial {shown.serial_number:x}, valid from {shown.not_valid_before_utc:%Y-%m-%d}"
    if x509.is_self_signed(shown):
        return f"it shows a self-signed one, {about}; *Generate Self-signed* would have made a new one"
    if x509.same_key(shown, leaf):
        return f"it shows another certificate of the same request, {about}: another file was uploaded"
    return f"it shows another one, {about}: perhaps still the one before; choose {plan.purpose} as Certificate Purpose"


def _wrong_purpose(plan: Plan, leaf: crypto.Certificate, store: Sequence[crypto.Certificate]) -> tuple[str, ...]:
    if leaf not in store:
        return ()
    store_name = plan.purpose.trust_store
    return (
        f"the new one is in its {store_name}: it was uploaded for that instead of {plan.purpose}, or is on its way",
    )


def explain_request_gone(nodes: Sequence[str], plan: Plan) -> str:
    """Of a certificate that these nodes cannot take any more: their request was used up or replaced (cucm.md §4.8)."""
    if not nodes:
        return ""
    return _text(
        f"It cannot be uploaded any more: the {plan.purpose} request that was signed is not on {_bold(nodes)}.",
        "Another certificate used it up, or somebody generated anew (S7). **deny** ends this renewal; the next one"
        " begins with a new request.",
    )


def _names(certificates: Iterable[crypto.Certificate]) -> str:
    return ", ".join(x509.common_name(one) or one.subject.rfc4514_string() for one in certificates)


def _bold(nodes: Iterable[str]) -> str:
    return ", ".join(f"**{node}**" for node in nodes)


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"
