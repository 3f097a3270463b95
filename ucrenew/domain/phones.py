"""Phones as the cluster knows them: its security mode, who is registered where, who is not back (S24, S26, S30)."""

from __future__ import annotations

from enum import StrEnum


class SecurityMode(StrEnum):
    """The enterprise parameter Cluster Security Mode (S24, cucm.md §2.3)."""

    NON_SECURE = "0"
    MIXED = "1"

    @property
    def words(self) -> str:
        """How people call it."""
        return "mixed mode" if self is SecurityMode.MIXED else "non-secure"
