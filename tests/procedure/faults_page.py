"""docs/faults.md: what was observed at every fault, one table for each module that lets them happen.

A table is held against the page; with UCRENEW_WRITE_DOCS=1 it is written there first (`make docs`).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.procedure.faults import WAITS, Seen

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
SECTIONS = (
    "The certificate API",
    "Refusals, and nodes that miss what they are sent",
    "Nodes, the command line and services",
    "Single sign-on",
    "Phones",
    "The CA",
    "Whole runs",
)
HEAD = """\
# What a renewal makes of every fault

Written by the tests (`make docs`) from what they observed on the simulated cluster and CA, and compared with it by each
`make test`. After every fault `tests/procedure/faults.py` demands of the simulator's own state: the end is one clear
sentence or a question at a gate; no stack trace and no secret is in the log; no node has a certificate without its
chain; no service is down that was up; there is never a second request or submission.

The faults of one drill meet one and the same renewal in turn. Each is put right as the last column says; then the run
is retried or answered, meets the next one, and is renewed in the end, except where the renewal is said to end.
"ledger" is every call that changed something, or was refused, since that renewal began. Times are those of the product.
"""
TABLE = "| fault | where | what happens | what it says | afterwards |\n|---|---|---|---|---|"
# What differs from run to run, and what the tests make short.
CHANGES: tuple[tuple[str, str], ...] = (
    (r"https://[\w.-]+:\d+/certsrv/", "https://ca.example.com/certsrv/"),
    (r":\d{4,5}( \(at 127\.0\.0\.1\))", ""),
    (r" cannot be reached at 127\.0\.0\.1:\d+", " cannot be reached"),
    (r"\b127\.0\.0\.1:\d{4,5}\b", "its address"),
    (r"(?<=example\.com):\d{4,5}\b", ""),
    (r"\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b", "…"),
    (r"([Rr]equest|Request Id is|number|its number is) \d{1,4}\b", r"\1 32"),
    (r"ReqID=\d+", "ReqID=32"),
    (r"\blab-[0-9a-f]{8}\b", "lab"),
    (r"\bCN=(Root|Issuing) [0-9a-f]{8}\b", r"CN=\1"),
    (r"(?<=serial )[0-9a-f]+|(?<=\(changed )[^)]+", "…"),
)
_LONGEST = 700


def hold(title: str, seen: Iterable[Seen], usual: Iterable[str], *, shortened: Mapping[str, str]) -> None:
    """Compare a section of the page with what was observed; write it first where that is asked for."""
    known = set(usual)
    rows = [_row(one, known, shortened) for one in seen]
    table = "\n".join((TABLE, *rows))
    if os.environ.get("UCRENEW_WRITE_DOCS") == "1":
        _write(title, table)

    assert table.splitlines() == _sections()[title].splitlines()


def plain(text: str, shortened: Mapping[str, str]) -> str:
    """A line without what differs from run to run."""
    for short, real in shortened.items():
        text = text.replace(short, real)
    for pattern, instead in CHANGES:
        text = re.sub(pattern, instead, text)
    return text


def _row(seen: Seen, usual: set[str], shortened: Mapping[str, str]) -> str:
    cells = (seen.fault.what, seen.fault.where, _happens(seen), _says(seen, usual, shortened), _afterwards(seen))
    return f"| {' | '.join(_cell(plain(one, shortened)) for one in cells)} |"


def _happens(seen: Seen) -> str:
    return f"**{seen.end.how}**; ledger: {in_words(seen.ledger) or 'empty'}"


def in_words(ledger: Sequence[Mapping[str, Any]]) -> str:
    """The ledger in one line."""
    kinds = Counter(f"{entry['kind']}{' refused' if 'refused' in entry else ''}" for entry in ledger)
    return ", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in kinds.items())


def _says(seen: Seen, usual: set[str], shortened: Mapping[str, str]) -> str:
    if seen.end.question is not None:
        heading, told = sorted(seen.end.says.split("\n\n")[:2], key=lambda one: not one.startswith("###"))
        return f"*{heading.removeprefix('### ')}* {told.replace('**', '')}"
    if seen.end.says:
        return seen.end.says
    unusual = [line for line in dict.fromkeys(plain(line, shortened) for line in seen.lines) if line not in usual]
    return " / ".join(unusual) or "nothing of it"


def _afterwards(seen: Seen) -> str:
    if seen.fault.by_person:
        return f"a person {seen.fault.by_person}"
    known = {
        "renewed": "",
        "denied": "the renewal is closed; a new run begins with a new request",
        WAITS: "`attend` looks again, and wakes the run",
    }
    return known.get(seen.end.how, seen.advice or "nothing was changed: retry this run or start a new one")


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _sections() -> dict[str, str]:
    text = PAGE.read_text() if PAGE.exists() else ""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}


def _write(title: str, table: str) -> None:
    sections = {**_sections(), title: table}
    bodies = (f"## {name}\n\n{sections[name]}\n" for name in SECTIONS if name in sections)
    PAGE.write_text("\n".join((HEAD, *bodies)))
