"""The look at the phones and at what they trust: AXL, RisPort, and the lists that each node hands out (S23, S24).

The application user logs in for the first time here, alone and on the publisher. What AXL cannot tell is left open and
judged by rules; phones that RisPort does not count are no phones that could be missed later, so without it nothing
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from ucrenew.clients.platform_cli import PlatformCli
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.cluster import Product
from ucrenew.domain.facts import ClusterFacts, NodeFacts
from ucrenew.domain.interlock import PhoneTrust, Place
from ucrenew.domain.phone_rules import PhoneFacts
from ucrenew.domain.phones import CallManagerGroup, Census, EnterpriseParameters, KnownPhone, SecurityMode
from ucrenew.domain.plan import Plan
from ucrenew.domain.trust_lists import Signer, TrustList
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import BadInput, NeedsPerson, Refused, Transient, UnknownReply
from ucrenew.site import Site
from ucrenew.steps.side_by_side import each, first_alone

_Seen = TypeVar("_Seen")

_TELL_EVERY = 1000  # phones


def look_at_phones(site: Site, nodes: Iterable[NodeFacts]) -> PhoneFacts:
    """Everything that the rules on phones judge. Raises BadInput without an application user."""
    seen = tuple(nodes)
    publisher = next(one for one in seen if one.node.is_cucm_publisher)
    database = _database(site, publisher.version)
    phones = count_phones(site)
    looks = each(lambda one: _at_node(site, one.node.name), seen)
    parameters = database.parameters
    return PhoneFacts(
        mode=(parameters.security_mode if parameters else None) or _mode_by_cli(site),
        parameters=parameters,
        ctl=next((look.ctl for look in looks if look.node == publisher.node.name), None),
        started={one.node: frozenset(name for name in one.services if one.started(name)) for one in seen},
        census=phones,
        itls={look.node: look.itl for look in looks if look.itl},
        known={phone.name: phone for phone in database.phones},
        groups=database.groups,
        identities={place: found for look in looks for place, found in look.identities.items()},
    )


def phones_of(facts: ClusterFacts) -> PhoneFacts:
    """The phones of a survey, for a purpose that they rest on. Raises NeedsPerson."""
    if facts.phones is None:
        raise NeedsPerson("the phones were not looked at: this is no purpose that they rest on")
    return facts.phones


def tell_mode(site: Site, plan: Plan, baseline: Baseline) -> None:
    """Say whether the cluster is non-secure or mixed, as it was before (S24). Raises NeedsPerson where nobody knows."""
    phones = baseline.phones
    if phones is None or phones.mode is None:
        raise NeedsPerson(f"{plan.cluster}: the security mode was not read before this renewal; abandon it, begin anew")
    site.say(f"{plan.cluster}: the cluster is {phones.mode.words} ({phones.mode.value})")


def count_phones(site: Site) -> Census:
    """Which phones are registered now, and where; said after every thousand."""
    ris = site.risport(site.profile.publisher)
    if ris is None:
        raise BadInput(
            f"{site.profile.cluster}: phones are counted by an application user, and the profile names none: add"
            " [accounts.application]"
        )

    def tell(listed: int) -> None:
        if listed >= _TELL_EVERY:
            site.say(f"{site.profile.publisher.name}: {listed} phones listed so far")

    return ris.census(progress=tell)


def look_at_trust(site: Site, nodes: Iterable[str]) -> Trust:
    """What phones' trust rests on, on each CUCM node of these, and the list that each hands out."""
    have_phones = [name for name in nodes if site.entry(name).product is Product.CUCM]
    looks = first_alone(lambda name: _at_node(site, name), have_phones)
    places = {place: found for look in looks for place, found in look.identities.items()}
    return Trust(places, {look.node: look.itl for look in looks if look.itl})


def read_ctl(cli: PlatformCli) -> TrustList | None:
    """The CTL, with what tells whether the cluster signed it itself."""
    return _with_recovery(cli, cli.ctl())


def _with_recovery(cli: PlatformCli, found: TrustList | None) -> TrustList | None:
    if found is None or found.signer is not Signer.OTHER:
        return found
    return replace(found, recovery=cli.own_certificate(PhoneTrust.ITL_RECOVERY))


class Trust(NamedTuple):
    """Certificates by fingerprint, and ITLs by node."""

    places: dict[Place, str]
    itls: dict[str, TrustList]


class _Database(NamedTuple):
    parameters: EnterpriseParameters | None = None
    phones: tuple[KnownPhone, ...] = ()
    groups: tuple[CallManagerGroup, ...] = ()


def _database(site: Site, version: str) -> _Database:
    """What AXL tells; less, said, where it is away: the CLI knows the mode, and a person the rest."""
    try:
        axl = site.axl(site.profile.publisher, version)
    except (Transient, Refused, UnknownReply) as trouble:
        site.say(str(trouble))
        return _Database()
    if axl is None:
        return _Database()
    parameters = _or_none(site, axl.enterprise_parameters)
    phones = _or_none(site, lambda: tuple(axl.phones()))
    return _Database(parameters, phones or (), _or_none(site, axl.groups) or ())


def _mode_by_cli(site: Site) -> SecurityMode | None:
    publisher = site.profile.publisher
    with site.cli(publisher) as cli:
        if mode := _or_none(site, cli.security_mode):
            site.say(f"{publisher.name}: AXL does not tell the security mode, and the command line says {mode.words}")
        return mode


class _AtNode(NamedTuple):
    node: str
    ctl: TrustList | None
    itl: TrustList | None
    identities: dict[Place, str]


def _at_node(site: Site, name: str) -> _AtNode:
    entry = site.entry(name)
    with site.cli(entry) as cli:
        return _AtNode(
            node=name,
            ctl=read_ctl(cli) if entry.node.is_cucm_publisher else None,
            itl=_with_recovery(cli, cli.itl()),
            identities={(name, one): found for one in PhoneTrust if (found := _identity(site, cli, one))},
        )


def _identity(site: Site, cli: PlatformCli, unit: PhoneTrust) -> str:
    try:
        found = cli.own_certificate(unit.value)
    except (Refused, UnknownReply) as trouble:
        site.say(str(trouble))  # a node need not have each of them
        return ""
    return fingerprint(found) if found else ""


def _or_none(site: Site, look: Callable[[], _Seen]) -> _Seen | None:
    """What is seen; None, said, where it is away, refused, or in no form that we know."""
    try:
        return look()
    except (Transient, Refused, UnknownReply) as trouble:
        site.say(str(trouble))
        return None
