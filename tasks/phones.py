"""The CallManager path, step by step: mode, trust, interlock, CTL, restarts, return of the phones (S21-S26, S30)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cryptography.x509 import Certificate, CertificateSigningRequest
from prefect.logging import get_run_logger

from tasks.sites import baseline_of_record, now, record_of, renewals_of, site_of
from tasks.stepping import step
from ucrenew.domain.before_leaf import BeforeLeafFacts
from ucrenew.domain.before_phones import check_before_phones
from ucrenew.domain.finding import refusals
from ucrenew.domain.gate import Question
from ucrenew.domain.interlock import TrustChange, changed_by_hand
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.plan import Plan
from ucrenew.errors import NeedsPerson
from ucrenew.record import Kind, Renewal
from ucrenew.steps import ctl, interlocking, phone_restarts, phones_back, phones_trust
from ucrenew.steps.phones_noted import places_seen
from ucrenew.steps.phones_trust import Moment
from ucrenew.steps.survey import survey

_LAST_RENEWALS = 3


@step(name="tell the security mode")
def tell_mode(renewal: Renewal, plan: Plan) -> None:
    """Non-secure or mixed, as it was read when the renewal was opened (S24)."""
    phones = baseline_of_record(record_of(renewal)).phones
    if phones is None or phones.mode is None:
        raise NeedsPerson(f"{plan.cluster}: the security mode was not read before this renewal; abandon it, begin anew")
    get_run_logger().info("%s: the cluster is %s (%s)", plan.cluster, phones.mode.words, phones.mode.value)


@step(name="hold the interlock")
def hold_interlock(renewal: Renewal, plan: Plan) -> Question | None:
    """CallManager, TVS, CAPF and ITLRecovery are changed one at a time, each proven before the next (cucm.md §4.3)."""
    return None if record_of(renewal).leaf_is_in else _interlock(renewal, plan)


@step(name="hold the interlock before the restarts")
def hold_interlock_again(renewal: Renewal, plan: Plan) -> Question | None:
    """What others changed since the certificate stops what is left of the restarts (cucm.md §4.3)."""
    done = {fact.about for fact in record_of(renewal).facts(Kind.RESTART_DONE)}
    return None if done >= {one.about for one in plan.restarts} else _interlock(renewal, plan)


@step(name="ask whether phones trust the cluster before signing")
def phones_trust_before_signing(renewal: Renewal, plan: Plan) -> Question | None:
    """Asked with evidence, before anything is sent to a CA (S23)."""
    record, site = record_of(renewal), site_of(renewal)
    if record.leaf_under_way or phones_trust.is_answered(site, record, plan, Moment.SIGNING):
        return None
    seen = _phones(renewal)
    last = next((found for one in _others(renewal) if (found := places_seen(record_of(one)))), {})
    changed = changed_by_hand(last, seen.identities, now())
    return phones_trust.ask_before(record, plan, seen, Moment.SIGNING, changed)


@step(name="ask whether phones still trust the cluster")
def phones_still_trust(renewal: Renewal, plan: Plan) -> Question | None:
    """Asked again before the certificate is put there, because days have passed (S23)."""
    record, site = record_of(renewal), site_of(renewal)
    if record.leaf_is_in or phones_trust.is_answered(site, record, plan, Moment.LEAF):
        return None
    return phones_trust.ask_before(record, plan, _phones(renewal), Moment.LEAF)


@step(name="look once more before the certificate")
def look_before_phones(
    renewal: Renewal, plan: Plan, csr: CertificateSigningRequest, chain: tuple[Certificate, ...]
) -> None:
    """Mode, lists and parameters again, our request, no backup, replication, window (S22-S24).

    Raises NeedsPerson with every finding; once the leaf is on a node there is nothing to look at any more.
    """
    record = record_of(renewal)
    if record.leaf_is_in:
        return
    site = site_of(renewal)
    seen = survey(site, renewal.purpose)
    facts = BeforeLeafFacts(seen, plan, csr, chain, site.profile.maintenance_windows)
    if seen.phones is None:
        raise NeedsPerson(f"{plan.cluster}: the phones were not looked at, and nothing was uploaded")
    if refused := refusals(check_before_phones(facts, seen.phones, baseline_of_record(record).phones)):
        raise NeedsPerson(
            f"{renewal.cluster}: the certificate was not uploaded: {'; '.join(map(str, refused))}. Retry this run when"
            " that is put right"
        )


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


def _interlock(renewal: Renewal, plan: Plan) -> Question | None:
    record = record_of(renewal)
    baseline, earlier = baseline_of_record(record), tuple(_earlier(renewal))
    return interlocking.hold_interlock(site_of(renewal), record, plan, baseline, earlier)


def _phones(renewal: Renewal) -> PhoneFacts:
    seen = survey(site_of(renewal), renewal.purpose).phones
    if seen is None:
        raise NeedsPerson(f"{renewal.cluster}: the phones were not looked at")
    return seen


def _earlier(renewal: Renewal) -> Iterator[TrustChange]:
    """What the last renewals of the same certificate changed."""
    for one in _others(renewal):
        if change := interlocking.change_of(record_of(one)):
            yield change


def _others(renewal: Renewal) -> Sequence[Renewal]:
    """The renewals before this one, the last one first."""
    found = renewals_of(renewal.cluster, renewal.purpose).latest_first()
    return [one for one in found if one.number < renewal.number][:_LAST_RENEWALS]
