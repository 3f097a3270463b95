"""Names with wildcards: `%` in AXL, `*` in RisPort (cucm.md §3.1, §3.3)."""

from __future__ import annotations

import re


def matches(name: str, pattern: str, wildcard: str) -> bool:
    """Whether the name fits, whatever its case."""
    parts = (re.escape(part) for part in pattern.split(wildcard))
    return re.fullmatch(".*".join(parts), name, re.IGNORECASE) is not None
