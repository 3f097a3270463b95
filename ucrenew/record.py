"""What has to be remembered (design.md §3): the facts of a renewal that cannot be read back from the cluster.

1. A record belongs to a renewal (cluster x purpose x number), not to a run.
2. Facts are appended, never changed; the first of a kind wins on reading.
3. An intent is noted before the act, completion after it. No secret is ever in a fact.
4. Where the facts are kept is the Store's affair; the flows keep them on the Prefect server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from ucrenew.domain.gate import Gate
from ucrenew.domain.purpose import Purpose

DONE = "done"  # the outcome of a renewal that came to its end; any other says who or what ended it


class Kind(StrEnum):
    """The kinds of facts; ``about`` tells several of one kind apart (a node and service, a gate and digest)."""

    OPENED = "opened"  # on the ledger of renewals: {number, run}
    TAKEN_OVER = "taken-over"  # on the ledger of renewals: {run}; the last one holds
    CLOSED = "closed"  # on the ledger of renewals: {number, outcome}
    BASELINE = "baseline"  # everything as it was before the first change; one more for each node that joined since
    NOTICED = "noticed"  # what preflight warned of when the renewal was opened
    PLAN = "plan"  # one a digest: what was shown to people
    ASKED = "asked"  # one a question: {gate, digest, key, run}
    ANSWER = "answer"  # one a question: {gate, digest, decision, name, ticket, remark}, with {signature, signed}
    NOT_COUNTED = "not-counted"  # one a question: an answer that lacks the signature it needs {name, why}
    HANDED_OVER = "handed-over"  # one a step: refused to us, so a person does it from then on {why}
    CSR_INTENT = "csr-intent"  # one an attempt, about its number
    CSR_NOT_SENT = "csr-not-sent"  # the attempt that surely never reached the publisher
    CSR = "csr"  # {fingerprint, pem}
    SUBMIT_INTENT = "submit-intent"  # one an attempt, about its number
    SUBMIT_NOT_SENT = "submit-not-sent"  # the attempt that surely never reached the CA
    REQUEST_ID = "request-id"  # {number}; one that a person named only once its certificate is of our key
    REQUEST_NAMED = "request-named"  # one an answer: a number that a person named and that is waited for {number}
    ISSUED = "issued"  # {fingerprint, pem, chain}
    LEAF_INTENT = "leaf-intent"  # one an attempt, about its number: {fingerprint, plan}
    LEAF_SEEN = "leaf-seen"  # a node shows it: what was before is not read again
    LEAF_EVERYWHERE = "leaf-everywhere"  # every node shows it: request, trust and leaf are not looked at again
    LEAF_NOT_TAKEN = "leaf-not-taken"  # the attempt that was not taken as far as was seen: no need to wait for it {why}
    SSO_INTENT = "sso-intent"  # one a node: about to be switched off by us
    SSO_OFF = "sso-off"  # one a node and time: seen off, after it was on
    SSO_BACK_ON = "sso-back-on"  # one a time: somebody put it on again before the certificate was there
    SSO_SEEN = (
        "sso-seen"  # one a look of attend: {off: the nodes on which it still is, ended: none of the renewals was open}
    )
    SSO_ON = "sso-on"  # seen on again everywhere
    RESTART_INTENT = "restart-intent"
    LEFT_OVER = "left-over"  # one a look: what lies in the trust stores; the last one holds
    BACKUP = "backup"  # one a look {last, holds_new_keys}, the latter null where nobody can tell; the last one holds
    RESTART_DONE = "restart-done"  # {by, name, remark} where a person did it
    SERVICE_STARTED = "service-started"  # was up before the first change, found down, started by us: {was}
    LOGIN_REFUSED = "login-refused"  # on the ledger of logins {why}; in a record: an account that only helps to look
    LOGIN_AGAIN = "login-again"  # on the ledger of logins: a person has acted since {run}
    PHONES_SEEN = "phones-seen"  # {place: fingerprint}: what phones' trust rested on when people were asked (S23)
    TRUST_CHANGED = "trust-changed"  # one a change of that by other hands, noticed within this renewal: {what}
    PHONES_BEFORE = "phones-before"  # one a node and look before the certificate: names by model; the last one holds
    PHONES_MISSING = "phones-missing"  # one a question: {names}, those that a yes goes on without
    PHONES_BACK = "phones-back"  # one a group of restarts, a change by other hands, and all: {registered, missing}
    PHONES_WATCHED = "phones-watched"  # {findings}, after all restarts (S30)
    CTL_INTENT = "ctl-intent"  # one an attempt
    CTL_HOLDS = "ctl-holds"  # read back with the new certificate: {checksum}
    EVIDENCE = "evidence"
    RECOVERED = "recovered"  # one a recovery: {run, how}


@dataclass(frozen=True)
class Fact:
    """One line of a record. ``value`` holds plain JSON values."""

    kind: Kind
    about: str
    value: Mapping[str, Any]
    at: datetime


class Store(Protocol):
    """Where facts are kept: append-only, in order, readable by every worker."""

    def append(self, key: str, fact: Fact) -> None:
        """Keep the fact durably before returning. Raises Transient when that cannot be promised."""

    def read(self, key: str) -> list[Fact]:
        """All facts under the key, oldest first."""


class Record:
    """The facts of one renewal, as one step sees them: read once, and anew after each note of its own.

    What another life notes meanwhile is not seen; before each act the fence tells whether there is one.
    """

    def __init__(self, store: Store, key: str, clock: Callable[[], datetime]) -> None:
        """Open the record under a key of the store."""
        self._store, self.key, self._clock = store, key, clock
        self._read: list[Fact] | None = None

    def note(self, kind: Kind, value: Mapping[str, Any] | None = None, *, about: str = "") -> Mapping[str, Any]:
        """Append a fact and return what now holds: the first of its kind, which another life may have written."""
        self._store.append(self.key, Fact(kind, about, value or {}, self._clock().astimezone(UTC)))
        self._read = None
        return self.value(kind, about=about) or {}

    def note_once(self, kind: Kind, value: Mapping[str, Any] | None = None, *, about: str = "") -> Mapping[str, Any]:
        """Append a fact unless one of its kind is there; return what holds."""
        found = self.value(kind, about=about)
        return found if found is not None else self.note(kind, value, about=about)

    def fact(self, kind: Kind, *, about: str = "") -> Fact | None:
        """The first fact of a kind, or None."""
        return next((fact for fact in self.facts(kind) if fact.about == about), None)

    def value(self, kind: Kind, *, about: str = "") -> Mapping[str, Any] | None:
        """The value of the first fact of a kind, or None."""
        found = self.fact(kind, about=about)
        return found.value if found else None

    def newest(self, kind: Kind) -> Fact | None:
        """The newest fact of a kind, whatever it is about, or None."""
        return next(reversed(self.facts(kind)), None)

    def last(self, kind: Kind) -> Mapping[str, Any] | None:
        """The value of the newest fact of a kind that is looked at again and again, or None."""
        found = self.newest(kind)
        return found.value if found else None

    def next_attempt(self, intent: Kind) -> str:
        """The number of the next attempt: what its intent is about, and the note of what became of it."""
        return str(len({fact.about for fact in self.facts(intent)}) + 1)

    def under_way(self, intent: Kind, undone: Kind) -> Fact | None:
        """The newest intent whose attempt did not surely come to nothing; a fact that was kept twice counts once."""
        nothing = {fact.about for fact in self.facts(undone)}
        return next((fact for fact in reversed(self.facts(intent)) if fact.about not in nothing), None)

    @property
    def leaf_is_in(self) -> bool:
        """True once a node was seen with the certificate: from then on there is no way back but forward."""
        return self.fact(Kind.LEAF_SEEN) is not None

    @property
    def leaf_under_way(self) -> Fact | None:
        """The intent with which the certificate was installed, or may still be by an attempt that is under way."""
        if self.leaf_is_in:
            return self.facts(Kind.LEAF_INTENT)[-1]
        return self.under_way(Kind.LEAF_INTENT, Kind.LEAF_NOT_TAKEN)

    def answers(self, gate: Gate, matter: str) -> list[Mapping[str, Any]]:
        """What was answered at a gate, oldest first, to the questions whose matter begins so."""
        return [
            fact.value
            for fact in self.facts(Kind.ANSWER)
            if fact.value["gate"] == gate and str(fact.value["matter"]).startswith(matter)
        ]

    def facts(self, kind: Kind) -> list[Fact]:
        """All facts of a kind, oldest first."""
        return [fact for fact in self.all_facts() if fact.kind is kind]

    def all_facts(self) -> list[Fact]:
        """Every fact, oldest first."""
        if self._read is None:
            self._read = self._store.read(self.key)
        return self._read


@dataclass(frozen=True)
class Renewal:
    """One renewal of one purpose on one cluster: its number and the run that it belongs to now."""

    cluster: str
    purpose: Purpose
    number: int
    run: str

    @property
    def key(self) -> str:
        """The key of its record; lower case, digits and hyphens."""
        return f"{renewals_key(self.cluster, self.purpose)}-{self.number}"


def renewals_key(cluster: str, purpose: Purpose) -> str:
    """The key of the ledger that counts the renewals of a purpose."""
    return f"ucrenew-{cluster}-{purpose.value.lower()}"


class Renewals:
    """The ledger of renewals of one purpose on one cluster: which is open, which number comes next."""

    def __init__(self, store: Store, cluster: str, purpose: Purpose, clock: Callable[[], datetime]) -> None:
        """Open the ledger."""
        self._ledger = Record(store, renewals_key(cluster, purpose), clock)
        self._cluster, self._purpose = cluster, purpose

    def latest_first(self) -> list[Renewal]:
        """Every renewal that was ever opened, the last one first."""
        runs: dict[int, str] = {}
        for fact in self._ledger.facts(Kind.OPENED):
            runs.setdefault(int(fact.about), str(fact.value["run"]))
        for fact in self._ledger.facts(Kind.TAKEN_OVER):
            runs[int(fact.about)] = str(fact.value["run"])
        return [Renewal(self._cluster, self._purpose, number, runs[number]) for number in sorted(runs, reverse=True)]

    def last(self) -> Renewal | None:
        """The renewal that was opened last, ended or not; None when there never was one."""
        return next(iter(self.latest_first()), None)

    def current(self) -> Renewal | None:
        """The renewal that is open, or None."""
        last = self.last()
        return last if last and self.outcome(last.number) is None else None

    def open(self, run: str) -> Renewal:
        """Open the next renewal for a run, or return the one that is open."""
        if found := self.current():
            return found
        number = last.number + 1 if (last := self.last()) else 1
        kept = self._ledger.note(Kind.OPENED, {"run": run}, about=str(number))
        return Renewal(self._cluster, self._purpose, number, str(kept["run"]))

    def take_over(self, renewal: Renewal, run: str) -> Renewal:
        """Note that another run goes on with the renewal."""
        self._ledger.note(Kind.TAKEN_OVER, {"run": run}, about=str(renewal.number))
        return replace(renewal, run=run)

    def close(self, renewal: Renewal, outcome: str) -> None:
        """Note that the renewal has ended, and how."""
        self._ledger.note_once(Kind.CLOSED, {"outcome": outcome}, about=str(renewal.number))

    def outcome(self, number: int) -> str | None:
        """How a renewal ended, or None."""
        found = self._ledger.value(Kind.CLOSED, about=str(number))
        return str(found["outcome"]) if found else None
