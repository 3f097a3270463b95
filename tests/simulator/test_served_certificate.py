"""What a node serves, before, while and after its Tomcat restarts: openssl, not our client (S19, S20)."""

import re
import socket
import ssl
import subprocess

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.conftest import until
from tests.simulator.walk import PROMPT, Rest, Shell, TestCa, parsed, sha256

HOSTS = ("cs-ccm-pub", "cs-ccm-sub", "cs-imp")
PORTS = ("https_port", "tomcat_port")


def served(simulator, host, port, *options):
    """The certificates that `openssl s_client` is shown, leaf first."""
    node = simulator.node(host)
    answer = subprocess.run(
        ["openssl", "s_client", "-showcerts", "-connect", f"{node['address']}:{node[port]}", *options],
        input="", capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", answer.stdout, re.DOTALL)
    return [x509.load_pem_x509_certificate(block.encode()) for block in blocks]


def install(simulator):
    """A CA-signed leaf installed on the cluster, nothing restarted."""
    rest, ca = Rest(simulator), TestCa()
    leaf = ca.sign(parsed(rest.csr()))
    assert 200 == rest.trust(ca.root, ca.intermediate).status
    assert 200 == rest.leaf(leaf).status
    return ca, leaf


def test_served_certificate_changes_at_restart(simulator):
    """A node serves the old leaf until its own restart, refuses while it lasts, then serves leaf and intermediate."""
    ca, leaf = install(simulator)
    simulator.control.post("/cluster", {"tomcat_stop_seconds": 0.6, "tomcat_start_seconds": 1})

    for host in HOSTS:
        old = simulator.node(host)["tomcat_sha256"]
        rest = Rest(simulator, host)
        assert 200 == rest.call("GET", "/options").status
        assert [[old], [old]] == [[sha256(one) for one in served(simulator, host, port)] for port in PORTS]

        shell = Shell(simulator, host).start()
        shell.channel.sendall("utils service restart Cisco Tomcat\r")
        shell.read_to("[STOPPING]")
        for port in PORTS:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((simulator.node(host)["address"], simulator.node(host)[port]), timeout=5)
        with pytest.raises((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError)):
            rest.call("GET", "/options")
        shell.read_to("Cisco Tomcat[STARTED]")
        shell.read_to(PROMPT)
        shell.close()

        for port in PORTS:
            assert [sha256(leaf), sha256(ca.intermediate)] == [sha256(one) for one in served(simulator, host, port)]
    assert 3 == simulator.control.kinds().count("restart")


def test_served_chain_verifies(simulator):
    """After the restart a client that knows only the root verifies the chain and the node's name."""
    ca, leaf = install(simulator)
    shell = Shell(simulator, "cs-imp").start()
    shell.ask("utils service restart Cisco Tomcat")
    shell.close()
    node = simulator.node("cs-imp")
    context = ssl.create_default_context(cadata=ca.root.public_bytes(Encoding.PEM).decode())
    with (
        socket.create_connection((node["address"], node["tomcat_port"])) as plain,
        context.wrap_socket(plain, server_hostname=node["name"]) as secure,
    ):
        presented = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True))

    assert sha256(leaf) == sha256(presented)


def test_rest_reads_installed_at_once(simulator):
    """REST shows the new identity as soon as it is installed, while the old one is still served."""
    ca, leaf = install(simulator)
    rest = Rest(simulator, "cs-ccm-sub")
    read = x509.load_pem_x509_certificate(
        rest.call("GET", "/identity/certificate?service=tomcat").json["certificate"].encode()
    )
    shell = Shell(simulator, "cs-ccm-sub").start()
    listing = shell.ask("show cert list own")
    shell.close()

    state = simulator.control.node("cs-ccm-sub.example.com")["identity"]["tomcat"]
    assert sha256(leaf) == sha256(read) == state["installed"]
    assert simulator.node("cs-ccm-sub")["tomcat_sha256"] == state["running"]
    assert f"tomcat/tomcat.pem: Certificate Signed by Issuing {ca.name}" in listing


def test_served_key_types(launch):
    """With --ecdsa a plain client is shown the EC certificate, one that asks for RSA the RSA one, on every node."""
    simulator = launch("--latency", "0", "--seed", "1", "--ecdsa")
    for host in HOSTS:
        plain = served(simulator, host, "tomcat_port")[0]
        asked = served(simulator, host, "tomcat_port", "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256")[0]
        old = served(simulator, host, "tomcat_port", "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")[0]

        assert "ECPublicKey" == type(plain.public_key()).__name__.lstrip("_")
        assert simulator.node(host)["tomcat_sha256"] == sha256(asked) == sha256(old)


def test_tomcat_stopped_by_hand(simulator):
    """A Tomcat that is bent to stopped refuses connections, and comes back with what is installed."""
    _, leaf = install(simulator)
    node = simulator.node("cs-ccm-sub")
    simulator.control.post(f"/nodes/{node['name']}", {"services": {"Cisco Tomcat": "STOPPED"}})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node["address"], node["https_port"]), timeout=5)
    simulator.control.post(f"/nodes/{node['name']}", {"services": {"Cisco Tomcat": "STARTED"}})

    assert sha256(leaf) == sha256(until(lambda: served(simulator, "cs-ccm-sub", "https_port"))[0])


def test_slow_client_blocks_nobody(standing):
    """A client that connects and says nothing keeps no other from its TLS handshake."""
    node = standing.node("cs-ccm-pub")
    with socket.create_connection((node["address"], node["https_port"])):
        assert 1 == len(served(standing, "cs-ccm-pub", "https_port"))
