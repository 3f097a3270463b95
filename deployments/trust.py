"""Show what every node and the CA present, for a person to compare: ``python -m deployments.trust PROFILE``.

Nothing is sent to anybody and nothing is written. What was compared over another way (console, the page of the
certificate on the node) goes into the profile; from then on nothing else is trusted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509 as crypto

from deployments.commands import Exit, run_command
from ucrenew.clients.ssh import presented_host_key
from ucrenew.clients.tls import Endpoint, presented_certificate
from ucrenew.domain import x509
from ucrenew.errors import Trouble
from ucrenew.profile import ClusterNode, Profile, load_profile

TIMEOUT = 15.0  # seconds


def main() -> Exit:
    """Print one block a server; exit 1 when one of them could not be reached."""
    parser = argparse.ArgumentParser(prog="python -m deployments.trust", description=__doc__)
    parser.add_argument("profile", type=Path, help="the cluster's profile, CLUSTER.toml")
    profile = load_profile(parser.parse_args().profile)
    unreached = 0
    for line in _lines(profile):
        if isinstance(line, Trouble):
            unreached += 1
        print(line)
    return Exit.FAILED if unreached else Exit.DONE


def _lines(profile: Profile) -> Iterator[str | Trouble]:
    for entry in profile.nodes:
        yield f"{entry.name} ({entry.host})"
        pins = {*profile.trust.sha256, *entry.trust.sha256}
        for port in entry.tls_ports:
            yield _certificate(Endpoint(entry.name, entry.host, port), pins)
        yield _host_key(profile, entry)
    if profile.ca.is_by_hand:
        return
    parts = urlsplit(profile.ca.url)
    host = parts.hostname or ""
    yield f"CA {profile.ca.url}"
    yield _certificate(Endpoint(host, host, parts.port or 443), set(profile.ca.trust.sha256))


def _certificate(endpoint: Endpoint, pins: set[str]) -> str | Trouble:
    try:
        found = presented_certificate(endpoint, timeout=TIMEOUT)
    except Trouble as trouble:
        return trouble
    print_of = x509.fingerprint(found)
    kind = "self-signed" if x509.is_self_signed(found) else f"issued by {found.issuer.rfc4514_string()}"
    return (
        f"  port {endpoint.port}: sha256 {print_of}\n"
        f"    {found.subject.rfc4514_string()}, {kind}, ends {_end(found)}, {_pinned(print_of in pins)}"
    )


def _host_key(profile: Profile, entry: ClusterNode) -> str | Trouble:
    try:
        found = presented_host_key(entry.host, entry.ssh_port, TIMEOUT)
    except Trouble as trouble:
        return trouble
    known = {*profile.trust.ssh_host_keys, *entry.trust.ssh_host_keys}
    return f"  ssh port {entry.ssh_port}: {found}, {_pinned(found in known)}"


def _end(certificate: crypto.Certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%d}"


def _pinned(known: bool) -> str:  # noqa: FBT001
    return "pinned in the profile" if known else "NOT pinned in the profile"


if __name__ == "__main__":
    run_command(main)
