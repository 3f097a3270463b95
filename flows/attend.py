"""A small scheduled flow that resumes runs whose reason to wait has gone: the CA has decided (S14).

It resumes a run only for what it looked up itself, and never one that waits for a person.
"""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from flows.authority import CA_PENDING
from tasks.attending import ca_has_decided, resume, suspended_runs


@flow(name="attend", retries=0, persist_result=False)
def attend_suspended_runs() -> None:
    """Look at every suspended renewal once; trouble with one never keeps the others waiting."""
    for waiting in suspended_runs(CA_PENDING):
        if ca_has_decided(waiting):
            resume(waiting)
        else:
            get_run_logger().info("%s: request %s is still pending", waiting.cluster, waiting.request_id)
