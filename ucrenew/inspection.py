"""The same look as a watch's, without Prefect: at clusters by their profiles, and at any other TLS server (S31).

1. One target never ends the look at the others: what goes wrong with it is its finding.
2. At a server that is not ours nothing is verified and nothing sent beyond the TLS handshake: the name it is asked by,
   no password, no request. What it presents is shown as presented, which proves nothing of who it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509 as crypto
from cryptography.exceptions import UnsupportedAlgorithm

from ucrenew.clients import tls
from ucrenew.domain import x509
from ucrenew.domain.due import THIRD, due_on, why_due
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.watch import Watched, judge, row_of, unseen
from ucrenew.errors import BadInput, Trouble
from ucrenew.profile import load_profile
from ucrenew.site import Site
from ucrenew.steps.look import look
from ucrenew.steps.side_by_side import each

Clock = Callable[[], datetime]
Say = Callable[[str], None]

HIGHEST_PORT = 65535


def inspect(targets: list[str], *, clock: Clock, say: Say) -> list[Watched]:
    """Every target in the order given: a profile's file (``.toml``), or HOST[:PORT] of any TLS server."""
    return each(lambda target: _inspect(target, clock, say), targets)


def _inspect(target: str, clock: Clock, say: Say) -> Watched:
    try:
        if target.endswith(".toml"):
            return judge(look(Site(load_profile(Path(target)), _no_blocks, say, threading.Event().wait, clock)))
        return _inspect_server(_endpoint(target), clock)
    except Trouble as trouble:
        return unseen(_name(target), clock(), str(trouble))
    except (ValueError, UnsupportedAlgorithm) as error:  # of a certificate that no rule was written for
        return unseen(_name(target), clock(), f"{target}: a certificate that is there cannot be read: {error}")


def _name(target: str) -> str:
    return Path(target).stem if target.endswith(".toml") else target


def _no_blocks(name: str) -> str:
    raise BadInput(
        f"the password is the block {name!r} of a Prefect server, which this command does not ask: for a look from the"
        " terminal let the profile name an environment variable or a file (env, file)"
    )


def _endpoint(target: str) -> tls.Endpoint:
    """HOST, HOST:PORT, [IPv6]:PORT. Raises BadInput."""
    bracketed, _, after = target.removeprefix("[").partition("]") if target.startswith("[") else ("", "", "")
    host, _, port = (bracketed, "", after.removeprefix(":")) if bracketed else target.partition(":")
    if not host or "/" in target or not (port or "443").isdecimal() or not 0 < int(port or "443") <= HIGHEST_PORT:
        raise BadInput(f"{target!r} is neither a profile (NAME.toml) nor HOST or HOST:PORT of a TLS server")
    return tls.Endpoint(host, host, int(port or tls.HTTPS))


def _inspect_server(endpoint: tls.Endpoint, clock: Clock) -> Watched:
    presented = tls.presented_certificate(endpoint)
    at, on = clock(), due_on(presented, THIRD)
    row = row_of(endpoint.name, f"port {endpoint.port}", presented, at, due=on)
    return Watched(f"{endpoint.name}:{endpoint.port}", at, (row,), _of_server(endpoint.name, presented, at))


def _of_server(name: str, presented: crypto.Certificate, at: datetime) -> tuple[Finding, ...]:
    ends, on = presented.not_valid_after_utc, due_on(presented, THIRD)
    found = []
    if ends <= at:
        found.append((Reason.EXPIRED, f"what it presents ended on {ends:%Y-%m-%d}"))
    elif on <= at:
        found.append((Reason.RENEWAL_DUE, why_due(presented, THIRD, on)))
    if x509.is_self_signed(presented):
        found.append((Reason.SELF_SIGNED, "what it presents is self-signed"))
    if not _names(presented, name.lower()):
        found.append((Reason.NAME_MISSING, f"what it presents is for {', '.join(sorted(x509.names(presented)))}"))
    return tuple(Finding(reason, sentence, "S20", name, Severity.WARN) for reason, sentence in found)


def _names(certificate: crypto.Certificate, name: str) -> bool:
    """By RFC 9525 §6.3: the whole name, or a wildcard in the place of its first label."""
    return bool({name, f"IP:{name}", f"*.{name.partition('.')[2]}"} & x509.names(certificate))
