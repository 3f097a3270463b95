"""The simulator as a program: what it writes, how it starts and how it ends."""

import json
import signal
import socket
import stat
from pathlib import Path

import pytest

from tests.conftest import stop_simulator, until
from ucrenew.simulator.__main__ import main


def test_process_writes_scene(simulator):
    """The JSON file names three nodes with their ports, accounts and trust anchors, and only its owner reads it."""
    scene = simulator.scene

    assert 0o600 == stat.S_IMODE(simulator.json_file.stat().st_mode)
    assert ["cs-ccm-pub.example.com", "cs-ccm-sub.example.com", "cs-imp.example.com"] == [
        node["name"] for node in scene["nodes"]
    ]
    assert [("cucm", "publisher"), ("cucm", "subscriber"), ("imp", "publisher")] == [
        (node["product"], node["role"]) for node in scene["nodes"]
    ]
    assert "osadmin" == scene["accounts"]["platform"]["user"]
    assert 32 == scene["ca"]["first_request_id"]
    assert scene["ca"]["root"].startswith("-----BEGIN CERTIFICATE-----")
    assert json.loads(simulator.json_file.read_text()) == scene


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_ends_on_signal(simulator, number):
    """A signal ends the process with exit status 0 and its ports refuse connections."""
    simulator.process.send_signal(number)

    assert 0 == simulator.process.wait(10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", simulator.scene["nodes"][0]["ssh_port"]))


def test_process_ends_while_waiting(launch):
    """A shutdown does not wait for the delays that are under way."""
    simulator = launch("--latency", "100", "--seed", "1")
    node = simulator.node("cs-ccm-pub")
    with socket.create_connection((node["address"], node["ssh_port"])):
        assert 0 == stop_simulator(simulator)


def test_process_ends_by_control(simulator):
    """`POST /shutdown` ends the process in order."""
    simulator.control.post("/shutdown")

    assert 0 == simulator.process.wait(10)


def test_process_keys_are_new(launch):
    """A seed fixes the passwords; keys and certificates are new at every start."""
    one, other = launch("--latency", "0", "--seed", "7"), launch("--latency", "0", "--seed", "7")

    assert one.scene["accounts"] == other.scene["accounts"]
    assert one.scene["nodes"][0]["tomcat_sha256"] != other.scene["nodes"][0]["tomcat_sha256"]
    assert one.scene["nodes"][0]["ssh_host_key"] != other.scene["nodes"][0]["ssh_host_key"]


def test_process_prints_banner(simulator):
    """The banner tells a person the addresses and that nothing is kept."""
    log = simulator.json_file.parent / "simulator.log"
    text = until(lambda: "Ctrl-C ends it." in log.read_text() and log.read_text())

    assert "it keeps nothing and makes new keys at each start" in text
    assert simulator.scene["ca"]["url"] in text
    assert simulator.scene["accounts"]["platform"]["password"] in text


def test_process_needs_the_folder(tmp_path, capsys):
    """A JSON file in a folder that is not there is refused in one sentence, before anything is started."""
    file = tmp_path / "nowhere" / "simulator.json"
    status = main(["--json", str(file)])

    assert 2 == status
    assert f"{file} cannot be written: {file.parent} is no folder that we may write to; make it first\n" == (
        capsys.readouterr().err
    )


def test_process_leaves_no_children(simulator):
    """The simulator is one process, without children."""
    threads = Path(f"/proc/{simulator.process.pid}/task").iterdir()

    assert {""} == {(thread / "children").read_text().strip() for thread in threads}
