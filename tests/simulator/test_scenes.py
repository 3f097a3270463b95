"""Scenes: ready-made ones and files of one's own, what they may say, and what a seed repeats."""

import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from tests.simulator.walk import Rest, names, parsed
from ucrenew.simulator.scene_file import BadScene, read, ready_made

DOCS = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
PUBLISHER = '[[nodes]]\nhost = "one"\nproduct = "cucm"\nrole = "publisher"\n'
OWN = f"""
domain = "lab.example"
version = "14.0.1.13900-155"
sso = true

{PUBLISHER}
[readings]
already_there = "error"

[ca]
first_request_id = 5
sign_seconds = 2.0
"""


def written(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", ready_made())
def test_ready_made_scene(name):
    """Every scene that comes with the simulator is one cluster, its publisher first."""
    scene = read(name)

    assert scene.members[0].node.is_cucm_publisher
    assert len(scene.members) == len({member.node.name for member in scene.members})


def test_ready_made_sizes():
    """There are scenes of one, of Cisco's three and of 21 nodes, and one whose nodes run 14 and 15."""
    assert 1 == len(read("single").members)
    assert ["cs-ccm-pub", "cs-ccm-sub", "cs-imp"] == [member.node.host for member in read("default").members]
    assert 21 == len(read("twenty-one").members)
    assert {"14", "15"} == {member.version.split(".")[0] for member in read("mixed").members}


def test_scene_of_ones_own(launch, tmp_path):
    """A file says nodes, release, SSO, readings, and what the CA is told; the simulator starts so."""
    simulator = launch("--latency", "0", "--scene", written(tmp_path, OWN))
    state = simulator.control.state()

    assert ["one.lab.example"] == [node["name"] for node in state["nodes"]]
    assert ("14.0.1.13900-155", "enabled") == (state["nodes"][0]["version"], state["nodes"][0]["sso"])
    assert "error" == state["readings"]["already_there"]
    assert 5 == simulator.scene["ca"]["first_request_id"]


def test_scene_releases_differ(launch):
    """In a mixed scene each node says its own release."""
    state = launch("--latency", "0", "--scene", "mixed").control.state()

    assert {
        "cs-ccm-pub": "15.0.1.11900-40",
        "cs-ccm-sub": "14.0.1.13900-155",
        "cs-imp-pub": "15.0.1.11900-40",
        "cs-imp-sub": "14.0.1.13900-155",
    } == {node["name"].split(".")[0]: node["version"] for node in state["nodes"]}


def test_scene_publisher_first(tmp_path):
    """The publisher stands first, wherever it is in the file."""
    subscriber = '[[nodes]]\nhost = "two"\nproduct = "cucm"\nrole = "subscriber"\n'
    scene = read(written(tmp_path, subscriber + PUBLISHER))

    assert ["one", "two"] == [member.node.host for member in scene.members]


def test_scene_is_overruled(tmp_path):
    """What is said when it is started counts more than the file."""
    scene = read(written(tmp_path, OWN), first_request_id=7, sso=None, seed=3)

    assert (7, True, 3) == (scene.first_request_id, scene.sso, scene.seed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes = [", "is no TOML file: "),
        ("", "nodes: Field required"),
        (PUBLISHER.replace("publisher", "boss"), "nodes.0.role: Input should be 'publisher' or 'subscriber'"),
        (PUBLISHER.replace("cucm", "expressway"), "nodes.0.product: Input should be "),
        (PUBLISHER + "colour = 1", "nodes.0.colour: Extra inputs are not permitted"),
        (PUBLISHER.replace('"one"', '"one two"'), "nodes.0.host: "),
        (PUBLISHER + 'version = "fifteen"', "nodes.0.version: "),
        (PUBLISHER + 'address = "192.0.2.1"', "nodes.0.address: 192.0.2.1 is not an address of 127.0.0.0/8"),
        (PUBLISHER.replace('"publisher"', '"subscriber"'), "nodes: 0 of them are cucm publishers, there has to be one"),
        (PUBLISHER + PUBLISHER.replace("one", "two"), "nodes: 2 of them are cucm publishers, there has to be one"),
        (
            PUBLISHER + PUBLISHER.replace("cucm", "imp").replace('"publisher"', '"subscriber"'),
            "nodes: 0 of them are imp publishers, there has to be one",
        ),
        (
            PUBLISHER + PUBLISHER.replace('"publisher"', '"subscriber"'),
            "nodes: one is the host of more than one",
        ),
        (
            PUBLISHER + PUBLISHER.replace('"publisher"', '"subscriber"').replace("one", "two")
            + 'version = "15.0.1.12900-234"',
            "nodes: two has a newer version than its publisher one",
        ),
        ("[readings]\nnonsense = 1\n" + PUBLISHER, "readings.nonsense is no reading"),
        (
            '[readings]\nalready_there = "maybe"\n' + PUBLISHER,
            "readings.already_there is one of 'ok', 'error', not 'maybe'",
        ),
        ("seed = true\n" + PUBLISHER, "seed: "),
        ('[ca]\naddress = "here"\n' + PUBLISHER, "ca.address: "),
        (
            PUBLISHER + '[[telephony.groups]]\nname = "CMG"\nnodes = ["two"]\nphones = 1\n',
            "telephony.groups: the call-manager group CMG names two, which is no CUCM node",
        ),
    ],
)  # fmt: skip
def test_scene_is_refused(tmp_path, text, said):
    """What is wrong in a file is one sentence that names the file and the key."""
    path = written(tmp_path, text)
    with pytest.raises(BadScene) as refusal:
        read(path)

    assert str(refusal.value).startswith(path)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_scene_of_22_is_refused(tmp_path):
    """A scene has 21 nodes at most."""
    more = "".join(
        PUBLISHER.replace("one", f"sub{number}").replace('"publisher"', '"subscriber"') for number in range(21)
    )
    with pytest.raises(BadScene, match="nodes: List should have at most 21 items"):
        read(written(tmp_path, PUBLISHER + more))


@pytest.mark.parametrize(
    ("scene", "said"),
    [("nowhere", "There is no scene nowhere"), ("CA", "[ca] of the scene: the CA has nothing called 'nonsense'")],
    ids=["unknown", "ca"],
)
def test_start_is_refused(tmp_path, scene, said):
    """The program ends with status 2 and one sentence, also for what only the CA knows to be wrong."""
    if scene == "CA":
        scene = written(tmp_path, PUBLISHER + "[ca]\nnonsense = 1\n")
    ended = subprocess.run(
        [sys.executable, "-m", "ucrenew.simulator", "--scene", scene],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 2 == ended.returncode
    assert said in ended.stderr
    assert 1 == ended.stderr.count("\n")


def test_seed_repeats(launch):
    """A seed repeats passwords and the serial numbers of the nodes' own certificates, and no key."""
    one, other = (launch("--latency", "0", "--seed", "7", "--scene", "single") for _ in range(2))
    certificates = [
        x509.load_pem_x509_certificate(ssl.get_server_certificate((node["address"], node["https_port"])).encode())
        for node in (one.scene["nodes"][0], other.scene["nodes"][0])
    ]

    assert one.scene["accounts"] == other.scene["accounts"]
    assert 1 == len({certificate.serial_number for certificate in certificates})
    assert 2 == len({certificate.public_key().public_numbers().n for certificate in certificates})


def test_twenty_one_nodes(launch):
    """On the largest scene one call makes a request for every node, and each node holds it and serves its own."""
    simulator = launch("--latency", "0", "--scene", "twenty-one")
    nodes = [node["name"] for node in simulator.scene["nodes"]]
    request = parsed(Rest(simulator, "cucm-pub").csr())
    held = {node["name"]: node["csr"]["tomcat"] for node in simulator.control.state()["nodes"]}

    assert [*nodes, "voice.example.com", "cucm-pub-ms.voice.example.com"] == names(request)
    assert nodes == list(held)
    assert 1 == len(set(held.values()))
    assert 21 == len({node["tomcat_sha256"] for node in simulator.scene["nodes"]})


@pytest.mark.parametrize(("address", "subscriber"), [("127.20.0.10", ""), ("127.20.0.12", "two")])
def test_real_address_is_ones_own(tmp_path, address, subscriber):
    """With real ports no server shares an address with the CA or with another, also where that is the default one."""
    second = PUBLISHER.replace("publisher", "subscriber").replace("one", "two") if subscriber else ""
    path = written(tmp_path, f'{PUBLISHER}address = "{address}"\n{second}')
    with pytest.raises(BadScene) as refusal:
        read(path, real_ports=True)

    expected = f"{path} is no scene for real ports: nodes: {address} is the address of more than one; name other ones."
    assert expected == str(refusal.value)
    assert 1 + bool(subscriber) == len(read(path).members)


def test_docs_name_scenes():
    """The page lists every ready-made scene, and no other."""
    table = DOCS.partition("| name | what |")[2].partition("\n\n")[0]

    assert ready_made() == sorted(re.findall(r"`([\w-]+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))


def test_docs_example_is_a_scene(tmp_path):
    """The page's example of a file is a scene."""
    example = re.search(r"```toml\n(.*?)```", DOCS, re.DOTALL)[1]
    scene = read(written(tmp_path, example))

    assert ("127.20.0.11", "127.20.0.10") == (scene.members[0].address, scene.ca_address)
    assert ({"already_there": "error"}, {"sign_seconds": 2.0}) == (scene.readings, scene.ca)
