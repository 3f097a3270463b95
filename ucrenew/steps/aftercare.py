"""After a renewal: what lies in the trust stores (S28), and whether a backup holds the new keys (cucm.md §4.1)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients import cli_backups
from ucrenew.clients.cli_backups import LastBackup
from ucrenew.domain.leftovers import StoreFacts
from ucrenew.domain.plan import Plan
from ucrenew.site import Site


def look_at_stores(
    site: Site, plan: Plan, leaf: crypto.Certificate, chain: tuple[crypto.Certificate, ...]
) -> StoreFacts:
    """The trust store of every node, and the identities of all purposes, which may build on what is in it."""
    snapshots = {node: site.rest(site.entry(node)).snapshot() for node in plan.nodes}
    in_use = {
        identity.certificate
        for snapshot in snapshots.values()
        for identity in snapshot.identities.values()
        if identity.certificate is not None
    }
    return StoreFacts(
        plan=plan,
        leaf=leaf,
        chain=chain,
        stores={node: snapshot.trusts.get(plan.purpose.trust_store, ()) for node, snapshot in snapshots.items()},
        at=site.clock(),
        in_use=tuple(in_use),
        expires_soon=timedelta(days=site.profile.limits.trust_expires_soon),
    )


def last_backup(site: Site) -> LastBackup | None:
    """The publisher's last good backup; None: there is none. Its history has local times, `show status` the zone."""
    with site.cli(site.profile.publisher) as cli:
        return cli_backups.last_backup(cli.backup_history(), cli.status().place)
