"""`python -m deployments.rehearsal`: the whole renewal in one command, its evidence, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployments.apply import ROOT
from deployments.rehearsal.programs import processes_with
from tests.conftest import until
from tests.procedure.stage import BEFORE_RESTARTS, RESTARTS, kinds, restarts

HEX = re.compile(r"[0-9a-f]{64}")
LONGEST = 1000  # seconds; only a rehearsal that hangs takes so long


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that has ended, and what it left."""

    code: int
    folder: Path
    evidence: dict[str, Any]
    ledger: list[dict[str, Any]]
    log: str


def rehearse(folder: Path) -> subprocess.Popen[bytes]:
    """Start a rehearsal; it and everything it starts inherit a mark of our own."""
    with (folder.parent / f"{folder.name}.txt").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "deployments.rehearsal", "--latency", "0", "--folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TEST_MARK": str(folder)},
            cwd=ROOT,
            start_new_session=True,
        )


def marked(folder: Path) -> list[int]:
    """Every process that descends from the rehearsal in this folder, whether it still has a parent or not."""
    return processes_with(f"TEST_MARK={folder}")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory) -> Rehearsed:
    """One rehearsal from beginning to end."""
    folder = tmp_path_factory.mktemp("rehearsed") / "rehearsal"
    program = rehearse(folder)
    try:
        code = program.wait(LONGEST)
    finally:
        program.terminate()
    return Rehearsed(
        code,
        folder,
        json.loads((folder / "evidence.json").read_text()),
        json.loads((folder / "ledger.json").read_text()),
        (folder / "run.log").read_text(),
    )


def test_rehearsal_ends_well(rehearsed: Rehearsed):
    """It ends with 0 and leaves no process behind that it or anything it started has started."""
    assert 0 == rehearsed.code
    assert [] == marked(rehearsed.folder)
    assert "processes left behind: 0" in rehearsed.log


def test_rehearsal_ledger(rehearsed: Rehearsed):
    """The ledger counts one request, one submission, two CA certificates, one leaf and the 11 restarts in order."""
    assert BEFORE_RESTARTS + ["restart"] * len(RESTARTS) == kinds(rehearsed.ledger)
    assert RESTARTS == restarts(rehearsed.ledger)


def test_rehearsal_evidence(rehearsed: Rehearsed):
    """The evidence names request 32, the plan, who answered what, and the new leaf on every node and port."""
    evidence = rehearsed.evidence
    leaf = evidence["leaf"]
    scene = json.loads((rehearsed.folder / "ground" / "scene.json").read_text())
    ports = [(node["name"], node[port]) for node in scene["nodes"] for port in ("https_port", "tomcat_port")]
    before = {node["name"]: node["tomcat_sha256"] for node in scene["nodes"]}

    assert 32 == evidence["request_id"]
    assert HEX.fullmatch(evidence["plan_digest"])
    assert [entry["fingerprint"] for entry in rehearsed.ledger if entry["kind"] == "leaf-upload"] == [leaf]
    assert ["start", "activate"] == [answer["gate"] for answer in evidence["answers"]]
    for answer in evidence["answers"]:
        assert {"gate", "digest", "decision", "name", "ticket", "at"} <= answer.keys()
        assert (evidence["plan_digest"], "approve") == (answer["digest"], answer["decision"])
        assert answer["name"]
    assert ports == [(row["node"], row["port"]) for row in evidence["nodes"]]
    assert [(before[node], leaf) for node, _ in ports] == [(row["before"], row["after"]) for row in evidence["nodes"]]
    assert evidence["seconds"].keys() >= {"set_up", "renewal"}


def test_rehearsal_says_it_to_people(rehearsed: Rehearsed):
    """The log ends with a row for each node and port; the readable evidence names leaf and digest."""
    shown = (rehearsed.folder / "evidence.md").read_text()

    assert rehearsed.evidence["leaf"] in shown
    assert rehearsed.evidence["plan_digest"] in shown
    for row in rehearsed.evidence["nodes"]:
        columns = (row["node"], str(row["port"]), row["before"][:16], row["after"][:16])
        assert re.search(r"\s+".join(map(re.escape, columns)), rehearsed.log)
    assert "Traceback" not in rehearsed.log


def test_rehearsal_is_what_the_readme_shows(rehearsed: Rehearsed):
    """Every line of the README's shortened log is one that a rehearsal prints, in this order, whatever its numbers."""
    shown = (ROOT / "README.md").read_text().partition("setting up: ")[2].partition("```")[0].splitlines()
    printed = [plain(line.partition(" ")[2]) for line in rehearsed.log.splitlines()]
    # A wait is said only when the command looks while it lasts.
    lines = [plain(line) for line in shown[1:] if line.strip() != "..." and not line.startswith("  waiting for")]
    places = [printed.index(line) for line in lines if line in printed]

    assert len(lines) > 30
    assert [] == [line for line in lines if line not in printed]
    assert sorted(places) == places


def plain(line: str) -> str:
    """A line without what is another at every start: the run and its page, times, ports, seconds, fingerprints."""
    line = re.sub(r"http://\S+/runs/flow-run/\S+|<the run's page>", "PAGE", line)
    line = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{16}\b", "ID", line)
    line = re.sub(r"\S*build/rehearsal|\S*/rehearsal(?=/)", "FOLDER", line)
    return re.sub(r"\s+", " ", re.sub(r"[0-9]+", "N", line))


def test_terminated_rehearsal_leaves_nothing(tmp_path: Path):
    """A rehearsal that is ended from outside with SIGTERM in the middle of its work leaves no process behind."""
    folder = tmp_path / "rehearsal"
    program = rehearse(folder)
    try:
        begun = until(
            lambda: (folder / "ground" / "logs" / "server.log").exists() and len(marked(folder)) > 2, LONGEST, 0.2
        )
        program.terminate()
        code = program.wait(LONGEST)
    finally:
        program.kill()

    assert begun
    assert 1 == code
    assert [] == marked(folder)


def test_rehearsal_spares_other_folders(tmp_path: Path):
    """A folder that holds other things than an earlier rehearsal is not emptied."""
    (tmp_path / "letter.txt").write_text("keep me")
    done = subprocess.run(
        [sys.executable, "-m", "deployments.rehearsal", "--folder", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )

    assert 2 == done.returncode
    assert f"{tmp_path} holds other things than a rehearsal" in done.stderr
    assert ["letter.txt"] == [file.name for file in tmp_path.iterdir()]
