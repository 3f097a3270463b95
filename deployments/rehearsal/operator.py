"""A stand-in for the person who approves: compares every question with the scene, and says no when they differ.

``python -m deployments.rehearsal.operator API SCENE.json LOG``: answers until it is ended. It reads what a person
reads, the text above the form, and sends what the form sends.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import Scene

NAME = "Olga Operator (stand-in)"
TICKET = "CHG-REHEARSAL"
# What a person with Cisco's document at hand expects to be restarted, in order, by kind of node.
_ON_CUCM = ("Cisco Tomcat", "Cisco UDS Tomcat", "Cisco AXL Tomcat")
_EXPECTED = (
    ("cucm", "publisher", (*_ON_CUCM, "Cisco DRF Master", "Cisco DRF Local")),
    ("cucm", "subscriber", (*_ON_CUCM, "Cisco DRF Local")),
    ("imp", "publisher", ("Cisco Tomcat", "Cisco DRF Local")),
    ("imp", "subscriber", ("Cisco Tomcat", "Cisco DRF Local")),
)


def objections(question: str, scene: Scene) -> list[str]:
    """Everything in a question that is not as the scene has it; empty when a yes is due."""
    plan = _plan(question)
    if plan is None:
        return ["the question shows no plan"]
    found = []
    names = sorted(node["name"] for node in scene["nodes"])
    if sorted(plan["names"]) != names:
        found.append(f"names {', '.join(sorted(plan['names']))} instead of {', '.join(names)}")
    restarts = [(restart["node"], restart["service"]) for restart in plan["restarts"]]
    if restarts != _expected_restarts(scene):
        found.append("the restarts, or their order, are not those of the scene's nodes")
    stated = re.search(r"Plan digest: `([0-9a-f]{64})`", question)
    if stated is None or stated[1] != _digest(plan):
        found.append("the digest is not the plan's")
    return found


def _plan(question: str) -> dict[str, Any] | None:
    block = re.search(r"```json\n(.*?)\n```", question, re.DOTALL)
    return json.loads(block[1]) if block else None


def _digest(plan: Mapping[str, Any]) -> str:
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _expected_restarts(scene: Scene) -> list[tuple[str, str]]:
    return [
        (node["name"], service)
        for product, role, services in _EXPECTED
        for node in sorted(scene["nodes"], key=lambda node: str(node["name"]))
        if (node["product"], node["role"]) == (product, role)
        for service in services
    ]


def answer_once(door: PrefectDoor, scene: Scene, log: Path) -> int:
    """Answer every question that is open now; returns how many answers the server took."""
    taken = 0
    for run in door.suspended_runs():
        question = door.question(run)
        if question is None:
            continue
        found = objections(question, scene)
        decision = "deny" if found else "approve"
        form = {"decision": decision, "name": NAME, "ticket": TICKET, "remark": "; ".join(found)}
        status = door.resume(run["id"], form)
        taken += status == "ACCEPT"
        key = run["state"]["state_details"]["pause_key"]
        line = {"at": datetime.now(UTC).isoformat(), "run": run["id"], "question": key, **form, "status": status}
        with log.open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(f"operator: {decision} at '{key.partition('-')[0]}' {form['remark']} ({status})", flush=True)
    return taken


def main() -> None:
    """Answer until ended."""
    api, scene_file, log = sys.argv[1:4]
    door, scene = PrefectDoor(api), json.loads(Path(scene_file).read_text())
    while True:
        try:
            answer_once(door, scene, Path(log))
        except requests.RequestException as error:
            print(f"operator: the server is not there: {error}", flush=True)
        threading.Event().wait(1.0)


if __name__ == "__main__":
    main()
