"""Rules on what happened: the mode again before the leaf, the CTL after it, the phones' return (S24-S26, S30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509 as crypto

from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.phones import Census, SecurityMode, churning, missing
from ucrenew.domain.rule import Rule, apply
from ucrenew.domain.trust_lists import TrustList

NAMED = 10  # phones that a sentence names; the evidence has all of them


@dataclass(frozen=True)
class CtlFacts:
    """The CTL as it was read back, and the certificates before and after (S25)."""

    ctl: TrustList | None
    new: crypto.Certificate
    replaced: Sequence[crypto.Certificate] = ()


def mode_is_as_before(before: SecurityMode, now: SecurityMode | None) -> Finding | None:
    """Days lie between plan and leaf: a cluster that changed its mode needs another plan (S24)."""
    if before is now:
        return None
    shown = now.words if now else "unknown"
    sentence = f"the cluster was {before.words} when this was planned and is {shown} now; begin with a new plan"
    return Finding(Reason.SECURITY_MODE_CHANGED, sentence, "S24")


def ctl_is_verified(facts: CtlFacts) -> Finding | None:
    """A list that the node cannot verify is none that phones could (S25)."""
    if facts.ctl is None:
        return Finding(Reason.CTL_MISSING, "there is no CTL file after its update", "S25")
    if facts.ctl.verified:
        return None
    return Finding(Reason.CTL_NOT_VERIFIED, "the CTL file is not called verified after its update", "S25")


def ctl_holds_new(facts: CtlFacts) -> Finding | None:
    """Judged by fingerprint: a CTL updated too early, with the old certificate, looks just as fresh (S25)."""
    if facts.ctl is None or facts.ctl.holds(facts.new):
        return None
    sentence = (
        f"the CTL (changed {facts.ctl.modified or 'at a time that it does not show'}) does not hold the new certificate"
        f" (serial {facts.new.serial_number:x}) for CallManager and TFTP: nothing is restarted, because secure phones"
        " would drop. Update the CTL now that the certificate is on every node"
    )
    return Finding(Reason.CTL_LACKS_CERTIFICATE, sentence, "S25")


def ctl_holds_no_replaced(facts: CtlFacts) -> Finding | None:
    """A node whose record still has the old certificate did not take the new one, or was not reached (S25)."""
    old = facts.ctl.held([one for one in facts.replaced if one != facts.new]) if facts.ctl else ()
    if not old:
        return None
    serials = ", ".join(f"{one.serial_number:x}" for one in old)
    sentence = f"the CTL still holds the replaced certificate (serial {serials}): look which node it belongs to"
    return Finding(Reason.CTL_HOLDS_REPLACED, sentence, "S25", severity=Severity.WARN)


CTL: tuple[Rule[CtlFacts], ...] = (ctl_is_verified, ctl_holds_new, ctl_holds_no_replaced)


def check_ctl(facts: CtlFacts) -> tuple[Finding, ...]:
    """What speaks against restarting services with this CTL."""
    return apply(CTL, facts)


def phones_are_back(before: Census, after: Census, *, may_be_missing: int = 0) -> Finding | None:
    """At most so many of those that were registered are not again (S26); a silent node is no proof either way."""
    gone = missing(before, after)
    if len(gone) <= may_be_missing and not after.silent:
        return None
    if len(gone) <= may_be_missing:
        sentence = f"RisPort does not answer for the phones of {', '.join(after.silent)}"
        return Finding(Reason.PHONES_NOT_COUNTED, sentence, "S26")
    named = ", ".join(f"{phone.name} (was on {phone.node})" for phone in gone[:NAMED])
    more = f" and {len(gone) - NAMED} more" if len(gone) > NAMED else ""
    sentence = (
        f"{len(gone)} of {len(before.registered)} phones that were registered are not back: {named}{more}."
        " Nothing more is restarted until a person has decided"
    )
    return Finding(Reason.PHONES_NOT_BACK, sentence, "S26")


def phones_stay(earlier: Census, later: Census, *, at_most: int = 0) -> Finding | None:
    """Phones that register anew again and again are what CSCup28852 does, every seven minutes or so (S30)."""
    found = churning(earlier, later)
    if len(found) <= at_most:
        return None
    named = ", ".join(found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    sentence = f"{len(found)} phones registered anew although nothing was restarted (CSCup28852): {named}{more}"
    return Finding(Reason.PHONES_CHURN, sentence, "S30", severity=Severity.WARN)
