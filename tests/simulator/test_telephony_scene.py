"""The phones that a scene begins with: groups, mode, services that are not activated."""

import pytest

from tests.simulator.phones import PUB, SUB, in_toml, listed, phones
from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.simulator.telephony_scene import read

NODES = [Node(PUB, Product.CUCM, Role.PUBLISHER), Node(SUB, Product.CUCM, Role.SUBSCRIBER)]


def test_nodes_by_host_or_name():
    """A group may name its nodes by host or in full; their order stays."""
    told = {"groups": [{"name": "A", "nodes": ["cs-ccm-sub", PUB], "phones": 3}]}

    assert [(SUB, PUB)] == [group.nodes for group in read(told).complete(NODES)]


def test_default_groups_leave_idle_nodes_out():
    """Where CallManager is not activated no default group sends phones."""
    found = read({"idle": {"cs-ccm-pub": ["Cisco CallManager"]}}).complete(NODES)

    assert {SUB} == {node for group in found for node in group.nodes}
    assert () == read({}).complete([])


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"groups": [{"name": "A", "nodes": []}]}, "groups.0.nodes"),
        ({"groups": [{"name": "A", "nodes": ["x"], "phones": -1}]}, "groups.0.phones"),
        ({"security_mode": 2}, "security_mode"),
        ({"nonsense": 1}, "nonsense"),
        ({"groups": [{"name": "A", "nodes": ["cs-imp"]}]}, "the call-manager group A names cs-imp"),
    ],
)
def test_nonsense_is_refused(told, sentence):
    """What makes no sense is refused with the place of it."""
    with pytest.raises(ValueError, match=sentence):
        read(told).complete(NODES)


def test_scene_of_a_file(launch, tmp_path):
    """A scene's file gives phones, mixed mode and tokens, and takes services away from a node."""
    scene = {
        "version": "14.0.1.12900-161",
        "nodes": [
            {"host": "cs-ccm-pub", "product": "cucm", "role": "publisher"},
            {"host": "cs-ccm-sub", "product": "cucm", "role": "subscriber"},
        ],
        "telephony": {
            "security_mode": 1,
            "signed_by": "token",
            "idle": {"cs-ccm-pub": ["Cisco CallManager", "Cisco Tftp"]},
            "groups": [{"name": "Only", "nodes": ["cs-ccm-sub"], "phones": 10, "secure": 1, "offline": 0}],
        },
    }
    file = tmp_path / "scene.toml"
    file.write_text(in_toml(scene))
    running = launch("--latency", "0", "--scene", str(file))
    told = phones(running)

    assert (1, "token") == (told["security_mode"], told["signed_by"])
    assert (0, 10) == (told["nodes"][PUB]["registered"], told["nodes"][SUB]["tls"])
    assert told["nodes"][PUB]["itl"] is None
    assert {True} == {one["https"] for one in listed(running)}
    service = running.control.node(PUB)["services"]["Cisco CallManager"]
    assert ("STOPPED", "Service Not Activated") == (service["state"], service["reason"])
