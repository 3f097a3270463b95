"""The CTL after the certificate and before any restart (S25): driven where the cluster signs it, else by a person.

It is read back until it holds the new certificate's fingerprint. One that was updated too early, with the old
certificate, is just as new to look at and does not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients.sessions import quoted
from ucrenew.domain.acting import Actuator
from ucrenew.domain.finding import Finding, refusals
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.phone_changes import CtlFacts, check_ctl, mode_is_as_before
from ucrenew.domain.phone_rules import TOKENLESS
from ucrenew.domain.phones import SecurityMode
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions_phones import ctl_question
from ucrenew.domain.questions_trust import ctl_by_hand
from ucrenew.domain.trust_lists import TrustList
from ucrenew.errors import NeedsPerson, Permanent, Refused, Transient
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.phones import read_ctl
from ucrenew.steps.phones_noted import yeses
from ucrenew.steps.waiting import until_over

SETTLES = timedelta(minutes=2)  # ours: the list is written by the command itself


def ensure_ctl(
    site: Site, record: Record, plan: Plan, leaf: crypto.Certificate, mode: SecurityMode | None
) -> Question | None:
    """None once the CTL of the publisher holds the leaf, and at once in a non-secure cluster.

    ``mode`` is the one of the baseline. Look: the CTL. Act: `utils ctl update CTLFile`, or a question to the person
    with the token. Confirm: the CTL read back. Raises NeedsPerson when the mode changed, Permanent with the findings.
    """
    with site.cli(site.entry(plan.publisher)) as cli:
        now, ctl = cli.security_mode(), read_ctl(cli)
    if changed := mode_is_as_before(mode or now, now):
        raise NeedsPerson(f"{plan.publisher}: {changed}. No service was restarted")
    if now is SecurityMode.NON_SECURE:
        site.say(f"{plan.publisher}: the cluster is {now.words}, and has no CTL to update")
        return None
    if not (wrong := _wrong(ctl, leaf)):
        _holds(site, record, plan, ctl)
        return None
    is_tokenless = ctl is not None and ctl.signer in TOKENLESS
    if is_tokenless and site.profile.actuator is Actuator.API:
        _holds(site, record, plan, _update(site, record, plan, leaf))
        return None
    times = len(yeses(record, Gate.CTL))
    told = wrong if times else ()
    text = ctl_by_hand(plan, leaf, told) if is_tokenless else ctl_question(plan, leaf, ctl, told)
    return Question(Gate.CTL, text, f"{leaf.serial_number:x}-{times + 1}")


def _wrong(ctl: TrustList | None, leaf: crypto.Certificate) -> Sequence[Finding]:
    return refusals(check_ctl(CtlFacts(ctl, leaf)))


def _holds(site: Site, record: Record, plan: Plan, ctl: TrustList | None) -> None:
    checksum = ctl.checksum if ctl else ""
    record.note_once(Kind.CTL_HOLDS, {"checksum": checksum})
    site.say(f"{plan.publisher}: the CTL holds the new certificate, checksum {checksum[:16]}")


def _update(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate) -> TrustList | None:
    """Update it once, and read it back until it is right or the time is over, whatever the command printed.

    What an earlier life gave may still be at work on the node: it gets its time before the command is given again.
    """
    if record.fact(Kind.CTL_INTENT) is not None:
        site.say(f"{plan.publisher}: the update of the CTL was begun already; the CTL is read back")
        if not _wrong(ctl := _read_back(site, plan, leaf), leaf):
            return ctl
    with site.cli(site.entry(plan.publisher)) as cli:
        record.note(Kind.CTL_INTENT)
        site.say(f"{plan.publisher}: updating the CTL")
        site.fence()
        try:
            said = f"{plan.publisher}: the update of the CTL answered '{quoted(cli.update_ctl())}'; "
        except (Refused, Transient) as trouble:
            said = f"{trouble}; "
            site.say(f"{said}the CTL is read back")
    if wrong := _wrong(ctl := _read_back(site, plan, leaf), leaf):
        raise Permanent(f"{said}{'; '.join(map(str, wrong))}. No service was restarted; retry this run")
    return ctl


def _read_back(site: Site, plan: Plan, leaf: crypto.Certificate) -> TrustList | None:
    def look() -> TrustList | None:
        with site.cli(site.entry(plan.publisher)) as cli:
            return read_ctl(cli)

    return until_over(look, lambda found: not _wrong(found, leaf), site=site, within=SETTLES, every=5.0)
