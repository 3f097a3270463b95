"""The control API: what a test, the rehearsal or a person uses to look behind the scene and to bend it.

Rule 1: nothing here stands for an interface of Cisco's or Microsoft's, but for the CA officer's hand.
Rule 2: a call that cannot be done is answered with a sentence and changes nothing.
Rule 3: whoever reaches loopback may call, but no page of another site through the browser of a person (origin.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from flask import Flask, Response, jsonify, request

from ucrenew.simulator import control_phones, management, origin
from ucrenew.simulator.authority import Authority
from ucrenew.simulator.bend import CannotBend
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.control_body import told_by_caller
from ucrenew.simulator.hand import Hand, Unknown
from ucrenew.simulator.ports import CannotListen
from ucrenew.simulator.report import cluster_state, node_state
from ucrenew.simulator.request_rows import OfficerRefused, UnknownRequest
from ucrenew.simulator.scene import Member
from ucrenew.simulator.scene_file import newcomer

if TYPE_CHECKING:
    from flask.json.provider import DefaultJSONProvider
    from werkzeug.exceptions import HTTPException


AddNode: TypeAlias = Callable[[Member], dict[str, object]]


def application(cluster: Cluster, authority: Authority, stop: threading.Event, add_node: AddNode) -> Flask:
    """The control API as a WSGI application; ``add_node`` makes a node and says where it listens."""
    app = Flask("control")
    cast("DefaultJSONProvider", app.json).sort_keys = False
    hand = Hand(cluster, authority)
    desk = ControlDesk(cluster, authority, hand, stop, add_node)
    app.before_request(_keep_strangers_out)
    for method, path, answer in (
        ("GET", "/state", desk.state),
        ("PATCH", "/state", desk.change_state),
        ("POST", "/cluster", desk.change_cluster),
        ("POST", "/nodes", desk.add_node),
        ("POST", "/nodes/<name>", desk.change_node),
        ("POST", "/faults", desk.change_fault),
        ("GET", "/requests", desk.requests),
        ("POST", "/requests/<int:number>/issue", desk.issue),
        ("POST", "/requests/<int:number>/deny", desk.deny),
        ("POST", "/ca", desk.change_authority),
        ("GET", "/ledger", desk.ledger),
        ("POST", "/shutdown", desk.shut_down),
    ):
        app.add_url_rule(path, f"{method} {path}", answer, methods=[method])
    management.add_to(app, cluster, authority, hand)
    control_phones.add_to(app, cluster, hand)
    app.register_error_handler(CannotBend, lambda reason: _error(400, str(reason)))
    app.register_error_handler(ValueError, lambda reason: _error(400, str(reason)))
    app.register_error_handler(Unknown, lambda reason: _error(404, str(reason)))
    app.register_error_handler(UnknownRequest, lambda reason: _error(404, str(reason)))
    app.register_error_handler(CannotListen, lambda reason: _error(409, str(reason)))
    app.register_error_handler(OfficerRefused, lambda reason: _error(409, str(reason)))
    for code in (404, 405):
        app.register_error_handler(code, _plain_error)
    return app


class ControlDesk:
    """The calls of the control API."""

    def __init__(  # noqa: D107 - the class says it
        self, cluster: Cluster, authority: Authority, hand: Hand, stop: threading.Event, add_node: AddNode
    ) -> None:
        self._cluster = cluster
        self._authority = authority
        self._hand = hand
        self._stop = stop
        self._add_node = add_node

    def state(self) -> Response:
        """The whole truth."""
        return jsonify({**cluster_state(self._cluster), "ca": {"requests": self._authority.requests()}})

    def change_state(self) -> Response:
        """`{"nodes": {name: {...}} or [{"name": ..., ...}], "cluster": {...}}`."""
        told = told_by_caller()
        nodes = told.pop("nodes", {})
        if isinstance(nodes, list):
            nodes = {str(node.pop("name", "")): node for node in nodes}
        changes = [
            (self._hand.node(name), attributes)
            for name, attributes in cast("dict[str, dict[str, object]]", nodes).items()
        ]
        cluster = cast("dict[str, object]", told.pop("cluster", {}))
        if told:
            message = f"The state has no {', '.join(told)}"
            raise CannotBend(message)
        self._hand.bend.cluster(cluster)
        for node, attributes in changes:
            self._hand.bend.node(node, attributes)
        return self.state()

    def change_cluster(self) -> Response:
        """The clock, delays, readings, or an attribute of every node."""
        self._hand.bend.cluster(told_by_caller())
        return jsonify(cluster_state(self._cluster))

    def add_node(self) -> Response:
        """`{"host": .., "product": .., "role": ..}`: a newcomer, self-signed; answered as in the JSON file."""
        member = newcomer(told_by_caller(), self._cluster.scene)
        if member.node.name in self._cluster.nodes:
            message = f"There is a node {member.node.name} already"
            raise CannotBend(message)
        return jsonify(self._add_node(member))

    def change_node(self, name: str) -> Response:
        """Attributes of one node."""
        node = self._hand.node(name)
        self._hand.bend.node(node, told_by_caller())
        return jsonify(node_state(node))

    def change_fault(self) -> Response:
        """Set a fault or take it away: see faults.py."""
        return jsonify(node_state(self._hand.fault(told_by_caller())))

    def requests(self) -> Response:
        """The CA's requests."""
        return jsonify(self._authority.requests())

    def issue(self, number: int) -> Response:
        """The officer's click on Issue."""
        self._authority.issue(number)
        return self.requests()

    def deny(self, number: int) -> Response:
        """The officer's click on Deny."""
        self._authority.deny(number)
        return self.requests()

    def change_authority(self) -> Response:
        """Bend what the CA signs."""
        self._authority.configure(**told_by_caller())
        return jsonify({"ok": True})

    def ledger(self) -> Response:
        """Every state-changing call so far."""
        return jsonify(self._cluster.ledger.entries())

    def shut_down(self) -> Response:
        """End the process in order."""
        # After this answer has left: the ports close as soon as the event is set.
        threading.Timer(0.1, self._stop.set).start()
        return jsonify({"ok": True})


def _keep_strangers_out() -> Response | None:
    if not origin.is_loopback(request):
        return _error(403, "This server is known as 127.0.0.1 and localhost only")
    return _error(403, "This call comes from another site's page") if origin.is_forged(request) else None


def _error(status: int, text: str) -> Response:
    refused = jsonify({"error": text})
    refused.status_code = status
    return refused


def _plain_error(trouble: HTTPException) -> Response:
    return _error(trouble.code or 500, f"{trouble.name}: {request.method} {request.path}")
