"""Before anything: the look at the cluster, the rules, the opening of a renewal, the plan (S1-S5)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger

from tasks.sites import (
    baseline_of_record,
    left_off,
    note_baseline,
    now,
    profile_of,
    record_of,
    renewals_of,
    site_before,
    site_of,
)
from tasks.stepping import step
from ucrenew.domain import checks
from ucrenew.domain.baseline import baseline_of
from ucrenew.domain.facts import ClusterFacts
from ucrenew.domain.finding import refusals
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import NeedsPerson, Trouble
from ucrenew.record import DONE, Kind, Record, Renewal
from ucrenew.steps import leaf as leaf_step
from ucrenew.steps import planning
from ucrenew.steps.survey import survey


@dataclass(frozen=True)
class NothingToDo:
    """No renewal is due; the sentence says until when."""

    sentence: str


@step(name="see whether this run's own renewal is done")
def done_already(cluster: str, purpose: Purpose, run: str) -> str | None:
    """What a run says last that was killed after its renewal was done; another one would be a second request (S7).

    Retried after a no it begins anew: who retries it wants just that, and is asked.
    """
    renewals = renewals_of(cluster, purpose)
    last = renewals.last()
    if last is None or last.run != run or renewals.outcome(last.number) != DONE:
        return None
    return f"{last.key} is done; another one needs a new run"


@step(name="look at the cluster")
def look_at_cluster(cluster: str, purpose: Purpose) -> ClusterFacts | None:
    """Log in to REST, CLI and CA and read every fact; nothing is written.

    None once this renewal's leaf is on its way: facts of "before" are not read again, they are in the baseline.
    """
    profile = profile_of(cluster)
    profile.require_purpose(purpose)
    profile.require_files()
    renewal = renewals_of(cluster, purpose).current()
    if renewal and has_arrived(renewal):
        get_run_logger().info("the certificate is on its way already; what was before is in the record")
        return None
    is_issued = renewal is not None and record_of(renewal).fact(Kind.ISSUED) is not None
    facts = survey(site_before(cluster), purpose, of_authority=not is_issued)
    for seen in facts.nodes:
        get_run_logger().info("%s: %s, %s, seen by REST and CLI", seen.node.name, seen.node.product, seen.version)
    return facts


def has_arrived(renewal: Renewal) -> bool:
    """Whether its certificate is on a node; nothing is asked of the nodes before one was about to be uploaded.

    Before that a run may have died so early that not even the baseline is noted.
    """
    record = record_of(renewal)
    return bool(record.facts(Kind.LEAF_INTENT)) and leaf_step.has_arrived(site_of(renewal), record)


def may_have_arrived(renewal: Renewal) -> bool:
    """The same for who would give the renewal up: where it cannot be told it may be so, and is said."""
    try:
        return has_arrived(renewal)
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", renewal.key, trouble)
        return True


@step(name="open the renewal")
def open_renewal(
    cluster: str, purpose: Purpose, facts: ClusterFacts | None, run: str, *, force: bool
) -> Renewal | NothingToDo:
    """Open the next renewal when it is due, or return the one that is open; judge the preflight rules (S1-S3).

    Raises NeedsPerson with every finding while nothing has changed yet.
    """
    renewals = renewals_of(cluster, purpose)
    current = renewals.current()
    if current is not None and current.run != run:
        _require_ended(current)
    if facts is None and current is not None:
        return current
    if facts is None:
        raise NeedsPerson(f"{cluster}: the renewal was closed while this run was on its way; start a new one")
    if current is None and not force:
        due = planning.due(site_before(cluster), purpose, facts)
        if not due.now and due.on is not None:
            return NothingToDo(f"{cluster} {purpose}: nothing to do until {due.on:%Y-%m-%d}, when it is next due")
        get_run_logger().info("%s %s is due: %s", cluster, purpose, "; ".join(due.reasons))
    if findings := refusals(checks.preflight(facts)):
        done = "nothing was changed" if current is None else "nothing more was changed, retry this run afterwards"
        raise NeedsPerson(f"{cluster}: not now, and {done}: {'; '.join(map(str, findings))}")
    renewal = renewals.open(run)
    if current is None and renewal.run != run:
        raise NeedsPerson(f"{renewal.key} was opened by run {renewal.run} at the same moment; this run ends")
    _noticed(record_of(renewal), facts)
    note_baseline(record_of(renewal), baseline_of(facts))
    return renewal


def _require_ended(renewal: Renewal) -> None:
    """Raise NeedsPerson while the run that the renewal belongs to can still act."""
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(renewal.run)).state
        except ObjectNotFound:
            return
    if state and not state.is_final():
        raise NeedsPerson(
            f"{renewal.key} is open and belongs to run {renewal.run}, which is {state.name}: answer, resume or cancel"
            " that run first"
        )


@step(name="draw up the plan")
def draw_up_plan(renewal: Renewal, facts: ClusterFacts | None) -> Plan:
    """What will be done, with its digest; noted once a digest, so that what people saw stays readable.

    Once the leaf is on its way the plan is the one that was approved for it.
    """
    record, profile = record_of(renewal), profile_of(renewal.cluster)
    if facts is None:
        intended = record.last(Kind.LEAF_INTENT) or {}
        return Plan.of_document(record.value(Kind.PLAN, about=intended["plan"]) or {})
    plan = planning.draw_up_plan(
        profile,
        renewal.purpose,
        baseline_of(facts),
        baseline_of_record(record),
        noticed=_noticed(record, facts),
        sso_driven=chain.from_iterable(left_off(renewal.cluster, renewal.purpose).values()),
    )
    planning.require_window(profile, plan, now())
    record.note_once(Kind.PLAN, plan.document(), about=plan.digest)
    get_run_logger().info("%s: the plan has digest %s", renewal.key, plan.digest[:16])
    return plan


def _noticed(record: Record, facts: ClusterFacts) -> tuple[str, ...]:
    """What preflight warned of when the renewal was opened: our own uploads must not make another plan."""
    warned = sorted(str(finding) for finding in checks.preflight(facts))
    return tuple(record.note_once(Kind.NOTICED, {"findings": warned})["findings"])
