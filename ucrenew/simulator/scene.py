"""Who is in the scene: nodes, addresses, accounts, the state that it starts in.

Rule 1: a seed fixes every password and the serial numbers of the nodes' own certificates. Keys, host keys, and so every
fingerprint, are new at each start, and so are dates, tracking ids and what the CA issues.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from ucrenew.domain.cluster import Node
from ucrenew.simulator.telephony_scene import TelephonyScene

DEFAULT_VERSION = "15.0.1.11900-40"
LOOPBACK = "127.0.0.1"
# What a node of no address of its own is known by: of documentation (RFC 5737), or with real ports of loopback.
_SHOWN = IPv4Address("192.0.2.11")
_REAL = IPv4Address("127.20.0.11")
_REAL_CA = "127.20.0.10"
_MARKS = "-_+"
_SERIAL_BITS = 159


@dataclass(frozen=True)
class Account:
    """A user name, its password, and the privilege of an OS account: 0 reads, 1 changes (cucm.md §1.1)."""

    user: str
    password: str
    privilege: int = 1

    def is_shown_by(self, user: str, password: str) -> bool:
        """Whether these are its credentials."""
        return (user, password) == (self.user, self.password)


@dataclass(frozen=True)
class Member:
    """A server of the scene: who it is, its release, and the address that it listens on where one was chosen."""

    node: Node
    version: str = DEFAULT_VERSION
    address: str | None = None


@dataclass(frozen=True)
class Scene:
    """What the simulator is built from.

    Beside the two accounts that a program works with: ``reader`` may look only, ``person`` works by hand, on
    the nodes and at the CA, ``application`` is an application user, known to SOAP and nowhere else. ``readings`` and
    ``ca`` are what the control API's `/cluster` and `/ca` would be told.
    """

    members: tuple[Member, ...]
    domain: str = "example.com"
    version: str = DEFAULT_VERSION
    platform: Account = field(default_factory=lambda: Account("osadmin", "osadmin"))
    ca_account: Account = field(default_factory=lambda: Account("EXAMPLE\\svc-ucrenew", "svc-ucrenew"))
    reader: Account = field(default_factory=lambda: Account("osreader", "osreader", privilege=0))
    person: Account = field(default_factory=lambda: Account("osperson", "osperson"))
    application: Account = field(default_factory=lambda: Account("appuser", "appuser"))
    ecdsa: bool = False
    sso: bool = False
    readings: Mapping[str, object] = field(default_factory=dict)
    ca: Mapping[str, object] = field(default_factory=dict)
    ca_address: str | None = None
    first_request_id: int = 32
    seed: int | None = None
    telephony: TelephonyScene = field(default_factory=TelephonyScene)
    real_ports: bool = False

    def shown_address(self, number: int, member: Member) -> str:
        """What the ``number``-th server, from 0, is called by other servers and in its listings."""
        return member.address or str((_REAL if self.real_ports else _SHOWN) + number)

    def listening_address(self, number: int, member: Member) -> str:
        """Where it really listens."""
        return member.address or (str(_REAL + number) if self.real_ports else LOOPBACK)

    @property
    def ca_listening_address(self) -> str:
        """Where the CA's web server listens."""
        return self.ca_address or (_REAL_CA if self.real_ports else LOOPBACK)

    def real_addresses(self) -> list[str]:
        """With real ports the addresses of the CA and of all servers: on one of them they would share connections."""
        if not self.real_ports:
            return []
        servers = (self.listening_address(number, member) for number, member in enumerate(self.members))
        return [self.ca_listening_address, *servers]

    def serials(self) -> Callable[[], int]:
        """The serial numbers of this scene, one after the other: positive, 20 octets at most (RFC 5280)."""
        chance = source(self.seed, "serial numbers")
        return lambda: chance.getrandbits(_SERIAL_BITS) | 1


def source(seed: int | None, what: str = "") -> random.Random:
    """Where chance comes from: from the seed, and apart for each ``what``; without a seed from the system."""
    if seed is None:
        return random.SystemRandom()
    return random.Random(f"{seed} {what}" if what else seed)  # noqa: S311 - simulated accounts


def accounts(seed: int | None) -> dict[str, Account]:
    """The accounts of a scene by their place in it; without a seed their passwords differ at every start."""
    chance = source(seed)
    return {
        "platform": Account("osadmin", password(chance)),
        "ca_account": Account("EXAMPLE\\svc-ucrenew", password(chance)),
        "reader": Account("osreader", password(chance), privilege=0),
        "person": Account("osperson", password(chance)),
        "application": Account("appuser", password(chance)),
    }


def password(chance: random.Random, length: int = 16) -> str:
    """A password that needs quoting nowhere but is not a plain word either."""
    alphabet = string.ascii_letters + string.digits
    middle = "".join(chance.choice(alphabet) for _ in range(length - 3))
    return chance.choice(string.ascii_uppercase) + middle + chance.choice(_MARKS) + chance.choice(string.digits)
