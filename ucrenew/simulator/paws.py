"""Platform Administrative Web Service: nothing of it but the answer to whether it is there (cucm_inside.md §C)."""

from __future__ import annotations

from flask import Flask, Response, request

from ucrenew.simulator.accounts import platform_privilege
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode
from ucrenew.simulator.services import ADMINISTRATIVE_WEB

_PATH = "/platform-services/services/listServices"
_PAGE = "<html><body><h2>Available SOAP services</h2><ul><li>ClusterNodesService</li></ul></body></html>\n"


def add_to(app: Flask, cluster: Cluster, node: SimulatedNode) -> None:
    """Answer 200 where the service is up, 404 where it is not, 401 to a bad account [C pawspy]; the page is [I]."""

    def answer() -> Response:
        if not node.is_up(ADMINISTRATIVE_WEB):
            return Response("Not Found", 404)
        told = request.authorization
        user = (told.username or "") if told else ""
        if told and platform_privilege(cluster.scene, node, user, told.password or "") is not None:
            return Response(_PAGE, content_type="text/html;charset=UTF-8")
        if told:
            cluster.ledger.write("login-refused", node=node.name, account=user)
        return Response("Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="Platform Web Services"'})

    app.add_url_rule(_PATH, "paws", answer)
