"""The restarts that phones notice (S26): one redundancy group at a time, each confirmed by a second channel.

After each group the phones are back before the next one goes: one server of every CallManager group is up at any time.
In mixed mode a phone knows the certificates that its CTL names: with the new list it is out until its CallManager shows
the new one, with the old list from then on until it fetches the new one, from its TFTP at the latest. So phones over
TLS are waited for when both are behind them (S25).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from cryptography import x509 as crypto

from ucrenew.clients.controlcenter import RunningService
from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Question
from ucrenew.domain.phone_rules import CALLMANAGER
from ucrenew.domain.plan import Plan, Restart
from ucrenew.domain.restarts import PHONE_SERVICES, phone_groups
from ucrenew.errors import Permanent
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import restart, services
from ucrenew.steps.phones_back import ensure_back
from ucrenew.steps.phones_noted import over_tls_before
from ucrenew.steps.waiting import until_over

TFTP = "Cisco Tftp"
SETTLES = timedelta(minutes=5)  # ours: for Control Center to say so too, and for a TFTP to have written its lists
ROUNDING = timedelta(seconds=2)  # up-time is in whole seconds, and of another clock


def ensure_restarted(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate) -> Question | None:
    """Go through the plan's restarts group by group; a question where a person restarts, or phones are not back.

    Raises Permanent when a service does not come up by the node's own list or by Control Center, a TFTP hands out lists
    without the new certificate, or nobody tells of the phones: everything after it stays untouched.
    """
    groups = phone_groups(plan.restarts)
    for number, group in enumerate(groups):
        about = group[0].service if len(group) > 1 else str(group[0])
        if record.fact(Kind.PHONES_BACK, about=about) is not None:
            continue
        if asked := restart.ensure_restarted(site, record, replace(plan, restarts=group), leaf):
            return asked
        done, ahead = _flat(groups[: number + 1]), _flat(groups[number + 1 :])
        later = over_tls_before(record, _not_back_yet(plan, ahead))
        with restart.nothing_after(group[-1]):
            for one in group:
                if one.service in PHONE_SERVICES:  # Tomcat's have shown the certificate, or their own witness
                    _confirm(site, record, one, leaf)
            if asked := ensure_back(
                site, record, plan, about, done=tuple(map(str, done)), left=tuple(map(str, ahead)), later=later
            ):
                return asked
    return None


def _not_back_yet(plan: Plan, ahead: Iterable[Restart]) -> frozenset[str]:
    """The nodes whose phones over TLS may be out until a restart that is still ahead."""
    if any(one.service == TFTP for one in ahead):
        return frozenset(plan.nodes)
    return frozenset(one.node for one in ahead if one.service == CALLMANAGER)


def _flat(groups: Iterable[tuple[Restart, ...]]) -> tuple[Restart, ...]:
    return tuple(chain.from_iterable(groups))


def _confirm(site: Site, record: Record, one: Restart, leaf: crypto.Certificate) -> None:
    """By Control Center, which says since when a service runs; a TFTP also by the list that it hands out."""
    intent = record.fact(Kind.RESTART_INTENT, about=one.about)
    since = None if intent is None or site.profile.is_by_hand(Step.RESTART) else intent.at
    center = site.control_center(site.entry(one.node))

    def look() -> RunningService | None:
        return center.services([one.service]).get(one.service) if center else None

    def runs_anew(seen: RunningService | None) -> bool:
        if seen is None or not seen.started:
            return False
        up = timedelta(seconds=seen.up_seconds) if seen.up_seconds is not None else None
        return up is None or since is None or site.clock() - up + ROUNDING >= since

    seen = until_over(look, runs_anew, site=site, within=SETTLES, every=services.LOOKS_EVERY)
    if not runs_anew(seen):
        raise Permanent(
            f"{one.node}: {one.service} was restarted, and Control Center {_said(seen)}. Look at the service on"
            " the node's Serviceability page, then retry this run"
        )
    if one.service == TFTP:
        _confirm_list(site, one, leaf)


def _said(seen: RunningService | None) -> str:
    if seen is None:
        return "does not list it"
    if not seen.started:
        return f"says that it does not run ({seen.reason})"
    return "says that it runs since before the restart"


def _confirm_list(site: Site, one: Restart, leaf: crypto.Certificate) -> None:
    def look() -> bool:
        with site.cli(site.entry(one.node)) as cli:
            itl = cli.itl()
        return itl is None or itl.holds(leaf)

    if not until_over(look, bool, site=site, within=SETTLES, every=services.LOOKS_EVERY):
        raise Permanent(
            f"{one.node}: {one.service} was restarted, and its ITL does not hold the new certificate. Give 'utils"
            f" service restart {one.service}' and 'show itl' there, then retry this run"
        )
    site.say(f"{one.node}: hands out an ITL with the new certificate")
