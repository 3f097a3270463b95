"""Trust stores of one node: file names, the same-subject rule, and the way from a leaf to its root."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ucrenew.simulator.identity import common_name, fingerprint


@dataclass(frozen=True)
class TrustEntry:
    """One file of a trust store."""

    certificate: x509.Certificate
    description: str = "Trust Certificate"

    def file(self, *, with_serial: bool) -> str:
        """`<CN>_<serial>.pem` or `<CN>.pem`, blanks as underscores (cucm.md §2.4; the serial's base is [I] guess)."""
        name = common_name(self.certificate.subject).replace(" ", "_")
        return f"{name}_{self.certificate.serial_number:x}.pem" if with_serial else f"{name}.pem"


class TrustStore:
    """The certificates of one `<unit>-trust`, in the order in which they came."""

    def __init__(self) -> None:  # noqa: D107 - the class says it
        self._entries: list[TrustEntry] = []

    def entries(self) -> tuple[TrustEntry, ...]:
        """What is in the store now."""
        return tuple(self._entries)

    def certificates(self) -> list[x509.Certificate]:
        """The certificates alone."""
        return [entry.certificate for entry in self._entries]

    def holds(self, certificate: x509.Certificate) -> bool:
        """Whether this very certificate is there."""
        return any(entry.certificate == certificate for entry in self._entries)

    def keeps_older(self, certificate: x509.Certificate) -> bool:
        """Whether another certificate of the same subject would stay in place of this one."""
        return any(
            present.subject == certificate.subject
            and present != certificate
            and present.not_valid_before_utc >= certificate.not_valid_before_utc
            for present in self.certificates()
        )

    def put(self, entry: TrustEntry) -> bool:
        """Add a certificate; False when one of the same subject with a later or equal start stays in its place.

        One certificate per subject: the newcomer replaces it only when its notBefore is later (cucm.md §4.8,
        cucm_inside.md §A "Same-name rule").
        """
        for index, present in enumerate(self._entries):
            if present.certificate.subject != entry.certificate.subject:
                continue
            if present.certificate.not_valid_before_utc >= entry.certificate.not_valid_before_utc:
                return present.certificate == entry.certificate
            self._entries[index] = entry
            return True
        self._entries.append(entry)
        return True

    def plant(self, entry: TrustEntry) -> None:
        """Put a certificate in past the rules, in the place of its namesake if there is one."""
        subject = entry.certificate.subject
        self._entries = [present for present in self._entries if present.certificate.subject != subject] + [entry]

    def remove(self, wanted: str) -> bool:
        """Take out the certificate with this fingerprint; False when it is not there."""
        kept = [entry for entry in self._entries if fingerprint(entry.certificate) != wanted]
        found = len(kept) < len(self._entries)
        self._entries = kept
        return found


def issuers(leaf: x509.Certificate, known: Iterable[x509.Certificate]) -> tuple[list[x509.Certificate], bool]:
    """The issuers of ``leaf`` found in ``known``, nearest first, and whether they reach a self-signed root."""
    pool, current = list(known), leaf
    found: list[x509.Certificate] = []
    while current.issuer != current.subject:
        parent = next((one for one in pool if _signed_by(current, one)), None)
        if parent is None or parent in found:
            return found, False
        found.append(parent)
        current = parent
    return found, True


def _signed_by(child: x509.Certificate, parent: x509.Certificate) -> bool:
    if child.issuer != parent.subject:
        return False
    try:
        child.verify_directly_issued_by(parent)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
