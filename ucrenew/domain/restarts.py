"""Which services are restarted after a purpose was renewed, where, in which order: data, with its source (S19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.plan import Restart
from ucrenew.domain.purpose import Purpose


class Where(StrEnum):
    """The nodes that a service is restarted on."""

    ALL = "all nodes"
    CUCM = "CUCM nodes"
    PUBLISHER = "the publisher"

    def includes(self, node: Node) -> bool:
        """True when the node is one of them."""
        match self:
            case Where.ALL:
                return True
            case Where.CUCM:
                return node.product is Product.CUCM
            case Where.PUBLISHER:
                return node.is_cucm_publisher


@dataclass(frozen=True)
class RestartRule:
    """The services of one purpose and release, in the order in which one node restarts them."""

    source: str
    services: tuple[tuple[str, Where], ...]
    with_sso: tuple[tuple[str, Where], ...]  # after them, where single sign-on was on before the first change
    not_restarted: tuple[str, ...]
    notices: tuple[str, ...]

    def all_services(self, *, sso: bool) -> tuple[tuple[str, Where], ...]:
        """What is restarted, with single sign-on in use or without."""
        return (*self.services, *self.with_sso) if sso else self.services

    def left_alone(self, *, sso: bool) -> tuple[str, ...]:
        """What Cisco lists beside, and why it is not restarted."""
        restarted = tuple(f"{service}:" for service, _ in self.all_services(sso=sso))
        return tuple(line for line in self.not_restarted if not line.startswith(restarted))


# cucm.md §2.4 (the message that 14/15 print after the upload) and §4.2.
_TOMCAT_14_15 = RestartRule(
    source="Cisco's reuse document of February 2026 and Security Guide 14; cucm.md §2.4, §4.2",
    services=(
        ("Cisco Tomcat", Where.ALL),
        ("Cisco UDS Tomcat", Where.CUCM),
        ("Cisco AXL Tomcat", Where.CUCM),
        ("Cisco DRF Master", Where.PUBLISHER),
        ("Cisco DRF Local", Where.ALL),
    ),
    with_sso=(("Cisco SSOSP Tomcat", Where.CUCM),),
    not_restarted=(
        "Cisco SSOSP Tomcat: only where single sign-on or OAuth is used",
        "Cisco Tftp: serves the old certificate over HTTPS until it restarts; restart it where phones fetch files so",
        "Cisco HAProxy and Cisco CallManager: only with SIP OAuth",
        "Cisco Intercluster Lookup Service, Location Bandwidth Manager, Extension Mobility: Security Guide 14 only",
    ),
    notices=(
        "while a node's Tomcat restarts (minutes) its web pages, self-care, AXL, UDS and Jabber log-ins there fail",
        "phones lose corporate directory and extension mobility on that node for the same time; calls go on",
        "no backup can run while the DRF services restart",
    ),
)

# Our own estimate: nobody publishes how long a service is away. Others wait ten minutes at most (cucm.md §2.2).
TAKES = timedelta(minutes=2)
TAKES_LONGER: Mapping[str, timedelta] = {"Cisco Tomcat": timedelta(minutes=5)}

_RULES: Mapping[Purpose, Mapping[int, RestartRule]] = {Purpose.TOMCAT: {14: _TOMCAT_14_15, 15: _TOMCAT_14_15}}


def restart_rule(purpose: Purpose, release: int) -> RestartRule | None:
    """The rule for a purpose and a major release, or None when none is known yet."""
    return _RULES.get(purpose, {}).get(release)


def has_restart_rule(purpose: Purpose) -> bool:
    """True when there is a rule for some release: without one a purpose cannot be renewed."""
    return bool(_RULES.get(purpose))


def in_restart_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Publisher, CUCM subscribers, IM&P publisher, IM&P subscribers; alphabetical where nothing else tells (S19)."""
    return tuple(
        sorted(nodes, key=lambda node: (node.product is not Product.CUCM, node.role is not Role.PUBLISHER, node.name)),
    )


def planned_restarts(
    rule: RestartRule, nodes: Iterable[Node], up: Mapping[str, frozenset[str]], *, sso: bool = False
) -> tuple[Restart, ...]:
    """All restarts in order: node after node, and only services that were up on it (cucm.md §4.1 point 8).

    ``sso``: single sign-on was on in the baseline.
    """
    return tuple(
        Restart(node.name, service)
        for node in in_restart_order(nodes)
        for service, where in rule.all_services(sso=sso)
        if where.includes(node) and service in up.get(node.name, frozenset())
    )


def time_needed(restarts: Iterable[Restart]) -> timedelta:
    """How long they take one after another, by our estimate: what has to be left of a maintenance window (S22)."""
    return sum((TAKES_LONGER.get(restart.service, TAKES) for restart in restarts), timedelta())
