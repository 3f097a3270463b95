"""What a failed run leaves for people: the report as an artifact, with each node as it is now (design.md §5, S27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from tasks.logins import note_refusal
from tasks.sites import baseline_of_record, now, record_of, renewals_of, site_of
from tasks.timeline import show_record
from ucrenew.domain.baseline import NodeBaseline
from ucrenew.domain.failure import Progress, failure_report
from ucrenew.domain.plan import Plan, Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import LoginRefused, Trouble
from ucrenew.record import Kind, Record, Renewal
from ucrenew.site import Site


def leave_report(cluster: str, purpose: Purpose, run: str, trouble: Trouble) -> None:
    """Write the report of a run that stops after something was changed; nothing was changed: the sentence is enough.

    A refused login is noted in any case: nobody tries it again before a person has acted.
    """
    note_refusal(cluster, trouble)
    renewal = renewals_of(cluster, purpose).current()
    if renewal is None or renewal.run != run:
        return
    record = record_of(renewal)
    begun = record.facts(Kind.CSR_INTENT)
    if not begun:
        return
    plan = Plan.of_document(record.last(Kind.PLAN) or {})
    nodes = {} if isinstance(trouble, LoginRefused) else _nodes(renewal, record, plan)  # accounts lock: not once more
    report = failure_report(plan, progress_of(record, plan), why=str(trouble), nodes=nodes, since=now() - begun[0].at)
    key = f"{renewal.key}-failure"
    create_markdown_artifact(report, key=key, description="what was done, what was not, what to do now")
    show_record(renewal)
    get_run_logger().info("what was done, what was not and what to do now: artifact %s", key)


def progress_of(record: Record, plan: Plan) -> Progress:
    """How far the renewal came, by its record."""
    on_again = record.fact(Kind.SSO_ON) is not None
    return Progress(
        csr=(record.value(Kind.CSR) or {}).get("fingerprint"),
        csr_begun=record.under_way(Kind.CSR_INTENT, Kind.CSR_NOT_SENT) is not None,
        submitted=record.under_way(Kind.SUBMIT_INTENT, Kind.SUBMIT_NOT_SENT) is not None,
        request_id=(record.value(Kind.REQUEST_ID) or {}).get("number"),
        issued=(record.value(Kind.ISSUED) or {}).get("fingerprint"),
        leaf_begun=record.leaf_under_way is not None,
        restarts_begun=_restarts(record, plan, Kind.RESTART_INTENT),
        restarts_done=_restarts(record, plan, Kind.RESTART_DONE),
        sso_off=() if on_again else tuple(fact.about for fact in record.facts(Kind.SSO_INTENT)),
    )


def _restarts(record: Record, plan: Plan, kind: Kind) -> tuple[Restart, ...]:
    noted = {fact.about for fact in record.facts(kind)}
    return tuple(restart for restart in plan.restarts if f"{restart.node} {restart.service}" in noted)


def _nodes(renewal: Renewal, record: Record, plan: Plan) -> Mapping[str, Sequence[str]]:
    """Each node as it is now; after a refused login nothing is asked any more, there or elsewhere: accounts lock."""
    site = site_of(renewal)
    before = {seen.name: seen for seen in baseline_of_record(record).nodes}
    found: dict[str, list[str]] = {}
    try:
        for node in filter(before.__contains__, plan.nodes):
            for line in _state(site, plan, before[node]):
                found.setdefault(node, []).append(line)
    except LoginRefused as refused:
        note_refusal(renewal.cluster, refused)
        found.setdefault(node, []).append(f"{refused}; nothing was asked any more")
    return found


def _state(site: Site, plan: Plan, before: NodeBaseline) -> Iterator[str]:
    for look in (_served, _up):
        try:
            yield from look(site, plan, before)
        except LoginRefused:
            raise
        except Trouble as trouble:
            yield str(trouble)


def _served(site: Site, plan: Plan, before: NodeBaseline) -> Iterator[str]:
    entry = site.entry(before.name)
    identity = site.rest(entry).identity(plan.purpose.value)
    yield f"installed for {plan.purpose}: {fingerprint(identity)[:16] if identity else 'nothing'}"
    for port in entry.tls_ports:
        yield f"port {port} serves {fingerprint(site.presented(entry, port))[:16]}"


def _up(site: Site, _: Plan, before: NodeBaseline) -> Iterator[str]:
    with site.cli(site.entry(before.name)) as cli:
        services = cli.services()
    down = [name for name in before.started if name not in services or services[name].state.value != "STARTED"]
    yield f"up before and not now: {', '.join(down)}" if down else "every service that was up is up"
