"""Looking after suspended runs: what each waits for, whether that has come, and waking or answering it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilterState, FlowRunFilterStateName
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.input import keyset_from_base_key, read_flow_run_input
from prefect.logging import get_run_logger
from prefect.states import Scheduled

from tasks.logins import note_refusal, refusal_of
from tasks.renewal_runs import renewals_in
from tasks.sites import now, profile_of, record_of, renewals_of, site_before
from tasks.stepping import step
from ucrenew.clients.certsrv import Pending
from ucrenew.domain.gate import Gate
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import LoginRefused, Trouble

CA_PENDING = "ca-pending-"
WINDOW = "window-"
FORM_COMES = timedelta(minutes=1)  # it is stored by the run's process, a moment after the run was suspended
_BUSY = 503  # SQLite's "database is locked"; the click is lost unless it is repeated (prefect.md §1)
_TRIES = 8


@dataclass(frozen=True)
class Waiting:
    """A suspended renewal and, by its pause key, what it waits for; the key is atomic with the suspension."""

    run: UUID
    cluster: str
    purpose: Purpose
    key: str
    since: datetime

    @property
    def request_id(self) -> int | None:
        """The request whose decision it waits for; None when it waits for something else."""
        return self._number_behind(CA_PENDING)

    @property
    def minutes_needed(self) -> int | None:
        """How long the window has to be open that it waits for; None when it waits for something else."""
        return self._number_behind(WINDOW)

    @property
    def gate(self) -> Gate | None:
        """The gate at which a person is asked; None when it waits for no person."""
        if self.key.startswith((CA_PENDING, WINDOW)):
            return None
        return next((gate for gate in Gate if self.key.startswith(f"{gate}-")), None)

    def _number_behind(self, prefix: str) -> int | None:
        number = self.key.removeprefix(prefix).partition("-")[0]
        return int(number) if self.key.startswith(prefix) and number.isdigit() else None


def suspended_runs() -> list[Waiting]:
    """Every suspended renewal."""
    suspended = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Suspended"]))
    with get_client(sync_client=True) as client:
        runs = list(renewals_in(client, suspended))
    return [waiting for run in runs if (waiting := _waiting(run)) is not None]


def _waiting(run: FlowRun) -> Waiting | None:
    key = _pause_key(run)
    if run.state is None or not key:
        return None
    cluster, purpose = str(run.parameters["cluster"]), Purpose(run.parameters["purpose"])
    return Waiting(run.id, cluster, purpose, key, run.state.timestamp)


def _pause_key(run: FlowRun) -> str:
    return str(run.state.state_details.pause_key or "") if run.state else ""


@step(name="ask the CA", retries=0)
def ca_has_decided(waiting: Waiting) -> bool:
    """True when the request was issued or denied; trouble is logged and counts as not yet.

    The run is not woken for a refused password, which would log in once more: a person resumes it when that is mended.
    """
    try:
        renewal = renewals_of(waiting.cluster, waiting.purpose).last()
        ca = site_before(waiting.cluster).authority
        return renewal is not None and not isinstance(ca.retrieve(waiting.request_id or 0), Pending)
    except LoginRefused as refused:
        note_refusal(waiting.cluster, refused)
        get_run_logger().warning("%s: request %s: %s; %s", waiting.cluster, waiting.request_id, refused, _mend(waiting))
    except Trouble as trouble:
        get_run_logger().warning("%s: request %s: %s", waiting.cluster, waiting.request_id, trouble)
    return False


@step(name="look whether a login was refused", retries=0)
def may_not_log_in(waiting: Waiting) -> bool:
    """True, said, while a refused login stands: whatever wakes the run would log in once more, and accounts lock."""
    if refusal := refusal_of(waiting.cluster):
        get_run_logger().warning("%s: %s; %s", waiting.cluster, refusal, _mend(waiting))
    return bool(refusal)


def _mend(waiting: Waiting) -> str:
    act = f"answer run {waiting.run}" if waiting.gate else f"resume run {waiting.run}"
    return f"not asked again: put the account or its password right, then {act}"


@step(name="look whether the question is overdue", retries=0)
def is_overdue(waiting: Waiting) -> bool:
    """True when nobody answered for as long as the profile gives them; trouble is logged and counts as not yet.

    Once the certificate is installed, or may be, a no would leave the cluster half-way, and at ``take-over`` it would
    abandon a renewal whose request may be pending, as it would where a CA by hand has it: then the question is only
    reminded of.
    """
    try:
        profile = profile_of(waiting.cluster)
        overdue = now() - waiting.since > profile.overdue
        renewal = renewals_of(waiting.cluster, waiting.purpose).current()
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", waiting.cluster, trouble)
        return False
    half_way = renewal is not None and record_of(renewal).leaf_under_way is not None
    at_the_ca = waiting.gate is Gate.SUBMISSION and profile.ca.is_by_hand  # which takes its time
    is_kept_open = (
        waiting.gate is Gate.TAKE_OVER or at_the_ca or (half_way and waiting.gate not in {Gate.CLEANUP, Gate.BACKUP})
    )
    if overdue and is_kept_open:
        get_run_logger().warning(
            "%s: nobody has answered at gate '%s' since %s UTC, and a no would leave things half done: answer run %s",
            waiting.cluster,
            waiting.gate,
            f"{waiting.since:%Y-%m-%d %H:%M}",
            waiting.run,
        )
        return False
    return overdue


@step(name="look for the form of the question", retries=0)
def has_no_form(waiting: Waiting) -> bool:
    """True when nobody can answer: the run's process died after the run was suspended and before the form was stored.

    Prefect rejects every answer then, and where the worker died too, nobody reports a crash.
    """
    return now() - waiting.since > FORM_COMES and _form(waiting) is None


@step(name="resume the run", retries=0)
def resume(waiting: Waiting, *, because: str, answer: Mapping[str, Any] | None = None) -> None:
    """Wake the run, repeating while the server is busy; what does not work now is left to the next look.

    It was listed a while ago: one that has gone on since and waits for something else is left alone.
    """
    with get_client(sync_client=True) as client:
        for _ in range(_TRIES):
            try:
                if not _waits_still(client, waiting):
                    return
                taken = client.resume_flow_run(waiting.run, run_input=dict(answer) if answer else None)
            except PrefectHTTPStatusError as error:
                if error.response.status_code != _BUSY:
                    break
                threading.Event().wait(0.5)
            else:
                get_run_logger().info("%s: %s; resuming: %s", waiting.cluster, because, taken.status.value)
                return  # ABORT: somebody was quicker; REJECT: the next look tells again
    get_run_logger().warning("%s: run %s could not be resumed; the next look tries again", waiting.cluster, waiting.run)


@step(name="have the question asked again", retries=0)
def ask_again(waiting: Waiting) -> None:
    """Schedule the run past the question that nobody can answer: it asks anew, under another key."""
    with get_client(sync_client=True) as client:
        if not _waits_still(client, waiting):
            return
        client.set_flow_run_state(waiting.run, Scheduled(message="its question had no form, so it is asked again"))
    get_run_logger().info("%s: the question at gate '%s' had no form; asked again", waiting.cluster, waiting.gate)


def _waits_still(client: SyncPrefectClient, waiting: Waiting) -> bool:
    """Whether it waits under that very key, which no wait has a second time."""
    try:
        run = client.read_flow_run(waiting.run)
    except ObjectNotFound:
        return False
    return run.state is not None and run.state.name == "Suspended" and _pause_key(run) == waiting.key


def denial(waiting: Waiting) -> dict[str, Any]:
    """An explicit no in the form of the question, for one that nobody answered (design.md §4)."""
    remark = f"nobody answered since {waiting.since:%Y-%m-%d %H:%M} UTC"
    said: dict[str, Any] = {"decision": "deny", "name": "attend", "remark": remark}
    return said | {name: _no(name) for name in (_form(waiting) or {}).get("required", ()) if name not in said}


def _form(waiting: Waiting) -> Mapping[str, Any] | None:
    key = keyset_from_base_key(f"suspended-{waiting.key}")["schema"]
    return cast("Mapping[str, Any] | None", read_flow_run_input(key, flow_run_id=waiting.run))


def _no(name: str) -> object:
    return 0 if name == "request_id" else "no"
