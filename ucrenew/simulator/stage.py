"""Everything that listens: the servers of each node, the CA's web server and the control API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from ucrenew.simulator import certsrv, control, web
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.clock import Clock
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.https import WebServer, tls_context
from ucrenew.simulator.identity import fingerprint, pem
from ucrenew.simulator.ledger import Ledger, utc_now
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Delays, Pace
from ucrenew.simulator.ports import Place, check
from ucrenew.simulator.scene import LOOPBACK, Member, Scene
from ucrenew.simulator.services import TOMCAT, State
from ucrenew.simulator.ssh import SshServer

HTTP, HTTPS, TOMCAT_HTTPS, SSH = 80, 443, 8443, 22


class NodeServers:
    """The ports of one node: http, https and tomcat belong to Tomcat, ssh to the system (cucm.md §1.1, §2.2)."""

    def __init__(self, cluster: Cluster, node: SimulatedNode, place: Callable[[int], Place]) -> None:  # noqa: D107 - the class says it
        self.node = node
        self._readings = cluster.readings
        self.http = WebServer(web.redirection(lambda: self.web.ports[0].number), clock=node.now, places=[place(HTTP)])
        # One Tomcat answers on 443 and on 8443 (cucm.md §1.1).
        self.web = WebServer(
            web.application(cluster, node),
            clock=node.now,
            bare_errors=True,
            places=[place(HTTPS), place(TOMCAT_HTTPS)],
            plain=self.http,
        )
        self.ssh = SshServer(cluster, node, place(SSH))
        self._loaded = 0
        self._half_up = False
        node.on_change = self.follow

    def follow(self) -> None:
        """Open and close the ports as the node's state wants it; a newly started Tomcat gets a new context."""
        if self.node.answers(TOMCAT):
            self._serve_what_is_loaded()
        elif self._is_coming_up():
            self._half_up = True
            self._open()
        else:
            self._close()
        if self.node.opens_ssh():
            self.ssh.port.open()
        else:
            self.ssh.port.close()

    def _serve_what_is_loaded(self) -> None:
        if self._half_up:
            self._half_up = False
            self._close()
        if self._loaded != self.node.loaded:
            self.web.context = tls_context(*self._pairs())
            self._loaded = self.node.loaded
        self._open()

    def _is_coming_up(self) -> bool:
        """Whether Tomcat, on its way up, listens already and has nothing to say (cucm.md §1.1 [I])."""
        starting = self.node.services[TOMCAT].state is State.STARTING and self.web.context is not None
        return self.node.reachable and starting and self._readings.while_tomcat_starts != "refused"

    def _open(self) -> None:
        self.http.open()
        self.web.open()

    def _close(self) -> None:
        self.http.close()
        self.web.close()

    def release(self) -> None:
        """Close for good."""
        self.node.on_change = lambda: None
        self.http.release()
        self.web.release()
        self.ssh.port.release()

    def described(self) -> dict[str, object]:
        """The node's part of the JSON file."""
        https, tomcat = self.web.ports
        return {
            "name": self.node.name,
            "product": self.node.node.product.value,
            "role": self.node.node.role.value,
            "address": https.address,
            "http_port": self.http.ports[0].number,
            "https_port": https.number,
            "tomcat_port": tomcat.number,
            "ssh_port": self.ssh.port.number,
            "tomcat_sha256": fingerprint(self.node.running["tomcat"].identity.certificate),
            "ssh_host_key": self.ssh.fingerprint,
        }

    def _pairs(self) -> list[tuple[bytes, bytes]]:
        return [
            (
                "".join(pem(one) for one in (served.identity.certificate, *served.intermediates)).encode(),
                served.identity.key_pem(),
            )
            for served in self.node.running.values()
        ]


class Stage:
    """The whole simulator, in one process."""

    def __init__(self, scene: Scene, *, scale: float = 1.0, clock: Callable[[], datetime] = utc_now) -> None:  # noqa: D107 - the class says it
        self.scene = scene
        # Before any key is made: whoever may not listen hears of it at once.
        self._check(scene.ca_listening_address, HTTPS)
        for number, member in enumerate(scene.members):
            self._check(scene.listening_address(number, member), SSH, HTTP, HTTPS, TOMCAT_HTTPS)
        self.pace = Pace()
        self.clock = Clock(clock)
        self.ledger = Ledger(self.clock)
        self.cluster = Cluster(scene, self.ledger, self.pace, Delays.scaled(scale), self.clock)
        self.authority = Authority(
            scene.domain,
            first_request_id=scene.first_request_id,
            ledger=self.ledger,
            latency=scale,
            clock=self.clock,
            wait=self.pace.wait,
            address=scene.ca_listening_address,
        )
        try:
            self.authority.settle(**scene.ca)
        except ValueError as reason:
            raise ValueError(f"[ca] of the scene: {reason}") from None
        self.certsrv = WebServer(
            certsrv.application(self.authority, scene.ca_account, scene.person),
            context=tls_context(self.authority.web_certificate()),
            clock=self.clock,
            places=[self._place(scene.ca_listening_address)(HTTPS)],
        )
        self.control = WebServer(control.application(self.cluster, self.authority, self.pace.stop, self.add_node))
        self.nodes: list[NodeServers] = []
        for member in scene.members:
            self._equip(member)

    def add_node(self, member: Member) -> dict[str, object]:
        """Let a server join the running cluster; what the JSON file would say of it. Raises CannotListen."""
        self._check(self.scene.listening_address(len(self.nodes), member), SSH, HTTP, HTTPS, TOMCAT_HTTPS)
        self.cluster.join(member)
        servers = self._equip(member)
        servers.follow()
        return servers.described()

    def _equip(self, member: Member) -> NodeServers:
        place = self._place(self.scene.listening_address(len(self.nodes), member))
        servers = NodeServers(self.cluster, self.cluster.nodes[member.node.name], place)
        self.nodes.append(servers)
        return servers

    def _check(self, address: str, *numbers: int) -> None:
        for number in numbers if self.scene.real_ports else ():
            check((address, number))

    def _place(self, address: str) -> Callable[[int], Place]:
        """Where at this address what is known under a number listens."""
        return lambda number: (address, number if self.scene.real_ports else 0)

    def open(self) -> None:
        """Listen everywhere."""
        for node in self.nodes:
            node.follow()
        self.certsrv.open()
        self.control.open()

    def close(self) -> None:
        """Stop every wait, close every port."""
        self.pace.stop.set()
        for node in self.nodes:
            node.release()
        self.certsrv.release()
        self.control.release()

    def described(self) -> dict[str, object]:
        """The JSON file: addresses, accounts, trust anchors."""
        scene, authority = self.scene, self.authority
        root, intermediate = (
            certificate.public_bytes(serialization.Encoding.PEM).decode()
            for certificate in (authority.root, authority.intermediate)
        )
        return {
            "control": f"http://{LOOPBACK}:{self.control.ports[0].number}",
            "domain": scene.domain,
            "nodes": [node.described() for node in self.nodes],
            "accounts": {
                "platform": {"user": scene.platform.user, "password": scene.platform.password},
                "ca": {"user": scene.ca_account.user, "password": scene.ca_account.password},
            },
            "people": {
                name: {"user": account.user, "password": account.password}
                for name, account in (
                    ("reader", scene.reader),
                    ("person", scene.person),
                    ("application", scene.application),
                )
            },
            "ca": {
                "name": authority.name,
                "host": f"ca.{scene.domain}",
                "url": f"https://{web.place_of(self.certsrv.ports[0])}/certsrv/",
                "tls_ca": root,
                "root": root,
                "intermediate": intermediate,
                "template": "CiscoUC",
                "first_request_id": scene.first_request_id,
            },
        }
