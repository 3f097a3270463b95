"""What a record keeps of phones: who was registered before the certificate, and whom people went on without (S26)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from ucrenew.domain.gate import Gate
from ucrenew.domain.interlock import PhoneTrust, Place
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.phones import Census, Registration, census
from ucrenew.record import Kind, Record

ALL_BACK = "all"

_Names: TypeAlias = dict[str, dict[str, list[str]]]  # "models" or "secure" -> model -> names


def note_before(record: Record, seen: PhoneFacts) -> None:
    """Keep who is registered now, node by node; a node that had phones at an earlier look and has none counts too."""
    nodes: dict[str, _Names] = {fact.about: {} for fact in record.facts(Kind.PHONES_BEFORE)}
    over_tls = seen.over_tls
    for name in sorted(seen.census.registered):
        phone = seen.census.phones[name]
        kind = "secure" if name in over_tls else "models"
        nodes.setdefault(phone.node, {}).setdefault(kind, {}).setdefault(phone.model, []).append(name)
    for node, kinds in nodes.items():
        record.note(Kind.PHONES_BEFORE, {"models": {}, **kinds}, about=node)


def phones_before(record: Record) -> Census:
    """Who was registered when it was looked at last before the certificate."""
    return census(
        Registration(name, node, "Registered", model=model)
        for node, kinds in _noted(record).items()
        for models in kinds.values()
        for model, names in models.items()
        for name in names
    )


def over_tls_before(record: Record, nodes: Container[str]) -> frozenset[str]:
    """Of those, the ones on these nodes that registered over TLS, as far as it was known."""
    return frozenset(
        name
        for node, kinds in _noted(record).items()
        if node in nodes
        for names in kinds.get("secure", {}).values()
        for name in names
    )


def _noted(record: Record) -> Mapping[str, Mapping[str, Any]]:
    return {fact.about: fact.value for fact in record.facts(Kind.PHONES_BEFORE)}


def let_go(record: Record) -> frozenset[str]:
    """The phones that somebody said yes to going on without."""
    named = {fact.about: frozenset(fact.value["names"]) for fact in record.facts(Kind.PHONES_MISSING)}
    return frozenset().union(*(named.get(str(said["matter"]), frozenset()) for said in yeses(record, Gate.PHONES_BACK)))


def let_go_nodes(record: Record) -> frozenset[str]:
    """The nodes that do not answer for their phones, and that somebody said yes to going on without."""
    named = {fact.about: frozenset(fact.value["silent"]) for fact in record.facts(Kind.PHONES_MISSING)}
    return frozenset().union(*(named.get(str(said["matter"]), frozenset()) for said in yeses(record, Gate.PHONES_BACK)))


def yeses(record: Record, gate: Gate, matter: str = "") -> Sequence[Mapping[str, object]]:
    """The answers at a gate that approved."""
    return [said for said in record.answers(gate, matter) if said["decision"] == "approve"]


def said_yes(
    record: Record, gate: Gate, matter: str, *, asked_since: datetime | None = None, digest: str = ""
) -> datetime | None:
    """When the last yes to such a question was noted, of those that were asked since then; None where there is none."""
    asked = {fact.about: fact.at for fact in record.facts(Kind.ASKED)}
    found = [
        fact.at
        for fact in record.facts(Kind.ANSWER)
        if fact.value["gate"] == gate
        and str(fact.value["matter"]).startswith(matter)
        and fact.value["decision"] == "approve"
        and digest in ("", fact.value["digest"])
        and (asked_since is None or asked.get(fact.about, asked_since) >= asked_since)
    ]
    return max(found, default=None)


def note_seen(record: Record, places: Mapping[Place, str]) -> None:
    """Keep what phones' trust rests on at this moment, at which people look at phones."""
    value = {f"{node} {what.value}": found for (node, what), found in places.items()}
    record.note(Kind.PHONES_SEEN, value)


def places_seen(record: Record) -> dict[Place, str]:
    """The same as it was when people were asked last; empty where they never were."""
    found: dict[Place, str] = {}
    for about, fingerprint in (record.last(Kind.PHONES_SEEN) or {}).items():
        node, _, what = about.rpartition(" ")
        found[node, PhoneTrust(what)] = str(fingerprint)
    return found
