"""Steps 1-4 and signing: the request, its submission, what came back (S6-S14)."""

from __future__ import annotations

from cryptography.x509 import Certificate, CertificateSigningRequest
from prefect.artifacts import create_markdown_artifact

from tasks.sites import baseline_of_record, now, record_of, site_of
from tasks.stepping import step
from ucrenew.clients.certsrv import Issued, Outcome
from ucrenew.domain.before_leaf import BeforeLeafFacts, check_namesakes
from ucrenew.domain.facts import ClusterFacts
from ucrenew.domain.finding import Finding
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan
from ucrenew.domain.x509 import fingerprint, pem
from ucrenew.record import Renewal
from ucrenew.steps import csr as csr_step
from ucrenew.steps import signing


@step(name="generate the multi-server request")
def generate_multi_server_csr(renewal: Renewal, plan: Plan) -> CertificateSigningRequest | Question:
    """One request for the cluster, made once (S6, S7)."""
    record = record_of(renewal)
    return csr_step.ensure_csr(site_of(renewal), record, plan, baseline_of_record(record))


@step(name="confirm the request on every node")
def confirm_csr_on_every_node(renewal: Renewal, plan: Plan, csr: CertificateSigningRequest) -> tuple[Finding, ...]:
    """Read back, compared with the plan, present on each node (S8, S9, S11, S29); the warnings for who decides."""
    return csr_step.confirm_csr(site_of(renewal), record_of(renewal), plan, csr)


@step(name="submit the request to the CA")
def submit_request(renewal: Renewal, plan: Plan, csr: CertificateSigningRequest) -> Outcome | Question:
    """Submitted once; afterwards the CA is asked for the request's number (S13, S14).

    Where a person is asked to hand it in (S12), the request is also an artifact of its own.
    """
    outcome = signing.ensure_submitted(site_of(renewal), record_of(renewal), plan, csr)
    if isinstance(outcome, Question):
        text = f"```pem\n{pem(csr)}```\nSHA-256 of its DER `{fingerprint(csr)}`\n"
        create_markdown_artifact(text, key=f"{renewal.key}-request", description="the request, for the CA")
    return outcome


@step(name="keep the issued certificate")
def keep_issued(renewal: Renewal, issued: Issued) -> tuple[Certificate, ...]:
    """Note the certificate and return the CA certificates above it, root first (S15)."""
    return signing.keep_issued(site_of(renewal), record_of(renewal), issued)


@step(name="check the issued certificate")
def check_issued(  # noqa: PLR0913, PLR0917 - what it is judged with
    renewal: Renewal,
    plan: Plan,
    facts: ClusterFacts | None,
    csr: CertificateSigningRequest,
    leaf: Certificate,
    chain: tuple[Certificate, ...],
) -> tuple[Finding, ...]:
    """Every finding at once, before anything is uploaded; the warnings for who decides.

    Namesakes of its CA certificates in the trust stores are among them, as long as nothing was uploaded. Once it is on
    a node there is nothing left to refuse: the chain file may have been replaced since.
    """
    if record_of(renewal).leaf_is_in:
        return ()
    namesakes = check_namesakes(BeforeLeafFacts(facts, plan, csr, chain)) if facts else ()
    site = site_of(renewal)
    at_hand = signing.issuers_at_hand(site, record_of(renewal))
    return signing.confirm_issued(site, csr, leaf, chain, at=now(), at_hand=at_hand, namesakes=namesakes)
