"""What a rehearsal of the change of phones' trust refuses, and how it judges; rehearsal_of_phones.py plays one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments.apply import ROOT
from deployments.rehearsal.phones import Phones, objections_to_ctl, objections_to_phones
from tests.procedure.lives import PUBLISHER

LONGEST = 1000  # seconds; only a rehearsal that hangs takes so long


def rehearse(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command to its end."""
    command = [sys.executable, "-m", "deployments.rehearsal", "--latency", "0", "--folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token", "usb"], "say MODE=mixed with TOKEN=usb"),
        (["--purpose", "TVS"], "argument --purpose: invalid"),
        (["--mode", "secure"], "argument --mode: invalid"),
    ],
)
def test_rehearsal_that_cannot_be(tmp_path, arguments, said):
    """What no cluster is like, or nobody rehearses, is refused in a sentence before anything is started."""
    ended = rehearse(tmp_path / "rehearsal", *arguments)

    assert 2 == ended.returncode
    assert said in ended.stderr
    assert not (tmp_path / "rehearsal").exists()


def seat(name: str, **told: Any) -> dict[str, Any]:
    """One phone that is well, but for what is told."""
    return {"name": name, "node": PUBLISHER, "registered": True, "https": True, "itl": "new", **told}


LISTS = {"new": frozenset({"leaf"}), "old": frozenset({"before"})}
BEFORE = Phones((seat("SEP1", itl="old"), seat("SEP2", itl="old")), LISTS)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, []),
        ({"registered": False}, ["1 phones that were registered are not any more: SEP2"]),
        ({"https": False}, ["on 1 registered phones no HTTPS service opens: SEP2"]),
        ({"itl": "old"}, ["1 registered phones do not know the new certificate: SEP2"]),
    ],
)
def test_rehearsal_misses_phones(told, said):
    """A phone that is away, trusts nothing or holds the old list makes a rehearsal fail, by name."""
    after = Phones((seat("SEP1"), seat("SEP2", **told)), LISTS)

    assert said == [*objections_to_phones(BEFORE, after, "leaf")]


UPLOAD, RESTART = {"kind": "leaf-upload"}, {"kind": "restart"}
UPDATE = {"kind": "ctl-update", "fingerprint": "leaf"}


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        ([UPLOAD, UPDATE, RESTART], []),
        ([UPLOAD, RESTART], ["the CTL was updated 0 times"]),
        ([UPDATE, UPLOAD, RESTART], ["the CTL was not updated between the certificate and the first restart"]),
        ([UPLOAD, RESTART, UPDATE], ["the CTL was not updated between the certificate and the first restart"]),
        ([UPLOAD, {**UPDATE, "fingerprint": "before"}, RESTART], ["the CTL does not hold the new certificate"]),
    ],
)
def test_rehearsal_judges_the_ctl(ledger, said):
    """In mixed mode a CTL that is forgotten, too early, too late or old makes a rehearsal fail (S25)."""
    assert said == [*objections_to_ctl(ledger, "leaf")]
