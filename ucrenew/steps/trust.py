"""The CA certificates in the trust store of every node, root first (S15, S16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.domain.acting import Step
from ucrenew.domain.explained import explain_trust
from ucrenew.domain.gate import Question
from ucrenew.domain.handwork import trust_by_hand
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import Refused
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person, hand_over, is_by_hand, times_done, why_handed_over
from ucrenew.steps.waiting import until_over

Certificates = tuple[crypto.Certificate, ...]


def ensure_trust(
    site: Site, record: Record, plan: Plan, leaf: crypto.Certificate, chain: Certificates
) -> Question | None:
    """Put every certificate of the chain, root first, into the store of every node; of each store that needs it.

    Look: by fingerprint, on each node. Act: on the publisher, which hands it on; on another node only if it
    stays missing there. Confirm: the store is read again on each node. What a node does not take is asked of a
    person, as everything is where a person does this step.
    """
    if record.fact(Kind.LEAF_EVERYWHERE) is not None:
        return None  # it was there before the leaf; a node whose Tomcat is down now is the restarts' affair
    for one in _by_store(site, plan):
        if asked := _ensure_in_store(site, record, one, leaf, chain):
            return asked
    return None


def _by_store(site: Site, plan: Plan) -> Iterator[Plan]:
    """The plan as each trust store has it: its purpose's; CallManager's too, where it reuses that (cucm.md §4.4)."""
    yield plan
    if plan.changes_phones and plan.purpose is not Purpose.CALLMANAGER:
        covered = Purpose.CALLMANAGER.covers(site.entry(name).node for name in plan.nodes)
        yield replace(plan, purpose=Purpose.CALLMANAGER, nodes=tuple(node.name for node in covered))


def _ensure_in_store(
    site: Site, record: Record, plan: Plan, leaf: crypto.Certificate, chain: Certificates
) -> Question | None:
    if not is_by_hand(site, record, Step.TRUST):
        if not (refused := _upload_all(site, plan, chain)):
            return None
        hand_over(record, Step.TRUST, refused)
    return _by_person(site, record, plan, leaf, chain)


def upload_again(site: Site, plan: Plan, chain: Certificates) -> None:
    """Upload every certificate of the chain on the publisher, whatever its store shows (cucm.md §4.8)."""
    rest = site.rest(site.entry(plan.publisher))
    for certificate in chain:
        site.fence()
        try:
            rest.upload_trust(plan.purpose.value, certificate, description=_description(certificate))
        except Refused as refused:  # most likely because it is there
            site.say(str(refused))


def _upload_all(site: Site, plan: Plan, chain: Certificates) -> str:
    """Upload what is missing; where a certificate stays missing all the same, say why and do no more."""
    for certificate in chain:
        if refused := _upload_where_missing(site, plan, certificate, plan.publisher):
            return refused
    for node in plan.nodes:
        for certificate in chain:
            if not _arrives(site, plan, certificate, node):
                site.say(f"{node}: {_name(certificate)} did not arrive from {plan.publisher}, so it is uploaded here")
                if refused := _upload_where_missing(site, plan, certificate, node):
                    return refused
    return ""


def _upload_where_missing(site: Site, plan: Plan, certificate: crypto.Certificate, node: str) -> str:
    rest = site.rest(site.entry(node))
    if certificate in rest.trust(plan.purpose.value):
        return ""
    why = "it accepted the upload, and its store does not show the certificate"
    site.fence()
    try:
        rest.upload_trust(plan.purpose.value, certificate, description=_description(certificate))
    except Refused as refused:
        # How a node answers for a certificate that is already there is unknown (cucm.md §1.6): read again.
        why = str(refused)
    if certificate not in rest.trust(plan.purpose.value):
        return f"{node}: {_name(certificate)} is not in {plan.purpose.trust_store}: {why}"
    site.say(f"{node}: {_name(certificate)} is in {plan.purpose.trust_store} ({fingerprint(certificate)[:16]})")
    return ""


def _arrives(site: Site, plan: Plan, certificate: crypto.Certificate, node: str) -> bool:
    def look() -> Certificates:
        return _store(site, plan, node)

    seen = until_over(look, lambda store: certificate in store, site=site, within=site.profile.fan_out, every=2.0)
    return certificate in seen


def _by_person(
    site: Site, record: Record, plan: Plan, leaf: crypto.Certificate, chain: Certificates
) -> Question | None:
    """Ask for what is missing, all in one question; None once every node has everything."""

    def look() -> Mapping[str, Certificates]:
        return {node: _store(site, plan, node) for node in plan.nodes}

    def is_settled(stores: Mapping[str, Certificates]) -> bool:
        """Everything is everywhere, or something is nowhere: then nothing is on its way that would be enough."""
        have = [[certificate in store for store in stores.values()] for certificate in chain]
        return all(map(all, have)) or not all(map(any, have))

    refused, done = why_handed_over(record, Step.TRUST), times_done(record, Step.TRUST, plan.publisher)
    # Where we were refused just now, what was on its way has been waited for.
    patience = timedelta() if refused and not done else site.profile.fan_out
    stores = until_over(look, is_settled, site=site, within=patience, every=2.0)
    missing = tuple(_missing(plan, chain, stores))
    if not missing:
        site.say(f"{plan.cluster}: every node has the CA certificates in {plan.purpose.trust_store}")
        return None
    wrong = (explain_trust(certificate, node, plan, stores[node], leaf) for node, certificate in missing)
    asked = (trust_by_hand(plan, certificate, node) for node, certificate in missing)
    return ask_person(record, Step.TRUST, plan.publisher, *(wrong if done else (refused,)), *asked)


def _missing(
    plan: Plan, chain: Certificates, stores: Mapping[str, Certificates]
) -> Iterator[tuple[str, crypto.Certificate]]:
    """Where to upload what, root first: on the publisher, which hands it on; on another node where that failed."""
    for certificate in chain:
        lacking = [node for node in plan.nodes if certificate not in stores[node]]
        yield from ((node, certificate) for node in ([plan.publisher] if plan.publisher in lacking else lacking))


def _store(site: Site, plan: Plan, node: str) -> Certificates:
    return site.rest(site.entry(node)).trust(plan.purpose.value)


def _description(certificate: crypto.Certificate) -> str:
    return f"{_name(certificate)}, by ucrenew"


def _name(certificate: crypto.Certificate) -> str:
    return certificate.subject.rfc4514_string()
