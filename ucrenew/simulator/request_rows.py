"""One row of the CA's request database, as a frozen record, and what the database does not allow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ucrenew.simulator import signing


class Status(StrEnum):
    """The states of a row."""

    PENDING = "pending"
    ISSUED = "issued"
    DENIED = "denied"

    @property
    def disposition(self) -> int:
        """The number that the pages show (certsrv.md §4, CR_DISP_*)."""
        return {Status.PENDING: 5, Status.ISSUED: 3, Status.DENIED: 2}[self]


class OfficerRefused(Exception):
    """The officer asked for something that the request database does not allow; the text says why."""


class UnknownRequest(OfficerRefused):
    """There is no request of that id."""


class NotPending(OfficerRefused):
    """The request is not pending any more."""


@dataclass(frozen=True)
class Row:
    """One request as the CA's database has it."""

    id: int
    requester: str
    template: str
    status: Status
    message: str
    last_status: str
    csr: x509.CertificateSigningRequest | None = None
    certificate: x509.Certificate | None = None
    generation: int = 0

    @property
    def subject(self) -> str | None:
        """The CSR's subject in RFC 4514 form, None when the CSR could not be read."""
        return None if self.csr is None else self.csr.subject.rfc4514_string()

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the CSR's DER."""
        if self.csr is None:
            return None
        return hashlib.sha256(self.csr.public_bytes(serialization.Encoding.DER)).hexdigest()

    @property
    def names(self) -> list[str]:
        """The CSR's subject alternative names as an officer sees them."""
        asked = None if self.csr is None else signing.requested_names(self.csr)
        return [str(name.value) for name in asked or ()]

    def shown(self) -> dict[str, object]:
        """The row for the control API."""
        return {
            "id": self.id,
            "status": self.status.value,
            "subject": self.subject,
            "template": self.template,
            "requester": self.requester,
            "names": self.names,
            "fingerprint": self.fingerprint,
            "message": self.message.strip(),
        }
