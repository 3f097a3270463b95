"""`make rehearse ANSWERS=me`: a person goes where the rehearsal's links lead, and it takes their word.

What a browser sends is sent here without one: the chart on Prefect's page of a run takes a busy machine minutes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from deployments.apply import ROOT
from deployments.rehearsal.guide import LOCKED
from deployments.rehearsal.prefect_door import PrefectDoor
from tests.conftest import until

_PATIENCE = 150


@dataclass(frozen=True)
class Rehearsing:
    """A rehearsal that waits for somebody."""

    folder: Path
    program: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        """What it has said on the terminal."""
        return self.folder.with_suffix(".txt").read_text()

    def link(self, words: str) -> str:
        """The link below a line, as soon as it is there."""
        return until(lambda: re.search(rf"{words}.*\n +(http\S+)", self.said), _PATIENCE)[1]


@pytest.fixture
def rehearsing(tmp_path: Path) -> Iterator[Rehearsing]:
    """One rehearsal that nobody stands in for."""
    folder = tmp_path / "rehearsal"
    with folder.with_suffix(".txt").open("wb") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "deployments.rehearsal", "--latency", "0", "--answers", "me", "--folder", folder],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            start_new_session=True,
        )
    yield Rehearsing(folder, program)
    program.terminate()
    program.wait(60)


def answer(page: str, decision: str) -> str:
    """What Prefect's form sends from the page of a run."""
    pages, run = page.split("/runs/flow-run/")
    return PrefectDoor(f"{pages}/api").resume(run, {"decision": decision, "name": "Pia Person"})


def issue(page: str, number: int) -> int:
    """What the button Issue sends from the CA's page."""
    with requests.Session() as session:
        session.trust_env = False
        assert f'action="/page/requests/{number}/issue"' in session.get(page, timeout=30).text
        target = f"{page}page/requests/{number}/issue"
        return session.post(target, headers={"Origin": page.rstrip("/")}, timeout=30).status_code


def test_person_rehearses(rehearsing):
    """The links lead to Prefect's form and the CA's page: yes goes on, Issue issues, no ends it before any upload."""
    begun = answer(rehearsing.link("YOUR ANSWER: gate 'start'"), "approve")
    issued = issue(rehearsing.link("YOUR CLICK: request 32"), 32)
    ended = answer(rehearsing.link("YOUR ANSWER: gate 'activate'"), "deny")
    code = rehearsing.program.wait(_PATIENCE)

    ledger = json.loads((rehearsing.folder / "ledger.json").read_text())
    assert ["ACCEPT", 200, "ACCEPT"] == [begun, issued, ended]
    assert 3 == code
    assert LOCKED in rehearsing.said
    assert "processes left behind: 0" in rehearsing.said
    assert ["csr", "submit"] == [entry["kind"] for entry in ledger]
