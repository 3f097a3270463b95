"""The issued certificate as the cluster's own, on every node (S17, S18)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients.certmgr import NodeRefused, Reason
from ucrenew.clients.sessions import Unanswered
from ucrenew.domain.acting import Step
from ucrenew.domain.explained import explain_leaf, explain_request_gone
from ucrenew.domain.gate import Question
from ucrenew.domain.handwork import leaf_by_hand
from ucrenew.domain.plan import Plan
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import LoginRefused, NeedsPerson, Permanent, Refused, Transient, UnknownReply, Untrusted
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person, times_done
from ucrenew.steps.trust import upload_again
from ucrenew.steps.waiting import until, until_over

UPLOAD = timedelta(minutes=5)  # uploads may take 120-300 s (cucm.md §1.1), as long as the client waits for one

Csr = crypto.CertificateSigningRequest


def ensure_leaf(  # noqa: PLR0913, PLR0917 - what it is held against
    site: Site, record: Record, plan: Plan, csr: Csr, leaf: crypto.Certificate, chain: tuple[crypto.Certificate, ...]
) -> Question | None:
    """Upload the leaf alone on the publisher, unless it is there; confirm it on every node.

    Before acting the request is read once more: it has to be ours, byte for byte, on every node. Where a person
    does this step, the upload is asked for. Raises NeedsPerson when the request is not ours, Permanent when a node
    refuses the leaf or does not show it in time.
    """
    if record.fact(Kind.LEAF_EVERYWHERE) is not None:
        return None  # a node whose Tomcat is down now is the restarts' affair
    if site.profile.is_by_hand(Step.LEAF):
        return _by_person(site, record, plan, csr, leaf)
    # An upload whose answer was lost may still be at work: it is given time before anything is done again.
    patience = UPLOAD if record.leaf_under_way else timedelta()
    installed = _comes_to_show(site, plan, leaf, plan.publisher, within=patience)
    if installed != leaf:
        _require_our_request(site, plan, csr)
        attempt = _intend(record, plan, leaf)
        with _noting_a_no(site, record, plan, leaf, attempt):
            _upload(site, plan, leaf, chain)
        site.say(f"{plan.publisher}: uploaded the {plan.purpose.value} certificate {fingerprint(leaf)[:16]}")
    _note_under_way(record, plan, leaf)
    for node in plan.nodes:
        _confirm_on(site, plan, leaf, node)
        record.note_once(Kind.LEAF_SEEN)
    record.note_once(Kind.LEAF_EVERYWHERE)
    return None


def has_arrived(site: Site, record: Record) -> bool:
    """Whether a certificate that was ever about to be uploaded is on a node: looked at anew each time.

    Neither an intent nor a note that it was not taken proves anything: the process may have died before the call, and
    an upload may land long after its answer, or a person's while they say that it is done. One whose answer was lost
    is given its time. Raises Transient while a node that does not answer leaves it open.
    """
    intent = record.newest(Kind.LEAF_INTENT)
    if intent is None or record.leaf_is_in:
        return record.leaf_is_in
    plan = Plan.of_document(record.value(Kind.PLAN, about=intent.value["plan"]) or {})
    in_doubt = record.leaf_under_way is not None
    is_waited_for = in_doubt and not site.profile.is_by_hand(Step.LEAF)
    left = intent.at + UPLOAD - site.clock() if is_waited_for else timedelta()
    if until(lambda: _is_on_a_node(site, plan, intent.value["fingerprint"]), bool, site=site, within=left):
        record.note_once(Kind.LEAF_SEEN)
        return True
    if in_doubt:
        record.note(Kind.LEAF_NOT_TAKEN, {"why": "no node shows it"}, about=intent.about)
    return False


def _is_on_a_node(site: Site, plan: Plan, wanted: str) -> bool:
    silent: Transient | None = None
    for node in plan.nodes:
        try:
            found = _shown(site, plan, node)
        except Transient as error:
            silent = error
        else:
            if found is not None and fingerprint(found) == wanted:
                return True
    if silent is not None:
        raise Transient(f"whether the certificate was installed cannot be told: {silent}") from silent
    return False


@contextmanager
def _noting_a_no(site: Site, record: Record, plan: Plan, leaf: crypto.Certificate, attempt: str) -> Iterator[None]:
    """Note it where the publisher did not take the leaf: then it is not waited for before the next try.

    After a no the publisher is read once more, for not every no is one (cucm.md §6); a lost answer stays in doubt.
    """
    try:
        yield
    except Unanswered:
        raise
    except (Transient, LoginRefused, Untrusted) as unsent:
        record.note(Kind.LEAF_NOT_TAKEN, {"why": str(unsent)}, about=attempt)
        raise
    except NodeRefused as refused:
        with suppress(Transient, Refused, UnknownReply):
            if _shown(site, plan, plan.publisher) != leaf:
                record.note(Kind.LEAF_NOT_TAKEN, {"why": str(refused)}, about=attempt)
        raise


def _upload(site: Site, plan: Plan, leaf: crypto.Certificate, chain: tuple[crypto.Certificate, ...]) -> None:
    """Upload the leaf; once more after its chain, where the publisher says that this is missing (cucm.md §4.8)."""
    rest = site.rest(site.entry(plan.publisher))
    site.fence()
    try:
        rest.upload_identity(plan.purpose.value, [leaf])
    except NodeRefused as refused:
        if refused.reason is not Reason.CA_MISSING:
            raise
        site.say(f"{refused}: its chain is uploaded again, then the certificate once more")
        upload_again(site, plan, chain)
        site.fence()
        rest.upload_identity(plan.purpose.value, [leaf])


def _by_person(site: Site, record: Record, plan: Plan, csr: Csr, leaf: crypto.Certificate) -> Question | None:
    """Ask for the upload; None once every node shows the leaf."""
    subject = fingerprint(leaf)[:16]
    shown = until_over(
        lambda: {node: _shown(site, plan, node) for node in plan.nodes},
        # Everywhere, or nowhere: then it is not on its way.
        lambda seen: len({found == leaf for found in seen.values()}) == 1,
        site=site,
        within=site.profile.fan_out,
    )
    lacking = [node for node in plan.nodes if shown[node] != leaf]
    is_first = len(lacking) == len(plan.nodes) and not times_done(record, Step.LEAF, subject)
    if is_first:
        _require_our_request(site, plan, csr)
    _note_under_way(record, plan, leaf)  # what is installed from now on was asked for
    if len(lacking) < len(plan.nodes):
        record.note_once(Kind.LEAF_SEEN)
    if not lacking:
        record.note_once(Kind.LEAF_EVERYWHERE)
        site.say(f"{', '.join(plan.nodes)}: have the new {plan.purpose.value} certificate installed")
        return None
    # The publisher hands it on; only where that failed it is uploaded on another node.
    nodes = [plan.publisher] if plan.publisher in lacking else lacking
    wrong = [
        explain_leaf(shown[node], node, plan, leaf, site.rest(site.entry(node)).trust(plan.purpose.value))
        for node in nodes
        if not is_first
    ]
    gone = [node for node in lacking if _request(site, plan, node) != csr]
    asked = [explain_request_gone(gone, plan)] if gone else [leaf_by_hand(plan, leaf, node) for node in nodes]
    return ask_person(record, Step.LEAF, subject, *wrong, *asked)


def _note_under_way(record: Record, plan: Plan, leaf: crypto.Certificate) -> None:
    if record.leaf_under_way is None:
        _intend(record, plan, leaf)


def _intend(record: Record, plan: Plan, leaf: crypto.Certificate) -> str:
    attempt = record.next_attempt(Kind.LEAF_INTENT)
    record.note(Kind.LEAF_INTENT, {"fingerprint": fingerprint(leaf), "plan": plan.digest}, about=attempt)
    return attempt


def _require_our_request(site: Site, plan: Plan, csr: Csr) -> None:
    for node in plan.nodes:
        if _request(site, plan, node) != csr:
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
            " See that Cisco Tomcat and Platform Administrative Web Service are up there; where the certificate never"
            " arrives, upload the same one on that node's own page. Then retry this run"
        )
    site.say(f"{node}: has the new {plan.purpose.value} certificate installed")


def _comes_to_show(
    site: Site, plan: Plan, leaf: crypto.Certificate, node: str, *, within: timedelta
) -> crypto.Certificate | None:
    return until_over(lambda: _shown(site, plan, node), lambda found: found == leaf, site=site, within=within)


def _shown(site: Site, plan: Plan, node: str) -> crypto.Certificate | None:
    return site.rest(site.entry(node)).identity(plan.purpose.value)


def _request(site: Site, plan: Plan, node: str) -> Csr | None:
    return site.rest(site.entry(node)).csr(plan.purpose.value)
