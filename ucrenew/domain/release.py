"""What a node's version tells: the release, and what came with it."""

from __future__ import annotations

OLDEST_RELEASE_WITH_API = 14


def major_release(version: str) -> int | None:
    """15 out of ``15.0.1.11900-40``; None when it does not begin with a number."""
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else None


def has_api(version: str) -> bool:
    """The certificate REST API came with release 14 (S1, cucm.md §1.1)."""
    release = major_release(version)
    return release is not None and release >= OLDEST_RELEASE_WITH_API


def is_at_least(version: str, major: int, minor: int) -> bool:
    """True for this release and later ones; False when the version cannot be read."""
    numbers = version.split(".")[:2]
    return all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) >= (major, minor)
