"""Steps 5-7: trust, leaf, restarts, proof (S15-S20)."""

from __future__ import annotations

from cryptography.x509 import Certificate, CertificateSigningRequest

from tasks.sites import baseline_of_record, record_of, site_of
from tasks.stepping import step
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan
from ucrenew.record import Renewal
from ucrenew.steps import last_look, proof, restart, services, sso, trust
from ucrenew.steps import leaf as leaf_step
from ucrenew.steps.proof import Served


@step(name="upload the CA certificates, root first")
def upload_ca_certificates(
    renewal: Renewal, plan: Plan, leaf: Certificate, chain: tuple[Certificate, ...]
) -> Question | None:
    """In the trust store of each node (S15, S16)."""
    return trust.ensure_trust(site_of(renewal), record_of(renewal), plan, leaf, chain)


@step(name="upload the certificate")
def upload_certificate(
    renewal: Renewal,
    plan: Plan,
    csr: CertificateSigningRequest,
    leaf: Certificate,
    chain: tuple[Certificate, ...],
) -> Question | None:
    """The leaf alone, confirmed on each node (S17, S18)."""
    return leaf_step.ensure_leaf(site_of(renewal), record_of(renewal), plan, csr, leaf, chain)


@step(name="restart the services, publisher first")
def restart_services(renewal: Renewal, plan: Plan, leaf: Certificate) -> Question | None:
    """Each service once, in order; the next node when the last one serves the certificate (S19)."""
    return restart.ensure_restarted(site_of(renewal), record_of(renewal), plan, leaf)


@step(name="see that every service is up that was")
def keep_services_up(renewal: Renewal, plan: Plan) -> Question | None:
    """What was up in the baseline is up again, whoever stopped it."""
    record = record_of(renewal)
    return services.ensure_up(site_of(renewal), record, plan, baseline_of_record(record))


@step(name="prove what every node serves")
def prove_on_every_node(
    renewal: Renewal, plan: Plan, leaf: Certificate, chain: tuple[Certificate, ...]
) -> tuple[Served, ...]:
    """A fresh connection to every port, compared byte for byte (S20)."""
    return proof.prove(site_of(renewal), plan, baseline_of_record(record_of(renewal)), leaf, chain)


@step(name="look once more before the certificate")
def look_before_leaf(
    renewal: Renewal, plan: Plan, csr: CertificateSigningRequest, chain: tuple[Certificate, ...]
) -> None:
    """Our request on every node, no backup, replication, single sign-on, window: all of it anew (design.md §2)."""
    last_look.look_before_leaf(site_of(renewal), record_of(renewal), plan, csr, chain)


@step(name="switch single sign-on off")
def switch_sso_off(renewal: Renewal, plan: Plan) -> Question | None:
    """On every node where it was on, before the leaf (S3)."""
    return sso.ensure_off(site_of(renewal), record_of(renewal), plan)


@step(name="see single sign-on back on")
def see_sso_on(renewal: Renewal, plan: Plan) -> Question | None:
    """On every node where it was on, after the restarts (S3)."""
    return sso.ensure_on(site_of(renewal), record_of(renewal), plan)
