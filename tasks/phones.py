"""The CallManager path, step by step: mode, trust, interlock, CTL, restarts, return of the phones (S21-S26, S30)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from cryptography.x509 import Certificate, CertificateSigningRequest

from tasks.sites import baseline_of_record, record_of, renewals_of, site_of
from tasks.stepping import step
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.record import Kind, Record, Renewal
from ucrenew.site import Site
from ucrenew.steps import ctl, interlocking, last_look, phone_restarts, phones, phones_back, phones_trust

_LAST_RENEWALS = 3
_PHONES_REST_ON = (Purpose.CALLMANAGER, Purpose.TOMCAT)  # the second where CallManager reuses it (cucm.md §4.4)


@step(name="tell the security mode")
def tell_mode(renewal: Renewal, plan: Plan) -> None:
    """Non-secure or mixed, as it was read when the renewal was opened (S24)."""
    phones.tell_mode(site_of(renewal), plan, baseline_of_record(record_of(renewal)))


@step(name="hold the interlock")
def hold_interlock(renewal: Renewal, plan: Plan) -> Question | None:
    """CallManager, TVS, CAPF and ITLRecovery are changed one at a time, each proven before the next (cucm.md §4.3)."""
    return interlocking.hold_before_leaf(*_interlocked(renewal, plan))


@step(name="hold the interlock before the restarts")
def hold_interlock_again(renewal: Renewal, plan: Plan) -> Question | None:
    """What others changed since the certificate stops what is left of the restarts (cucm.md §4.3)."""
    return interlocking.hold_before_restarts(*_interlocked(renewal, plan))


@step(name="ask whether phones trust the cluster before signing")
def phones_trust_before_signing(renewal: Renewal, plan: Plan) -> Question | None:
    """Asked with evidence, before anything is sent to a CA (S23)."""
    return phones_trust.ask_before_signing(site_of(renewal), record_of(renewal), plan, _earlier(renewal))


@step(name="ask whether phones still trust the cluster")
def phones_still_trust(renewal: Renewal, plan: Plan) -> Question | None:
    """Asked again before the certificate is put there, because days have passed (S23)."""
    return phones_trust.ask_before_leaf(site_of(renewal), record_of(renewal), plan)


@step(name="look once more before the certificate")
def look_before_phones(
    renewal: Renewal, plan: Plan, csr: CertificateSigningRequest, chain: tuple[Certificate, ...]
) -> None:
    """Mode, lists and parameters again, our request, no backup, replication, window (S22-S24)."""
    record = record_of(renewal)
    last_look.look_before_phones(site_of(renewal), record, plan, csr, chain, baseline_of_record(record))


@step(name="update the CTL")
def update_ctl(renewal: Renewal, plan: Plan, leaf: Certificate) -> Question | None:
    """In mixed mode, before any restart, read back until it holds the new certificate (S25)."""
    record = record_of(renewal)
    before = baseline_of_record(record).phones
    return ctl.ensure_ctl(site_of(renewal), record, plan, leaf, before.mode if before else None)


@step(name="restart the services, one redundancy group at a time")
def restart_group_by_group(renewal: Renewal, plan: Plan, leaf: Certificate) -> Question | None:
    """In the release's order, where they run; the phones are back before the next group goes (S26)."""
    return phone_restarts.ensure_restarted(site_of(renewal), record_of(renewal), plan, leaf)


@step(name="watch the phones")
def watch_phones(renewal: Renewal, plan: Plan) -> Question | None:
    """They stay registered, and those that were are again (S30)."""
    return phones_back.watch(site_of(renewal), record_of(renewal), plan)


@step(name="ask whether phones trust the new certificate")
def phones_trust_the_new(renewal: Renewal, plan: Plan, leaf: Certificate) -> Question | None:
    """The proof that the interlock wants before anything else may change (S23)."""
    return phones_trust.ask_after(site_of(renewal), record_of(renewal), plan, leaf)


def _interlocked(renewal: Renewal, plan: Plan) -> tuple[Site, Record, Plan, Baseline, list[Record]]:
    record = record_of(renewal)
    return site_of(renewal), record, plan, baseline_of_record(record), _earlier(renewal)


def _earlier(renewal: Renewal) -> list[Record]:
    """What is kept of the last renewals of each certificate that phones may rest on, the last one first."""
    begun: list[tuple[datetime, Record]] = []
    for purpose in _PHONES_REST_ON:
        others = (one for one in renewals_of(renewal.cluster, purpose).latest_first() if one.key != renewal.key)
        records = map(record_of, islice(others, _LAST_RENEWALS))
        begun += [(first.at, record) for record in records if (first := record.fact(Kind.BASELINE))]
    return [record for _, record in sorted(begun, key=lambda one: one[0], reverse=True)]
