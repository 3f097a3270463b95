"""What a rule found: a stable reason, a sentence for people, the node and the row of the procedure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """REFUSE stops before anything changes; ACCEPT stops until a person accepts it; WARN is shown to who decides."""

    REFUSE = "refuse"
    ACCEPT = "accept"
    WARN = "warn"


class Reason(StrEnum):
    """Stable codes: tests, profiles and other people's programs refer to them."""

    RELEASE_WITHOUT_API = "release-without-api"
    PLATFORM_SERVICE_DOWN = "platform-service-down"
    TOMCAT_DOWN = "tomcat-down"
    CHANGE_NOTIFICATION_DOWN = "change-notification-down"
    COMMUNICATION_SERVICE_DOWN = "communication-service-down"
    SSO_ON = "sso-on"
    SSO_UNKNOWN = "sso-unknown"
    RECOVERY_URL_OFF = "recovery-url-off"
    REPLICATION = "replication"
    CLOCK_SKEW = "clock-skew"
    DISK_FULL = "disk-full"
    PRIVILEGE = "privilege"
    TOMCAT_REUSED = "tomcat-reused"
    REUSE_UNKNOWN = "reuse-unknown"
    BACKUP_OLD = "backup-old"
    BACKUP_RUNNING = "backup-running"
    NODES_DIFFER = "nodes-differ"
    VERSIONS_DIFFER = "versions-differ"
    IDENTITIES_DIFFER = "identities-differ"
    TRUST_EXPIRED = "trust-expired"
    TRUST_EXPIRES_SOON = "trust-expires-soon"
    TRUST_UNNEEDED = "trust-unneeded"
    CSR_OUTSTANDING = "csr-outstanding"
    CSR_NAME_MISSING = "csr-name-missing"
    CSR_NAME_UNEXPECTED = "csr-name-unexpected"
    CSR_COMMON_NAME = "csr-common-name"
    CSR_COMMON_NAME_NOT_IN_SAN = "csr-common-name-not-in-san"
    CSR_KEY = "csr-key"
    CSR_HASH = "csr-hash"
    CSR_ORGANIZATIONAL_UNIT = "csr-organizational-unit"
    CSR_SIGNATURE = "csr-signature"
    CSR_NOT_OURS = "csr-not-ours"
    NAMESAKE_IN_TRUST = "namesake-in-trust"
    NO_WINDOW = "no-window"
    WINDOW_CLOSED = "window-closed"
    WINDOW_TOO_SHORT = "window-too-short"
    OTHER_KEY = "other-key"
    NAME_MISSING = "name-missing"
    NAME_EXTRA = "name-extra"
    COMMON_NAME = "common-name"
    EXTENDED_KEY_USAGE = "extended-key-usage"
    KEY_USAGE = "key-usage"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    CA_CERTIFICATE = "ca-certificate"
    WEAK_SIGNATURE = "weak-signature"
    WRONG_REQUEST = "wrong-request"
    CHAIN_INCOMPLETE = "chain-incomplete"
    CHAIN_NAMESAKE = "chain-namesake"
    CHAIN_INVALID = "chain-invalid"
    CHAIN_UNEXPECTED_ROOT = "chain-unexpected-root"
    OLD_CERTIFICATE_LEFT = "old-certificate-left"
    INTERLOCK = "interlock"
    SECURITY_MODE_UNKNOWN = "security-mode-unknown"
    SECURITY_MODE_CHANGED = "security-mode-changed"
    ROLLBACK_ON = "rollback-on"
    ROLLBACK_UNKNOWN = "rollback-unknown"
    PHONE_INTERACTION = "phone-interaction"
    CTL_MISSING = "ctl-missing"
    CTL_NOT_VERIFIED = "ctl-not-verified"
    CTL_BY_TOKEN = "ctl-by-token"  # noqa: S105 - the name of a finding
    CTL_SIGNER_UNKNOWN = "ctl-signer-unknown"
    CTL_LACKS_CERTIFICATE = "ctl-lacks-certificate"
    CTL_HOLDS_REPLACED = "ctl-holds-replaced"
    ITL_NOT_VERIFIED = "itl-not-verified"
    SIGNER_REPLACED = "signer-replaced"
    TVS_DOWN = "tvs-down"
    SINGLE_SERVER_GROUP = "single-server-group"
    SECURE_PHONES = "secure-phones"
    PHONES_OFFLINE = "phones-offline"
    PHONES_NOT_COUNTED = "phones-not-counted"
    PHONES_NOT_BACK = "phones-not-back"
    CALLMANAGER_IDLE = "callmanager-idle"
    PHONES_CHURN = "phones-churn"
    RENEWAL_DUE = "renewal-due"
    NOT_LOOKED_AT = "not-looked-at"
    RENAMED = "renamed"
    NODE_ADDED = "node-added"
    NODE_GONE = "node-gone"
    RESTORED = "restored"
    SELF_SIGNED = "self-signed"
    NO_IDENTITY = "no-identity"
    SERVED_DIFFERS = "served-differs"
    CSR_OLD = "csr-old"
    CLIENT_AUTHENTICATION_ENDS = "client-authentication-ends"


@dataclass(frozen=True)
class Finding:
    """One thing that a rule noticed; ``row`` is the row of the procedure, or the source where there is none."""

    reason: Reason
    sentence: str
    row: str
    node: str | None = None
    severity: Severity = Severity.REFUSE

    def __str__(self) -> str:
        """The sentence with its node before and its code and row behind."""
        where = f"{self.node}: " if self.node else ""
        return f"{where}{self.sentence} [{self.reason}, {self.row}]"


def refusals(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that stop the renewal."""
    return tuple(finding for finding in findings if finding.severity is Severity.REFUSE)


def acceptable(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that stop the renewal until a person accepts them."""
    return tuple(finding for finding in findings if finding.severity is Severity.ACCEPT)
