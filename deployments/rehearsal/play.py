"""What is rehearsed: a purpose on a cluster of the simulator, and what Cisco's documents let one expect of it.

Written down here once more, and not from the product's own plan, so that a misreading does not hide in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from deployments.rehearsal.scene import Scene
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput

REHEARSED = (Purpose.TOMCAT, Purpose.CALLMANAGER)


class Mode(StrEnum):
    """The cluster's security mode (S24)."""

    NON_SECURE = "non-secure"
    MIXED = "mixed"


class Token(StrEnum):
    """Who signs the CTL of a cluster in mixed mode (S25)."""

    NONE = "none"
    USB = "usb"


@dataclass(frozen=True)
class Play:
    """One of the rehearsals. Raises BadInput for one that cannot be."""

    purpose: Purpose = Purpose.TOMCAT
    mode: Mode = Mode.NON_SECURE
    token: Token = Token.NONE

    def __post_init__(self) -> None:
        """Refuse what no cluster is like."""
        if self.token is Token.USB and self.mode is not Mode.MIXED:
            raise BadInput("a USB token signs the CTL of a cluster in mixed mode only: say MODE=mixed with TOKEN=usb")

    @classmethod
    def of(cls, purpose: str, mode: str, token: str) -> Play:
        """As a program is told it."""
        return cls(Purpose(purpose), Mode(mode), Token(token))

    @property
    def told(self) -> tuple[str, str, str]:
        """As a program is told it."""
        return self.purpose, self.mode, self.token

    @property
    def has_phones(self) -> bool:
        """Whether it changes what phones trust."""
        return self.purpose is Purpose.CALLMANAGER

    @property
    def scene(self) -> str:
        """The simulator's ready-made scene."""
        if self.token is Token.USB:
            return "usb-token"
        return "mixed-mode" if self.mode is Mode.MIXED else "default"

    def names(self, scene: Scene) -> list[str]:
        """The nodes that the certificate is for; CallManager's leaves IM&P out (S21)."""
        return sorted(node["name"] for node in scene["nodes"] if not self.has_phones or node["product"] == "cucm")

    def restarts(self, scene: Scene) -> list[tuple[str, str]]:
        """Node and service of every restart, in order."""
        return list(self._for_phones(scene) if self.has_phones else _for_tomcat(scene))

    def _for_phones(self, scene: Scene) -> Iterator[tuple[str, str]]:
        # A service on all its nodes, publisher first, before the next service (S26).
        for service in _ON_14 if self.token is Token.USB else _ON_15:
            for role in ("publisher", "subscriber"):
                for name in _of(scene, "cucm", role):
                    yield name, service


def _for_tomcat(scene: Scene) -> Iterator[tuple[str, str]]:
    for product, role, services in _OF_TOMCAT:
        for name in _of(scene, product, role):
            for service in services:
                yield name, service


def _of(scene: Scene, product: str, role: str) -> list[str]:
    return sorted(node["name"] for node in scene["nodes"] if (node["product"], node["role"]) == (product, role))


# cucm.md §2.4, §4.2: what a person with Cisco's document at hand restarts, by kind of node (S19).
_ON_CUCM = ("Cisco Tomcat", "Cisco UDS Tomcat", "Cisco AXL Tomcat")
_OF_TOMCAT = (
    ("cucm", "publisher", (*_ON_CUCM, "Cisco DRF Master", "Cisco DRF Local")),
    ("cucm", "subscriber", (*_ON_CUCM, "Cisco DRF Local")),
    ("imp", "publisher", ("Cisco Tomcat", "Cisco DRF Local")),
    ("imp", "subscriber", ("Cisco Tomcat", "Cisco DRF Local")),
)
# D214231 (July 2026) for 15, D217138 (November 2025) for 14; HAProxy by the Security Guide 14 (cucm.md §4.2).
_TVS = "Cisco Trust Verification Service"
_ON_15 = ("Cisco CallManager", "Cisco CTIManager", _TVS, "Cisco Tftp", "Cisco HAProxy")
_ON_14 = (_TVS, "Cisco Tftp", "Cisco CallManager", "Cisco CTIManager", "Cisco HAProxy")
