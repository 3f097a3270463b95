"""For a person who answers by themselves: says where a click is wanted, once for each.

``python -m deployments.rehearsal.guide API SCENE.json``: looks until it is ended, and answers nothing.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import requests

from deployments.rehearsal.prefect_door import PrefectDoor
from deployments.rehearsal.scene import Scene

# prefect.md §1: one click in three met a locked database while two programs wrote log lines.
LOCKED = (
    "  if the form stays open and says that it failed ('database is locked' in the server's log): nothing is lost,"
    " press Submit again. It is SQLite under this rehearsal's server; a server for real work has PostgreSQL."
)

# What a person does before an answer about phones; the section is on the management page.
_FIRST = {
    "phones-trust": "  first look at the section Phones of {control}/: an HTTPS service has to open on each model",
    "phones-back": "  first look at the section Phones of {control}/: who is missing, and does it trust the cluster?",
    "ctl": "  first press 'Run the CTL client' in the section Phones of {control}/: that is you with the USB token",
}


class Guide:
    """What has been said, so that nothing is said twice."""

    def __init__(self, api: str, scene: Scene) -> None:
        """Look at the Prefect server behind this API and at the scene's CA."""
        self._door, self._scene = PrefectDoor(api), scene
        self._pages = api.removesuffix("/api")
        self._session = requests.Session()
        self._session.trust_env = False
        self._said: set[str] = set()

    def sentences(self) -> Iterator[str]:
        """Everything that waits for a person and was not said yet. Raises requests.RequestException."""
        for run in self._door.suspended_runs():
            key = run["state"]["state_details"]["pause_key"]
            if self._door.question(run) is not None and self._is_new(f"{run['id']} {key}"):
                gate = next((one for one in _FIRST if key.startswith(f"{one}-")), key.partition("-")[0])
                yield f"YOUR ANSWER: gate '{gate}' waits for you; press Resume there, read, fill in, Submit:"
                if gate in _FIRST:
                    yield _FIRST[gate].format(control=self._scene["control"])
                yield f"  {self._pages}/runs/flow-run/{run['id']}"
                yield LOCKED
        for request in self._session.get(f"{self._scene['control']}/requests", timeout=30).json():
            if request["status"] == "pending" and self._is_new(f"request {request['id']}"):
                yield f"YOUR CLICK: request {request['id']} waits for the CA's officer; press Issue or Deny there:"
                yield f"  {self._scene['control']}/"

    def _is_new(self, what: str) -> bool:
        new = what not in self._said
        self._said.add(what)
        return new


def main() -> None:
    """Guide until ended."""
    api, scene_file = sys.argv[1:3]
    guide = Guide(api, json.loads(Path(scene_file).read_text()))
    while True:
        try:
            for sentence in guide.sentences():
                print(sentence, flush=True)
        except requests.RequestException as error:
            print(f"guide: a server is not there: {error}", flush=True)
        threading.Event().wait(1.0)


if __name__ == "__main__":
    main()
