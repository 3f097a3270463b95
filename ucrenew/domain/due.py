"""When the next renewal is due (S31): a pure judgement over what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509 as crypto

from ucrenew.domain import x509


@dataclass(frozen=True)
class Due:
    """Reasons to renew now (none: nothing to do), and the day on which expiry alone becomes one."""

    reasons: tuple[str, ...]
    on: datetime | None

    @property
    def now(self) -> bool:
        """True when there is a reason."""
        return bool(self.reasons)


def renewal_due(  # noqa: PLR0913 - each by its name
    installed: Mapping[str, crypto.Certificate | None],
    served: Mapping[str, Mapping[int, str]],
    wanted_names: frozenset[str],
    optional_names: frozenset[str],
    *,
    renew_before: timedelta,
    at: datetime,
) -> Due:
    """Judge the identity installed on each node of a purpose.

    Due when a node has none or a self-signed one, nodes differ, a wanted name is missing or an unknown one is
    there, a port serves (``served``: node, port, SHA-256) something else than what is installed, or fewer days are
    left than ``renew_before``.
    """
    reasons: list[str] = []
    for node, certificate in installed.items():
        if certificate is None:
            reasons.append(f"{node} shows no certificate")
        elif x509.is_self_signed(certificate):
            reasons.append(f"{node} has a self-signed certificate")
    present = [certificate for certificate in installed.values() if certificate is not None]
    if not reasons and len({x509.der(certificate) for certificate in present}) > 1:
        reasons.append("the nodes do not all have the same certificate")
    if reasons or not present:
        return Due(tuple(reasons), None)
    leaf = present[0]
    reasons += [
        f"port {port} of {node} does not serve what is installed"
        for node, ports in served.items()
        for port, shown in ports.items()
        if shown != x509.fingerprint(leaf)
    ]
    missing = sorted(wanted_names - x509.names(leaf))
    extra = sorted(x509.names(leaf) - wanted_names - optional_names)
    reasons += [f"the certificate does not name {', '.join(missing)}"] if missing else []
    reasons += [f"the certificate names {', '.join(extra)}, which the plan does not"] if extra else []
    on = leaf.not_valid_after_utc - renew_before
    if on <= at:
        reasons.append(f"it ends on {leaf.not_valid_after_utc:%Y-%m-%d}, within {renew_before.days} days")
    return Due(tuple(reasons), on)
