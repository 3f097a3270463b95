"""The issued certificate as the cluster's own, on every node (S17, S18)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.domain.plan import Plan
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import NeedsPerson, Permanent
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.waiting import until

UPLOAD = timedelta(minutes=5)  # uploads may take 120-300 s (cucm.md §1.1), as long as the client waits for one


def ensure_leaf(
    site: Site,
    record: Record,
    plan: Plan,
    csr: crypto.CertificateSigningRequest,
    leaf: crypto.Certificate,
) -> None:
    """Upload the leaf alone on the publisher, unless it is there; confirm it on every node.

    Before acting the request is read once more: it has to be ours, byte for byte, on every node. Raises
    NeedsPerson when it is not, Permanent when a node does not show the leaf in time.
    """
    intent = {"fingerprint": fingerprint(leaf), "plan": plan.digest}
    # An upload whose answer was lost may still be at work: it is given time before anything is done again.
    patience = UPLOAD if record.fact(Kind.LEAF_INTENT) else timedelta()
    installed = _comes_to_show(site, plan, leaf, plan.publisher, within=patience)
    if installed != leaf:
        _require_our_request(site, plan, csr)
        record.note_once(Kind.LEAF_INTENT, intent)
        rest = site.rest(site.entry(plan.publisher))
        site.fence()
        rest.upload_identity(plan.purpose.value, [leaf])
        site.say(f"{plan.publisher}: uploaded the {plan.purpose.value} certificate {fingerprint(leaf)[:16]}")
    record.note_once(Kind.LEAF_INTENT, intent)
    for node in plan.nodes:
        _confirm_on(site, plan, leaf, node)


def _require_our_request(site: Site, plan: Plan, csr: crypto.CertificateSigningRequest) -> None:
    for node in plan.nodes:
        if site.rest(site.entry(node)).csr(plan.purpose.value) != csr:
            raise NeedsPerson(
                f"{node}: the {plan.purpose.value} request there is not the one that was signed; nothing was uploaded."
                " Find out who generated another one"
            )


def _confirm_on(site: Site, plan: Plan, leaf: crypto.Certificate, node: str) -> None:
    seen = _comes_to_show(site, plan, leaf, node, within=site.profile.fan_out)
    if seen != leaf:
        what = f"still shows {fingerprint(seen)[:16]}" if seen else "shows no certificate"
        raise Permanent(
            f"{node}: {what} for {plan.purpose.value} after the upload on {plan.publisher}; no service was restarted."
            " Compare the node list of the upload's answer on the OS Administration page"
        )
    site.say(f"{node}: has the new {plan.purpose.value} certificate installed")


def _comes_to_show(
    site: Site, plan: Plan, leaf: crypto.Certificate, node: str, *, within: timedelta
) -> crypto.Certificate | None:
    def look() -> crypto.Certificate | None:
        return site.rest(site.entry(node)).identity(plan.purpose.value)

    return until(look, lambda found: found == leaf, site=site, within=within)
