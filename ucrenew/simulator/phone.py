"""Simulated phones: plain records, so that ten thousand of them cost little.

Rule 1: a record holds what a phone remembers; what it does is in ``registration``. No thread belongs to a phone.
Rule 2: names, lines and addresses follow from the phone's number and are the same at every start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ucrenew.simulator.telephony_scene import Group
from ucrenew.simulator.trust_list import TrustList

# The reasons of risnpm's table (cucm.md §3.3).
REGISTERED, DEVICE_RESET, CALLMANAGER_RESET, UNREGISTERED = 0, 8, 9, 10
KEEPALIVE_TIMEOUT, CALLMANAGER_RESTART, FORCED_RESET = 13, 15, 31

_SIP, _SCCP = "SIP", "SCCP"


@dataclass(frozen=True)
class Model:
    """A model: its number and name as AXL and RisPort tell them; all of them are [I] guess."""

    number: int
    name: str
    protocol: str
    load: str


MODELS = (
    Model(683, "Cisco 8841", _SIP, "sip88xx.14-2-1-0201-46"),
    Model(684, "Cisco 8851", _SIP, "sip88xx.14-2-1-0201-46"),
    Model(622, "Cisco 7841", _SIP, "sip78xx.14-2-1-0201-46"),
    Model(436, "Cisco 7965", _SCCP, "SCCP45.9-4-2SR3-1S"),
)


@dataclass(slots=True, eq=False)
class Phone:
    """What one phone is, what it trusts, and where it is registered.

    ``node`` is where it is registered, ``due`` when it tries to connect next, ``previous`` where it was before.
    ``refused``: it was offered a trust list that it cannot verify, and waits for a person. ``fetches``: it asks for its
    files before it connects.
    """

    number: int
    model: Model
    group: Group
    secure: bool
    lsc: bool
    dot1x: bool
    offline: bool
    node: str | None = None
    since: datetime | None = None
    due: datetime | None = None
    reason: int = REGISTERED
    previous: str | None = None
    itl: TrustList | None = None
    ctl: TrustList | None = None
    refused: bool = False
    fetches: bool = False

    @property
    def name(self) -> str:
        """`SEP` and the hardware address."""
        return f"SEP00AA{self.number:08X}"

    @property
    def line(self) -> str:
        """Its directory number."""
        return str(200000 + self.number)

    @property
    def address(self) -> str:
        """Its address, as DHCP would give it."""
        return f"10.{64 + (self.number >> 16)}.{self.number >> 8 & 255}.{self.number & 255}"

    def trusts(self, fingerprint: str) -> bool:
        """Whether a certificate is in one of the lists that it accepted."""
        return any(held is not None and fingerprint in held.fingerprints for held in (self.itl, self.ctl))

    def unregister(self, reason: int, at: datetime) -> None:
        """Leave the node that it is registered with."""
        if self.node:
            self.previous = self.node
        self.node, self.reason, self.since = None, reason, at

    def register(self, node: str, at: datetime) -> None:
        """Be registered with ``node`` from then on."""
        if self.node and self.node != node:
            self.previous = self.node
        self.node, self.reason, self.since = node, REGISTERED, at


def populate(groups: Iterable[Group]) -> Iterator[Phone]:
    """The phones of the groups; every n-th is secure, has an LSC, uses 802.1X or is switched off."""
    number = 0
    for group in groups:
        for within in range(group.phones):
            number += 1
            secure = _every(within, group.secure)
            yield Phone(
                number,
                MODELS[within % len(MODELS)],
                group,
                secure=secure,
                lsc=secure or _every(within, group.lsc),
                dot1x=_every(within + 3, group.dot1x),
                offline=_every(within + 5, group.offline),
            )


def _every(index: int, share: float) -> bool:
    """Spread a share evenly: whether this one is of it."""
    return int((index + 1) * share) > int(index * share)
