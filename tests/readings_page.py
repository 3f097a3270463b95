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
from typing import Any, Literal

from ucrenew.simulator.phone_readings import PhoneReadings
from ucrenew.simulator.readings import SETTINGS, Readings

PAGE = Path(__file__).parents[1] / "docs" / "readings.md"
HEAD = """\
# What is only inferred, what is seen at each reading of it, and what ucrenew makes of it

Written by the tests (`make docs`) from what they saw, and compared with it by each `make test`. The sections are named
as the switches are: in `[readings]` of a scene, or in `POST /cluster` of the control API at any time. A section names
the line of the reference pages on real clusters that leaves the fact open. The first setting is the likeliest, and what
is done where nothing is said. A client is good when it lives with each: one that needs a certain one will meet the
cluster that has the other. What is inferred and has no switch stands in [simulator.md](simulator.md).

The last column is our own client, tried by `tests/procedure/test_readings.py`: "renewed" is a whole renewal, from the
first look to the proof, in which the certificate's upload was refused once for a missing issuer. The other switches of
that renewal stand at other settings than the first, too. Where the fact concerns one call only, it says what became of
that call; where it ends the run, the sentence in which it ends, after which nothing was sent any more.
"""
PHONES = """\
## Phones, trust lists and SOAP

Bent by `POST /cluster`. What is seen at each is in the tests of phones, CTL, AXL, RisPort and Control Center.

| switch | settings | open |
|---|---|---|
"""
Column = Literal["seen", "ucrenew"]
_COLUMNS: tuple[Column, ...] = ("seen", "ucrenew")
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
    text = PAGE.read_text().partition(PHONES.partition("\n")[0])[0] if PAGE.exists() else ""
    parts = re.split(r"^## `(.*)`$", text, flags=re.MULTILINE)[1:]
    return {name: _rows(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _rows(body: str) -> dict[str, dict[str, str]]:
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    split = ([cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in lines)
    return {first: dict(zip(_COLUMNS, rest, strict=False)) for first, *rest in split}


def _head_of(name: str) -> str:
    about = _ABOUT[name]
    also = " Other values are taken too." if about["free"] else ""
    return (
        f"## `{name}`\n\n{about['source']}: {about['says']}.{also}\n\n"
        f"| setting | seen | what ucrenew makes of it |\n|---|---|---|\n"
    )


def _write(name: str, column: Column, told: Mapping[str, str]) -> None:
    known = tables()
    before = known.get(name, {})
    known[name] = {setting: {**before.get(setting, {}), column: cell} for setting, cell in told.items()}
    sections = (_head_of(one) + _lines(known[one]) for one in SETTINGS if one in known)
    PAGE.write_text("\n".join((HEAD, *sections, phones())))


def phones() -> str:
    """The list of the switches of phones, which has no columns of what is seen."""
    return PHONES + "".join(_of_phones(one.name, one.metadata) for one in fields(PhoneReadings))


def _of_phones(name: str, about: Mapping[str, Any]) -> str:
    settings = ", ".join(map(setting, about["settings"]))
    also = ", ..." if about["free"] else ""
    return f"| `{name}` | {settings}{also} | {about['source']}: {about['says']} |\n"


def _lines(rows: Mapping[str, Mapping[str, str]]) -> str:
    return "".join(
        f"| {first} | {' | '.join(row.get(column, '') for column in _COLUMNS)} |\n" for first, row in rows.items()
    )
