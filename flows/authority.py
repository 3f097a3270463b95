"""Waiting for the CA: submitted once, and no process while an officer thinks it over (S13, S14)."""

from __future__ import annotations

from secrets import token_hex

from cryptography.x509 import Certificate, CertificateSigningRequest
from prefect.flow_runs import suspend_flow_run

from flows.endings import deny
from flows.gates import done
from tasks.attending import CA_PENDING
from tasks.signing import keep_issued, submit_request
from tasks.timeline import before_waiting
from ucrenew.clients.certsrv import Denied, Pending
from ucrenew.domain.plan import Plan
from ucrenew.errors import Transient
from ucrenew.record import Renewal


def obtain_certificate(
    renewal: Renewal, plan: Plan, csr: CertificateSigningRequest
) -> tuple[Certificate, tuple[Certificate, ...]]:
    """The issued certificate and the CA certificates above it, root first.

    A pending request suspends the run; `flows/attend.py` resumes it when the CA has decided. Denied ends it.
    """
    outcome = done(renewal, plan, submit_request, csr)
    if isinstance(outcome, Denied):
        deny(renewal, str(outcome))
    if isinstance(outcome, Pending):
        before_waiting(renewal, run=renewal.run)
        # A key that was used once does not suspend again, so every wait has its own.
        suspend_flow_run(key=f"{CA_PENDING}{outcome.request_id}-{token_hex(4)}")
        raise Transient(f"request {outcome.request_id} is pending, and Prefect did not suspend the run")
    return outcome.certificate, keep_issued(renewal, outcome)
