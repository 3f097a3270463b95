"""The phones come back: waited for with progress, asked about when they do not, and watched at the end (S26, S30).

Those that somebody went on without, seeing their names, are not waited for again; whoever is missing beside them is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.phone_changes import phones_stay
from ucrenew.domain.phones import Census, missing
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions_phones import phones_question
from ucrenew.domain.questions_trust import churn_question
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.phones import count_phones
from ucrenew.steps.phones_noted import ALL_BACK, let_go, let_go_nodes, phones_before, said_yes
from ucrenew.steps.waiting import until, until_over

LOOKS_EVERY = 20.0  # seconds: RisPort answers fifteen questions a minute, and ten thousand phones are ten
WATCHES_EVERY = 60.0
_CHURN = "churn"


def ensure_back(  # noqa: PLR0913 - each by its name
    site: Site,
    record: Record,
    plan: Plan,
    about: str,
    *,
    done: Sequence[str],
    left: Sequence[str],
    later: frozenset[str] = frozenset(),
) -> Question | None:
    """None once no more phones are missing than the profile allows; else, when their time is over, a question.

    ``later``: phones that cannot be back yet, and are not waited for here.
    """
    if record.fact(Kind.PHONES_BACK, about=about) is not None:
        return None
    before, without, silent = phones_before(record), let_go(record) | later, let_go_nodes(record)

    def gone(seen: Census) -> list[str]:
        return [phone.name for phone in missing(before, seen) if phone.name not in without]

    def good(seen: Census) -> bool:
        return len(gone(seen)) <= site.profile.limits.phones_missing and not set(seen.silent) - silent

    def look() -> Census:
        seen = count_phones(site)
        were, are = len(before.registered), len(before.registered & seen.registered)
        waiting = len(later & before.registered - seen.registered)
        more = f"; {waiting} over TLS come back by the restarts that are ahead" if waiting else ""
        site.say(f"{plan.cluster}: {are} of {were} phones are registered{more}")
        return seen

    seen = until_over(look, good, site=site, within=site.profile.phones_back, every=LOOKS_EVERY)
    if good(seen):
        away = [phone.name for phone in missing(before, seen)]  # those that somebody went on without are among them
        record.note(Kind.PHONES_BACK, {"registered": dict(seen.by_node()), "missing": away}, about=about)
        return None
    matter = f"{about}-{len(record.facts(Kind.PHONES_MISSING)) + 1}"
    record.note(Kind.PHONES_MISSING, {"names": gone(seen), "silent": list(seen.silent)}, about=matter)
    return Question(Gate.PHONES_BACK, phones_question(plan, before, seen, done, left), matter)


def watch(site: Site, record: Record, plan: Plan) -> Question | None:
    """Count twice, far enough apart that a phone which resets every seven minutes is seen (S30, CSCup28852).

    None when they stay; a question when they do not and nobody has said yes to that yet.
    """
    watched = record.value(Kind.PHONES_WATCHED) or _watched(site, record, plan)
    if watched["findings"] and said_yes(record, Gate.PHONES_BACK, _CHURN) is None:
        return Question(Gate.PHONES_BACK, churn_question(plan, watched["findings"]), _CHURN)
    return ensure_back(site, record, plan, ALL_BACK, done=tuple(map(str, plan.restarts)), left=())


def _watched(site: Site, record: Record, plan: Plan) -> Mapping[str, Any]:
    """What the two counts tell, kept: a question that was never put is put by the next life."""
    site.say(f"{plan.cluster}: watching the phones for {site.profile.limits.phones_watch:g} min")
    earlier = count_phones(site)
    later = until(
        lambda: count_phones(site), lambda _: False, site=site, within=site.profile.phones_watch, every=WATCHES_EVERY
    )
    found = phones_stay(earlier, later)
    return record.note(Kind.PHONES_WATCHED, {"findings": [str(found)] if found else []})
