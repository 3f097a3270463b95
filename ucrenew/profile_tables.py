"""The things of a profile: nodes, certificate, CA, maintenance windows, neighbours, limits."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ucrenew.domain.cluster import Node, Product, Role
from ucrenew.domain.logon import Logon
from ucrenew.domain.neighbours import Neighbour, NeighbourKind
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.restarts import has_restart_rule
from ucrenew.domain.windows import WEEKDAYS, Window
from ucrenew.profile_fields import (
    CommonName,
    Fingerprint,
    HostKey,
    HostName,
    HostOrAddress,
    PagesAddress,
    Port,
    Table,
    TimeOfDay,
    TimeZone,
)

DAYS_OF_TEN_YEARS = 3650
LONGEST_LEAD = 365  # days


class Trust(Table):
    """What a server is trusted by: a CA file, pinned certificates, pinned SSH host keys."""

    ca_file: Path | None = None
    sha256: tuple[Fingerprint, ...] = ()
    ssh_host_keys: tuple[HostKey, ...] = ()


class ClusterNode(Table):
    """One node: who it is and how it is reached."""

    name: HostName
    product: Product
    role: Role
    address: HostOrAddress = ""
    https_port: Port = 443
    tomcat_port: Port = 8443
    ssh_port: Port = 22
    trust: Trust = Trust()

    @property
    def node(self) -> Node:
        """Who it is."""
        return Node(self.name, self.product, self.role)

    @property
    def host(self) -> str:
        """Where it is reached: its address, else its name."""
        return self.address or self.name

    @property
    def tls_ports(self) -> tuple[int, ...]:
        """The ports that serve the Tomcat certificate."""
        return (self.https_port, self.tomcat_port)


class Key(Table):
    """The key that the request asks for; the API takes EC keys in a form that nobody has seen (cucm.md §1.3)."""

    type: Literal["rsa"] = "rsa"
    length: Literal[2048, 3072, 4096] = 2048
    hash: Literal["sha256", "sha384", "sha512"] = "sha256"


def _renewable(purpose: Purpose) -> Purpose:
    """Raises ValueError for a purpose whose restarts nobody has written down: its renewal could not be finished."""
    if not has_restart_rule(purpose):
        known = ", ".join(one for one in Purpose if has_restart_rule(one))
        raise ValueError(f"which services to restart for {purpose} is not known yet, only for: {known}")
    return purpose


def _days_or_share(lead: float) -> float:
    """Raises ValueError for what is neither whole days nor a part of the lifetime."""
    days = isinstance(lead, int) and 1 <= lead <= LONGEST_LEAD
    if not days and not 0 < lead < 1:
        raise ValueError(
            f"whole days, greater than or equal to 1 and at most {LONGEST_LEAD}, or the share of its lifetime that is"
            " left, as 0.33"
        )
    return lead


class Wish(Table):
    """What the certificate has to be: names, key, and how the cluster is asked for it (S6, S8)."""

    purposes: tuple[Annotated[Purpose, AfterValidator(_renewable)], ...] = (Purpose.TOMCAT,)
    common_name: CommonName
    parent_domain: HostName | None = None
    extra_names: tuple[HostName, ...] = ()
    extra_names_file: Path | None = None
    include_ou: bool = False
    key: Key = Key()
    # The word for a cluster-wide request is expected, not proved (cucm.md §6): it can be changed here.
    distribution: str = "multi-server"
    renew_before: Annotated[int | float, AfterValidator(_days_or_share)] = 30


class Authority(Table):
    """The CA: a Microsoft CA's web pages, or any other one, whose part a person does (S12, S13)."""

    kind: Literal["certsrv", "by-hand"] = "certsrv"
    name: str = ""  # of a CA by hand, for people: who signs, and where the request is handed in
    url: PagesAddress = ""
    template: str | None = None  # a standalone CA has none
    logon: Logon | None = None  # absent: NTLM where it is offered, else Basic (domain/logon.py)
    trust: Trust = Trust()
    chain_file: Path | None = None
    request_folder: Path = Path()  # where the request is put for a person who hands it in; absent: beside the profile

    @model_validator(mode="after")
    def _pages_or_a_person(self) -> Self:
        pages = self.model_fields_set & {"url", "template", "logon", "trust"}
        if self.is_by_hand and pages:
            raise ValueError(f"a CA by hand has no {' or '.join(sorted(pages))}: a person hands the request in there")
        if not self.is_by_hand and not self.url:
            raise ValueError('url is missing; where the CA is none of Microsoft\'s, write kind = "by-hand"')
        return self

    @property
    def is_by_hand(self) -> bool:
        """True when a person hands the request in, and the certificate back to us."""
        return self.kind == "by-hand"

    def __str__(self) -> str:
        """Which CA, for plans and questions."""
        if self.is_by_hand:
            return f"{self.name or 'a CA of your choice'}, by hand"
        return f"{self.url}, {f'template {self.template}' if self.template else 'no template'}"


class MaintenanceWindow(Table):
    """When services may restart: on these days, from this time of the zone's clock, for so many real hours (S22)."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "daily"], ...] = Field(min_length=1)
    start: TimeOfDay
    hours: Annotated[float, Field(gt=0, le=24)]
    zone: TimeZone

    @property
    def window(self) -> Window:
        """The same as the rules know it."""
        days = WEEKDAYS if "daily" in self.days else self.days
        return Window(
            frozenset(WEEKDAYS.index(day) for day in days),
            time.fromisoformat(self.start),
            timedelta(hours=self.hours),
            self.zone,
        )


class NeighbourTable(Table):
    """A system outside that has to trust the new chain before the certificate is in service."""

    kind: NeighbourKind
    name: Annotated[str, Field(min_length=1)]

    @property
    def neighbour(self) -> Neighbour:
        """The same as the rules know it."""
        return Neighbour(self.kind, self.name)


class CallManager(Table):
    """What Cisco's documents leave open about CallManager (S26): whose order of restarts, by the document's number."""

    restart_order: Literal["D118731", "D217138", "D214231"] | None = None  # None: the latest about the release


class Limits(Table):
    """What preflight accepts and how long is waited; what is beyond any sense is refused, for dates have an end."""

    backup_max_age: Annotated[int, Field(ge=1, le=DAYS_OF_TEN_YEARS)] = 7  # days
    # Days before its end in which a CA certificate is told.
    trust_expires_soon: Annotated[int, Field(ge=1, le=DAYS_OF_TEN_YEARS)] = 30
    # Minutes that a trust certificate may take to a node: up to 30 when the event was missed (cucm_inside.md §A.1).
    fan_out: Annotated[float, Field(gt=0, le=1440)] = 35
    # Minutes for a backup that is under way to end, before a renewal that meets it stops (cucm.md §4.1).
    backup_ends: Annotated[float, Field(ge=0, le=1440)] = 0
    # Phones of those that were registered that may be missing without anybody being asked (S26).
    phones_missing: Annotated[int, Field(ge=0, le=60000)] = 0
    # Minutes that phones get to come back after each restart; ours (S26).
    phones_back: Annotated[float, Field(gt=0, le=1440)] = 20
    # Minutes between two counts at the end, longer than the seven of CSCup28852 (S30).
    phones_watch: Annotated[float, Field(ge=0, le=1440)] = 15
    # Seconds until a node's prompt: 8 to 15 were seen, slow nodes take up to two minutes (cucm.md §2.1).
    prompt: Annotated[float, Field(gt=0, le=3600)] = 120
