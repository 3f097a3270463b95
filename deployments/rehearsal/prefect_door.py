"""The few calls that the Prefect UI's form makes, made by plain HTTP as any other program could.

Every write is repeated while the server is busy: on SQLite a click is lost otherwise (prefect.md §1).
"""

from __future__ import annotations

import threading
from typing import Any

import requests

_BUSY = 503
_TRIES = 40
_PATIENCE = 120  # seconds: SQLite may hold a call for a minute


class PrefectDoor:
    """A Prefect server's REST API, seen from outside."""

    def __init__(self, api: str) -> None:
        """Talk to the API at this URL."""
        self._api = api.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        # One connection a call: the server hangs up on an idle one after seconds, and a call may be under way by then.
        self._session.headers["Connection"] = "close"

    def post(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """POST until the server is not busy, and return its JSON."""
        answer = self._session.post(f"{self._api}{path}", json=body, timeout=_PATIENCE)
        for _ in range(_TRIES):
            if answer.status_code != _BUSY:
                break
            threading.Event().wait(0.25)
            answer = self._session.post(f"{self._api}{path}", json=body, timeout=_PATIENCE)
        answer.raise_for_status()
        return answer.json()

    def suspended_runs(self) -> list[dict[str, Any]]:
        """The runs that wait, for whatever reason."""
        wanted = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}}
        return list(self.post("/flow_runs/filter", wanted))

    def question(self, run: dict[str, Any]) -> str | None:
        """The text above the form of a suspended run; None when it waits for no person."""
        key = run["state"]["state_details"]["pause_key"]
        path = f"/flow_runs/{run['id']}/input/suspended-{key}-description"
        found = self._session.get(f"{self._api}{path}", timeout=_PATIENCE)
        return str(found.json()) if found.ok else None

    def resume(self, run_id: str, answer: dict[str, Any]) -> str:
        """Send the form; returns ACCEPT, REJECT or ABORT, which the server tells in the body."""
        return str(self.post(f"/flow_runs/{run_id}/resume", {"run_input": answer})["status"])
