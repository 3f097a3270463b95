"""One request for the whole cluster (S6-S11), made once: a second one would void the first (S7)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.clients.certmgr import CsrWish
from ucrenew.domain import checks, x509
from ucrenew.domain.baseline import Baseline
from ucrenew.domain.facts import CsrFacts
from ucrenew.domain.finding import Finding, refusals
from ucrenew.domain.plan import Plan
from ucrenew.errors import NeedsPerson, Permanent, Transient
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.waiting import until

FAN_OUT = timedelta(minutes=2)  # generating distributes the request to all nodes (cucm_inside.md §C); no time is known
SETTLES = timedelta(minutes=5)  # as long as the client itself waits for an answer to a write

Csr = crypto.CertificateSigningRequest


def ensure_csr(site: Site, record: Record, plan: Plan, baseline: Baseline) -> Csr:
    """The renewal's own request: made, or found again after a crash. Raises NeedsPerson when another one is there.

    Look: the record's request is on the publisher. Act: generate, after the intent was noted, and only while the
    publisher still shows what it showed before. A request that appeared since and satisfies the plan is ours: the
    process died between generating and noting (design.md §3).
    """

    def look() -> Csr | None:
        return site.rest(site.entry(plan.publisher)).csr(plan.purpose.value)

    def is_new(found: Csr | None) -> bool:
        return found is not None and x509.fingerprint(found) != baseline.publisher.csr

    if noted := record.value(Kind.CSR):
        return _still_ours(record, plan, x509.parse_csr(noted["pem"]), look())

    intended = record.fact(Kind.CSR_INTENT) is not None
    # A generation whose answer was lost may still be at work: it is given time before another one is begun.
    patience = SETTLES if intended else timedelta()
    current = until(look, is_new, site=site, within=patience)
    if not is_new(current):
        record.note_once(Kind.CSR_INTENT)
        csr = _generate(site, plan)
        site.say(f"{plan.publisher}: generated the multi-server request {x509.fingerprint(csr)[:16]}")
    elif intended and current is not None and not refusals(judge_csr(current, plan)):
        csr = current
        site.say(f"{plan.publisher}: found the request that an earlier life of this run generated, and kept it")
    else:
        raise NeedsPerson(
            f"{plan.publisher}: a {plan.purpose.value} request appeared that this renewal did not make; find out whose"
            " it is: generating ours would void it, and using it would be guessing"
        )
    record.note(Kind.CSR, {"fingerprint": x509.fingerprint(csr), "pem": x509.pem(csr)})
    return csr


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
        raise Permanent(f"{plan.publisher}: the request is not what the plan says: {'; '.join(map(str, refused))}")
    if record.fact(Kind.LEAF_INTENT) is None:
        for node in plan.nodes:
            _confirm_on(site, plan, csr, node)
    return findings


def _confirm_on(site: Site, plan: Plan, csr: Csr, node: str) -> None:
    def look() -> Csr | None:
        return site.rest(site.entry(node)).csr(plan.purpose.value)

    seen = until(look, lambda found: found == csr, site=site, within=FAN_OUT)
    if seen != csr:
        what = "shows no request" if seen is None else "shows another request"
        raise Permanent(f"{node}: {what} for {plan.purpose.value} {FAN_OUT} after it was generated on {plan.publisher}")


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
    try:
        answered = rest.generate_csr(wish)
    except Transient as error:
        # The answer is lost, the request perhaps made: only the next look can tell, never a second call.
        raise Transient(f"{error}; whether a request was made is looked up before anything else") from error
    found = rest.csr(plan.purpose.value)
    if found != answered:
        raise Permanent(f"{plan.publisher}: the request it answered with is not the one that it now shows")
    return answered


def _still_ours(record: Record, plan: Plan, ours: Csr, current: Csr | None) -> Csr:
    if current == ours or record.fact(Kind.LEAF_INTENT) is not None:
        return ours
    what = "no request any more" if current is None else "a request that this renewal did not make"
    raise NeedsPerson(
        f"{plan.publisher}: shows {what} for {plan.purpose.value}; ours was {x509.fingerprint(ours)[:16]}."
        " A certificate for ours cannot be installed any more: start a new run and abandon this renewal there"
    )
