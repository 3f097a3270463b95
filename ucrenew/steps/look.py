"""The look of a watch at one cluster (S31): read-only, with an account that may only read.

1. Three sources, each for itself: what the ports present (nobody logs in for that), the certificate API of every node,
   and the publisher's list of its nodes.
2. A password is presented to one node until one lets us in; where one refuses it, or it cannot be read, no other node
   is asked, because accounts lock.
3. Nothing that a node does or says ends the look: it becomes a sentence in ``NodeSeen.troubles``.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from cryptography import x509 as crypto
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from ucrenew.clients.certmgr import Snapshot
from ucrenew.domain.cluster import Node
from ucrenew.domain.seen import ClusterSeen, Expected, NodeSeen
from ucrenew.errors import BadInput, LoginRefused, Trouble
from ucrenew.profile import ClusterNode, Profile
from ucrenew.site import Site
from ucrenew.steps.planning import wanted_names
from ucrenew.steps.side_by_side import each
from ucrenew.steps.survey import entries_of, members_of

_KEPT_AWAY = (LoginRefused, BadInput)  # of the account: the same on every node


@dataclass(frozen=True)
class _Members:
    entries: tuple[ClusterNode, ...] | None  # None: nobody could be asked
    trouble: str = ""


def look(site: Site, *, first_seen: Mapping[str, datetime] | None = None) -> ClusterSeen:
    """Everything that the rules of a watch judge of one cluster. Raises BadInput for files of the profile only.

    ``first_seen``: when requests were seen first, by fingerprint, where somebody remembers it.
    """
    members = _members(site)
    entries = entries_of(site, members.entries or ())
    nodes = _look_at_all(site, entries)
    if members.trouble:
        nodes = tuple(_with_trouble(one, members.trouble) if one.node.is_cucm_publisher else one for one in nodes)
    return ClusterSeen(
        cluster=site.profile.cluster,
        at=site.clock(),
        nodes=nodes,
        expected=expected_of(site.profile, [entry.node for entry in entries]),
        listed=None if members.entries is None else tuple(entry.name for entry in members.entries),
        public_roots=public_roots(),
        first_seen=first_seen or {},
    )


def expected_of(profile: Profile, nodes: Iterable[Node]) -> Expected:
    """What a profile says of its certificates, for these nodes."""
    known = tuple(nodes)
    return Expected(
        common_name=profile.certificate.common_name,
        names={one: frozenset(wanted_names(profile, one.covers(known))) for one in profile.certificate.purposes},
        lead=profile.renew_before,
        windows=profile.maintenance_windows,
        trust_expires_soon=profile.trust_expires_soon,
    )


@cache
def public_roots() -> frozenset[str]:
    """Fingerprints of the roots that browsers know, as `requests` brings them along (FN74345)."""
    # Read by OpenSSL, and not parsed: the bundle holds certificates older than today's rules.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return frozenset(hashlib.sha256(root).hexdigest() for root in context.get_ca_certs(binary_form=True))


def _look_at_all(site: Site, entries: Iterable[ClusterNode]) -> tuple[NodeSeen, ...]:
    """The publisher first, then one after the other until a node lets us in, then the rest side by side."""
    publisher = site.profile.publisher.name
    waiting = sorted(entries, key=lambda entry: entry.name != publisher)
    seen: list[NodeSeen] = []
    while waiting and not site.refused and not any(one.shows_certificates for one in seen):
        seen.append(_look_at_node(site, waiting.pop(0)))
    return (*seen, *each(lambda entry: _look_at_node(site, entry), waiting))


def _look_at_node(site: Site, entry: ClusterNode) -> NodeSeen:
    served, troubles = _served(site, entry)
    snapshot = _snapshot(site, entry)
    if isinstance(snapshot, Trouble):
        said = dict.fromkeys((*troubles, _told(snapshot, entry)))
        return NodeSeen(entry.node, served=served, troubles=tuple(said), shows_certificates=False)
    own = snapshot.identities
    return NodeSeen(
        node=entry.node,
        identities={name: one.certificate for name, one in own.items() if one.certificate is not None},
        requests={name: one.csr for name, one in own.items() if one.csr is not None},
        trust=snapshot.trusts,
        served=served,
        troubles=tuple(troubles),
    )


def _snapshot(site: Site, entry: ClusterNode) -> Snapshot | Trouble:
    try:
        return site.rest(entry).snapshot()
    except _KEPT_AWAY as trouble:
        site.refused = site.refused or str(trouble)  # the site presents no password any more
        return trouble
    except Trouble as trouble:
        return trouble


def _served(site: Site, entry: ClusterNode) -> tuple[Mapping[int, crypto.Certificate], list[str]]:
    served: dict[int, crypto.Certificate] = {}
    troubles: list[str] = []
    for port in entry.tls_ports:
        try:
            served[port] = site.presented(entry, port)
        except Trouble as trouble:
            troubles.append(_told(trouble, entry))
    return served, troubles


def _members(site: Site) -> _Members:
    """Who the publisher says is in its cluster; every account may ask for that (cucm.md §2.3)."""
    publisher = site.profile.publisher
    try:
        with site.cli(publisher) as cli:
            return _Members(members_of(cli, site))
    except Trouble as trouble:
        if isinstance(trouble, _KEPT_AWAY):
            site.refused = site.refused or str(trouble)
        return _Members(None, f"who is in the cluster could not be read: {_told(trouble, publisher)}")


def _told(trouble: Trouble, entry: ClusterNode) -> str:
    """The sentence without the node's name before it: a finding says that by itself."""
    return str(trouble).removeprefix(f"{entry.name}: ")


def _with_trouble(one: NodeSeen, trouble: str) -> NodeSeen:
    return replace(one, troubles=tuple(dict.fromkeys((*one.troubles, trouble))))
