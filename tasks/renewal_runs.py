"""The runs of the Prefect server that are renewals, by the states they are in."""

from __future__ import annotations

from collections.abc import Iterator

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState
from prefect.client.schemas.objects import FlowRun

from ucrenew.domain.purpose import Purpose

_PAGE = 200


def renewals_in(client: SyncPrefectClient, states: FlowRunFilterState) -> Iterator[FlowRun]:
    """Every run in one of these states that renews a purpose of a cluster, page by page."""
    seen, wanted = 0, FlowRunFilter(state=states)
    while page := client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE, offset=seen):
        seen += len(page)
        yield from (run for run in page if _is_renewal(run))


def _is_renewal(run: FlowRun) -> bool:
    return "cluster" in run.parameters and run.parameters.get("purpose") in set(Purpose)
