"""One real Prefect server with one real process worker for all procedure tests; each test has a cluster of its own."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW,
    temporary_settings,
)

from deployments.apply import _ensure_pool, _register_renewals
from deployments.rehearsal.ground import Ground
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import write_profile
from tasks.sites import PROFILES
from tests.conftest import Simulator
from tests.procedure.drill import Drills
from tests.procedure.lives import Lives, Said, scene_now
from tests.procedure.phone_drill import PhoneDrill
from tests.procedure.phones_walked import PhonesWalked
from tests.procedure.signing import Signers
from tests.procedure.stage import NEVER
from tests.procedure.walked import Walked
from ucrenew.domain.baseline import Baseline
from ucrenew.profile import load_profile


@pytest.fixture(scope="session")
def database(tmp_path_factory) -> Path:
    """A Prefect database with every migration: making one takes 15 s, so the processes of the tests share it."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (folder / "database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ground, made = Ground(folder / "database"), folder / "database" / "prefect" / "prefect.db"
        if not made.exists():
            upgrade = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            subprocess.run(upgrade, env=ground.programs.environment, check=True, capture_output=True)
    return made


@pytest.fixture(scope="session")
def new_ground(database: Path, tmp_path_factory) -> Callable[..., Ground]:
    """Grounds with a folder and a database of their own, nothing started yet; whoever asks for one stops it."""

    def make(name: str, **options) -> Ground:
        ground = Ground(tmp_path_factory.mktemp(name), **options)
        home = ground.folder / "prefect"
        home.mkdir()
        shutil.copy(database, home)
        return ground

    return make


@pytest.fixture(scope="session")
def server(new_ground: Callable[..., Ground]) -> Iterator[Ground]:
    """A Prefect server of its own (SQLite, own home), no worker."""
    ground = new_ground("ground", attend_every=NEVER)
    try:
        ground.start_server()
        yield ground
    finally:
        ground.stop()


@pytest.fixture(scope="session")
def ground(server: Ground) -> Ground:
    """The same server with a worker that polls every second."""
    server.start_worker()
    return server


@pytest.fixture
def door(server: Ground) -> PrefectDoor:
    """The server's REST API as the UI's form uses it."""
    return PrefectDoor(server.api)


@pytest.fixture
def new_profile(simulator, tmp_path: Path) -> Callable[..., Path]:
    """Write a profile for this test's simulator under a cluster name that no other test has."""

    def write(**certificate) -> Path:
        return write_profile(simulator.scene, tmp_path / "profiles", cluster=f"lab-{token_hex(4)}", **certificate)

    return write


@pytest.fixture
def in_process(server: Ground, tmp_path: Path, monkeypatch) -> Iterator[None]:
    """Flows run in the test's own process against the real server: quick, and without a worker."""
    monkeypatch.setenv(PROFILES, str(tmp_path / "profiles"))
    with temporary_settings({PREFECT_API_URL: server.api, PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore"}):
        yield


@contextmanager
def _neighbourhood(server: Ground, folder: Path) -> Iterator[Callable[..., Lives]]:
    """Settles clusters on simulators, registered in a pool that no worker looks at, and takes their runs away again."""
    made: list[Lives] = []
    said, loggers = Said(), [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    quiet = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    for logger in loggers:
        logger.addHandler(said)
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings(quiet),
        get_client(sync_client=True) as client,
    ):
        # Events feed Prefect's own pages and automations; nothing of ours reads them, and they cost a third of a life.
        patch.setattr("prefect.events.utilities.should_emit_events", lambda: False)
        # Not by a setting: threads see no temporary ones, and would start a server of their own to log to.
        patch.setattr("prefect.logging.handlers.APILogHandler.emit", lambda *_: None)
        _ensure_pool(client, "in-process")

        def settle(simulator: Simulator, append: str = "", **certificate) -> Lives:
            path = write_profile(scene_now(simulator), folder, cluster=f"lab-{token_hex(4)}", **certificate)
            path.write_text(path.read_text() + append)
            _register_renewals(client, "in-process", folder, load_profile(path))
            simulator.control.post("/ca", {"profile": "honest", "reachable": True, "service_running": True})
            simulator.control.forget()
            made.append(Lives(simulator, path, client, PrefectDoor(server.api), said))
            return made[-1]

        try:
            yield settle
        finally:
            for logger in loggers:
                logger.removeHandler(said)
            for one in made:
                # A suspended run that is left behind would be seen by the next test's stand-ins.
                for run in one.runs:
                    client.delete_flow_run(run)


@pytest.fixture
def lives(in_process, server: Ground, tmp_path: Path) -> Iterator[Callable[..., Lives]]:  # noqa: ARG001
    """Settles a cluster of the test's own: ``lives(simulator, text_for_the_end_of_the_profile, **certificate)``."""
    with _neighbourhood(server, tmp_path / "profiles") as settle:
        yield settle


@pytest.fixture(scope="module")
def module_lives(server: Ground, tmp_path_factory) -> Iterator[Callable[..., Lives]]:
    """The same for a cluster that several tests of a module look at."""
    folder = tmp_path_factory.mktemp("module") / "profiles"
    where = {PREFECT_API_URL: server.api, PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore"}
    with pytest.MonkeyPatch.context() as patch, temporary_settings(where):
        patch.setenv(PROFILES, str(folder))
        with _neighbourhood(server, folder) as settle:
            yield settle


@pytest.fixture(scope="module")
def before(standing: Simulator, tmp_path_factory) -> Baseline:
    """The module's simulated cluster before anything, read once."""
    with pytest.MonkeyPatch.context() as patch:
        return Walked(standing, tmp_path_factory.mktemp("before"), patch).baseline


@pytest.fixture(scope="module")
def ages() -> Iterator[int]:
    """Seconds by which the cluster's clock is put forward, ever more: what a test restarts is old in the next one."""
    return count(60, 60)


@pytest.fixture
def walked(borrowed: Simulator, before: Baseline, ages: Iterator[int], tmp_path: Path, monkeypatch) -> Walked:
    """That cluster for a test of single steps, which do not wait long."""
    borrowed.control.post("/cluster", {"clock_offset": next(ages)})
    return Walked(borrowed, tmp_path, monkeypatch, before)


@pytest.fixture(scope="module")
def drills(standing: Simulator, tmp_path_factory) -> Drills:
    """Renewals of this module's cluster in which things fail, step by step and without Prefect."""
    return Drills(standing, lambda: tmp_path_factory.mktemp("drill"))


@pytest.fixture(scope="module")
def phone_drills(standing: Simulator, tmp_path_factory) -> Drills:
    """The same on the CallManager path, in mixed mode, with twenty phones."""
    return Drills(standing, lambda: tmp_path_factory.mktemp("drill"), PhoneDrill)


@pytest.fixture
def with_phones(borrowed: Simulator, tmp_path: Path) -> Callable[..., PhonesWalked]:
    """Walks the CallManager path step by step: ``with_phones(*groups, security_mode=1)``."""

    def make(*groups, **told) -> PhonesWalked:
        return PhonesWalked(borrowed, tmp_path, *groups, **told)

    return make


@pytest.fixture(scope="module")
def signers(tmp_path_factory) -> Signers:
    """Three people with keys, of whom two may sign."""
    return Signers(tmp_path_factory.mktemp("signers"))


@pytest.fixture(scope="module")
def asked(module_lives, standing: Simulator, signers: Signers) -> Lives:
    """A run that waits at `start`, where a signed answer is demanded; answers that do not count leave it there."""
    life = module_lives(standing, signers.demanded)
    life.begin()
    return life
