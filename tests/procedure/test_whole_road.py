"""The whole road with a real worker: a renewal from command to last sentence, through a kill of server and worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deployments.rehearsal.ground import Ground
from deployments.rehearsal.operator import answer_once
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import write_profile
from tests.conftest import until
from tests.procedure.stage import (
    BEFORE_RESTARTS,
    RESTARTS,
    WORKS,
    Followed,
    Run,
    kinds,
    lose_machine,
    processes_of,
    restarts,
)


@dataclass
class Road:
    """What was seen on the way."""

    ground: Ground
    profile: Path
    run: Run
    renew: Followed
    while_working: list[int] = field(default_factory=list)
    while_pending: list[int] = field(default_factory=list)
    after_restart: dict[str, Any] = field(default_factory=dict)
    clicked: float = 0.0
    ledger: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def road(new_ground: Callable[..., Ground]) -> Iterator[Road]:
    """One renewal on a ground of its own, because its server is killed."""
    ground = new_ground("road", attend_every=15)
    try:
        ground.start_simulator("--first-request-id", "32", "--seed", "1")
        ground.start_server()
        profile = write_profile(ground.scene, ground.profiles)
        ground.apply()
        ground.start_worker()
        yield _walk(ground, profile)
    finally:
        ground.stop()


def _walk(ground: Ground, profile: Path) -> Road:
    renew = Followed(ground, profile)
    road = Road(ground, profile, Run(ground.api, renew.started()), renew)
    run, door = road.run, PrefectDoor(ground.api)
    road.before = _seen(ground)
    road.while_working = until(lambda: processes_of(run.id), WORKS)
    run.comes_to("start")
    until(lambda: answer_once(door, ground.scene, ground.folder / "answers.log"))

    run.comes_to("ca-pending-32")
    road.while_pending = until(lambda: not (found := processes_of(run.id)) and [found], 20)[0]
    lose_machine(ground, "worker", "server")
    ground.start_server()
    ground.start_worker()
    road.after_restart = run.state

    road.clicked = time.time()
    ground.control("/requests/32/issue", {})
    run.comes_to("activate")
    until(lambda: answer_once(door, ground.scene, ground.folder / "answers.log"))
    renew.ended(2 * WORKS)
    road.ledger, road.after = ground.control("/ledger"), _seen(ground)
    return road


def _seen(ground: Ground) -> dict[str, Any]:
    """Single sign-on and the state of every service, node by node."""
    return {
        node["name"]: (node["sso"], {name: one["state"] for name, one in node["services"].items()})
        for node in ground.control("/state")["nodes"]
    }


def test_process_lives_while_working(road: Road):
    """While the run works a process carries its id; while request 32 is pending there is none."""
    assert road.while_working
    assert [] == road.while_pending


def test_pending_survives_dead_server(road: Road):
    """A run that waits for the CA is as it was after worker and server were killed and started again."""
    assert "Suspended" == road.after_restart["name"]
    assert road.after_restart["state_details"]["pause_key"].startswith("ca-pending-32-")


def test_attend_alone_resumes(road: Road):
    """After the officer's click the scheduled attend, and nobody else, resumes the run, within 60 s."""
    states = road.run.states
    waiting = next(
        number
        for number, state in enumerate(states)
        if str(state["state_details"].get("pause_key") or "").startswith("ca-pending-32-")
    )
    resumed = datetime.fromisoformat(states[waiting + 1]["timestamp"]).timestamp()
    attends = road.run.door.post("/flow_runs/filter", {"deployments": {"name": {"any_": ["attend"]}}})
    woke = [one for one in attends if woke_request_32(Run(road.ground.api, one["id"]))]

    assert "Resuming" == states[waiting + 1]["name"]
    assert 0 < resumed - road.clicked < 60
    assert [True] == [one["auto_scheduled"] for one in woke]


def woke_request_32(attend: Run) -> bool:
    """True when this run of `attend` says that it resumed ours."""
    return "lab: the CA decided on request 32; resuming: ACCEPT" in attend.logs()


def test_last_sentence_and_exit(road: Road):
    """The command ends with 0 and the run's last sentence, and shows no stack trace."""
    message = road.run.state["message"]

    assert 0 == road.renew.process.returncode
    assert message == road.renew.last_line
    assert message.startswith("lab tomcat: renewed on 3 nodes, request 32, certificate ")
    assert "Traceback" not in road.renew.text


def test_ledger_of_whole_road(road: Road):
    """The cluster saw one request, one submission, root before intermediate, the leaf and 11 restarts in order."""
    uploaded = [entry["subject"] for entry in road.ledger if entry["kind"] == "trust-upload"]
    submitted = [entry["request_id"] for entry in road.ledger if entry["kind"] == "submit"]

    assert BEFORE_RESTARTS + ["restart"] * len(RESTARTS) == kinds(road.ledger)
    assert RESTARTS == restarts(road.ledger)
    assert [32] == submitted
    assert ["Root" in uploaded[0], "Root" in uploaded[1]] == [True, False]


def test_all_is_as_before(road: Road):
    """S3, design.md §3: though server and worker were killed, single sign-on and every service are as they were."""
    assert "STARTED" in road.before["cs-ccm-pub.example.com"][1].values()
    assert road.before == road.after


def test_second_run_changes_nothing(road: Road):
    """A run right after finds everything done, changes nothing and says until when."""
    again = Followed(road.ground, road.profile)
    code = again.ended()

    assert 0 == code
    assert again.last_line.startswith("lab tomcat: nothing to do until 20")
    assert road.ledger == road.ground.control("/ledger")
