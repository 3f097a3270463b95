"""The CA certificates in the trust store of every node, root first (S15, S16)."""

from __future__ import annotations

from cryptography import x509 as crypto

from ucrenew.domain.plan import Plan
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import Permanent, Refused
from ucrenew.site import Site
from ucrenew.steps.waiting import until


def ensure_trust(site: Site, plan: Plan, chain: tuple[crypto.Certificate, ...]) -> None:
    """Put every certificate of the chain, root first, into the store of every node.

    Look: by fingerprint, on each node. Act: on the publisher, which hands it on; on another node only if it
    stays missing there. Confirm: the store is read again on each node. Raises Permanent where it stays missing.
    """
    for certificate in chain:
        _upload_where_missing(site, plan, certificate, plan.publisher)
    for node in plan.nodes:
        for certificate in chain:
            if not _arrives(site, plan, certificate, node):
                site.say(f"{node}: {_name(certificate)} did not arrive from {plan.publisher}, so it is uploaded here")
                _upload_where_missing(site, plan, certificate, node)


def _upload_where_missing(site: Site, plan: Plan, certificate: crypto.Certificate, node: str) -> None:
    rest = site.rest(site.entry(node))
    if certificate in rest.trust(plan.purpose.value):
        return
    refusal: Refused | None = None
    site.fence()
    try:
        rest.upload_trust(plan.purpose.value, certificate, description=f"{_name(certificate)}, by ucrenew")
    except Refused as error:
        # How a node answers for a certificate that is already there is unknown (cucm.md §1.6): read again.
        refusal = error
    if certificate not in rest.trust(plan.purpose.value):
        why = str(refusal) if refusal else "it accepted the upload, and its store does not show the certificate"
        raise Permanent(f"{node}: {_name(certificate)} is not in {plan.purpose.trust_store}: {why}") from refusal
    site.say(f"{node}: {_name(certificate)} is in {plan.purpose.trust_store} ({fingerprint(certificate)[:16]})")


def _arrives(site: Site, plan: Plan, certificate: crypto.Certificate, node: str) -> bool:
    def look() -> tuple[crypto.Certificate, ...]:
        return site.rest(site.entry(node)).trust(plan.purpose.value)

    seen = until(look, lambda store: certificate in store, site=site, within=site.profile.fan_out, every=2.0)
    return certificate in seen


def _name(certificate: crypto.Certificate) -> str:
    return certificate.subject.rfc4514_string()
