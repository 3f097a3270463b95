"""What a change of the phones' trust touches, in words and numbers: for the question, not for the digest (S22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ucrenew.domain.phone_rules import PhoneFacts, offline
from ucrenew.domain.plan import Restart
from ucrenew.domain.restarts import time_needed
from ucrenew.domain.windows import in_words


@dataclass(frozen=True)
class BlastRadius:
    """Nodes, services, phones and time; counts are of the moment they were taken."""

    services: Mapping[str, tuple[str, ...]]  # service -> nodes that restart it, in order
    registered: Mapping[str, int]  # node -> phones
    models: Mapping[str, int]
    secure: int  # of the registered ones
    alone: Mapping[str, int]  # CallManager group with one server -> its registered phones
    offline: tuple[str, ...]
    resets: str
    needed: timedelta

    @property
    def phones(self) -> int:
        """All that are registered."""
        return sum(self.registered.values())

    def lines(self) -> tuple[str, ...]:
        """What a person reads before saying yes."""
        by_node = ", ".join(f"{count} on {node}" for node, count in self.registered.items())
        restarts = "; ".join(f"{service} on {', '.join(nodes)}" for service, nodes in self.services.items())
        alone = ", ".join(f"{count} of {group}" for group, count in self.alone.items())
        lines = (
            f"{self.phones} phones are registered: {by_node or 'none'}",
            f"{self.secure} of them are secure: where lists are not trusted they drop, while others stay registered",
            f"restarted: {restarts or 'nothing'}",
            f"what resets: {self.resets}",
            f"out of service while their one server restarts: {alone}" if alone else "",
            f"{len(self.offline)} desk phones are not registered now, and may need hands later" if self.offline else "",
            f"by our estimate the restarts take {in_words(self.needed)}, the phones' return not counted",
        )
        return tuple(line for line in lines if line)


def blast_radius(facts: PhoneFacts, restarts: Iterable[Restart]) -> BlastRadius:
    """Count what these restarts touch."""
    planned = tuple(restarts)
    services: dict[str, tuple[str, ...]] = {}
    for one in planned:
        services[one.service] = (*services.get(one.service, ()), one.node)
    registered = facts.census.registered
    return BlastRadius(
        services=services,
        registered=facts.census.by_node(),
        models=facts.census.by_model(),
        secure=sum(phone.is_secure for name, phone in facts.known.items() if name in registered),
        alone=_alone(facts, registered),
        offline=offline(facts),
        resets=_resets(facts),
        needed=time_needed(planned),
    )


def _alone(facts: PhoneFacts, registered: frozenset[str]) -> Mapping[str, int]:
    in_pool = Counter(phone.pool for name, phone in facts.known.items() if name in registered)
    return {
        group.name: sum(in_pool[pool] for pool in group.pools)
        for group in facts.groups
        if len(group.members) == 1 and group.pools
    }


def _resets(facts: PhoneFacts) -> str:
    shown = facts.parameters.phone_interaction if facts.parameters else None
    said = f"'{shown}'" if shown else "not known; by default they reset by themselves"
    words = f"phones register anew when their CallManager restarts; on the update of the certificate: {said}"
    return f"{words}; secure phones fetch the new CTL when they are reset" if facts.is_mixed else words
