"""Which services are restarted after a purpose was renewed, where, in which order: data, with its source (S19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import groupby

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.plan import Restart
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.windows import MARGIN


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
    by_service: bool = False  # a service on all its nodes before the next service, as Cisco lists those for phones

    def all_services(self, *, sso: bool) -> tuple[tuple[str, Where], ...]:
        """What is restarted, with single sign-on in use or without."""
        return (*self.services, *self.with_sso) if sso else self.services


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

_PHONES_NOTICE = (
    "while a node's CallManager restarts its phones move to the next server of their group, and back after it",
    "phones of a group with one server are out of service meanwhile",
    "calls in progress lose their features (transfer, hold), and conferences and music of that node end",
    "CTI applications (attendant consoles, recorders) lose their phones while CTIManager restarts",
    "phones cannot fetch configuration, lists and firmware from a node while its TFTP restarts",
)
_HAPROXY = ("Cisco HAProxy", Where.CUCM)  # Security Guide 14: from 14SU1 on (cucm.md §4.2)
_CALLMANAGER = ("Cisco CallManager", Where.CUCM)
_CTI = ("Cisco CTIManager", Where.CUCM)
_TFTP = ("Cisco Tftp", Where.CUCM)
_TVS = ("Cisco Trust Verification Service", Where.CUCM)


def _for_phones(source: str, *services: tuple[str, Where], not_restarted: tuple[str, ...] = ()) -> RestartRule:
    return RestartRule(source, services, (), not_restarted, _PHONES_NOTICE, by_service=True)


# Cisco's three orders for CallManager contradict each other (cucm.md §4.2, S26): each by its document.
CALLMANAGER_ORDERS: Mapping[str, RestartRule] = {
    "D118731": _for_phones(
        "Cisco document 118731 of June 2024, steps of the CallManager procedure; cucm.md §4.2, S26",
        _TFTP,
        _CALLMANAGER,
        _CTI,
        _TVS,
        not_restarted=("Cisco HAProxy: that document is older than the service, which came with release 14",),
    ),
    "D217138": _for_phones(
        "Cisco document 217138 of November 2025, and for HAProxy the Security Guide 14; cucm.md §4.2",
        _TVS,
        _TFTP,
        _CALLMANAGER,
        _CTI,
        _HAPROXY,
    ),
    "D214231": _for_phones(
        "Cisco document 214231 of July 2026; cucm.md §4.2", _CALLMANAGER, _CTI, _TVS, _TFTP, _HAPROXY
    ),
}
PHONE_SERVICES = frozenset(service for order in CALLMANAGER_ORDERS.values() for service, _ in order.services)
# The most recent document that is about the release.
_LATEST: Mapping[int, str] = {10: "D118731", 11: "D118731", 12: "D118731", 14: "D217138", 15: "D214231"}

# Our own estimate: nobody publishes how long a service is away. Others wait ten minutes at most (cucm.md §2.2).
TAKES = timedelta(minutes=2)
TAKES_LONGER: Mapping[str, timedelta] = {
    "Cisco Tomcat": timedelta(minutes=5),
    "Cisco CallManager": timedelta(minutes=10),  # with the phones' way to the next server and back
}

_RULES: Mapping[Purpose, Mapping[int, RestartRule]] = {
    Purpose.TOMCAT: {14: _TOMCAT_14_15, 15: _TOMCAT_14_15},
    Purpose.CALLMANAGER: {release: CALLMANAGER_ORDERS[order] for release, order in _LATEST.items()},
}
# What flows drive from end to end.
RENEWED = frozenset({Purpose.TOMCAT, Purpose.CALLMANAGER})


def restart_rule(purpose: Purpose, release: int, order: str = "") -> RestartRule | None:
    """The rule for a purpose and a major release, or None when none is known yet.

    ``order``: for CallManager, the document whose order is kept (a key of CALLMANAGER_ORDERS) instead of the latest.
    """
    latest = _RULES.get(purpose, {}).get(release)
    return CALLMANAGER_ORDERS.get(order) if order and latest and purpose is Purpose.CALLMANAGER else latest


def has_restart_rule(purpose: Purpose) -> bool:
    """True when there is a rule for some release and a path that follows it: else a purpose cannot be renewed."""
    return purpose in RENEWED and bool(_RULES.get(purpose))


def in_restart_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Publisher, CUCM subscribers, IM&P publisher, IM&P subscribers; alphabetical where nothing else tells (S19)."""
    return tuple(
        sorted(nodes, key=lambda node: (node.product is not Product.CUCM, node.role is not Role.PUBLISHER, node.name)),
    )


def planned_restarts(
    rule: RestartRule, nodes: Iterable[Node], up: Mapping[str, frozenset[str]], *, sso: bool = False
) -> tuple[Restart, ...]:
    """All restarts in the rule's order, and only services that were up on their node (cucm.md §4.1 point 8).

    ``sso``: single sign-on was on in the baseline.
    """
    ordered = in_restart_order(nodes)
    services = rule.all_services(sso=sso)
    pairs = (
        ((node, service, where) for service, where in services for node in ordered)
        if rule.by_service
        else ((node, service, where) for node in ordered for service, where in services)
    )
    return tuple(
        Restart(node.name, service)
        for node, service, where in pairs
        if where.includes(node) and service in up.get(node.name, frozenset())
    )


def left_alone(rules: Iterable[RestartRule], planned: Iterable[Restart]) -> tuple[str, ...]:
    """What Cisco lists beside, and why it is not restarted; nothing that is restarted all the same."""
    restarted = tuple(one.service for one in planned)
    return tuple(line for rule in rules for line in rule.not_restarted if not line.startswith(restarted))


def phone_groups(planned: Iterable[Restart]) -> tuple[tuple[Restart, ...], ...]:
    """What is restarted before the phones are looked at again: each CallManager by itself, any other service at once.

    So one server of every CallManager group is up at any time, and phones are counted before the next one goes (S26).
    What is no service of phones (Tomcat's, where CallManager reuses its certificate) is one group, node after node.
    """

    def group(one: Restart) -> str:
        if one.service not in PHONE_SERVICES:
            return ""
        return one.about if one.service == _CALLMANAGER[0] else one.service

    return tuple(tuple(together) for _, together in groupby(planned, key=group))


def time_needed(restarts: Iterable[Restart]) -> timedelta:
    """How long they take one after another, by our estimate."""
    return sum((TAKES_LONGER.get(restart.service, TAKES) for restart in restarts), timedelta())


def window_needed(restarts: Iterable[Restart], sso_nodes: Sized, fan_out: timedelta = timedelta()) -> timedelta:
    """How long a window has to be for all that people may notice, by our estimate, and for a late start (S22).

    Single sign-on off and on again, the certificate's way to every node (``fan_out``), the restarts.
    """
    return time_needed(restarts) + 2 * sso_time(sso_nodes) + fan_out + MARGIN


def sso_time(nodes: Sized) -> timedelta:
    """How long it takes to switch single sign-on off, or on, one node after another."""
    return len(nodes) * TAKES
