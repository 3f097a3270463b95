"""Steps 5-7: trust, leaf, restarts, proof (S15-S20)."""

from __future__ import annotations

from cryptography.x509 import Certificate, CertificateSigningRequest
from prefect.logging import get_run_logger

from tasks.sites import baseline_of_record, record_of, site_of
from tasks.stepping import step
from ucrenew.domain.plan import Plan
from ucrenew.errors import Trouble
from ucrenew.record import Renewal
from ucrenew.steps import leaf as leaf_step
from ucrenew.steps import proof, restart, trust
from ucrenew.steps.proof import Served


@step(name="upload the CA certificates, root first")
def upload_ca_certificates(renewal: Renewal, plan: Plan, chain: tuple[Certificate, ...]) -> None:
    """In the trust store of each node (S15, S16)."""
    trust.ensure_trust(site_of(renewal), plan, chain)


@step(name="upload the certificate")
def upload_certificate(renewal: Renewal, plan: Plan, csr: CertificateSigningRequest, leaf: Certificate) -> None:
    """The leaf alone, confirmed on each node (S17, S18)."""
    leaf_step.ensure_leaf(site_of(renewal), record_of(renewal), plan, csr, leaf)


@step(name="restart the services, publisher first")
def restart_services(renewal: Renewal, plan: Plan, leaf: Certificate) -> None:
    """Each service once, in order; the next node when the last one serves the certificate (S19)."""
    restart.ensure_restarted(site_of(renewal), record_of(renewal), plan, leaf)


@step(name="prove what every node serves")
def prove_on_every_node(
    renewal: Renewal, plan: Plan, leaf: Certificate, chain: tuple[Certificate, ...]
) -> tuple[Served, ...]:
    """A fresh connection to every port, compared byte for byte (S20); old certificates are reported (S28)."""
    site = site_of(renewal)
    rows = proof.prove(site, plan, baseline_of_record(record_of(renewal)), leaf, chain)
    try:
        for finding in proof.leftovers(site, plan, leaf):
            get_run_logger().warning("%s", finding)
    except Trouble as trouble:  # everything is done and proven: what lies about can be looked up another day
        get_run_logger().warning("old certificates were not looked for: %s", trouble)
    return rows
