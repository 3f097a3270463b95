"""What a watch says of a cluster: a row for every certificate, every finding, and how urgent the worst one is (S31).

Whoever shows it (a table, a metric, an artifact) shows this record and judges nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.drift import IDENTITIES
from ucrenew.domain.drift_trust import SURROUNDINGS
from ucrenew.domain.due import due_on
from ucrenew.domain.finding import Finding, Reason
from ucrenew.domain.seen import ClusterSeen, NodeSeen

_DAY = timedelta(days=1)


class Urgency(IntEnum):
    """From nothing to worst; the numbers are of ours."""

    NONE = 0
    NOTICE = 1  # is to be known, and no reason to act
    WARNING = 2  # a renewal is due, or something drifted
    UNKNOWN = 3  # something could not be looked at
    CRITICAL = 4  # a certificate ended


_NOTICES = frozenset({
    Reason.CSR_OUTSTANDING,
    Reason.OLD_CERTIFICATE_LEFT,
    Reason.CLIENT_AUTHENTICATION_ENDS,
})  # fmt: skip


def urgency_of(finding: Finding) -> Urgency:
    """How urgent a finding of a watch is: by its reason alone, so that tables and alarms agree."""
    match finding.reason:
        case Reason.EXPIRED:
            return Urgency.CRITICAL
        case Reason.NOT_LOOKED_AT:
            return Urgency.UNKNOWN
        case reason if reason in _NOTICES:
            return Urgency.NOTICE
        case _:
            return Urgency.WARNING


@dataclass(frozen=True)
class CertificateRow:
    """One certificate in one place of one node; ``due`` only where it is one's own, not a CA's."""

    node: str
    place: str  # a service, a trust store, or "port N"
    name: str
    fingerprint: str
    ends: datetime
    days_left: int  # whole days, below zero after the end
    self_signed: bool
    due: datetime | None


@dataclass(frozen=True)
class Watched:
    """One cluster as a watch reports it."""

    cluster: str
    at: datetime
    rows: tuple[CertificateRow, ...]
    findings: tuple[Finding, ...]

    @property
    def urgency(self) -> Urgency:
        """That of the worst finding."""
        return max(map(urgency_of, self.findings), default=Urgency.NONE)


def judge(seen: ClusterSeen) -> Watched:
    """Rows node by node, and every finding: identities first, then what is around them."""
    rows = tuple(row for one in seen.nodes for row in _rows(seen, one))
    findings = tuple(finding for rule in (*IDENTITIES, *SURROUNDINGS) for finding in rule(seen))
    return Watched(seen.cluster, seen.at, rows, findings)


def unseen(cluster: str, at: datetime, why: str) -> Watched:
    """A cluster of which nothing could be seen: a row in the table all the same."""
    return Watched(cluster, at, (), (Finding(Reason.NOT_LOOKED_AT, why, "S31"),))


def _rows(seen: ClusterSeen, one: NodeSeen) -> Iterator[CertificateRow]:
    for service, identity in one.identities.items():
        yield row_of(one.node.name, service, identity, seen.at, due=_due(seen, identity))
    for port, served in one.served.items():
        yield row_of(one.node.name, f"port {port}", served, seen.at, due=_due(seen, served))
    for store, kept in one.trust.items():
        for certificate in kept:
            yield row_of(one.node.name, store, certificate, seen.at)


def _due(seen: ClusterSeen, certificate: crypto.Certificate) -> datetime:
    return due_on(certificate, seen.expected.lead, seen.expected.windows)


def row_of(
    node: str, place: str, certificate: crypto.Certificate, at: datetime, *, due: datetime | None = None
) -> CertificateRow:
    """The row of one certificate."""
    ends = certificate.not_valid_after_utc
    name = x509.common_name(certificate) or certificate.subject.rfc4514_string()
    print_of, own = x509.fingerprint(certificate), x509.is_self_signed(certificate)
    return CertificateRow(node, place, name, print_of, ends, (ends - at) // _DAY, own, due)
