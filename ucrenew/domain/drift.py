"""Drift (S31): what a look at a running cluster shows that a renewal, or a person, has to put right.

Rule 1: every rule takes what was seen and gives all of its findings; none of them stops the others.
Rule 2: where nothing could be read nothing is concluded: that is a finding of its own.
Rule 3: of an identity that fell back to a self-signed one the likeliest cause is said, once: another name before a
new node, a new node before a restored one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from cryptography import x509 as crypto

from ucrenew.domain import x509
from ucrenew.domain.due import due_on, why_due
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.seen import ClusterSeen, NodeSeen

Drift = Callable[[ClusterSeen], Iterable[Finding]]


def _found(reason: Reason, sentence: str, row: str, node: str | None = None) -> Finding:
    return Finding(reason, sentence, row, node, Severity.WARN)


def shared_identity(seen: ClusterSeen, purpose: Purpose) -> crypto.Certificate | None:
    """The multi-server certificate of a purpose: the CA-signed one that names several nodes, on most of them."""
    ours = {one.node.name for one in seen.nodes}
    counted = Counter(
        identity
        for _, identity in seen.holders(purpose.value)
        if not x509.is_self_signed(identity) and len(x509.names(identity) & ours) > 1
    )
    return counted.most_common(1)[0][0] if counted else None


def nodes_not_looked_at(seen: ClusterSeen) -> Iterator[Finding]:
    """What could not be read, node by node."""
    for one in seen.nodes:
        for trouble in one.troubles:
            yield _found(Reason.NOT_LOOKED_AT, trouble, "S31", one.node.name)


def nodes_came_or_went(seen: ClusterSeen) -> Iterator[Finding]:
    """The publisher lists other nodes than the profile: a new one, one that is gone, one with another domain."""
    if seen.listed is None:
        return
    known = {one.node.name: one.node.host for one in seen.nodes}
    gone = [name for name in known if name not in seen.listed]
    for name in seen.listed:
        if name in known:
            continue
        before = next((old for old in gone if known[old] == name.partition(".")[0]), None)
        if before:
            gone.remove(before)
            yield _found(Reason.RENAMED, f"the publisher lists it as {name} now: its domain changed", "S31", before)
        else:
            yield _node_added(name, "the profile does not name it")
    for name in gone:
        yield _found(Reason.NODE_GONE, "the publisher does not list it: removed, or its host name changed", "S31", name)


def _node_added(name: str, why: str) -> Finding:
    sentence = f"a node was added: {why}; the certificate needs a new request that includes it"
    return _found(Reason.NODE_ADDED, sentence, "S31", name)


def identities_fell_back(seen: ClusterSeen) -> Iterator[Finding]:
    """Self-signed identities: after another name, on a new node, on a restored one, or everywhere from the start."""
    for purpose in Purpose:
        shared = shared_identity(seen, purpose)
        # A purpose that the profile leaves alone may be self-signed for ever; fallen back is what was not always so.
        judged = shared is not None or purpose in seen.expected.names
        for one, identity in seen.holders(purpose.value):
            if judged and x509.is_self_signed(identity):
                yield _fallen_back(one, purpose, identity, shared)


def _fallen_back(
    one: NodeSeen, purpose: Purpose, identity: crypto.Certificate, shared: crypto.Certificate | None
) -> Finding:
    node = one.node.name
    called = x509.names(identity) | {x509.common_name(identity).lower()}
    if node not in called:
        sentence = (
            f"host name or domain changed: its self-signed {purpose.value} certificate is for"
            f" {', '.join(sorted(called))}"
        )
        return _found(Reason.RENAMED, sentence, "S31", node)
    if shared is None:
        sentence = f"its {purpose.value} certificate is self-signed, and no node has a CA-signed one for several nodes"
        return _found(Reason.SELF_SIGNED, sentence, "S31", node)
    if node not in x509.names(shared):
        return _node_added(node, f"the {purpose.value} certificate of the others does not name it")
    begun = f"{identity.not_valid_before_utc:%Y-%m-%d}"
    sentence = (
        f"its {purpose.value} certificate is self-signed (valid from {begun}), the others have the CA's: it was"
        " restored without a backup (CSCuv75957), or somebody regenerated it"
    )
    return _found(Reason.RESTORED, sentence, "S31", node)


def nodes_disagree(seen: ClusterSeen) -> Iterator[Finding]:
    """Beside the multi-server certificate a node has another CA-signed one: it missed an upload, or got its own."""
    for purpose in Purpose:
        shared = shared_identity(seen, purpose)
        for one, identity in seen.holders(purpose.value):
            if shared is not None and identity != shared and not x509.is_self_signed(identity):
                sentence = (
                    f"its {purpose.value} certificate (serial {identity.serial_number:x}) is not the one of the others"
                    f" (serial {shared.serial_number:x}): it missed the last upload, or got its own"
                )
                yield _found(Reason.IDENTITIES_DIFFER, sentence, "S31", one.node.name)


def identities_are_there(seen: ClusterSeen) -> Iterator[Finding]:
    """A node that shows its certificates and none for a purpose of the profile."""
    for purpose in seen.expected.names:
        for one in seen.nodes:
            if one.node.product in purpose.products and one.shows_certificates and purpose.value not in one.identities:
                sentence = f"it shows no {purpose.value} certificate"
                yield _found(Reason.NO_IDENTITY, sentence, "S31", one.node.name)


def names_are_there(seen: ClusterSeen) -> Iterator[Finding]:
    """The multi-server certificate names every node and every further name of the profile (S8)."""
    for purpose, names in seen.expected.names.items():
        shared = shared_identity(seen, purpose)
        missing = sorted(names - x509.names(shared)) if shared else []
        if missing:
            sentence = f"the {purpose.value} certificate does not name {', '.join(missing)}"
            yield _found(Reason.NAME_MISSING, sentence, "S8")


def ports_serve_what_is_installed(seen: ClusterSeen) -> Iterator[Finding]:
    """A port of Tomcat that serves something else: a restart was left out (S19, S20)."""
    for one, identity in seen.holders(Purpose.TOMCAT.value):
        for port, served in one.served.items():
            if served != identity:
                sentence = (
                    f"port {port} serves a certificate with serial {served.serial_number:x}, installed is"
                    f" {identity.serial_number:x}: Cisco Tomcat was not restarted since"
                )
                yield _found(Reason.SERVED_DIFFERS, sentence, "S20", one.node.name)


def requests_are_outstanding(seen: ClusterSeen) -> Iterator[Finding]:
    """Requests without their certificates, each once; old ones by a name of their own (S7, S14)."""
    holders: dict[tuple[str, crypto.CertificateSigningRequest], list[str]] = {}
    for one in seen.nodes:
        for service, request in one.requests.items():
            holders.setdefault((service, request), []).append(one.node.host)
    for (service, request), hosts in holders.items():
        since = seen.first_seen.get(x509.fingerprint(request))
        old = since is not None and seen.at - since >= seen.expected.request_is_old
        age = f" since {since:%Y-%m-%d} or longer" if since else ""
        sentence = (
            f"a {service} request ({x509.fingerprint(request)[:16]}) is outstanding{age} on {', '.join(hosts)};"
            " a new one would overwrite it"
        )
        yield _found(Reason.CSR_OLD if old else Reason.CSR_OUTSTANDING, sentence, "S14" if old else "S7")


def certificates_end(seen: ClusterSeen) -> Iterator[Finding]:
    """Own certificates that ended, and those whose day has come; each certificate once."""
    lead, windows = seen.expected.lead, seen.expected.windows
    for service in seen.services:
        for identity, hosts in _hosts_of(seen, service).items():
            ends, on = identity.not_valid_after_utc, due_on(identity, lead, windows)
            where = f"the {service} certificate on {', '.join(hosts)}"
            if ends <= seen.at:
                yield _found(Reason.EXPIRED, f"{where} ended on {ends:%Y-%m-%d}", "S18")
            elif on <= seen.at:
                yield _found(Reason.RENEWAL_DUE, f"{where}: {why_due(identity, lead, on)}", "S31")


def _hosts_of(seen: ClusterSeen, service: str) -> dict[crypto.Certificate, list[str]]:
    found: dict[crypto.Certificate, list[str]] = {}
    for one, identity in seen.holders(service):
        found.setdefault(identity, []).append(one.node.host)
    return found


IDENTITIES: tuple[Drift, ...] = (
    nodes_not_looked_at,
    nodes_came_or_went,
    identities_are_there,
    identities_fell_back,
    nodes_disagree,
    names_are_there,
    ports_serve_what_is_installed,
    requests_are_outstanding,
    certificates_end,
)
