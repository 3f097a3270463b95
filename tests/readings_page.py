"""docs/readings.md: a table a reading, with a column for whoever looks; each is written and held by tests of its own.

A column is held against the page; with UCRENEW_WRITE_DOCS=1 it is written there first (`make docs`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Literal

from ucrenew.simulator.phone_readings import PhoneReadings
from ucrenew.simulator.readings import SETTINGS, Readings, settings

PAGE = Path(__file__).parents[1] / "docs" / "readings.md"
HEAD = """\
# What is only inferred, what is seen at each reading of it, and what ucrenew makes of it

Written by the tests (`make docs`) from what they saw, and compared with it by each `make test`. The sections are named
as the switches are: in `[readings]` of a scene, or in `POST /cluster` of the control API at any time. A section names
the line of the reference pages on real clusters that leaves the fact open. The first setting is the likeliest, and what
is done where nothing is said. A client is good when it lives with each: one that needs a certain one will meet the
cluster that has the other. What is inferred and has no switch stands in [simulator.md](simulator.md).

The third column is our own client, tried by `tests/procedure/test_readings.py`: "renewed" is a whole renewal, from the
first look to the proof, in which the certificate's upload was refused once for a missing issuer. The other switches of
that renewal stand at other settings than the first, too. Where the fact concerns one call only, it says what became of
that call; where it ends the run, the sentence in which it ends, after which nothing was sent any more. The sections
from `itl_signer` on, about phones, trust lists and what tells of phones by SOAP, have no third column: a renewal of
Tomcat's certificate meets none of them.
"""
Column = Literal["seen", "ucrenew"]
_TITLES: dict[Column, str] = {"seen": "seen", "ucrenew": "what ucrenew makes of it"}
_PHONES = settings(PhoneReadings)
_ABOUT = {one.name: one.metadata for one in fields(Readings) if one.metadata}
_CELLS = re.compile(r"(?<!\\)\|")


def hold(name: str, column: Column, cells: Mapping[str, str]) -> None:
    """Compare a column of one reading, by setting as ``setting`` writes it; write it first where that is asked for."""
    told = {setting: " ".join(cell.splitlines()).strip().replace("|", r"\|") for setting, cell in cells.items()}
    if os.environ.get("UCRENEW_WRITE_DOCS") == "1":
        _write(name, column, told)

    assert told == {setting: row.get(column) for setting, row in tables().get(name, {}).items()}
    assert _head_of(name) in PAGE.read_text()


def setting(value: object) -> str:
    """How a setting stands on the page."""
    return f"`{json.dumps(value)}`"


def tables() -> dict[str, dict[str, dict[str, str]]]:
    """Every reading's rows as the page has them: setting, column, cell."""
    text = PAGE.read_text() if PAGE.exists() else ""
    parts = re.split(r"^## `(.*)`$", text, flags=re.MULTILINE)[1:]
    return {name: _rows(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _rows(body: str) -> dict[str, dict[str, str]]:
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    split = ([cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in lines)
    return {first: dict(zip(_TITLES, rest, strict=False)) for first, *rest in split}


def _columns(name: str) -> list[Column]:
    return [column for column in _TITLES if column == "seen" or name not in _PHONES]


def _head_of(name: str) -> str:
    about = _ABOUT[name]
    also = " Other values are taken too." if about["free"] else ""
    titles = ["setting", *(_TITLES[column] for column in _columns(name))]
    return (
        f"## `{name}`\n\n{about['source']}: {about['says']}.{also}\n\n"
        f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"
    )


def _write(name: str, column: Column, told: Mapping[str, str]) -> None:
    known = tables()
    before = known.get(name, {})
    known[name] = {setting: {**before.get(setting, {}), column: cell} for setting, cell in told.items()}
    sections = (_head_of(one) + _lines(one, known[one]) for one in SETTINGS if one in known)
    PAGE.write_text("\n".join((HEAD, *sections)))


def _lines(name: str, rows: Mapping[str, Mapping[str, str]]) -> str:
    return "".join(
        f"| {first} | {' | '.join(row.get(column, '') for column in _columns(name))} |\n" for first, row in rows.items()
    )
