"""On which line of a TOML file a key stands: the parser keeps no positions, and people fix files by line."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s\"']+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-\"']+)\s*=")


def line_of(text: str, where: tuple[str | int, ...]) -> int:
    """The line, counted from 1, of the key at ``where`` or of the nearest table around it; 1 when there is none."""
    lines = _positions(text)
    for length in range(len(where), 0, -1):
        if (found := lines.get(where[:length])) is not None:
            return found
    return 1


def _positions(text: str) -> dict[tuple[str | int, ...], int]:
    found: dict[tuple[str | int, ...], int] = {}
    tables: Counter[str] = Counter()
    inside: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            inside = _table(header[1], header[2], tables)
            found.setdefault(inside, number)
        elif key := _KEY.match(line):
            found.setdefault((*inside, *_parts(key[1])), number)
    return found


def _table(bracket: str, name: str, tables: Counter[str]) -> tuple[str | int, ...]:
    parts = _parts(name)
    if bracket == "[[":
        tables[name] += 1
        return (*parts, tables[name] - 1)
    # [nodes.trust] belongs to the last [[nodes]] before it.
    if parts[0] in tables:
        return (parts[0], tables[parts[0]] - 1, *parts[1:])
    return parts


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
