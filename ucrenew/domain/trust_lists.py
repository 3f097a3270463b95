"""The two lists that phones trust, CTL and ITL, as a node shows them, and what they tell (cucm.md §2.5, §4.3, S25).

A list shows a hash of each certificate and not the certificate: whether it holds one is judged by that hash, of
whichever kind it is, and by issuer and serial number only where it shows none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509 as crypto
from cryptography.hazmat.primitives import hashes

# Names as a token's certificate has them: `cn="SAST-ADN0054f509";ou=IPCBU;o="Cisco Systems` (cucm.md §2.5).
_TOKEN = re.compile(r"\bcn=\"?SAST-ADN", re.IGNORECASE)
_RECOVERY = re.compile(r"\bcn=\"?ITLRECOVERY", re.IGNORECASE)
_SERVES_PHONES = re.compile(r"\bTFTP\b|\bCCM\b", re.IGNORECASE)
_HASHES: dict[int, type[hashes.HashAlgorithm]] = {
    40: hashes.SHA1,
    64: hashes.SHA256,
    96: hashes.SHA384,
    128: hashes.SHA512,
}


class Signer(StrEnum):
    """Whose key signed a list: it decides who may sign it anew, and what phones can verify."""

    TOKEN = "a USB token"  # noqa: S105 - no secret: the thing with the plug
    CALLMANAGER = "the CallManager certificate"
    RECOVERY = "the ITLRecovery certificate"
    OTHER = "another certificate"


@dataclass(frozen=True)
class TrustRecord:
    """One record: a function, and the certificate that has it. Hash in lower case; empty where there is none."""

    number: int
    function: str
    subject: str
    issuer: str
    serial: int | None
    certificate_hash: str
    dns_name: str
    signed_the_list: bool

    @property
    def serves_phones(self) -> bool:
        """True for the certificate of CallManager and TFTP."""
        return bool(_SERVES_PHONES.search(self.function))

    def is_for(self, certificate: crypto.Certificate) -> bool:
        """True when it is about this certificate and no other."""
        if algorithm := _HASHES.get(len(self.certificate_hash)):
            return certificate.fingerprint(algorithm()).hex() == self.certificate_hash
        return self.serial == certificate.serial_number and _same_name(self.issuer, certificate.issuer)


@dataclass(frozen=True)
class TrustList:
    """One CTL or ITL file; ``verified`` is what the node itself says of its signature."""

    md5: str
    sha1: str
    modified: str
    records: tuple[TrustRecord, ...]
    verified: bool
    signer_name: str  # of the header, or of the record that signed
    signer_serial: int | None
    recovery: crypto.Certificate | None = None  # the cluster's own ITLRecovery, where it was read

    @property
    def checksum(self) -> str:
        """What tells one file from another, and what a phone shows of it: MD5 or SHA-1, by its kind."""
        return self.sha1 or self.md5

    @property
    def signer(self) -> Signer:
        """Tokenless iff CallManager's or ITLRecovery's key signed it (cucm.md §2.5)."""
        if _TOKEN.search(self.signer_name):
            return Signer.TOKEN
        if _RECOVERY.search(self.signer_name) or self._signed_by_recovery():
            return Signer.RECOVERY
        return Signer.CALLMANAGER if any(map(self._signed_by, self.serving())) else Signer.OTHER

    def serving(self) -> tuple[TrustRecord, ...]:
        """The records of CallManager and TFTP that carry a certificate."""
        return tuple(record for record in self.records if record.serves_phones and record.subject)

    def holds(self, certificate: crypto.Certificate) -> bool:
        """True when phones are told by it that this certificate is CallManager's or TFTP's."""
        return any(record.is_for(certificate) for record in self.serving())

    def held(self, certificates: Iterable[crypto.Certificate]) -> tuple[crypto.Certificate, ...]:
        """Those of them that it holds so."""
        return tuple(certificate for certificate in certificates if self.holds(certificate))

    def _signed_by_recovery(self) -> bool:
        """By the certificate: how it is named is no documented fact."""
        recovery = self.recovery
        return recovery is not None and any(self._signed_by(one) and one.is_for(recovery) for one in self.records)

    def _signed_by(self, record: TrustRecord) -> bool:
        return _unspaced(record.subject) == _unspaced(self.signer_name) and record.serial == self.signer_serial


def _unspaced(name: str) -> str:
    """A name without the blanks at which a line of it may have been broken."""
    return "".join(name.split()).casefold()


def _same_name(shown: str, name: crypto.Name) -> bool:
    """Compare what is shown (`CN=a;OU=b, ST=c`, in some order) part by part; case and blanks do not matter."""
    theirs = {part.strip().casefold() for part in re.split(r"[;,]", shown) if part.strip()}
    return theirs == {part.strip().casefold() for part in name.rfc4514_string().split(",")}
