"""The interlock: what phones trust is changed one at a time, and never a second before the first is proven (§4.3).

Phones accept a new list when they can verify its signer themselves or through a TVS that they trust. CallManager, TVS,
CAPF and ITLRecovery are what that rests on: two of them gone at once, and no phone can verify anything any more.

1. It is a pure function over what is known of earlier changes. No profile, parameter or answer switches it off.
2. Proven means both, after the change: the registrations were back, and then somebody saw phones trust, by a fresh
   answer to S23 or by the hash of the list on sample phones of each model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ucrenew.domain.finding import Finding, Reason

ROW = "cucm.md §4.3"


class PhoneTrust(StrEnum):
    """The certificates that phones' trust rests on, by their names on the wire."""

    CALLMANAGER = "CallManager"
    TVS = "TVS"
    CAPF = "CAPF"
    ITL_RECOVERY = "ITLRecovery"

    @property
    def part(self) -> str:
        """What phones need it for."""
        return _PARTS[self]


_PARTS = {
    PhoneTrust.CALLMANAGER: "signs configuration files, and the lists before release 12",
    PhoneTrust.TVS: "is asked by phones whether to trust a certificate",
    PhoneTrust.CAPF: "signed the certificates of the phones",
    PhoneTrust.ITL_RECOVERY: "signs the lists from release 12 on",
}

Place = tuple[str, PhoneTrust]  # a node, and which of its certificates

# An ECDSA certificate is its purpose's second one, and counts as it.
_UNITS = {**{one.value.lower(): one for one in PhoneTrust}, "callmanager-ecdsa": PhoneTrust.CALLMANAGER}


def phone_trust(unit: str) -> PhoneTrust | None:
    """What a unit (``CallManager-ECDSA``) is to phones; None for one that they do not rest on."""
    return _UNITS.get(unit.lower())


@dataclass(frozen=True)
class TrustChange:
    """An earlier change of one of them, by us or by hand."""

    what: PhoneTrust
    about: str  # which renewal, or what was seen
    changed_at: datetime
    phones_back_at: datetime | None = None
    trust_seen_at: datetime | None = None  # S23 answered afresh, or the ITL's hash seen on phones of each model

    @property
    def is_proven(self) -> bool:
        """Phones were back after the change, and were seen to trust after that."""
        back, seen = self.phones_back_at, self.trust_seen_at
        return back is not None and seen is not None and self.changed_at < back <= seen

    @property
    def lacks(self) -> str:
        """What is missing to the proof, in words; empty when it is proven."""
        if self.is_proven:
            return ""
        if self.phones_back_at is None or self.phones_back_at <= self.changed_at:
            return "its phones were not seen registered again"
        return "nobody has seen since its phones came back that they trust the cluster (S23)"


def changed_by_hand(
    proven: Mapping[Place, str], now: Mapping[Place, str], noticed_at: datetime, recorded: Iterable[TrustChange] = ()
) -> tuple[TrustChange, ...]:
    """Certificates that are others than when phones were last seen to trust, though no change of ours says so.

    Somebody made them anew by hand, or a name changed: as much a change as ours is. Nobody knows when, so what proves
    it has to be later than ``noticed_at``. ``recorded`` are our own changes since phones were last seen to trust. What
    was never seen before (a new node) is no change.
    """
    ours = {change.what for change in recorded}
    others: dict[PhoneTrust, list[str]] = {}
    for (node, what), fingerprint in sorted(now.items()):
        if proven.get((node, what), fingerprint) != fingerprint and what not in ours:
            others.setdefault(what, []).append(node)
    return tuple(
        TrustChange(what, f"by hand, seen on {', '.join(nodes)}", noticed_at) for what, nodes in others.items()
    )


def interlock(wanted: Collection[PhoneTrust], earlier: Iterable[TrustChange] = ()) -> Finding | None:
    """The refusal of a change of these now, or None; the renewal that is asking is not among the earlier ones."""
    if len(set(wanted)) > 1:
        together = " and ".join(sorted(set(wanted)))
        sentence = f"{together} are never changed together: {_outage(*set(wanted))}"
        return Finding(Reason.INTERLOCK, f"{sentence}. Renew one, see the phones trust it, then the other", ROW)
    unproven = next((change for change in earlier if not change.is_proven), None)
    if unproven is None or not wanted:
        return None
    (one,) = set(wanted)
    sentence = (
        f"{one} is not changed before the last change of {unproven.what} is proven ({unproven.about}, "
        f"{unproven.changed_at:%Y-%m-%d %H:%M} UTC): {unproven.lacks}, and {_outage(one, unproven.what)}"
    )
    return Finding(Reason.INTERLOCK, sentence, ROW)


def _outage(*trusts: PhoneTrust) -> str:
    """What happens to phones that lose both: the outage that the refusal prevents."""
    parts = "; ".join(f"{one} {one.part}" for one in sorted(set(trusts)))
    return (
        "phones would trust neither the new certificates nor what could vouch for them, would keep their old lists,"
        f" and somebody would have to delete the lists on every single phone ({parts})"
    )
