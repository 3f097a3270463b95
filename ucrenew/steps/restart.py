"""Ordered restarts (S19): one service at a time, each intended, done, confirmed and noted; never twice for a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography import x509 as crypto

from ucrenew.clients.platform_cli import NotAllowed
from ucrenew.domain.acting import Step
from ucrenew.domain.checks import TOMCAT
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan, Restart
from ucrenew.errors import Permanent, Refused, Transient, Trouble, UnknownReply
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps import services
from ucrenew.steps.restart_by_hand import ask_for_restarts
from ucrenew.steps.services import Seen, comes_up, start
from ucrenew.steps.witness import Witness


def ensure_restarted(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate) -> Question | None:
    """Go through the plan's restarts in order; the next node only when the last one serves the new certificate.

    Look: the record says done; or, for Tomcat, the node serves the leaf already; or a witness tells that a restart
    which was begun came to its end. Where no witness can tell, the service is restarted once more, and that is said.
    Returns a question where the profile leaves this to a person. Raises Permanent when a service does not come back:
    everything after it stays untouched.
    """
    witness = Witness(site, record, leaf)
    if site.profile.is_by_hand(Step.RESTART):
        return ask_for_restarts(witness, plan)
    for restart in plan.restarts:
        if record.fact(Kind.RESTART_DONE, about=restart.about) is None:
            with nothing_after(restart):
                _ensure(witness, restart)
    return None


@contextmanager
def nothing_after(restart: Restart) -> Iterator[None]:
    """Say with every error that what comes after this restart was not begun; a refused login stays one."""
    try:
        yield
    except Trouble as error:
        # The same error, not one of its kind: who reads it has to know a refused login from the rest.
        error.args = (f"{error} (no restart after {restart} was begun)",)
        raise


def _ensure(witness: Witness, restart: Restart) -> None:
    site, node = witness.site, restart.node
    if not _is_so(witness, restart):
        _restart(witness, restart)
    if restart.service == TOMCAT and not witness.comes_to_serve(node):
        raise Permanent(f"{node}: {TOMCAT} is up and does not serve the new certificate after {services.COMES_BACK}")
    site.say(f"{node}: {restart.service} is STARTED")
    # Each restart of ours was intended first: without an intent it is not ours.
    is_ours = witness.record.fact(Kind.RESTART_INTENT, about=restart.about) is not None
    witness.record.note(Kind.RESTART_DONE, {} if is_ours else {"by": "found so"}, about=restart.about)


def _is_so(witness: Witness, restart: Restart) -> bool:
    """Whether it was restarted already; a restart that an earlier life began is not disturbed but waited for."""
    say, intent = witness.site.say, witness.record.fact(Kind.RESTART_INTENT, about=restart.about)
    was: bool | None
    if intent is None:
        was = restart.service == TOMCAT and witness.serves(restart.node)
    else:
        seen = comes_up(witness.site, restart)
        was = seen.up and witness.was_restarted(restart, intent.at, seen)
    if was:
        how = "serves the new certificate already" if restart.service == TOMCAT else "its restart was done already"
        say(f"{restart.node}: {how}, {restart.service} is not restarted again")
    elif was is None:
        say(f"{restart.node}: whether {restart.service} was restarted cannot be told, so it is done once more")
    return bool(was)


def _restart(witness: Witness, restart: Restart) -> None:
    """Restart it; where it did not restart properly give the same command once again (S19), at last start it."""
    site, node = witness.site, restart.node
    for is_last in (False, True):
        begun = site.clock()
        trouble, seen = _give_command(witness, restart)
        if seen.up and (trouble is None or witness.was_restarted(restart, begun, seen)):
            return
        if not is_last:
            what = f"that {restart.service} was restarted is not seen" if seen.up else str(seen)
            site.say(f"{node}: {what}, so the same command is given once again")
    if seen.up:
        raise Permanent(
            f"{trouble}; {seen}, and nothing tells whether it was restarted. Give 'utils service restart"
            f" {restart.service}' there, or let the profile leave the restarts to a person, then retry this run"
        )
    if not (seen := start(site, restart)).up:
        raise Permanent(
            f"{node}: {seen} after two restarts and a start. Next: 'utils service list' there, then"
            f" 'utils service start {restart.service}'; when it is STARTED, retry this run"
        )


def _give_command(witness: Witness, restart: Restart) -> tuple[Trouble | None, Seen]:
    """Give the command and look in the same session; what went wrong with it, and how the service is afterwards.

    A session that ends meanwhile leaves the restart going on (S19): it is waited for like any other.
    """
    site = witness.site
    trouble: Trouble | None = None
    with site.cli(site.entry(restart.node)) as cli:
        # The client restarts only what the node lists. Its list takes up to two minutes: read before the fence.
        cli.services()
        witness.record.note_once(Kind.RESTART_INTENT, {}, about=restart.about)
        site.say(f"{restart.node}: restarting {restart.service}")
        site.fence()
        try:
            cli.restart(restart.service)
        except NotAllowed:
            raise
        except (Refused, UnknownReply, Transient) as error:
            trouble = error
            site.say(f"{trouble}; its state is looked up")
        else:
            with suppress(Transient):
                found = services.now_at(cli, [restart.service])[restart.service]
                if (seen := Seen(found)).up:
                    return None, seen
    # The prompt sometimes comes back after [STARTING] (cucm.md §2.2).
    return trouble, comes_up(site, restart)
