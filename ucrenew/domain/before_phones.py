"""Everything that speaks against CallManager's certificate now: days have passed since the plan (S22-S24)."""

from __future__ import annotations

from ucrenew.domain.baseline import PhonesBaseline
from ucrenew.domain.before_leaf import BEFORE_LEAF, BeforeLeafFacts, sso_is_known_everywhere, sso_is_off_everywhere
from ucrenew.domain.finding import Finding
from ucrenew.domain.phone_changes import mode_is_as_before
from ucrenew.domain.phone_rules import PhoneFacts, check_phones
from ucrenew.domain.rule import apply

# Single sign-on rests on Tomcat's certificate, and is left as it is where that stays (S3).
_RULES = tuple(rule for rule in BEFORE_LEAF if rule not in (sso_is_known_everywhere, sso_is_off_everywhere))


def check_before_phones(facts: BeforeLeafFacts, seen: PhoneFacts, before: PhonesBaseline | None) -> tuple[Finding, ...]:
    """The rules before any certificate, those on phones again, and whether the security mode is as it was."""
    rules = BEFORE_LEAF if facts.cluster.sso_is_driven else _RULES
    changed = mode_is_as_before(before.mode, seen.mode) if before and before.mode else None
    return (*apply(rules, facts), *check_phones(seen), *((changed,) if changed else ()))
