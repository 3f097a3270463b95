"""What a rehearsal shows while it runs and leaves behind: log, ledger, evidence and the table at the end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

from deployments.rehearsal.ground import Ground


class Report:
    """The files of one rehearsal, and the same lines on the terminal."""

    def __init__(self, folder: Path) -> None:
        """Write into the folder."""
        self._folder = folder

    def say(self, line: str) -> None:
        """Show a line and keep it in ``run.log``."""
        print(line, flush=True)
        with (self._folder / "run.log").open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {line}\n")

    def follow(self, files: Sequence[Path], ended: Callable[[], bool], *, seconds: float) -> None:
        """Show what programs write, line by line, until one of them has ended or the time is over."""
        deadline = time.monotonic() + seconds
        with ExitStack() as opened:
            logs = [opened.enter_context(file.open()) for file in files]
            while True:
                over = ended() or time.monotonic() > deadline
                for line in chain.from_iterable(log.readlines() for log in logs):
                    self.say(line.rstrip())
                if over:
                    return
                threading.Event().wait(0.2)

    def write(self, ground: Ground, *, set_up: float, renewal: float) -> bool:
        """Write ledger and evidence, show the table; True when there is evidence and every port serves the leaf."""
        ledger = ground.control("/ledger")
        (self._folder / "ledger.json").write_text(json.dumps(ledger, indent=1))
        self.say(f"the simulator's ledger: {dict(Counter(entry['kind'] for entry in ledger))}")
        shown = ground.command("deployments.rehearsal.evidence", "lab", "tomcat")
        if shown.returncode:
            self.say(f"there is no evidence: {shown.stderr.strip()}")
            return False
        evidence = json.loads(shown.stdout)
        markdown = evidence.pop("markdown")
        evidence["seconds"] = {"set_up": round(set_up, 1), "renewal": round(renewal, 1)}
        (self._folder / "evidence.json").write_text(json.dumps(evidence, indent=1))
        (self._folder / "evidence.md").write_text(markdown)
        self._table(evidence)
        for name in ("evidence.md", "evidence.json", "ledger.json", "run.log"):
            self.say(f"  {os.path.relpath(self._folder / name)}")
        return all(row["after"] == evidence["leaf"] for row in evidence["nodes"])

    def _table(self, evidence: dict[str, Any]) -> None:
        self.say(f"{'node':<26} {'port':>5}  {'served before':<16}  serves now")
        for row in evidence["nodes"]:
            self.say(f"{row['node']:<26} {row['port']:>5}  {row['before'][:16]}  {row['after'][:16]}")
