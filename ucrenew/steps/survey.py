"""The look at a whole cluster before anything changes: REST, CLI and CA are each logged in, and nothing is written.

The first login of an account is made alone, on the publisher, with one attempt; only after it went well are the
other nodes asked, side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from cryptography import x509 as crypto
from pydantic import ValidationError

from ucrenew.clients.certmgr import Snapshot
from ucrenew.clients.cli_replies import ClusterRow
from ucrenew.clients.platform_cli import NotAllowed, PlatformCli
from ucrenew.domain.acting import Step
from ucrenew.domain.checks import TOMCAT, has_api
from ucrenew.domain.cluster import Product, Role
from ucrenew.domain.facts import ClusterFacts, NodeFacts
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import Refused, Transient, Trouble, UnknownReply
from ucrenew.profile import ClusterNode
from ucrenew.site import Site
from ucrenew.steps.phones import look_at_phones
from ucrenew.steps.side_by_side import each
from ucrenew.steps.waiting import until

BACKUP_EVERY = 15.0  # seconds: every look is a login


@dataclass(frozen=True)
class _Database:
    members: tuple[ClusterNode, ...]
    last_backup: datetime | None
    backup_running: bool


def survey(site: Site, purpose: Purpose, *, of_authority: bool = True) -> ClusterFacts:
    """Read every fact that the preflight rules judge (S1-S3). Raises LoginRefused, Untrusted, Transient.

    ``of_authority`` is False once the certificate is issued: the CA is not needed any more, and may be down.
    """
    publisher = site.profile.publisher
    first = _look_at_node(site, publisher, purpose)
    database = _look_at_database(site, publisher)
    if database.backup_running and site.profile.backup_ends:
        database = _wait_for_backup(site, publisher)
        first = _look_at_node(site, publisher, purpose)
    at = site.clock()
    if of_authority and not site.profile.ca.is_by_hand and (note := site.authority.check_login()):
        site.say(note)
    entries = entries_of(site, database.members)
    others = [entry for entry in entries if entry.name != publisher.name]
    rest = each(lambda entry: _look_at_node(site, entry, purpose), others)
    nodes = tuple(facts for facts in (first, *rest) if facts.node.product in purpose.products)
    have_phones = tuple(facts for facts in nodes if facts.node.product is Product.CUCM)
    rest_on_it = purpose is Purpose.CALLMANAGER or any(facts.reuses_tomcat for facts in have_phones)
    return ClusterFacts(
        at=at,
        nodes=nodes,
        members=tuple(member.name for member in database.members if member.product in purpose.products),
        replication={name: state for facts in (first, *rest) for name, state in facts.replication.items()},
        last_backup=database.last_backup,
        backup_running=database.backup_running,
        backup_max_age_days=site.profile.limits.backup_max_age,
        trust_expires_soon_days=site.profile.limits.trust_expires_soon,
        sso_is_driven=purpose is Purpose.TOMCAT,
        phones=look_at_phones(site, have_phones) if rest_on_it else None,
    )


def _look_at_node(site: Site, entry: ClusterNode, purpose: Purpose) -> NodeFacts:
    snapshot = _snapshot(site, entry)
    seen_at = site.clock()
    with site.cli(entry) as cli:
        services = {name: service.state.value for name, service in cli.services().items()}
        version = cli.version_active()
        if isinstance(snapshot, Trouble) and services.get(TOMCAT) == "STARTED" and has_api(version):
            raise snapshot
        sso = cli.sso_reply()
        return NodeFacts(
            node=entry.node,
            version=version,
            services=services,
            sso_enabled=sso.enabled,
            recovery_url=sso.recovery_url,
            disk_used_percent=cli.status().disk_active_used_percent,
            # Each product replicates its own database, and its publisher lists the nodes of it.
            **_of_database(cli, entry),
            **_of_rest(site, entry, purpose, snapshot, seen_at),
            **_of_account(site, cli, entry, snapshot),
        )


def _snapshot(site: Site, entry: ClusterNode) -> Snapshot | Trouble:
    try:
        return site.rest(entry).snapshot()
    except (Transient, UnknownReply) as error:
        return error  # perhaps its Tomcat is down or its release too old: the CLI tells, and a rule says so (S1, S2)


class _OfRest(TypedDict):
    clock_skew_seconds: float | None
    identity: crypto.Certificate | None
    csr: crypto.CertificateSigningRequest | None
    served: Mapping[int, str]
    trust: tuple[crypto.Certificate, ...]


def _of_rest(
    site: Site, entry: ClusterNode, purpose: Purpose, snapshot: Snapshot | Trouble, seen_at: datetime
) -> _OfRest:
    if isinstance(snapshot, Trouble):
        return _OfRest(clock_skew_seconds=None, identity=None, csr=None, served={}, trust=())
    identity = snapshot.identities.get(purpose.value)
    date = snapshot.server_date
    return _OfRest(
        clock_skew_seconds=(date - seen_at).total_seconds() if date else None,
        identity=identity.certificate if identity else None,
        csr=identity.csr if identity else None,
        served={port: fingerprint(site.presented(entry, port)) for port in entry.tls_ports},
        trust=snapshot.trusts.get(purpose.trust_store, ()),
    )


class _OfAccount(TypedDict):
    may_write: bool | None
    callmanager: crypto.Certificate | None
    reuse_unknown: bool


def _of_account(site: Site, cli: PlatformCli, entry: ClusterNode, snapshot: Snapshot | Trouble) -> _OfAccount:
    """Whether the account's level suffices, and CallManager's certificate, which REST may hide (D221070).

    Where a person does all the writing a level that only reads is enough, and the CLI need not show certificates to it.
    """
    only_reads = all(site.profile.is_by_hand(step) for step in Step)
    is_cucm = entry.product is Product.CUCM
    shown = None if isinstance(snapshot, Trouble) else snapshot.identities.get(Purpose.CALLMANAGER.value)
    by_rest = shown.certificate if shown else None
    try:
        by_cli = cli.own_certificate(Purpose.CALLMANAGER if is_cucm else Purpose.TOMCAT)
    except (Refused, UnknownReply) as error:
        # How a level that is too low is refused was never seen (cucm.md §2.1): nothing is made of it where it may be.
        if not only_reads and not isinstance(error, NotAllowed):
            raise
        hidden = is_cucm and by_rest is None and not isinstance(snapshot, Trouble)
        return _OfAccount(may_write=None if only_reads else False, callmanager=by_rest, reuse_unknown=hidden)
    may_write = None if only_reads else True
    return _OfAccount(may_write=may_write, callmanager=by_cli if is_cucm else None, reuse_unknown=False)


class _OfDatabase(TypedDict):
    replication: Mapping[str, int]
    replication_complete: bool


def _of_database(cli: PlatformCli, entry: ClusterNode) -> _OfDatabase:
    if entry.role is not Role.PUBLISHER:
        return _OfDatabase(replication={}, replication_complete=True)
    found = cli.replication()
    numbers = {host.partition(".")[0].lower(): number for host, number, _ in found.rows}
    return _OfDatabase(replication=numbers, replication_complete=found.healthy)


def _look_at_database(site: Site, publisher: ClusterNode) -> _Database:
    with site.cli(publisher) as cli:
        # Local times of the node: a day's age is judged, so the zone does not matter.
        good = [run.date.replace(tzinfo=UTC) for run in cli.backup_history() if run.succeeded]
        return _Database(
            members=members_of(cli, site),
            last_backup=max(good, default=None),
            backup_running=cli.backup_running(),
        )


def _wait_for_backup(site: Site, publisher: ClusterNode) -> _Database:
    """A nightly backup that reaches into the window ends by itself; what was seen of the nodes before it is stale."""
    within = site.profile.backup_ends
    site.say(f"{publisher.name}: a backup is running; waiting up to {within.total_seconds() / 60:g} min for its end")
    return until(
        lambda: _look_at_database(site, publisher),
        lambda found: not found.backup_running,
        site=site,
        within=within,
        every=BACKUP_EVERY,
    )


# [I] which of the two IM&P's rows have (cucm.md §2.3, §6.13).
_PRODUCTS: Mapping[str, Product] = {"callmanager": Product.CUCM, "cups": Product.IMP, "imp": Product.IMP}


def members_of(cli: PlatformCli, site: Site) -> tuple[ClusterNode, ...]:
    """Every node that this one lists, as the profile knows it or as it was found. Raises UnknownReply."""
    known = {entry.name: entry for entry in site.profile.nodes}
    return tuple(known.get(row.fqdn) or _discovered(row, site) for row in cli.network_cluster())


def _discovered(row: ClusterRow, site: Site) -> ClusterNode:
    product = _PRODUCTS.get(row.application)
    if product is None:
        # The label of IM&P rows is inferred (cucm.md §2.3): a node that the profile names needs none.
        raise UnknownReply(
            f"{site.profile.publisher.name}: 'show network cluster' lists {row.fqdn} as {row.application!r},"
            " which we do not know; name this node in the profile"
        )
    # The role column is the cluster's: an IM&P publisher stands there as a subscriber, its database tells.
    of_database = Role.PUBLISHER if row.database.lower() == "dbpub" else Role.SUBSCRIBER
    try:
        return ClusterNode(name=row.fqdn, product=product, role=row.role if product is Product.CUCM else of_database)
    except ValidationError as error:
        raise UnknownReply(
            f"{site.profile.publisher.name}: 'show network cluster' lists {row.fqdn!r}, which is no name of a node"
        ) from error


def entries_of(site: Site, members: tuple[ClusterNode, ...]) -> tuple[ClusterNode, ...]:
    """The profile's nodes and, where it asks for that, those that only the publisher knows."""
    listed = {entry.name for entry in site.profile.nodes}
    found = tuple(member for member in members if member.name not in listed)
    return (*site.profile.nodes, *found) if site.profile.discover else site.profile.nodes
