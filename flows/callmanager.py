"""The CallManager path, in the order of Cisco's document (S21-S26): the change that can take all phones down.

A sub-flow cannot be suspended. So each gate here is one line: it lets through what has an answer, and else the sub-flow
returns the open question; `flows/renew.py` asks it, durably, and calls the sub-flow again. Every line looks first.
The request (S21) and the signing are those of every purpose, in `flows/renew.py`. Tomcat's certificate comes here as
well where CallManager reuses it (cucm.md §4.4).
"""

# No postponed annotations here: Prefect makes parameters from the types of a flow function.
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from cryptography.x509 import Certificate, CertificateSigningRequest
from prefect import flow

from flows.windows import closed_window
from tasks.installing import keep_services_up, switch_sso_off, upload_ca_certificates, upload_certificate
from tasks.phones import (
    hold_interlock,
    hold_interlock_again,
    look_before_phones,
    phones_still_trust,
    phones_trust_before_signing,
    phones_trust_the_new,
    restart_group_by_group,
    tell_mode,
    update_ctl,
    watch_phones,
)
from ucrenew.domain.gate import Closed, Question
from ucrenew.domain.plan import Plan
from ucrenew.record import Renewal

_Parameters = ParamSpec("_Parameters")
_Open = Question | Closed | None


class _NotYet(Exception):
    """Ends a path at a gate that is not open."""

    def __init__(self, gate: Question | Closed) -> None:
        super().__init__()
        self.gate = gate


def gate(asked: _Open) -> None:
    """Go on only when nothing is asked any more."""
    if asked is not None:
        raise _NotYet(asked)


def gated(path: Callable[_Parameters, None]) -> Callable[_Parameters, _Open]:
    """Let a path return the gate that it came to; None when it came to its end."""

    @wraps(path)
    def walk(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Open:
        try:
            path(*arguments, **named)
        except _NotYet as not_yet:
            return not_yet.gate
        return None

    return walk


# Parameters are ours, whole: nothing that a person fills in. Results of an earlier life would skip this one's looks.
@flow(name="callmanager-before-signing", retries=0, persist_result=False, validate_parameters=False)
@gated
def before_signing(renewal: Renewal, plan: Plan) -> None:
    """Before anything is sent to a CA."""
    # Cluster security mode (S24); one change of the phones' trust at a time
    tell_mode(renewal, plan)
    gate(hold_interlock(renewal, plan))

    # Phones trust TVS: an HTTPS service opens on them (S23)
    gate(phones_trust_before_signing(renewal, plan))


@flow(name="callmanager", retries=0, persist_result=False, validate_parameters=False)
@gated
def change_what_phones_trust(
    renewal: Renewal,
    plan: Plan,
    csr: CertificateSigningRequest,
    leaf: Certificate,
    chain: tuple[Certificate, ...],
) -> None:
    """From the signed certificate to phones that trust it."""
    # Maintenance window (S22)
    gate(closed_window(renewal, plan))

    # Phones' trust again (S23): days have passed; one change at a time
    gate(hold_interlock(renewal, plan))
    gate(phones_still_trust(renewal, plan))

    # CA certificates; mode and phones again (S24); certificate, confirmed on each node (S15-S18, S21).
    # Single sign-on rests on it where it is Tomcat's, which CallManager reuses (S3)
    gate(upload_ca_certificates(renewal, plan, leaf, chain))
    gate(switch_sso_off(renewal, plan))
    look_before_phones(renewal, plan, csr, chain)
    gate(hold_interlock(renewal, plan))
    gate(upload_certificate(renewal, plan, csr, leaf, chain))

    # Mixed mode: the CTL before any restart (S25)
    gate(update_ctl(renewal, plan, leaf))

    # Restart in the release's order, one redundancy group at a time; the phones come back (S26)
    gate(hold_interlock_again(renewal, plan))
    gate(restart_group_by_group(renewal, plan, leaf))
    gate(keep_services_up(renewal, plan))

    # Phones stay (S30), and trust the new certificate (S23)
    gate(watch_phones(renewal, plan))
    gate(phones_trust_the_new(renewal, plan, leaf))
