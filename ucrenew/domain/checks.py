"""The rules by one name: before anything (preflight), on the request (requested), and how they are applied (rule)."""

from __future__ import annotations

from ucrenew.domain.preflight import CLUSTER_PREFLIGHT, preflight
from ucrenew.domain.preflight_node import NODE_PREFLIGHT, PLATFORM_SERVICES, TOMCAT
from ucrenew.domain.release import has_api, major_release
from ucrenew.domain.requested import CSR
from ucrenew.domain.rule import Rule, apply

__all__ = [
    "CLUSTER_PREFLIGHT",
    "CSR",
    "NODE_PREFLIGHT",
    "PLATFORM_SERVICES",
    "TOMCAT",
    "Rule",
    "apply",
    "has_api",
    "major_release",
    "preflight",
]
