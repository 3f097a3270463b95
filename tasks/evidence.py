"""The evidence of a finished renewal: noted in the record, shown in the UI, and the renewal closed with it."""

from __future__ import annotations

from cryptography.x509 import Certificate
from prefect.artifacts import create_markdown_artifact

from tasks.lock import require_lock
from tasks.sites import now, record_of, renewals_of
from tasks.stepping import step
from tasks.timeline import show_record
from ucrenew.domain.plan import Plan
from ucrenew.evidence import evidence_of, in_markdown, in_words
from ucrenew.record import DONE, Kind, Renewal
from ucrenew.steps.proof import Served


@step(name="write the evidence")
def close_with_evidence(renewal: Renewal, plan: Plan, leaf: Certificate, served: tuple[Served, ...]) -> str:
    """Keep who decided what, and what every port served before and serves now; return the run's last sentence.

    A life that was replaced neither keeps anything nor closes what the other one goes on with (design.md §7).
    """
    record = record_of(renewal)
    require_lock(renewal.cluster, renewal.run)
    evidence = record.note_once(Kind.EVIDENCE, evidence_of(renewal, record, plan, leaf, served, at=now()))
    create_markdown_artifact(in_markdown(evidence), key=f"{renewal.key}-evidence", description="evidence")
    show_record(renewal)
    require_lock(renewal.cluster, renewal.run)
    renewals_of(renewal.cluster, renewal.purpose).close(renewal, DONE)
    return (
        f"{renewal.cluster} {renewal.purpose}: renewed on {len(plan.nodes)} nodes,"
        f" {in_words(evidence['request_id']).lower()},"
        f" certificate {evidence['leaf'][:16]} until {leaf.not_valid_after_utc:%Y-%m-%d}"
    )
