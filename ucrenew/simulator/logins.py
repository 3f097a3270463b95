"""Who is logged in at the administration pages of one node."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ucrenew.simulator.accounts import platform_privilege
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode


@dataclass(frozen=True)
class Login:
    """One person; ``loaded`` tells which start of Tomcat it belongs to."""

    user: str
    privilege: int
    loaded: int


class Logins:
    """The sessions of one node. They end with Tomcat, which keeps them in memory ([I] guess)."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self._cluster = cluster
        self._node = node
        self._open: dict[str, Login] = {}

    def begin(self, user: str, password: str) -> str | None:
        """The cookie of a new session; None for credentials that are refused, which the ledger notes."""
        privilege = platform_privilege(self._cluster.scene, self._node, user, password)
        if privilege is None:
            self._cluster.ledger.write("login-refused", node=self._node.name, account=user)
            return None
        cookie = secrets.token_hex(16).upper()
        self._open[cookie] = Login(user, privilege, self._node.loaded)
        return cookie

    def find(self, cookie: str) -> Login | None:
        """The session of a cookie, while it lasts."""
        login = self._open.get(cookie)
        return login if login and login.loaded == self._node.loaded else None

    def end(self, cookie: str) -> None:
        """Log out."""
        self._open.pop(cookie, None)
