"""When the next renewal is due (S31): a pure judgement over what is installed.

1. The profile says how long before the end: in days, or as the share of the lifetime that is left.
2. A lead as long as the whole lifetime would make a fresh certificate due at once: then a third of it is meant.
3. Two maintenance windows lie before the end, whatever the lead: the first one may fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.windows import Window, last_openings

Lead = timedelta | float  # before the end, or the share of the lifetime that is left
THIRD = 1 / 3  # of the lifetime: where nobody said anything else, or what was said is longer than it
_WINDOWS_LEFT = 2


@dataclass(frozen=True)
class Due:
    """Reasons to renew now (none: nothing to do), and the day on which expiry alone becomes one."""

    reasons: tuple[str, ...]
    on: datetime | None

    @property
    def now(self) -> bool:
        """True when there is a reason."""
        return bool(self.reasons)


def due_on(certificate: crypto.Certificate, lead: Lead, windows: Iterable[Window] = ()) -> datetime:
    """The day on which its end alone becomes a reason to renew it."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    lifetime = ends - begins
    asked = lead if isinstance(lead, timedelta) else lifetime * lead
    on = ends - (asked if asked < lifetime else lifetime * THIRD)
    openings = last_openings(windows, ends)
    if len(openings) >= _WINDOWS_LEFT:
        on = min(on, openings[-_WINDOWS_LEFT])
    return max(begins, on)


def why_due(certificate: crypto.Certificate, lead: Lead, on: datetime) -> str:
    """The sentence of a certificate whose day has come."""
    ends = certificate.not_valid_after_utc
    if isinstance(lead, timedelta) and on == ends - lead:
        return f"it ends on {ends:%Y-%m-%d}, within {lead.days} days"
    return f"it ends on {ends:%Y-%m-%d}, and is due since {on:%Y-%m-%d}"


def renewal_due(  # noqa: PLR0913 - each by its name
    installed: Mapping[str, crypto.Certificate | None],
    served: Mapping[str, Mapping[int, str]],
    wanted_names: frozenset[str],
    optional_names: frozenset[str],
    *,
    renew_before: Lead,
    at: datetime,
    windows: Iterable[Window] = (),
) -> Due:
    """Judge the identity installed on each node of a purpose.

    Due when a node has none or a self-signed one, nodes differ, a wanted name is missing or an unknown one is
    there, a port serves (``served``: node, port, SHA-256) something else than what is installed, or its day
    has come by ``renew_before`` and the windows.
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
    on = due_on(leaf, renew_before, windows)
    if on <= at:
        reasons.append(why_due(leaf, renew_before, on))
    return Due(tuple(reasons), on)
