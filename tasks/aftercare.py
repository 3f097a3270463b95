"""After a renewal: old certificates and the backup are looked at, said and noted; nothing is deleted by us (S28)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cryptography.x509 import Certificate
from prefect.logging import get_run_logger

from tasks.sites import record_of, site_of
from tasks.stepping import step
from ucrenew.domain.leftovers import Certificates, check_stores, leftovers
from ucrenew.domain.plan import Plan
from ucrenew.errors import Trouble
from ucrenew.record import Kind, Renewal
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
        get_run_logger().warning("the trust stores were not looked at: %s", trouble)
        return {}
    findings = check_stores(facts)
    for finding in findings:
        get_run_logger().warning("%s", finding)
    record_of(renewal).note(Kind.LEFT_OVER, {"findings": [str(finding) for finding in findings]})
    return {node: left for node in facts.stores if (left := leftovers(facts, node))}


@step(name="look for a backup with the new keys")
def backup_since(renewal: Renewal, plan: Plan) -> datetime | None:
    """The last good backup when it is newer than the upload of the leaf; None, said and noted, when none is known."""
    record = record_of(renewal)
    uploaded = record.leaf_under_way
    try:
        last = aftercare.last_backup(site_of(renewal), plan)
    except Trouble as trouble:
        get_run_logger().warning("backups were not looked at: %s", trouble)
        return None
    newer = last.is_after(uploaded.at) if last and uploaded else False
    record.note(Kind.BACKUP, {"last": str(last) if last else None, "holds_new_keys": newer})
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
