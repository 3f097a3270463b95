"""A stand-in for the CA's officer: issues pending requests that name the scene's nodes, denies all others.

``python -m deployments.rehearsal.officer API SCENE.json LOG``: looks until it is ended.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import requests

from deployments.rehearsal.scene import Scene

THINKS = 5.0  # seconds between two looks at the list


def decide_once(session: requests.Session, scene: Scene, log: Path) -> None:
    """Decide on everything that is pending now."""
    allowed = {node["name"] for node in scene["nodes"]} | {scene["domain"]}
    for request in session.get(f"{scene['control']}/requests", timeout=30).json():
        if request["status"] != "pending":
            continue
        strangers = sorted(set(request["names"]) - allowed)
        verb = "deny" if strangers else "issue"
        session.post(f"{scene['control']}/requests/{request['id']}/{verb}", timeout=30).raise_for_status()
        line = {"at": datetime.now(UTC).isoformat(), "request": request["id"], "decision": verb, "strangers": strangers}
        with log.open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(f"officer: {verb} request {request['id']} {', '.join(strangers)}", flush=True)


def main() -> None:
    """Decide until ended."""
    _, scene_file, log = sys.argv[1:4]
    scene = json.loads(Path(scene_file).read_text())
    session = requests.Session()
    session.trust_env = False
    while True:
        threading.Event().wait(THINKS)
        try:
            decide_once(session, scene, Path(log))
        except requests.RequestException as error:
            print(f"officer: the CA is not there: {error}", flush=True)


if __name__ == "__main__":
    main()
