"""Services of a node: waiting for one to come up, starting it, and the end as it was before (S2, S19).

1. A service is up when the node's own list says STARTED; what a command printed proves nothing.
2. A service under way is left alone until it has settled; nothing is started that may still come up by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ucrenew.clients.cli_replies import Service, ServiceState
from ucrenew.clients.platform_cli import NotAllowed, PlatformCli
from ucrenew.domain.acting import Step
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.checks import TOMCAT
from ucrenew.domain.gate import Question
from ucrenew.domain.plan import Plan, Restart
from ucrenew.errors import LoginRefused, Permanent, Refused, Transient, Trouble, UnknownReply
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person
from ucrenew.steps.side_by_side import each
from ucrenew.steps.waiting import until

COMES_BACK = timedelta(minutes=15)  # a Tomcat takes minutes; ten are allowed by others (cucm.md §2.2)
RESTS = timedelta(minutes=1)  # down for so long and not under way, it does not come up by itself any more (ours)
LOOKS_EVERY = 5.0  # seconds

_UNDER_WAY = frozenset({ServiceState.STARTING, ServiceState.STOPPING})
_DOWN = frozenset(ServiceState) - {ServiceState.STARTED, ServiceState.UNKNOWN}
_ALL_UP = "all-up"  # what the question about services that are down is about


def _unlisted(name: str) -> Service:
    return Service(name, ServiceState.UNKNOWN, "the node's list does not have it")


@dataclass(frozen=True)
class Seen:
    """A service as it was seen last, and whether it was seen down while it was waited for."""

    service: Service
    was_down: bool = False

    @property
    def up(self) -> bool:
        """True when it is STARTED."""
        return self.service.state is ServiceState.STARTED

    def __str__(self) -> str:
        """How a sentence tells it: ``Cisco Tomcat is STOPPED (Commanded Out of Service)``."""
        reason = f" ({self.service.reason})" if self.service.reason else ""
        return f"{self.service.name} is {self.service.state}{reason}"


def now_at(cli: PlatformCli, names: Iterable[str]) -> dict[str, Service]:
    """The named services in the node's list; one that it lacks is in no known state."""
    listed = cli.services()
    return {name: listed.get(name) or _unlisted(name) for name in names}


def come_up(site: Site, node: str, names: Iterable[str]) -> dict[str, Seen]:
    """Wait until every one of them is up or has settled in another state, and return what was seen last.

    Raises Permanent when the node does not answer for as long as a service may take.
    """
    wanted, begun = tuple(names), site.clock()
    were_down: set[str] = set()

    def look() -> dict[str, Service]:
        with site.cli(site.entry(node)) as cli:
            found = now_at(cli, wanted)
        were_down.update(name for name, service in found.items() if service.state in _DOWN)
        return found

    def settled(found: Mapping[str, Service]) -> bool:
        states = {service.state for service in found.values()} - {ServiceState.STARTED}
        return not states or (not states & _UNDER_WAY and site.clock() - begun > RESTS)

    try:
        found = until(look, settled, site=site, within=COMES_BACK, every=LOOKS_EVERY)
    except Transient as error:
        raise Permanent(
            f"{error}; for {COMES_BACK} nobody could see there whether {', '.join(wanted)} is up"
        ) from error
    return {name: Seen(service, name in were_down) for name, service in found.items()}


def comes_up(site: Site, restart: Restart) -> Seen:
    """The same for one service."""
    return come_up(site, restart.node, [restart.service])[restart.service]


def start(site: Site, restart: Restart) -> Seen:
    """Start a service that is not up, once; how it is when it has settled."""
    with site.cli(site.entry(restart.node)) as cli:
        if (seen := Seen(now_at(cli, [restart.service])[restart.service])).up:
            return seen
        site.say(f"{restart.node}: {seen}; starting it")
        site.fence()
        try:
            cli.start(restart.service)
        except NotAllowed:
            raise
        except (Refused, UnknownReply, Transient) as trouble:
            site.say(f"{trouble}; its state is looked up")
    return comes_up(site, restart)


def ensure_up(site: Site, record: Record, plan: Plan, baseline: Baseline) -> Question | None:
    """Every service that was up before the first change is up at the end, whoever stopped it (design.md §3).

    Look: the service list of every node. Act: what has settled in another state is started, or a person is asked to.
    Confirm: the list again. Raises Permanent with everything that is still not up, on whatever node.
    """
    by_hand = site.profile.is_by_hand(Step.RESTART)
    looks = _looks(site, plan, {seen.name: seen.started for seen in baseline.nodes})
    left = [line for look in looks for line in (look if by_hand else _started(site, record, look))]
    if not left:
        site.say(f"every service that was up before is up on {', '.join(plan.nodes)}")
        return None
    if by_hand:
        return ask_person(record, Step.RESTART, _ALL_UP, start_by_hand(map(str, left)))
    raise Permanent(
        f"not everything is up that was before: {'; '.join(map(str, left))}."
        " Next: 'utils service start' with its name there, then retry this run"
    )


@dataclass(frozen=True)
class _Down:
    """A service of the baseline that is not up, or a node that could not be looked at; ``why`` says it all."""

    node: str
    why: str
    seen: Seen | None = None

    def __str__(self) -> str:
        return self.why


def _looks(site: Site, plan: Plan, before: Mapping[str, Iterable[str]]) -> list[list[_Down]]:
    """What is down on each node: alone, publisher first, until one has let us in; the others side by side."""
    looks: list[list[_Down]] = []
    nodes = iter(plan.nodes)
    for node in nodes:
        looks.append(_down(site, node, before.get(node, ())))
        if all(one.seen for one in looks[-1]):
            break
    return [*looks, *each(lambda node: _down(site, node, before.get(node, ())), nodes)]


def _down(site: Site, node: str, names: Iterable[str]) -> list[_Down]:
    """What is down there after it was given time; Tomcat first, because others live in it."""
    try:
        found = come_up(site, node, names)
    except LoginRefused:
        raise
    except Trouble as trouble:
        return [_Down(node, str(trouble))]
    down = [_Down(node, f"{node}: {seen}", seen) for seen in found.values() if not seen.up]
    return sorted(down, key=lambda one: one.seen is not None and one.seen.service.name != TOMCAT)


def _started(site: Site, record: Record, down: Iterable[_Down]) -> list[_Down]:
    """Start them one after another; what is left."""
    left = []
    for one in down:
        if one.seen is None:
            left.append(one)
            continue
        restart = Restart(one.node, one.seen.service.name)
        try:
            seen = start(site, restart)
        except LoginRefused:
            raise
        except Trouble as trouble:
            left.append(_Down(one.node, str(trouble)))
            continue
        if seen.up:
            site.say(f"{one.node}: {restart.service} was up before the renewal, and is STARTED again")
            record.note(Kind.SERVICE_STARTED, {"was": str(one.seen.service.state)}, about=restart.about)
        else:
            left.append(_Down(one.node, f"{one.node}: {seen}", seen))
    return left


def start_by_hand(down: Iterable[str]) -> str:
    """What a person is asked to do about services that were up before and are not."""
    return "\n".join(
        (
            "### Start the services that were up before",
            "",
            "Before this renewal they were STARTED, whoever stopped them since. On each node, logged in by SSH with an",
            "OS administration account, give `utils service start NAME`, and see it answer `[STARTED]`.",
            "",
            *(f"- {line}" for line in down),
        )
    )
