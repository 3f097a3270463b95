"""Register one deployment a cluster and purpose from a folder of profiles: ``python -m deployments.apply PROFILES/``.

Applying twice changes nothing. The profiles' folder is told to the worker as an environment variable of the job. What
was registered from this folder and has no profile any more is named, and left for a person to delete.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.utilities.callables import parameter_schema

from deployments.commands import Exit, run_command
from flows.attend import attend_suspended_runs
from flows.renew import renew_multi_server_certificate
from tasks.sites import PROFILES
from ucrenew.errors import BadInput
from ucrenew.profile import Profile, load_profile

POOL = "ucrenew"
_TAG = "ucrenew"
_PAGE = 200  # the most that the server gives at once
# Where flows, tasks and deployments lie: the worker starts runs from here, so that it finds them.
ROOT = Path(__file__).resolve().parent.parent
_DAY = 24 * 60 * 60  # seconds
# Said outright: left to itself Prefect 3.8.8 starts a second process first to unpack a workspace, 3 s a life of a run.
_ENGINE = shlex.join([sys.executable, "-m", "prefect.engine"])


def main() -> Exit:
    """Judge every profile first, then register; nothing is registered when one of them is wrong."""
    arguments = _arguments()
    folder: Path = arguments.profiles
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise BadInput(f"{folder} holds no profile: a file CLUSTER.toml is wanted")
    profiles = [load_profile(path) for path in files]
    for profile in profiles:
        profile.require_files()
    schedule = _schedule(arguments.attend_every)
    with get_client(sync_client=True) as client:
        _ensure_pool(client, arguments.pool)
        registered = {_register(client, attend_suspended_runs, "attend", arguments.pool, folder, schedules=[schedule])}
        for profile in profiles:
            registered |= _register_renewals(client, arguments.pool, folder, profile)
        for name in _left_over(client, folder, registered):
            print(
                f"{name} was registered from this folder, and no profile wants it any more; it stays until somebody"
                f" says: prefect deployment delete {shlex.quote(name)}"
            )
    return Exit.DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deployments.apply", description=__doc__)
    parser.add_argument("profiles", type=Path, help="the folder with one CLUSTER.toml a cluster")
    parser.add_argument("--pool", default=POOL, help="the work pool (default: %(default)s)")
    parser.add_argument("--attend-every", type=_seconds, default=45, metavar="SECONDS", help="default: %(default)s")
    return parser.parse_args()


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= _DAY:
        raise argparse.ArgumentTypeError(f"{text!r} is no time between two looks: 1 to {_DAY} seconds")
    return int(text)


def _schedule(every: int) -> DeploymentScheduleCreate:
    # Prefect's default anchor is the present moment: then every apply would move the schedule.
    interval = IntervalSchedule(interval=timedelta(seconds=every), anchor_date=datetime(2026, 1, 1, tzinfo=UTC))
    return DeploymentScheduleCreate(schedule=interval, active=True, slug="attend")


def _ensure_pool(client: SyncPrefectClient, pool: str) -> None:
    try:
        client.read_work_pool(pool)
    except ObjectNotFound:
        with suppress(ObjectAlreadyExists):  # a worker that starts at this moment makes it too
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
            print(f"created the work pool {pool}")


def _register_renewals(client: SyncPrefectClient, pool: str, folder: Path, profile: Profile) -> set[str]:
    registered = set()
    for purpose in profile.certificate.purposes:
        name = f"{profile.cluster}-{purpose.value.lower()}"
        parameters = {"cluster": profile.cluster, "purpose": purpose.value, "force": False}
        registered.add(_register(client, renew_multi_server_certificate, name, pool, folder, parameters=parameters))
    return registered


def _register(
    client: SyncPrefectClient,
    flow: Flow[..., Any],
    name: str,
    pool: str,
    folder: Path,
    **more: Any,  # noqa: ANN401
) -> str:
    wanted: dict[str, Any] = {
        "entrypoint": f"{flow.fn.__module__}.{flow.fn.__name__}",
        "work_pool_name": pool,
        "parameters": {},
        "parameter_openapi_schema": parameter_schema(flow).model_dump(exclude_unset=False),
        "enforce_parameter_schema": True,
        "description": flow.description,
        "tags": [_TAG],
        "job_variables": {"working_dir": str(ROOT), "command": _ENGINE, "env": {PROFILES: str(folder.resolve())}},
        "schedules": [],
        **more,
    }
    full = f"{flow.name}/{name}"
    if _is_registered(client, full, wanted):
        print(f"{full} is registered already")
    else:
        client.create_deployment(client.create_flow(flow), name, **wanted)
        print(f"registered {full}")
    return full


def _is_registered(client: SyncPrefectClient, name: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the server has exactly this: registering again would replace schedules, and end a pause by a person."""
    try:
        found = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    planned = [one.schedule for one in found.schedules] == [one.schedule for one in wanted["schedules"]]
    return planned and all(getattr(found, key) == wanted[key] for key in wanted.keys() - {"schedules"})


def _left_over(client: SyncPrefectClient, folder: Path, registered: set[str]) -> list[str]:
    """Names on the server that were registered from this folder once, and are not among these."""
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[_TAG]))
    left, offset = [], 0
    while page := client.read_deployments(deployment_filter=ours, limit=_PAGE, offset=offset):
        for one in page:
            name = f"{client.read_flow(one.flow_id).name}/{one.name}"
            if one.job_variables.get("env", {}).get(PROFILES) == str(folder.resolve()) and name not in registered:
                left.append(name)
        offset += _PAGE
    return sorted(left)


if __name__ == "__main__":
    run_command(main)
