"""Who is in the scene: nodes, addresses, accounts, the state that it starts in.

The default is the cluster of Cisco's document: two CUCM nodes and one IM&P node (procedure.md, source).
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.simulator import bending
from ucrenew.simulator.iis import OFFERED, Iis, Scheme

DEFAULT_VERSION = "15.0.1.11900-40"
_MARKS = "-_+"


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
class Scene:
    """What the simulator is built from.

    Beside the two accounts that a program works with: ``reader`` may look only, ``person`` works by hand, on
    the nodes and at the CA, ``application`` is an application user, known to SOAP and nowhere else.
    """

    nodes: tuple[Node, ...]
    domain: str = "example.com"
    version: str = DEFAULT_VERSION
    platform: Account = field(default_factory=lambda: Account("osadmin", "osadmin"))
    ca_account: Account = field(default_factory=lambda: Account("EXAMPLE\\svc-ucrenew", "svc-ucrenew"))
    reader: Account = field(default_factory=lambda: Account("osreader", "osreader", privilege=0))
    person: Account = field(default_factory=lambda: Account("osperson", "osperson"))
    application: Account = field(default_factory=lambda: Account("appuser", "appuser"))
    ecdsa: bool = False
    sso: bool = False
    # How the web server of the CA lets people log on (certsrv.md §7).
    logon: tuple[Scheme, ...] = OFFERED


def password(source: random.Random, length: int = 16) -> str:
    """A password that needs quoting nowhere but is not a plain word either."""
    alphabet = string.ascii_letters + string.digits
    middle = "".join(source.choice(alphabet) for _ in range(length - 3))
    return source.choice(string.ascii_uppercase) + middle + source.choice(_MARKS) + source.choice(string.digits)


def default_nodes(domain: str) -> tuple[Node, ...]:
    """The three nodes of Cisco's document."""
    return (
        Node(f"cs-ccm-pub.{domain}", Product.CUCM, Role.PUBLISHER),
        Node(f"cs-ccm-sub.{domain}", Product.CUCM, Role.SUBSCRIBER),
        Node(f"cs-imp.{domain}", Product.IMP, Role.PUBLISHER),
    )


def member(told: Mapping[str, object], domain: str) -> Node:
    """The node that ``{"host": .., "product": .., "role": ..}`` describes; raises ValueError with a sentence."""
    host = told.get("host")
    if set(told) != {"host", "product", "role"} or not isinstance(host, str) or not host:
        raise ValueError("a node has host, product and role, and nothing else")
    return Node(f"{host}.{domain}".lower(), Product(str(told["product"])), Role(str(told["role"])))


def compose(file: Path | None, *, seed: int | None, ecdsa: bool, sso: bool) -> Scene:
    """The scene of a JSON file (``domain``, ``version``, ``logon``, ``nodes``: host, product, role), or the default.

    Passwords come from the seed; without one they differ at every start.
    """
    told = json.loads(file.read_text(encoding="utf-8")) if file else {}
    domain = told.get("domain", "example.com")
    source: random.Random = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311 - simulated accounts
    nodes = tuple(member(node, domain) for node in told.get("nodes", []))
    return Scene(
        nodes=nodes or default_nodes(domain),
        domain=domain,
        version=told.get("version", DEFAULT_VERSION),
        platform=Account("osadmin", password(source)),
        ca_account=Account("EXAMPLE\\svc-ucrenew", password(source)),
        reader=Account("osreader", password(source), privilege=0),
        person=Account("osperson", password(source)),
        application=Account("appuser", password(source)),
        ecdsa=ecdsa,
        sso=sso,
        logon=bending.replaced(Iis(), {"logon": told.get("logon", OFFERED)}).logon,
    )
