"""What a record keeps of phones: who was registered before the certificate, and whom people went on without (S26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ucrenew.domain.gate import Gate
from ucrenew.domain.interlock import PhoneTrust, Place
from ucrenew.domain.phones import Census, Registration, census
from ucrenew.record import Fact, Kind, Record

ALL_BACK = "all"


def note_before(record: Record, seen: Census) -> None:
    """Keep who is registered now, node by node; a node that had phones at an earlier look and has none counts too."""
    models: dict[str, dict[str, list[str]]] = {fact.about: {} for fact in record.facts(Kind.PHONES_BEFORE)}
    for name in sorted(seen.registered):
        phone = seen.phones[name]
        models.setdefault(phone.node, {}).setdefault(phone.model, []).append(name)
    for node, names in models.items():
        record.note(Kind.PHONES_BEFORE, {"models": names}, about=node)


def phones_before(record: Record) -> Census:
    """Who was registered when it was looked at last before the certificate."""
    newest: Mapping[str, Fact] = {fact.about: fact for fact in record.facts(Kind.PHONES_BEFORE)}
    return census(
        Registration(name, node, "Registered", model=model)
        for node, fact in newest.items()
        for model, names in fact.value["models"].items()
        for name in names
    )


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
