"""How a run ends: well, denied, or stopped with one sentence; never with a stack trace for what we said ourselves.

``suspend_flow_run`` and ``Abort`` travel as signals that are no ``Exception``: nothing here catches them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from tasks.failing import leave_report
from tasks.lock import release_lock, require_not_stale
from tasks.preparing import may_have_arrived
from tasks.sites import record_of, renewals_of
from ucrenew.domain.failure import last_sentence
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput, NeedsPerson, Trouble
from ucrenew.record import Renewal


def orderly(body: Callable[[str, Purpose, bool], Any]) -> Callable[[str, Purpose, bool], Any]:
    """Let a flow that raises one of our errors end as Failed with its sentence; wrong input as BadInput.

    An orderly end lets the cluster go. A life whose run goes on elsewhere writes no state, whatever happened to it.
    """

    @wraps(body)
    def run(cluster: str, purpose: Purpose, force: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - the body's own
        try:
            ended = body(cluster, purpose, force)
        except Trouble as trouble:
            _report(cluster, purpose, trouble)
            name = "BadInput" if isinstance(trouble, BadInput) else "Failed"
            _set_state(cluster, Failed(name=name, message=last_sentence(trouble)))
            _leave(cluster, last_sentence(trouble))
        except Exception:
            require_not_stale(cluster, flow_run.id)
            raise
        require_not_stale(cluster, flow_run.id)
        release_lock(cluster, flow_run.id)
        return ended

    return run


def deny(renewal: Renewal, sentence: str) -> NoReturn:
    """End the renewal and this run because somebody said no: in order, and no failure.

    With the certificate on a node the renewal stays open, with the report of what is left to do: only a new run can
    bring the cluster to an end, and beginning anew would need another request. The nodes are looked at for it: who
    says no may have uploaded it a minute ago.
    """
    if is_half_way := may_have_arrived(renewal):
        sentence += (
            "; the certificate is installed and not everything is done: a new run asks whether to go on"
            if record_of(renewal).leaf_is_in
            else "; whether the certificate is installed cannot be told now: a new run looks, and asks where it is"
        )
        _report(renewal.cluster, renewal.purpose, NeedsPerson(sentence))
    get_run_logger().info("denied: %s", sentence)
    _set_state(renewal.cluster, Completed(name="Denied", message=sentence))
    if not is_half_way:
        renewals_of(renewal.cluster, renewal.purpose).close(renewal, f"denied: {sentence}")
    _leave(renewal.cluster, sentence)


def _report(cluster: str, purpose: Purpose, trouble: Trouble) -> None:
    """Leave the report; whatever goes wrong with it must not keep the run from ending."""
    require_not_stale(cluster, flow_run.id)
    try:
        leave_report(cluster, purpose, flow_run.id, trouble)
    except Exception as error:  # noqa: BLE001 - the reason why the run ends is the one that counts
        get_run_logger().warning("the report of the failure could not be written: %s", error)


def _set_state(cluster: str, state: State[Any]) -> None:
    """Set it ourselves: a state that a flow returns as Failed makes Prefect log a stack trace."""
    require_not_stale(cluster, flow_run.id)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(flow_run.id), state, force=True)


def _leave(cluster: str, sentence: str) -> NoReturn:
    release_lock(cluster, flow_run.id)
    raise Abort(sentence) from None
