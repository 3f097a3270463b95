"""The interlock as a step: earlier changes from the records, changes by other hands from the nodes (cucm.md §4.3).

1. It stands before signing, before the certificate and before the restarts; no profile and no parameter passes it.
2. A change by other hands that is noticed within a renewal stops it. Retried, it goes on only when the phones are back
   and somebody has seen since then that they trust the cluster (S23).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

from ucrenew.domain.baseline import Baseline
from ucrenew.domain.finding import Finding
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.interlock import PhoneTrust, Place, TrustChange, changed_by_hand, interlock
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions_trust import changed_question
from ucrenew.errors import NeedsPerson
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.phones import count_phones, look_at_trust
from ucrenew.steps.phones_noted import ALL_BACK, places_seen, said_yes, yeses
from ucrenew.steps.phones_trust import Moment


def hold_before_leaf(
    site: Site, record: Record, plan: Plan, baseline: Baseline, earlier: Iterable[Record]
) -> Question | None:
    """Before CallManager's certificate is changed; none once it is on a node."""
    return None if record.leaf_is_in else hold_interlock(site, record, plan, baseline, _changes(earlier))


def hold_before_restarts(
    site: Site, record: Record, plan: Plan, baseline: Baseline, earlier: Iterable[Record]
) -> Question | None:
    """While restarts are left: what others changed since the certificate stops them."""
    done = {fact.about for fact in record.facts(Kind.RESTART_DONE)}
    is_over = done >= {one.about for one in plan.restarts}
    return None if is_over else hold_interlock(site, record, plan, baseline, _changes(earlier))


def hold_interlock(
    site: Site, record: Record, plan: Plan, baseline: Baseline, earlier: Iterable[TrustChange]
) -> Question | None:
    """None when CallManager's certificate may be changed, or gone on with, now.

    Raises NeedsPerson, naming the outage, for an unproven change and for one by other hands when it is noticed; one
    that was told before, and whose phones are back, is asked about.
    """
    told = {fact.about for fact in record.facts(Kind.TRUST_CHANGED)}
    by_hand = _by_hand(site, record, look_at_trust(site, plan.nodes).places)
    fresh = [change for change in by_hand if change.about not in told]
    require_interlock(site, (*earlier, *fresh))
    for change in by_hand:
        if change.phones_back_at is None and _are_back(site, record, baseline, change):
            return _ask(record, plan, change)
        if change.phones_back_at and not change.is_proven:
            return _ask(record, plan, change)
    require_interlock(site, by_hand)
    return None


def _changes(earlier: Iterable[Record]) -> Iterator[TrustChange]:
    """What renewals before this one changed."""
    return (change for record in earlier if (change := change_of(record)))


def require_interlock(site: Site, changes: Iterable[TrustChange]) -> None:
    """Raise NeedsPerson with the outage that is prevented while one of these changes is not proven."""
    if found := interlock([PhoneTrust.CALLMANAGER], changes):
        raise NeedsPerson(_refusal(site, found))


def change_of(record: Record) -> TrustChange | None:
    """What a renewal has changed of phones' trust, and what is proven of it; None where no certificate got there.

    Tomcat's is such a change where CallManager reused it, which the baseline's look at the phones tells.
    """
    begun = record.leaf_under_way
    if begun is None or not (record.value(Kind.BASELINE) or {}).get("phones"):
        return None
    back = record.fact(Kind.PHONES_BACK, about=ALL_BACK)
    seen = said_yes(record, Gate.PHONES_TRUST, Moment.AFTER.matter, asked_since=back.at) if back else None
    return TrustChange(PhoneTrust.CALLMANAGER, record.key, begun.at, back.at if back else None, seen)


def _refusal(site: Site, found: Finding) -> str:
    return (
        f"{site.profile.cluster}: refused, and nothing more was changed: {found}. When every phone is back, retry this"
        " run: it asks whether they trust the cluster"
    )


def _by_hand(site: Site, record: Record, places: Mapping[Place, str]) -> tuple[TrustChange, ...]:
    """What others changed since people were asked about the phones; noted when it is noticed for the first time."""
    ours = change_of(record)
    found = changed_by_hand(places_seen(record), places, site.clock(), [ours] if ours else [])
    return tuple(_noted(record, change, places) for change in found)


def _noted(record: Record, change: TrustChange, places: Mapping[Place, str]) -> TrustChange:
    now = ", ".join(sorted({found[:16] for (_, what), found in places.items() if what is change.what}))
    about = f"{change.about}, now {now}"
    record.note_once(Kind.TRUST_CHANGED, {"what": change.what}, about=about)
    noticed, back = record.fact(Kind.TRUST_CHANGED, about=about), record.fact(Kind.PHONES_BACK, about=about)
    seen = said_yes(record, Gate.PHONES_TRUST, _matter(about), asked_since=back.at) if back else None
    return TrustChange(
        change.what, about, noticed.at if noticed else change.changed_at, back.at if back else None, seen
    )


def _are_back(site: Site, record: Record, baseline: Baseline, change: TrustChange) -> bool:
    """Whether as many phones are registered as were before the renewal; noted when it is so."""
    were = sum(baseline.phones.registered.values()) if baseline.phones else 0
    are = len(count_phones(site).registered)
    if is_so := are >= were - site.profile.limits.phones_missing:
        record.note_once(Kind.PHONES_BACK, {"registered": are, "missing": []}, about=change.about)
    return is_so


def _ask(record: Record, plan: Plan, change: TrustChange) -> Question:
    matter = _matter(change.about)
    times = len(yeses(record, Gate.PHONES_TRUST, matter))
    return Question(Gate.PHONES_TRUST, changed_question(plan, change), f"{matter}{times + 1}")


def _matter(about: str) -> str:
    return f"changed-{sha256(about.encode()).hexdigest()[:12]}-"
