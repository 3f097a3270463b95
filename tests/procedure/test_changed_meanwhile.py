"""A cluster that gets another node while a run is suspended: seen on resume; another plan, asked again (S4, S31)."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from tests.procedure.lives import IMP, NO, PUBLISHER, SUBSCRIBER, UNASKED, YES, Lives

NEWCOMER = "cs-new.example.com"
HTTPS, TOMCAT, SSH = 443, 8443, 22


def joins(life: Lives) -> dict[str, Any]:
    """A subscriber joins the cluster; how it is reached, as in the scene."""
    return life.control.post("/nodes", {"host": "cs-new", "product": "cucm", "role": "subscriber"})


def known_by_name(patch: pytest.MonkeyPatch, node: Mapping[str, Any]) -> None:
    """Have the name server know it: a discovered node is reached by its name, on the ports that all nodes have."""
    ports = {HTTPS: node["https_port"], TOMCAT: node["tomcat_port"], SSH: node["ssh_port"]}
    looked_up = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host == node["name"]:
            return looked_up("127.0.0.1", ports[port], *rest, **more)
        return looked_up(host, port, *rest, **more)

    patch.setattr(socket, "getaddrinfo", look_up)


def pins(node: Mapping[str, Any]) -> str:
    """The line of a profile that trusts a node wherever it is not said by whom."""
    return f'trust = {{ sha256 = ["{node["tomcat_sha256"]}"], ssh_host_keys = ["{node["ssh_host_key"]}"] }}\n'


def lists(life: Lives, node: Mapping[str, Any]) -> None:
    """Somebody writes the node into the profile."""
    keys = ("name", "product", "role", "address", "https_port", "tomcat_port", "ssh_port")
    table = "".join(f"{key} = {json.dumps(node[key])}\n" for key in keys)
    life.profile.write_text(f"{life.profile.read_text()}\n[[nodes]]\n{table}{pins(node)}")


def test_discovered_node_is_asked_about(lives, simulator, monkeypatch):
    """S4, S31: with `discover` a node that joined while a question was open makes another plan, which is asked."""
    life = lives(simulator)
    life.edit("[certificate]", "discover = true\n[certificate]")
    life.begin()
    first, asked = life.key, life.question()
    assert life.answer(YES) == "ACCEPT"
    node = joins(life)
    known_by_name(monkeypatch, node)
    life.edit("discover = true\n", f"discover = true\n{pins(node)}")
    life.live()

    assert life.key.startswith("start-")
    assert first != life.key
    assert [False, True] == [NEWCOMER in question for question in (asked, life.question())]
    assert f"Cisco Tomcat on {NEWCOMER}" in life.question()
    assert [] == life.control.kinds()

    life.answered(YES)

    assert life.key.startswith("ca-pending-")
    assert {PUBLISHER, SUBSCRIBER, IMP, NEWCOMER} <= set(life.request()["names"])


def test_unlisted_node_stops_the_run(lives, simulator):
    """S4, S31: without `discover` the run stops before anything more and names the node; listed, it is asked about."""
    life = lives(simulator)
    life.begin()
    assert life.answer(YES) == "ACCEPT"
    node = joins(life)
    state = life.live()

    assert "Failed" == state.name
    assert f"the publisher also lists {NEWCOMER} [nodes-differ, S4]" in state.message
    assert [] == life.control.kinds()

    lists(life, node)
    life.push()
    life.live()

    assert life.key.startswith("start-")
    assert NEWCOMER in life.question()
    assert [] == life.control.kinds()


def test_node_joined_while_pending(lives, simulator):
    """S8, S31: a request without the new node is not installed: the run stops, and a new one can begin with another."""
    life = lives(simulator, UNASKED)
    life.go_anew()
    lists(life, joins(life))
    life.officer("issue")
    state = life.live()

    assert "Failed" == state.name
    assert f"the request does not name {NEWCOMER} [csr-name-missing, S8]" in state.message
    assert "Start a new run and abandon this renewal there" in state.message

    life.begin()
    assert life.answered(NO).name == "Denied"
    life.start()
    life.go_to("start")

    assert NEWCOMER in life.question()
    assert "[csr-outstanding, S7]" in life.question()
    assert ["csr", "submit"] == life.control.kinds()


def test_newcomer_is_renewed_with_the_others(lives, simulator):
    """S4, S16, S19: a node that joined while the first question was open gets all that the others get."""
    life = lives(simulator, UNASKED)
    life.ca_issues_at_once()
    life.control.post(f"/nodes/{PUBLISHER}", {"overwrite_csr": "tomcat"})  # so that it is asked all the same
    life.begin()
    lists(life, joins(life))
    life.push()
    state = life.go()
    leaf = life.evidence()["leaf"]

    assert "Completed" == state.name
    assert (leaf, leaf) == life.leaf_on(NEWCOMER)
    assert (NEWCOMER, "Cisco Tomcat") in life.restarts()
    assert {NEWCOMER, PUBLISHER, SUBSCRIBER, IMP} == {row["node"] for row in life.evidence()["nodes"]}
