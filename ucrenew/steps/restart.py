"""Ordered restarts (S19): one service at a time, each intended, done, confirmed and noted; never twice for a crash."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients.cli_replies import ServiceState
from ucrenew.clients.platform_cli import PlatformCli
from ucrenew.domain.checks import TOMCAT
from ucrenew.domain.plan import Plan, Restart
from ucrenew.errors import Permanent, Refused, Transient, UnknownReply
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.waiting import until

COMES_BACK = timedelta(minutes=15)  # a Tomcat takes minutes; ten are allowed by others (cucm.md §2.2)
TAKES_EFFECT = timedelta(seconds=20)  # from [STARTED] to a port that answers


def ensure_restarted(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate) -> None:
    """Go through the plan's restarts in order; the next node only when the last one serves the new certificate.

    Look: the record says done; or, for Tomcat, the node serves the leaf already. Where a crash fell between intent
    and completion and nothing served can tell, the service is restarted once more, and that is said.
    Raises Permanent when a service does not come back: everything after it stays untouched.
    """
    for restart in plan.restarts:
        about = f"{restart.node} {restart.service}"
        if record.fact(Kind.RESTART_DONE, about=about):
            continue
        if restart.service == TOMCAT and _serves_already(site, record, restart, leaf):
            site.say(f"{restart.node}: serves the new certificate already, {TOMCAT} is not restarted again")
        elif not _restart(site, record, restart, about):
            _restart_once_more(site, restart)
        if restart.service == TOMCAT:
            _confirm_served(site, restart.node, leaf)
        site.say(f"{restart.node}: {restart.service} is STARTED")
        record.note(Kind.RESTART_DONE, {}, about=about)


def _serves_already(site: Site, record: Record, restart: Restart, leaf: crypto.Certificate) -> bool:
    """Whether the node serves the leaf; where a restart was begun and its end not seen, it is waited for first."""
    if record.fact(Kind.RESTART_INTENT, about=f"{restart.node} {restart.service}") is None:
        return _serves(site, restart.node, leaf)
    return _comes_up(site, restart) and _comes_to_serve(site, restart.node, leaf, within=TAKES_EFFECT)


def _restart(site: Site, record: Record, restart: Restart, about: str) -> bool:
    """Restart and look in the same session; True when the service is up again."""
    if record.fact(Kind.RESTART_INTENT, about=about):
        _comes_up(site, restart)  # a restart that an earlier life began is not disturbed
        site.say(f"{restart.node}: whether {restart.service} was restarted cannot be told, so it is done once more")
    with site.cli(site.entry(restart.node)) as cli:
        record.note_once(Kind.RESTART_INTENT, {}, about=about)
        site.say(f"{restart.node}: restarting {restart.service}")
        site.fence()
        try:
            cli.restart(restart.service)
        except (Refused, UnknownReply) as trouble:
            site.say(f"{trouble}; its state is looked up")  # S19 says what to do when it did not restart properly
        if _state(cli, restart) is ServiceState.STARTED:
            return True
    # The prompt sometimes comes back after [STARTING] (cucm.md §2.2).
    return _comes_up(site, restart)


def _restart_once_more(site: Site, restart: Restart) -> None:
    """Give the same command again where it did not restart properly (S19): once, and no more."""
    site.say(f"{restart.node}: {restart.service} did not come up, so the same command is given once again")
    with site.cli(site.entry(restart.node)) as cli:
        site.fence()
        cli.restart(restart.service)
    if not _comes_up(site, restart):
        raise Permanent(
            f"{restart.node}: {restart.service} is not STARTED after two restarts; later restarts were not begun."
            f" Next: 'utils service list' there, then 'utils service start {restart.service}'"
        )


def _confirm_served(site: Site, node: str, leaf: crypto.Certificate) -> None:
    if not _comes_to_serve(site, node, leaf, within=COMES_BACK):
        raise Permanent(
            f"{node}: {TOMCAT} is up and does not serve the new certificate after {COMES_BACK};"
            " the restarts of other nodes were not begun"
        )


def _comes_up(site: Site, restart: Restart) -> bool:
    def look() -> ServiceState:
        with site.cli(site.entry(restart.node)) as cli:
            return _state(cli, restart)

    seen = until(look, lambda state: state is ServiceState.STARTED, site=site, within=COMES_BACK, every=5.0)
    return seen is ServiceState.STARTED


def _state(cli: PlatformCli, restart: Restart) -> ServiceState:
    found = cli.services().get(restart.service)
    if found is None:
        raise Refused(f"{restart.node}: its service list has no {restart.service}")
    return found.state


def _comes_to_serve(site: Site, node: str, leaf: crypto.Certificate, *, within: timedelta) -> bool:
    return until(lambda: _serves(site, node, leaf), bool, site=site, within=within)


def _serves(site: Site, node: str, leaf: crypto.Certificate) -> bool:
    entry = site.entry(node)
    try:
        return all(site.presented(entry, port) == leaf for port in entry.tls_ports)
    except (Transient, UnknownReply):  # a Tomcat that is half up answers with anything
        return False
