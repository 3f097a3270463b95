"""Phones as the cluster knows them: its security mode, who is registered where, who is not back (S24, S26, S30).

A census holds one small record a phone, so ten thousand of them are a few megabytes; whatever is shown to people or
kept in a record is counted, and phones are named only where they are missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SecurityMode(StrEnum):
    """The enterprise parameter Cluster Security Mode (S24, cucm.md §2.3)."""

    NON_SECURE = "0"
    MIXED = "1"

    @property
    def words(self) -> str:
        """How people call it."""
        return "mixed mode" if self is SecurityMode.MIXED else "non-secure"


_DESK_PHONE = re.compile(r"(?:SEP|ATA)[0-9A-F]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Registration:
    """One phone as the cluster's real-time information has it; ``at`` is when its status began, 0 where not told."""

    name: str
    node: str
    status: str
    reason: int = 0
    model: str = ""
    protocol: str = ""
    at: int = 0

    @property
    def is_registered(self) -> bool:
        """Registered, and not PartiallyRegistered: half of its lines are no phone that is back."""
        return self.status.lower() == "registered"


@dataclass(frozen=True, slots=True)
class KnownPhone:
    """One phone as the database has it, registered or not."""

    name: str
    model: str
    protocol: str
    pool: str  # its device pool; empty where not told
    security: str  # `Non Secure`, `Authenticated`, `Encrypted`; empty where not told

    @property
    def keeps_lists(self) -> bool:
        """True for a desk phone, which keeps CTL and ITL; Jabber and CTI ports have no ITL (by their names [I])."""
        return _DESK_PHONE.fullmatch(self.name) is not None

    @property
    def is_secure(self) -> bool:
        """Authenticated or encrypted: it registers over TLS, and not at all with a CTL that it cannot verify."""
        return self.security.lower() in ("authenticated", "encrypted")


@dataclass(frozen=True)
class CallManagerGroup:
    """The servers that the phones of some device pools register with, the first one first."""

    name: str
    members: tuple[str, ...]
    pools: tuple[str, ...]


@dataclass(frozen=True)
class EnterpriseParameters:
    """Those that decide about phones (S24, cucm.md §4.1, §4.3); None where the cluster does not show one."""

    security_mode: SecurityMode | None
    rollback: bool | None  # Prepare Cluster for Rollback to pre 8.0
    phone_interaction: str | None  # Phone Interaction on Certificate Update, in the cluster's own words


@dataclass(frozen=True)
class Census:
    """All phones at one moment, the newest word on each; ``silent`` are nodes that did not answer for theirs."""

    phones: Mapping[str, Registration] = field(default_factory=dict)
    silent: tuple[str, ...] = ()

    @property
    def registered(self) -> frozenset[str]:
        """The names of the registered ones."""
        return frozenset(name for name, phone in self.phones.items() if phone.is_registered)

    def by_node(self) -> Mapping[str, int]:
        """How many are registered on each node."""
        return self._counted("node")

    def by_model(self) -> Mapping[str, int]:
        """How many of each model are registered."""
        return self._counted("model")

    def _counted(self, what: str) -> Mapping[str, int]:
        found = Counter(str(getattr(phone, what)) for phone in self.phones.values() if phone.is_registered)
        return dict(sorted(found.items()))


# How the database calls the last two is not documented: their names are known by these words in them [I].
_MODE = "clustersecuritymode"
_ROLLBACK = ("rollback",)
_INTERACTION = ("phone", "interaction")
_TRUE, _FALSE = frozenset({"t", "true", "1", "yes"}), frozenset({"f", "false", "0", "no"})


def enterprise_parameters(rows: Iterable[Mapping[str, str]]) -> EnterpriseParameters:
    """Read rows of `paramname` and `paramvalue`. Raises ValueError for a security mode that nobody knows."""
    values = {row["paramname"].lower(): row["paramvalue"].strip() for row in rows if row.get("paramvalue")}
    mode = values.get(_MODE)
    return EnterpriseParameters(
        security_mode=None if mode is None else SecurityMode(mode),
        rollback=_truth(_named(values, _ROLLBACK)),
        phone_interaction=_named(values, _INTERACTION),
    )


def _named(values: Mapping[str, str], words: tuple[str, ...]) -> str | None:
    """The value of the one parameter whose name has all these words; None where there is none or more than one."""
    found = [value for name, value in values.items() if all(word in name for word in words)]
    return found[0] if len(found) == 1 else None


def _truth(text: str | None) -> bool | None:
    word = (text or "").lower()
    return True if word in _TRUE else False if word in _FALSE else None


def census(registrations: Iterable[Registration], silent: Iterable[str] = ()) -> Census:
    """Fold what comes page by page; ``silent`` is read last. A phone that several nodes list counts once."""
    found: dict[str, Registration] = {}
    for phone in registrations:
        known = found.get(phone.name)
        if known is None or (phone.at, phone.is_registered) > (known.at, known.is_registered):
            found[phone.name] = phone
    return Census(found, tuple(dict.fromkeys(silent)))


def missing(before: Census, after: Census) -> tuple[Registration, ...]:
    """The phones that were registered and are not now, as they were, by node and name (S26)."""
    gone = before.registered - after.registered
    return tuple(sorted((before.phones[name] for name in gone), key=lambda phone: (phone.node, phone.name)))


def churning(earlier: Census, later: Census) -> tuple[str, ...]:
    """Phones that are registered at both looks and registered anew in between (S30, CSCup28852)."""
    return tuple(
        sorted(
            name
            for name in earlier.registered & later.registered
            if later.phones[name].at > earlier.phones[name].at > 0
        )
    )
