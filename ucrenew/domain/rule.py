"""What a rule is: it takes one record of facts and returns a finding or None. Lists of rules report every finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ucrenew.domain.finding import Finding

_Facts = TypeVar("_Facts")
Rule = Callable[[_Facts], Finding | None]


def apply(rules: Iterable[Rule[_Facts]], facts: _Facts) -> tuple[Finding, ...]:
    """Every finding of a list of rules, in the list's order."""
    return tuple(finding for rule in rules if (finding := rule(facts)) is not None)
