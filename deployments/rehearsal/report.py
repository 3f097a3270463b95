"""What a rehearsal shows while it runs and leaves behind: log, ledger, evidence and the table at the end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import requests

from deployments.rehearsal.ground import Ground
from deployments.rehearsal.phones import Ledger, Phones, objections_to_ctl, objections_to_phones, phones_now
from deployments.rehearsal.play import Mode, Play


class Report:
    """The files of one rehearsal, and the same lines on the terminal."""

    def __init__(self, folder: Path) -> None:
        """Write into the folder."""
        self._folder = folder
        self._play = Play()
        self._before: Phones | None = None

    def say(self, line: str) -> None:
        """Show a line and keep it in ``run.log``."""
        print(line, flush=True)
        with (self._folder / "run.log").open("a") as log:
            log.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {line}\n")

    def begin(self, ground: Ground, play: Play) -> None:
        """Look at the phones as they are before the first change, where they are what it is about."""
        self._play = play
        self._before = _phones(ground) if play.has_phones else None

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
        """Write ledger and evidence, show the tables; True when there is evidence and nothing speaks against it."""
        ledger = ground.control("/ledger")
        (self._folder / "ledger.json").write_text(json.dumps(ledger, indent=1))
        self.say(f"the simulator's ledger: {dict(Counter(entry['kind'] for entry in ledger))}")
        shown = ground.command("deployments.rehearsal.evidence", "lab", self._play.purpose.value)
        if shown.returncode:
            self.say(f"there is no evidence: {shown.stderr.strip()}")
            return False
        evidence = json.loads(shown.stdout)
        markdown = evidence.pop("markdown")
        evidence["seconds"] = {"set_up": round(set_up, 1), "renewal": round(renewal, 1)}
        (self._folder / "evidence.json").write_text(json.dumps(evidence, indent=1))
        (self._folder / "evidence.md").write_text(markdown)
        found = [*self._objections(ground, ledger, evidence["leaf"])]
        if evidence["nodes"]:
            self._table(evidence)
        found += [f"a port of {row['node']} serves another" for row in evidence["nodes"] if _is_old(row, evidence)]
        for name in ("evidence.md", "evidence.json", "ledger.json", "run.log"):
            self.say(f"  {os.path.relpath(self._folder / name)}")
        for line in found:
            self.say(f"NOT AS IT HAS TO BE: {line}")
        return not found

    def _objections(self, ground: Ground, ledger: Ledger, leaf: str) -> Iterator[str]:
        """What the simulator says against the renewal."""
        restarts = [(entry["node"], entry["service"]) for entry in ledger if entry["kind"] == "restart"]
        if restarts != self._play.restarts(ground.scene):
            yield "the restarts, or their order, are not those of Cisco's document"
        if (uploads := sum(entry["kind"] == "leaf-upload" for entry in ledger)) != 1:
            yield f"the certificate was uploaded {uploads} times"
        if self._play.has_phones and self._play.mode is Mode.MIXED:
            yield from objections_to_ctl(ledger, leaf)
        if self._before is not None:
            after = _phones(ground)
            self._phones_table(self._before, after)
            yield from objections_to_phones(self._before, after, leaf)

    def _phones_table(self, before: Phones, after: Phones) -> None:
        self.say(f"{'node':<26} phones before  phones now")
        for node in sorted({*before.by_node, *after.by_node}):
            self.say(f"{node:<26} {before.by_node.get(node, 0):>13}  {after.by_node.get(node, 0):>10}")

    def _table(self, evidence: dict[str, Any]) -> None:
        self.say(f"{'node':<26} {'port':>5}  {'served before':<16}  serves now")
        for row in evidence["nodes"]:
            self.say(f"{row['node']:<26} {row['port']:>5}  {row['before'][:16]}  {row['after'][:16]}")


def _is_old(row: Mapping[str, Any], evidence: Mapping[str, Any]) -> bool:
    return bool(row["after"] != evidence["leaf"])


def _phones(ground: Ground) -> Phones:
    with requests.Session() as session:
        session.trust_env = False
        return phones_now(session, ground.scene)
