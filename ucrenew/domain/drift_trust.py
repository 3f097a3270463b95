"""Drift around the certificates: what lies in the trust stores (S28), and what their CA will not grant again (FN74345).

A finding that several nodes show in the same words is said once, with all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ucrenew.domain import x509
from ucrenew.domain.drift import Drift, shared_identity
from ucrenew.domain.finding import Finding, Reason, Severity
from ucrenew.domain.leftovers import CoveredNodes, StoreFacts, check_stores
from ucrenew.domain.lifetimes import longest_lifetime
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.seen import Certificates, ClusterSeen

# What nothing builds on is no drift: Cisco's factory roots lie in every store.
_NO_DRIFT = frozenset({Reason.TRUST_UNNEEDED})


def stores_are_tidy(seen: ClusterSeen) -> Iterator[Finding]:
    """Old self-signed certificates (S28), ended ones and those that end soon, by the rules of the aftercare."""
    in_use = tuple({identity for one in seen.nodes for identity in one.identities.values()})
    for purpose in Purpose:
        stores = _stores(seen, purpose)
        leaf = shared_identity(seen, purpose) or next((found for _, found in seen.holders(purpose.value)), None)
        if leaf is None or not stores:
            continue
        covered = CoveredNodes(purpose, tuple(one.node.name for one in seen.nodes), seen.expected.common_name)
        everything = tuple(kept for store in stores.values() for kept in store)
        chain = x509.issuers_root_first(leaf, everything)
        soon = seen.expected.trust_expires_soon
        # The copy of an identity that every store holds ends with it, and is told there.
        others = {node: tuple(kept for kept in store if kept not in in_use) for node, store in stores.items()}
        facts = StoreFacts(covered, leaf, chain, others, seen.at, in_use, soon)
        yield from _said_once(finding for finding in check_stores(facts) if finding.reason not in _NO_DRIFT)


def _stores(seen: ClusterSeen, purpose: Purpose) -> dict[str, Certificates]:
    return {one.node.name: one.trust[purpose.trust_store] for one in seen.nodes if purpose.trust_store in one.trust}


def _said_once(findings: Iterator[Finding]) -> Iterator[Finding]:
    nodes_of: dict[tuple[Reason, str, str], list[str]] = {}
    for finding in findings:
        nodes_of.setdefault((finding.reason, finding.sentence, finding.row), []).append(finding.node or "")
    for (reason, sentence, row), nodes in nodes_of.items():
        hosts = ", ".join(node.partition(".")[0] for node in nodes)
        one = nodes[0] if len(nodes) == 1 else None
        yield Finding(reason, sentence if one else f"{sentence}; on {hosts}", row, one, Severity.WARN)


def authorities_have_one_name_each(seen: ClusterSeen) -> Iterator[Finding]:
    """Two CA certificates of one name and different keys: one of the two may take the other's place (cucm.md §4.8)."""
    for purpose in Purpose:
        leaves = tuple(identity for _, identity in seen.holders(purpose.value))
        found = (
            Finding(Reason.NAMESAKE_IN_TRUST, sentence, "cucm.md §4.8", node, Severity.WARN)
            for node, store in _stores(seen, purpose).items()
            for sentence in _namesakes(purpose.trust_store, store, leaves)
        )
        yield from _said_once(found)


def _namesakes(name: str, store: Certificates, leaves: Certificates) -> Iterator[str]:
    authorities = [kept for kept in store if x509.is_ca(kept)]
    for subject in dict.fromkeys(kept.subject for kept in authorities):
        same = [kept for kept in authorities if kept.subject == subject]
        serials = ", ".join(sorted(f"{kept.serial_number:x}" for kept in same))
        if len({x509.public_key_info(kept) for kept in same}) > 1:
            yield (
                f"{name} holds CA certificates of one name and different keys, {subject.rfc4514_string()} (serials"
                f" {serials}): an upload may replace one by the other"
            )
        elif any(leaf.issuer == subject and not x509.issued_by(leaf, same[0]) for leaf in leaves):
            yield (
                f"{name} holds {subject.rfc4514_string()} (serial {serials}), which has the name of the certificate's"
                " issuer and another key: the real issuer is not there"
            )


def client_authentication_lasts(seen: ClusterSeen) -> Iterator[Finding]:
    """Client authentication is missing already, or a public CA gave it, which will not give it again (FN74345)."""
    for purpose in Purpose:
        everything = tuple(kept for store in _stores(seen, purpose).values() for kept in store)
        for leaf in {identity for _, identity in seen.holders(purpose.value) if not x509.is_self_signed(identity)}:
            chain = x509.issuers_root_first(leaf, everything)
            if x509.CLIENT_AUTHENTICATION not in x509.extended_key_usages(leaf):
                yield _exposed(
                    Reason.EXTENDED_KEY_USAGE,
                    f"the {purpose.value} certificate lacks client authentication: mutual TLS (LDAP, SIP) may fail",
                )
            elif chain and x509.fingerprint(chain[0]) in seen.public_roots:
                days = longest_lifetime(seen.at)
                yield _exposed(
                    Reason.CLIENT_AUTHENTICATION_ENDS,
                    f"the {purpose.value} certificate is of a public CA, whose next one will lack client authentication"
                    f" and live {days} days at most: plan for a private CA",
                )


def _exposed(reason: Reason, sentence: str) -> Finding:
    return Finding(reason, sentence, "FN74345", severity=Severity.WARN)


SURROUNDINGS: tuple[Drift, ...] = (
    stores_are_tidy,
    authorities_have_one_name_each,
    client_authentication_lasts,
)
