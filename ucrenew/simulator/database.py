"""The certificate tables as `run sql` sees them, and the few other tables that a renewal asks for.

Rule 1: a row proves nothing about what a node serves; files win (cucm_inside.md §A). A multi-server upload adds rows
and leaves the old self-signed ones (CSCur97909, S28).
Rule 2: the statement is answered by SQLite over tables built for it, so any SELECT of the reference works.
"""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography import x509

from ucrenew.domain.cluster import Product, Role
from ucrenew.simulator.identity import pem
from ucrenew.simulator.node import SimulatedNode

# [T] 9.1 for 1-16 (cucm_inside.md §A.2); the later numbers are [I] guess.
UNITS = {
    name: number
    for number, name in enumerate(
        (
            "Phone-trust", "Phone-VPN-trust", "CallManager", "CallManager-trust", "tomcat", "tomcat-trust", "ipsec",
            "ipsec-trust", "CAPF", "CAPF-trust", "TVS", "TVS-trust", "directory-trust", "Phone-SAST-trust",
            "Phone-CTL-trust", "userlicensing-trust", "ITLRecovery", "CallManager-ECDSA", "tomcat-ECDSA", "cup",
            "cup-trust", "cup-xmpp", "cup-xmpp-trust", "cup-xmpp-s2s", "cup-ECDSA", "cup-xmpp-ECDSA",
            "cup-xmpp-s2s-ECDSA", "cup-xmpp-s2s-trust",
        ),
        start=1,
    )
}  # fmt: skip
# [I] guess: the column is printed by Cisco's inventory, its words are in no source.
DISTRIBUTIONS = {1: "this-server", 2: "multi-server"}


@dataclass(frozen=True)
class Row:
    """One row of CERTIFICATE with its service map."""

    server: str
    address: str
    unit: str
    certificate: x509.Certificate
    multi_server: bool
    pkid: str = field(default_factory=lambda: str(uuid.uuid4()))


class StatementRefused(Exception):
    """The database does not understand the statement."""


class Database:
    """Rows that grow; only a deleted trust certificate takes its own away."""

    def __init__(self) -> None:  # noqa: D107 - the class says it
        self._rows: list[Row] = []
        # Who fills more tables, knowing the statement.
        self.also: Callable[[sqlite3.Connection, str], None] = lambda _, __: None

    def add(self, node: SimulatedNode, unit: str, certificate: x509.Certificate, *, multi_server: bool = False) -> None:
        """Write one row; the same certificate of the same node and unit is written once."""
        row = Row(node.node.host, node.address, unit, certificate, multi_server)
        # Certificates are compared last and never hashed: that would be half of the start of a large cluster.
        beside = (one for one in self._rows if (one.server, one.unit) == (row.server, row.unit))
        if all(one.certificate != certificate for one in beside):
            self._rows.append(row)

    def remove(self, node: SimulatedNode, unit: str, certificate: x509.Certificate) -> None:
        """Take away the row of one certificate of one node (cucm_inside.md §B)."""
        gone = (node.node.host, unit, certificate)
        self._rows = [row for row in self._rows if (row.server, row.unit, row.certificate) != gone]

    def select(
        self, statement: str, nodes: Iterable[SimulatedNode], security_mode: int
    ) -> tuple[list[str], list[list[str]]]:
        """Column names and rows; raises StatementRefused (its text is [I] guess: errors were never seen)."""
        if not statement.lower().startswith("select "):
            message = "The database accepts select statements only here"
            raise StatementRefused(message)
        connection = sqlite3.connect(":memory:")
        try:
            self._fill(connection, nodes, security_mode)
            self.also(connection, statement)
            cursor = connection.execute(_without_informix(statement))
            names = [column[0] for column in cursor.description]
            return names, [["" if value is None else str(value) for value in row] for row in cursor]
        except sqlite3.Error as trouble:
            raise StatementRefused(str(trouble)) from None
        finally:
            connection.close()

    def _fill(self, connection: sqlite3.Connection, nodes: Iterable[SimulatedNode], security_mode: int) -> None:
        connection.executescript(
            """
            create table processconfig(paramname, paramvalue);
            create table processnode(pkid, nodeid integer, name, description, tknodeusage integer,
                                     tkprocessnoderole integer);
            create table certificate(pkid, servername, subjectname, issuername, serialnumber, certificate, ipv4address,
                                     ipv6address, timetolive, tkcertificatedistribution integer);
            create table certificateservicecertificatemap(pkid, fkcertificate, tkcertificateservice integer);
            create table typecertificateservice(enum integer, name, moniker, usestruststore);
            create table typecertificatedistribution(enum integer, name, moniker);
            """
        )
        put = connection.executemany
        put("insert into processconfig values (?, ?)", [("ClusterSecurityMode", str(security_mode))])
        put("insert into processnode values (?, ?, ?, ?, ?, ?)", _process_nodes(nodes))
        put("insert into typecertificateservice values (?, ?, ?, ?)", _services())
        put("insert into typecertificatedistribution values (?, ?, ?)", [(n, w, w) for n, w in DISTRIBUTIONS.items()])
        put("insert into certificate values (?, ?, ?, ?, ?, ?, ?, '', null, ?)", map(_certificate, self._rows))
        put(
            "insert into certificateservicecertificatemap values (?, ?, ?)",
            [(str(uuid.uuid4()), row.pkid, UNITS.get(row.unit, 0)) for row in self._rows],
        )


def _without_informix(statement: str) -> str:
    """`select skip 5 first 10 ..` in SQLite's words."""
    told = re.match(r"select\s+(?:skip\s+(\d+)\s+)?first\s+(\d+)\s+(.*)", statement, re.IGNORECASE | re.DOTALL)
    return f"select {told[3]} limit {told[2]} offset {told[1] or 0}" if told else statement


def table(names: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of `run sql`: names padded to the width of their column, a line of `=` groups, rows (cucm.md §2.3)."""
    widths = [max(len(name), *(len(row[at]) for row in rows), 0) for at, name in enumerate(names)]
    lines = [names, ["=" * width for width in widths], *rows]
    return [" ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]


def _process_nodes(nodes: Iterable[SimulatedNode]) -> list[tuple[object, ...]]:
    """EnterpriseWideData is node 1; real nodes come after it (cucm.md §2.3)."""
    rows: list[tuple[object, ...]] = [(str(uuid.uuid4()), 1, "EnterpriseWideData", "", 1, 1)]
    for number, simulated in enumerate(nodes, start=2):
        node = simulated.node
        usage = 0 if node.product is Product.CUCM and node.role is Role.PUBLISHER else 1
        rows.append((str(uuid.uuid4()), number, node.name, "", usage, 1 if node.product is Product.CUCM else 2))
    return rows


def _services() -> list[tuple[object, ...]]:
    return [
        (number, name, f"CERTIFICATE_SERVICE_{name.upper().replace('-', '_')}", "t" if name.endswith("-trust") else "f")
        for name, number in UNITS.items()
    ]


def _certificate(row: Row) -> tuple[object, ...]:
    certificate = row.certificate
    return (
        row.pkid,
        row.server,
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        # Lower-case hex without separators (cucm_inside.md §A.2).
        f"{certificate.serial_number:x}",
        # One line here, so that the table keeps its shape ([I] guess).
        pem(certificate).replace("\n", ""),
        row.address,
        2 if row.multi_server else 1,
    )
