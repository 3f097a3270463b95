"""One request for the whole cluster (S6-S11), made once: a second one would void the first (S7)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients.certmgr import CsrWish, NodeRefused
from ucrenew.clients.sessions import Unanswered
from ucrenew.domain import checks, x509
from ucrenew.domain.acting import Step
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.explained import explain_csr, explain_spread
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Finding, refusals
from ucrenew.domain.gate import Question
from ucrenew.domain.handwork import csr_by_hand
from ucrenew.domain.plan import Plan
from ucrenew.errors import LoginRefused, NeedsPerson, Permanent, Transient, Untrusted
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person, hand_over, is_by_hand, times_done, why_handed_over
from ucrenew.steps.leaf import has_arrived
from ucrenew.steps.waiting import until_over

FAN_OUT = timedelta(minutes=2)  # generating distributes the request to all nodes (cucm_inside.md §C); no time is known
SETTLES = timedelta(minutes=5)  # as long as the client itself waits for an answer to a write

Csr = crypto.CertificateSigningRequest


def ensure_csr(site: Site, record: Record, plan: Plan, baseline: Baseline) -> Csr | Question:
    """The renewal's own request: made, or found again after a crash. Raises NeedsPerson when another one is there.

    Look: the record's request is on the publisher. Act: generate, after the intent was noted, and only while the
    publisher still shows what it showed before; where a person does it, or the node refuses us, it is asked for. A
    request that appeared since and satisfies the plan is ours: the process died between generating and noting, or
    the person was done (design.md §3).
    """
    if noted := record.value(Kind.CSR):
        ours = x509.parse_csr(noted["pem"])
        if record.leaf_is_in:
            return ours  # used up by the cluster, which may have a Tomcat down now
        current = _shown(site, plan, plan.publisher)
        if current != ours and has_arrived(site, record):
            return ours  # used up this very moment
        return _still_ours(plan, ours, current)
    if is_by_hand(site, record, Step.CSR):
        return _by_person(site, record, plan, baseline)
    in_doubt = record.under_way(Kind.CSR_INTENT, Kind.CSR_NOT_SENT) is not None
    # A generation whose answer was lost may still be at work: it is given time before another one is begun.
    found = until_over(lambda: _new(site, plan, baseline), bool, site=site, within=SETTLES if in_doubt else timedelta())
    if found is None:
        _require_nothing_new(site, plan, baseline)
        return _by_us(site, record, plan, baseline)
    if not in_doubt or refusals(judge_csr(found, plan)):
        raise _foreign(plan, plan.publisher)
    site.say(f"{plan.publisher}: found the request that an earlier life of this run generated, and kept it")
    return _noted(record, found)


def _by_us(site: Site, record: Record, plan: Plan, baseline: Baseline) -> Csr | Question:
    attempt = record.next_attempt(Kind.CSR_INTENT)
    record.note(Kind.CSR_INTENT, about=attempt)
    try:
        csr = _generate(site, plan)
    except NodeRefused as refused:
        hand_over(record, Step.CSR, str(refused))
        return _by_person(site, record, plan, baseline)
    except Unanswered:
        raise  # it may have been made: only the next look can tell, never a second call
    except (Transient, LoginRefused, Untrusted):
        record.note(Kind.CSR_NOT_SENT, about=attempt)
        raise
    if _shown(site, plan, plan.publisher) != csr:
        raise Permanent(f"{plan.publisher}: the request it answered with is not the one that it now shows")
    site.say(f"{plan.publisher}: generated the multi-server request {x509.fingerprint(csr)[:16]}")
    return _noted(record, csr)


def _by_person(site: Site, record: Record, plan: Plan, baseline: Baseline) -> Csr | Question:
    """The request that a person generated, once it is as planned and on every node; until then it is asked for."""
    done = times_done(record, Step.CSR, plan.publisher)
    # It may have been generated on another node: it is given the time to arrive.
    found = until_over(
        lambda: _new(site, plan, baseline),
        lambda found: not explain_csr(found, plan),
        site=site,
        within=FAN_OUT if done else timedelta(),
    )
    if found is not None and not record.facts(Kind.CSR_INTENT):
        raise _foreign(plan, plan.publisher)
    wrong = explain_csr(found, plan) or _explain_lost(site, plan, found)
    if found is not None and not wrong:
        site.say(f"{plan.publisher}: found the request {x509.fingerprint(found)[:16]} that a person generated")
        return _noted(record, found)
    if not record.facts(Kind.CSR_INTENT):
        _require_nothing_new(site, plan, baseline)
        record.note(Kind.CSR_INTENT, about="1")  # what appears from now on was asked for
    before = wrong if found or done else why_handed_over(record, Step.CSR)
    return ask_person(record, Step.CSR, plan.publisher, before, csr_by_hand(plan))


def _explain_lost(site: Site, plan: Plan, found: Csr | None) -> str:
    return explain_spread([node for node in plan.nodes if found and not _has(site, plan, found, node)], plan)


def judge_csr(csr: Csr, plan: Plan) -> tuple[Finding, ...]:
    """Every finding on a request (S8, S29)."""
    return checks.apply(checks.CSR, CsrFacts(csr, plan))


def confirm_csr(site: Site, record: Record, plan: Plan, csr: Csr) -> tuple[Finding, ...]:
    """Read the request back on every node (S9, S11) and compare it with the plan (S8, S29); return the warnings.

    Raises Permanent with all refusals, before anything is sent to a CA. Once the leaf is on its way the request
    is consumed by the cluster, and this looks at nothing any more.
    """
    findings = judge_csr(csr, plan)
    if refused := refusals(findings):
        raise Permanent(
            f"{plan.publisher}: the request is not what the plan says: {'; '.join(map(str, refused))}."
            " Start a new run and abandon this renewal there: it begins with a new request"
        )
    if not record.leaf_is_in:
        for node in plan.nodes:
            _confirm_on(site, plan, csr, node)
    return findings


def _confirm_on(site: Site, plan: Plan, csr: Csr, node: str) -> None:
    if not _has(site, plan, csr, node):
        what = "shows no request" if _shown(site, plan, node) is None else "shows another request"
        raise Permanent(
            f"{node}: {what} for {plan.purpose.value} {FAN_OUT} after it was generated on {plan.publisher}; nothing was"
            " submitted. See that Cisco Tomcat and Platform Administrative Web Service are up there, then retry this"
            " run; where ours never arrives, a new run asks whether to abandon this renewal and begin anew"
        )


def _has(site: Site, plan: Plan, csr: Csr, node: str) -> bool:
    """Whether the request is on a node, or arrives there in time."""
    return until_over(lambda: _shown(site, plan, node), lambda found: found == csr, site=site, within=FAN_OUT) == csr


def _shown(site: Site, plan: Plan, node: str) -> Csr | None:
    return site.rest(site.entry(node)).csr(plan.purpose.value)


def _new(site: Site, plan: Plan, baseline: Baseline, node: str = "") -> Csr | None:
    """The publisher's request, or another node's, unless it was there before the first change."""
    found = _shown(site, plan, node or plan.publisher)
    before = {seen.name: seen.csr for seen in baseline.nodes}.get(node or plan.publisher)
    return found if found is not None and x509.fingerprint(found) != before else None


def _require_nothing_new(site: Site, plan: Plan, baseline: Baseline) -> None:
    """Generating replaces the request of every node: one that a person has not agreed to lose is looked for on each."""
    for node in plan.nodes:
        if _new(site, plan, baseline, node) is not None:
            raise _foreign(plan, node)


def _noted(record: Record, csr: Csr) -> Csr:
    record.note(Kind.CSR, {"fingerprint": x509.fingerprint(csr), "pem": x509.pem(csr)})
    return csr


def _foreign(plan: Plan, node: str) -> NeedsPerson:
    return NeedsPerson(
        f"{node}: a {plan.purpose.value} request appeared that this renewal did not make; find out whose"
        " it is: generating ours would void it, and using it would be guessing"
    )


def _generate(site: Site, plan: Plan) -> Csr:
    wish = CsrWish(
        service=plan.purpose.value,
        distribution=plan.distribution,
        common_name=plan.common_name,
        key_type=plan.key_type,
        key_length=plan.key_length,
        hash_algorithm=plan.hash_algorithm,
        alt_names=plan.extra_names,
    )
    rest = site.rest(site.entry(plan.publisher))
    site.fence()
    return rest.generate_csr(wish)


def _still_ours(plan: Plan, ours: Csr, current: Csr | None) -> Csr:
    if current == ours:
        return ours
    what = "no request any more" if current is None else "a request that this renewal did not make"
    raise NeedsPerson(
        f"{plan.publisher}: shows {what} for {plan.purpose.value}; ours was {x509.fingerprint(ours)[:16]}."
        " A certificate for ours cannot be installed any more: start a new run and abandon this renewal there"
    )
