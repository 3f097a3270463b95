"""Do phones trust the cluster (S23)? Asked with evidence before signing, again before the certificate, and at the end.

An answer counts for a while only: days after it phones may trust something else. A yes that is older is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from cryptography import x509 as crypto

from ucrenew.domain.blast_radius import blast_radius
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.interlock import TrustChange, changed_by_hand
from ucrenew.domain.phone_rules import PhoneFacts, check_phones
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions_phones import phones_trust_question
from ucrenew.domain.questions_trust import proven_question
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.phones import count_phones, look_at_trust, phones_of
from ucrenew.steps.phones_noted import ALL_BACK, note_before, note_seen, places_seen, said_yes, yeses
from ucrenew.steps.survey import survey

COUNTS_FOR = timedelta(hours=24)  # ours: a night's sleep before the window, and no more


class Moment(StrEnum):
    """When it is asked."""

    SIGNING = "signing"
    LEAF = "leaf"
    AFTER = "after"

    @property
    def matter(self) -> str:
        """How the matters of its questions begin."""
        return f"{self.value}-"


def ask_before_signing(site: Site, record: Record, plan: Plan, earlier: Iterable[Record]) -> Question | None:
    """None once somebody has said yes to this plan. ``earlier`` are the records of renewals before, the last first."""
    if record.leaf_under_way or is_answered(site, record, plan, Moment.SIGNING):
        return None
    seen = phones_of(survey(site, plan.purpose, of_authority=False))
    last = next((found for one in earlier if (found := places_seen(one))), {})
    changed = changed_by_hand(last, seen.identities, site.clock())
    return ask_before(record, plan, seen, Moment.SIGNING, changed)


def ask_before_leaf(site: Site, record: Record, plan: Plan) -> Question | None:
    """None while somebody's yes to this plan is fresh, and once the leaf is on a node."""
    if record.leaf_is_in or is_answered(site, record, plan, Moment.LEAF):
        return None
    return ask_before(record, plan, phones_of(survey(site, plan.purpose, of_authority=False)), Moment.LEAF)


def is_answered(site: Site, record: Record, plan: Plan, moment: Moment) -> bool:
    """Whether somebody said yes to it, of this plan, and not too long ago where days may pass since."""
    said = said_yes(record, Gate.PHONES_TRUST, moment.matter, digest=plan.digest)
    return said is not None and (moment is not Moment.LEAF or site.clock() - said <= COUNTS_FOR)


def ask_before(
    record: Record, plan: Plan, seen: PhoneFacts, moment: Moment, changed: Iterable[TrustChange] = ()
) -> Question:
    """The question, with what was seen just now; before signing what the phones' trust rests on now is kept.

    ``changed`` is what others changed since phones were last seen to trust: the answer is the proof of it (S23).
    """
    if moment is Moment.SIGNING:
        note_seen(record, seen.identities)
    else:
        note_before(record, seen)
    radius, models = blast_radius(seen, plan.restarts), tuple(seen.census.by_model())
    noticed = (*map(_told, changed), *check_phones(seen))
    text = phones_trust_question(plan, radius, noticed, models, again=moment is Moment.LEAF)
    return _question(record, moment, text)


def _told(change: TrustChange) -> Finding:
    sentence = f"{change.what} was changed {change.about}, since phones were last seen to trust the cluster"
    return Finding(Reason.INTERLOCK, sentence, "cucm.md §4.3", severity=Severity.WARN)


def ask_after(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate) -> Question | None:
    """None once somebody has seen, since the phones came back, that they trust the new certificate."""
    back = record.fact(Kind.PHONES_BACK, about=ALL_BACK)
    if back and said_yes(record, Gate.PHONES_TRUST, Moment.AFTER.matter, asked_since=back.at):
        return None
    trust = look_at_trust(site, plan.nodes)
    note_seen(record, trust.places)
    itls = tuple(f"{node}: {itl.checksum}" for node, itl in trust.itls.items())
    text = proven_question(plan, leaf, tuple(count_phones(site).by_model()), itls)
    return _question(record, Moment.AFTER, text)


def _question(record: Record, moment: Moment, text: str) -> Question:
    times = len(yeses(record, Gate.PHONES_TRUST, moment.matter))
    return Question(Gate.PHONES_TRUST, text, f"{moment.matter}{times + 1}")
