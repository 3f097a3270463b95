"""What Tomcat serves on one node: the certificate API and Control Center Services, side by side on both ports."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from ucrenew.simulator import control_center, rest
from ucrenew.simulator.cluster import Cluster
from ucrenew.simulator.node import SimulatedNode


def application(cluster: Cluster, node: SimulatedNode) -> WSGIApplication:
    """All of it as one WSGI application."""
    app = rest.application(cluster, node)
    control_center.add_to(app, cluster, node)
    return app
