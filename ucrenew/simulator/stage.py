"""Everything that listens: the servers of each node, the CA's web server and the control API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from ucrenew.domain.cluster import Node
from ucrenew.simulator import certsrv, control, web
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.clock import Clock
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.https import WebServer, tls_context
from ucrenew.simulator.identity import fingerprint, pem
from ucrenew.simulator.iis import Iis
from ucrenew.simulator.ledger import Ledger, utc_now
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.pace import Delays, Pace
from ucrenew.simulator.ports import LOOPBACK
from ucrenew.simulator.scene import Scene
from ucrenew.simulator.services import TOMCAT
from ucrenew.simulator.ssh import SshServer


class NodeServers:
    """The ports of one node: https and tomcat belong to Tomcat, ssh to the system (cucm.md §1.1, §2.2)."""

    def __init__(self, cluster: Cluster, node: SimulatedNode) -> None:  # noqa: D107 - the class says it
        self.node = node
        # One Tomcat answers on 443 and on 8443 (cucm.md §1.1).
        self.web = WebServer(web.application(cluster, node), clock=node.now, bare_errors=True, ports=2)
        self.ssh = SshServer(cluster, node)
        self._loaded = 0
        node.on_change = self.follow

    def follow(self) -> None:
        """Open and close the ports as the node's state wants it; a newly started Tomcat gets a new context."""
        if self.node.answers(TOMCAT):
            if self._loaded != self.node.loaded:
                self.web.context = tls_context(*self._pairs())
                self._loaded = self.node.loaded
            self.web.open()
        else:
            self.web.close()
        if self.node.opens_ssh():
            self.ssh.port.open()
        else:
            self.ssh.port.close()

    def release(self) -> None:
        """Close for good."""
        self.node.on_change = lambda: None
        self.web.release()
        self.ssh.port.release()

    def described(self) -> dict[str, object]:
        """The node's part of the JSON file."""
        https, tomcat = self.web.ports
        return {
            "name": self.node.name,
            "product": self.node.node.product.value,
            "role": self.node.node.role.value,
            "address": LOOPBACK,
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

    def __init__(  # noqa: D107 - the class says it
        self, scene: Scene, *, scale: float = 1.0, first_request_id: int = 32, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.scene = scene
        self.pace = Pace()
        self.first_request_id = first_request_id
        self.clock = Clock(clock)
        self.ledger = Ledger(self.clock)
        self.cluster = Cluster(scene, self.ledger, self.pace, Delays.scaled(scale), self.clock)
        self.authority = Authority(
            scene.domain,
            first_request_id=first_request_id,
            ledger=self.ledger,
            latency=scale,
            clock=self.clock,
            wait=self.pace.wait,
            iis=Iis(logon=scene.logon),
        )
        self.certsrv = WebServer(
            certsrv.application(self.authority, scene.ca_account, scene.person),
            context=tls_context(self.authority.web_certificate()),
            clock=self.clock,
        )
        self.control = WebServer(control.application(self.cluster, self.authority, self.pace.stop, self.add_node))
        self.nodes = [NodeServers(self.cluster, node) for node in self.cluster.nodes.values()]

    def add_node(self, node: Node) -> dict[str, object]:
        """Let a server join the running cluster; what the JSON file would say of it."""
        servers = NodeServers(self.cluster, self.cluster.join(node))
        self.nodes.append(servers)
        servers.follow()
        return servers.described()

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
                "url": f"https://{LOOPBACK}:{self.certsrv.ports[0].number}/certsrv/",
                "tls_ca": root,
                "root": root,
                "intermediate": intermediate,
                "template": "CiscoUC",
                "first_request_id": self.first_request_id,
            },
        }
