"""What a node is when it has just been installed: services, self-signed identities, factory roots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography import x509

from ucrenew.simulator.csr import ECDSA
from ucrenew.simulator.identity import Key, factory_root, new_key, self_signed
from ucrenew.simulator.node import SimulatedNode, own_units
from ucrenew.simulator.scene import Member, Scene
from ucrenew.simulator.services import installed_services

_FACTORY_ROOTS = ("Cisco Root CA 2048", "Cisco Root CA M2", "ACT2 SUDI CA", "Cisco Manufacturing CA SHA2")


class Installer:
    """Installs the nodes of one scene."""

    def __init__(self, scene: Scene, clock: Callable[[], datetime]) -> None:  # noqa: D107 - the class says it
        self._scene = scene
        self._clock = clock
        # Only the identities that are served have a key of their own; the others share one, for a quick start.
        self._shared_key = new_key()
        self._serials = scene.serials()
        self.factory_roots: list[x509.Certificate] = [
            factory_root(name, clock(), self._serials()) for name in _FACTORY_ROOTS
        ]

    def install(self, number: int, member: Member) -> SimulatedNode:
        """The ``number``-th server, from 0."""
        now, node = self._clock(), member.node
        simulated = SimulatedNode(
            node,
            self._scene.shown_address(number, member),
            member.version,
            installed_services(node, now),
            self._clock,
            sso=self._scene.sso,
        )
        elliptic = new_key(elliptic=True)
        for unit in own_units(node.product, ecdsa=self._scene.ecdsa):
            host = node.host + ("-EC" if unit.endswith(ECDSA) else "")
            key = self._key(unit, elliptic)
            name = f"{host}.{self._scene.domain}"
            simulated.installed[unit] = self_signed(name, key, now, self._serials(), names=(node.name,))
        simulated.load_tomcat()
        return simulated

    def _key(self, unit: str, elliptic: Key) -> Key:
        if unit == "tomcat":
            return new_key()
        return elliptic if unit.endswith(ECDSA) else self._shared_key
