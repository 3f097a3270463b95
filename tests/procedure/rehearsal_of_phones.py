"""`make rehearse PURPOSE=CallManager MODE=mixed TOKEN=usb`, really played: minutes, so `make check-readme` runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.procedure.lives import PUBLISHER, SUBSCRIBER
from tests.procedure.test_rehearsal_phones import rehearse

TVS = "Cisco Trust Verification Service"
# cucm.md §4.2, D217138 for release 14, HAProxy by the Security Guide 14; written down here once more.
RESTARTS = [
    (node, service)
    for service in (TVS, "Cisco Tftp", "Cisco CallManager", "Cisco CTIManager", "Cisco HAProxy")
    for node in (PUBLISHER, SUBSCRIBER)
]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The rehearsal with the most hands in it: a person with a USB token."""
    folder = tmp_path_factory.mktemp("phones") / "rehearsal"
    return folder, rehearse(folder, "--purpose", "CallManager", "--mode", "mixed", "--token", "usb")


def test_rehearsal_of_phones_ends_well(rehearsed):
    """S26: it ends with 0, as many phones on each node as before, no process left, and shows the restarts."""
    folder, ended = rehearsed
    evidence = json.loads((folder / "evidence.json").read_text())

    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert "processes left behind: 0" in ended.stdout
    assert "NOT AS IT HAS TO BE" not in ended.stdout
    assert evidence["phones"]["before"] == evidence["phones"]["after"]
    assert {PUBLISHER, SUBSCRIBER} == set(evidence["phones"]["after"])
    assert [] == evidence["phones_missing"]
    for node, service in RESTARTS:
        assert f"{node}: restarting {service}\n" in ended.stdout


def test_rehearsal_of_phones_ledger(rehearsed):
    """S25, S26: one certificate, then the CTL by the token with its fingerprint, then each service once, in order."""
    folder, _ = rehearsed
    ledger = json.loads((folder / "ledger.json").read_text())
    leaf = json.loads((folder / "evidence.json").read_text())["leaf"]
    changes = [entry for entry in ledger if entry["kind"] not in ("csr", "submit", "trust-upload")]

    assert ["leaf-upload", "ctl-update", *["restart"] * 10] == [entry["kind"] for entry in changes]
    assert ("token", leaf) == (changes[1]["by"], changes[1]["fingerprint"])
    assert RESTARTS == [(entry["node"], entry["service"]) for entry in changes[2:]]
