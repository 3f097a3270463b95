"""`--real-ports`: every node on an address and on the numbers that programs have in their code; and plain HTTP."""

import http.client
import os
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.simulator.walk import Rest, Shell, login

# Of this process alone: the same tests may be running beside it.
BLOCK = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
NODES = f"""
[[nodes]]
host = "cs-ccm-pub"
product = "cucm"
role = "publisher"
address = "{BLOCK}.1"

[[nodes]]
host = "cs-imp"
product = "imp"
role = "publisher"
address = "{BLOCK}.2"

[ca]
address = "{BLOCK}.80"
"""


@pytest.fixture(scope="module")
def own_scene(tmp_path_factory):
    """Two nodes, for whoever may listen below 1024; in CI nobody else runs this."""
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("ports below 1024 take root: run this file as root")
    path = tmp_path_factory.mktemp("real") / "scene.toml"
    path.write_text(NODES)
    return path


@pytest.fixture
def real(launch, own_scene):
    """Two nodes and a CA on addresses of their own."""
    return launch("--latency", "0", "--real-ports", "--scene", str(own_scene))


def refused(scene: Path, *, unprivileged: bool = False) -> str:
    """What a simulator says that does not start."""
    command = [sys.executable, "-m", "ucrenew.simulator", "--real-ports", "--scene", str(scene)]
    if unprivileged:
        command = ["setpriv", "--bounding-set=-net_bind_service", "--", *command]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 2 == ended.returncode
    return ended.stderr


def test_real_ports_everywhere(real):
    """A node answers on 80, 443, 8443 and 22 of its address, the CA on 443 of another; each is said so in the file."""
    node = real.node("cs-imp")

    assert (f"{BLOCK}.2", 80, 443, 8443, 22) == tuple(
        node[key] for key in ("address", "http_port", "https_port", "tomcat_port", "ssh_port")
    )
    assert f"https://{BLOCK}.80/certsrv/" == real.scene["ca"]["url"]
    assert 200 == Rest(real, "cs-imp").call("GET", "/options").status
    assert 200 == Rest(real, "cs-imp", port="tomcat_port").call("GET", "/options").status
    with socket.create_connection((f"{BLOCK}.80", 443)) as plain:
        context = ssl.create_default_context(cadata=real.scene["ca"]["tls_ca"])
        with context.wrap_socket(plain, server_hostname=f"{BLOCK}.80") as encrypted:
            assert encrypted.version()
    login(real, "cs-imp").close()


def test_real_addresses_in_listings(real):
    """What a node says of its neighbours are the addresses where they listen."""
    shell = Shell(real).start()
    rows = shell.ask("show network cluster").splitlines()
    shell.close()

    assert [f"{BLOCK}.1", f"{BLOCK}.2"] == [row.split()[0] for row in rows[:2]]


def test_real_ports_are_taken(own_scene):
    """Where somebody else listens the program ends with a sentence that names the place and what to do."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((f"{BLOCK}.2", 22))
        other.listen()
        said = refused(own_scene)

    assert said.startswith(f"Cannot listen on {BLOCK}.2:22: another program listens there")
    assert 1 == said.count("\n")


def test_real_ports_of_another_simulator(real, own_scene):
    """A second simulator does not share the ports of the first."""
    said = refused(own_scene)

    assert said.startswith(f"Cannot listen on {BLOCK}.80:443: another program listens there")
    assert 200 == Rest(real).call("GET", "/options").status


def test_real_ports_of_a_newcomer(real):
    """A server that joins listens on its address; where that is taken it does not join, and that is said."""
    newcomer = {"host": "cs-ccm-sub", "product": "cucm", "role": "subscriber"}
    taken = {**newcomer, "address": f"{BLOCK}.2"}
    refusal = requests.post(real.scene["control"] + "/nodes", json=taken, timeout=20)
    joined = real.control.post("/nodes", {**newcomer, "address": f"{BLOCK}.3"})

    assert 409 == refusal.status_code
    assert refusal.json()["error"].startswith(f"Cannot listen on {BLOCK}.2:22: ")
    assert (f"{BLOCK}.3", 443) == (joined["address"], joined["https_port"])
    assert 3 == len(real.control.state()["nodes"])


def test_real_ports_not_permitted(own_scene):
    """Whoever may not listen below 1024 is told so."""
    said = refused(own_scene, unprivileged=True)

    assert "ports below 1024 take root or CAP_NET_BIND_SERVICE" in said
    assert 1 == said.count("\n")


@pytest.mark.parametrize("port", ["http_port", "https_port", "tomcat_port"])
def test_plain_http_is_redirected(standing, port):
    """Plain HTTP is permanently redirected, with its path as it was sent, on whichever port it comes (cucm.md §1.1)."""
    node = standing.node("cs-ccm-pub")
    with closing(http.client.HTTPConnection(node["address"], node[port], timeout=20)) as connection:
        connection.request("GET", "/platformcom/api/v1/certmgr/config/csr?service=tomcat&x=%0d%0aSet-Cookie:%20a")
        reply = connection.getresponse()

    assert 301 == reply.status
    assert (
        f"https://127.0.0.1:{node['https_port']}/platformcom/api/v1/certmgr/config/csr"
        "?service=tomcat&x=%0d%0aSet-Cookie:%20a"
    ) == reply.getheader("Location")
    assert None is reply.getheader("Set-Cookie")


def test_plain_http_goes_with_tomcat(borrowed):
    """Where Tomcat is down, nobody answers plain HTTP either."""
    node = borrowed.node("cs-imp")
    borrowed.control.post("/nodes/cs-imp.example.com", {"services": {"Cisco Tomcat": "STOPPED"}})

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node["address"], node["http_port"]))
