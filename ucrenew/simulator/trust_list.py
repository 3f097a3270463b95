"""What phones trust: the ITL and CTL files, who is in them and who signed them (cucm.md §2.5, §4.3).

Rule 1: a list never changes; a new one takes its place. Phones share it, so that many phones cost little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ucrenew.simulator.identity import fingerprint

# The words of FUNCTION (cucm.md §2.5): [T] but for TFTP and TVS, which are [I].
SAST = "System Administrator Security Token"
CCM_TFTP = "CCM+TFTP"
TFTP = "TFTP"
TVS = "TVS"
CAPF = "CAPF"


@dataclass(frozen=True)
class Record:
    """One certificate of a list, and what for."""

    function: str
    certificate: x509.Certificate
    host: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of its DER."""
        return fingerprint(self.certificate)


@dataclass(frozen=True, eq=False)
class TrustList:
    """A signed list. ``blank``: made while the cluster was prepared for rollback, it lets a phone accept anything."""

    kind: str
    records: tuple[Record, ...]
    signer: Record
    made_at: datetime
    blank: bool = False

    @cached_property
    def fingerprints(self) -> frozenset[str]:
        """The certificates in it."""
        return frozenset(record.fingerprint for record in self.records)

    @cached_property
    def content(self) -> bytes:
        """Stands for the file's bytes: the real form is binary and of no use here."""
        parts = [b"%s %s" % (one.function.encode(), _der(one.certificate)) for one in (self.signer, *self.records)]
        return b"\n".join([self.kind.encode(), self.made_at.isoformat().encode(), *parts])

    @property
    def md5(self) -> str:
        """The first checksum that `show` prints."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @cached_property
    def sha1(self) -> str:
        """The second one."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()

    def holds(self, function: str, wanted: str) -> bool:
        """Whether a certificate is in it for this function."""
        return any(record.function == function and record.fingerprint == wanted for record in self.records)

    def same_certificates(self, other: TrustList | None) -> bool:
        """Whether nothing but its date would differ."""
        return other is not None and (self.records, self.signer, self.blank) == (
            other.records, other.signer, other.blank,
        )  # fmt: skip


def unique(records: Iterable[Record]) -> tuple[Record, ...]:
    """Each certificate once for each function: a multi-server one stands for all its nodes."""
    return tuple({(record.function, record.fingerprint): record for record in reversed(tuple(records))}.values())[::-1]


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
