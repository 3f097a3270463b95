"""A stand-in for the person who approves: compares every question with the scene, and says no when they differ.

``python -m deployments.rehearsal.operator API SCENE.json LOG PURPOSE MODE TOKEN``: answers until it is ended. It reads
what a person reads, the text above the form, and sends what the form sends.
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

from deployments.rehearsal.phones import phones_now, unwell
from deployments.rehearsal.play import Play
from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import Scene

NAME = "Olga Operator (stand-in)"
TICKET = "CHG-REHEARSAL"
TOMCAT = Play()


def objections(question: str, scene: Scene, play: Play = TOMCAT) -> list[str]:
    """Everything in a question that is not as the scene has it; empty when a yes is due."""
    plan = _plan(question)
    if plan is None:
        return ["the question shows no plan"]
    found = []
    names = play.names(scene)
    if sorted(plan["names"]) != names:
        found.append(f"names {', '.join(sorted(plan['names']))} instead of {', '.join(names)}")
    restarts = [(restart["node"], restart["service"]) for restart in plan["restarts"]]
    if restarts != play.restarts(scene):
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


class PhonesAsked:
    """What this person does at the questions about phones: goes and looks, never says yes unseen."""

    def __init__(self, scene: Scene) -> None:
        """Look at the scene's phones; those of the first look are those that have to be there at the end."""
        self._scene = scene
        self._session = requests.Session()
        self._session.trust_env = False
        self._before = phones_now(self._session, scene)

    def objections(self, key: str) -> list[str]:
        """What speaks against a yes to the question with this key; empty where nothing does."""
        if key.startswith("ctl-"):
            return self._run_ctl_client()
        if not key.startswith(("phones-trust-", "phones-back-")):
            return []
        return [*unwell(self._before, phones_now(self._session, self._scene))]

    def _run_ctl_client(self) -> list[str]:
        """The CTL client with the token in it: a button of the management page."""
        page = self._scene["control"]
        pressed = self._session.post(f"{page}/page/ctl", headers={"Origin": page}, timeout=30)
        return [] if pressed.ok else ["the CTL client says no"]


def answer_once(
    door: PrefectDoor, scene: Scene, log: Path, play: Play = TOMCAT, phones: PhonesAsked | None = None
) -> int:
    """Answer every question that is open now; returns how many answers the server took."""
    taken = 0
    for run in door.suspended_runs():
        question = door.question(run)
        if question is None:
            continue
        key = run["state"]["state_details"]["pause_key"]
        found = objections(question, scene, play) or (phones.objections(key) if phones else [])
        decision = "deny" if found else "approve"
        form = {"decision": decision, "name": NAME, "ticket": TICKET, "remark": "; ".join(found)}
        status = door.resume(run["id"], form)
        taken += status == "ACCEPT"
        line = {"at": datetime.now(UTC).isoformat(), "run": run["id"], "question": key, **form, "status": status}
        with log.open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(f"operator: {decision} at '{key.partition('-')[0]}' {form['remark']} ({status})", flush=True)
    return taken


def main() -> None:
    """Answer until ended."""
    api, scene_file, log, *played = sys.argv[1:]
    door, scene, play = PrefectDoor(api), json.loads(Path(scene_file).read_text()), Play.of(*played)
    phones = PhonesAsked(scene) if play.has_phones else None
    while True:
        try:
            answer_once(door, scene, Path(log), play, phones)
        except requests.RequestException as error:
            print(f"operator: the server is not there: {error}", flush=True)
        threading.Event().wait(1.0)


if __name__ == "__main__":
    main()
