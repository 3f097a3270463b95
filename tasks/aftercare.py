"""After a renewal: old certificates and the backup are looked at, said and noted; nothing is deleted by us (S28)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.x509 import Certificate
from prefect.logging import get_run_logger

from tasks.logins import note_refusal
from tasks.sites import record_of, site_of
from tasks.stepping import step
from ucrenew.clients.cli_backups import LastBackup
from ucrenew.domain.leftovers import Certificates, check_stores, leftovers
from ucrenew.domain.plan import Plan
from ucrenew.errors import Trouble
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps import aftercare


@step(name="look at the trust stores")
def look_for_leftovers(
    renewal: Renewal, plan: Plan, leaf: Certificate, chain: tuple[Certificate, ...]
) -> Mapping[str, Certificates]:
    """Say and note what lies in the stores; return the old self-signed certificates of nodes, node by node (S28).

    Everything is done and proven by now: what cannot be looked at is said, and can be looked at another day.
    """
    try:
        facts = aftercare.look_at_stores(site_of(renewal), plan, leaf, chain)
    except Trouble as trouble:
        _not_looked_at(renewal, "the trust stores", trouble)
        return {}
    findings = check_stores(facts)
    for finding in findings:
        get_run_logger().warning("%s", finding)
    record_of(renewal).note(Kind.LEFT_OVER, {"findings": [str(finding) for finding in findings]})
    return {node: left for node in facts.stores if (left := leftovers(facts, node))}


@step(name="look for a backup with the new keys")
def backup_since(renewal: Renewal, plan: Plan) -> datetime | None:
    """The last good backup when it is newer than the upload of the leaf; None, said and noted, when none is known."""
    try:
        last = aftercare.last_backup(site_of(renewal))
    except Trouble as trouble:
        _not_looked_at(renewal, "backups", trouble)
        return None
    newer = note_backup(record_of(renewal), last)
    if newer is None:
        get_run_logger().warning(
            "%s: whether the backup of %s, local time, holds the new keys cannot be told, because 'show status' names"
            " no time zone that we know: make one",
            plan.publisher,
            last,
        )
    elif not newer:
        get_run_logger().warning("%s: make a backup: the last one does not hold the new keys", plan.publisher)
    return last.at if last and newer else None


def note_backup(record: Record, last: LastBackup | None) -> bool | None:
    """Note the last backup; whether it is newer than the upload of the leaf, None where nobody can tell."""
    uploaded = record.leaf_under_way
    newer = last.is_after(uploaded.at) if last and uploaded else False
    record.note(Kind.BACKUP, {"last": str(last) if last else None, "holds_new_keys": newer})
    return newer


def _not_looked_at(renewal: Renewal, what: str, trouble: Trouble) -> None:
    note_refusal(renewal.cluster, trouble)
    get_run_logger().warning("%s were not looked at: %s", what, trouble)
