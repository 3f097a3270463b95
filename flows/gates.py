"""Gates: questions to people, asked durably and answered explicitly (design.md §4, prefect.md §10).

1. Every life first collects the answers to questions that were asked before, and writes them down.
2. Any "no" ends the renewal, whatever the plan is by now.
3. A gate is passed only by a recorded "yes" for this gate, this plan's digest and this matter.
4. That a question was asked is noted before the run is suspended. Keys are never used twice.
5. Nothing passes by default values, by a state set from outside, or by a timeout: there is none.
6. Where the profile demands it, a yes counts only signed; one that does not count is noted, and asked again with why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from cryptography.x509 import Certificate
from prefect import Flow, Task
from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import delete_flow_run_input, keyset_from_base_key, read_flow_run_input
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.endings import deny
from flows.forms import Answer, Decision, form_of, is_yes, valid_answer
from flows.windows import wait_for_window
from tasks.lock import Holder, seize_lock
from tasks.logins import may_log_in_again
from tasks.signatures import demands_signature, may_be_signed, signer_of_answer, why_not
from tasks.sites import profile_of, record_of, renewals_of
from tasks.timeline import before_waiting
from ucrenew.domain.finding import Finding, acceptable
from ucrenew.domain.gate import Closed, Form, Gate, Question
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.questions import accept_question, activate_question, take_over_question
from ucrenew.domain.statement import SIGNED
from ucrenew.domain.x509 import fingerprint
from ucrenew.errors import NeedsPerson, Untrusted
from ucrenew.profile import GatePolicy
from ucrenew.record import Fact, Kind, Record, Renewal


def ask(  # noqa: PLR0913 - each by its name
    gate: Gate,
    renewal: Renewal,
    plan: Plan,
    text: str,
    *,
    matter: str = "",
    form: Form = Form.ANSWER,
    neighbours: Sequence[str] = (),
) -> None:
    """Go on only with a recorded yes to this question; suspend the run until it is answered.

    ``matter`` is what beside the plan the answer is about (the fingerprint of a certificate): an answer counts for
    this matter only. A no ends the run as ``Completed(name="Denied")``.
    """
    record = record_of(renewal)
    _hear(record, renewal)
    if _is_passed(record, renewal, gate, plan, matter):
        return
    match getattr(profile_of(renewal.cluster).gates, gate.name.lower(), GatePolicy.ASK):
        case GatePolicy.AUTO if not plan.findings:
            _note_policy(record, gate, plan, matter)
        case GatePolicy.FORBID:
            deny(renewal, f"the profile forbids '{gate}'")
        case _:
            _put(Question(gate, text, matter, form), record, renewal, plan, neighbours)


def agreed(gate: Gate, renewal: Renewal, plan: Plan, text: str, *, matter: str) -> bool:
    """Whether a person said yes to something afterwards; a no, or a profile that does not ask, is False."""
    record = record_of(renewal)
    _hear(record, renewal)
    said = record.answers(gate, matter)
    if not said and getattr(profile_of(renewal.cluster).gates, gate.name.lower()) is GatePolicy.ASK:
        _put(Question(gate, text, matter), record, renewal, plan)
    return bool(said) and is_yes(said[-1])


def done(renewal: Renewal, plan: Plan, step: Task[..., Any] | Flow[..., Any], *rest: Any) -> Any:  # noqa: ANN401 - what it returns
    """What a step or a path returns once it is so: by us, or by the person whom it asks (design.md §2)."""
    outcome = step(renewal, plan, *rest)
    while isinstance(outcome, Question | Closed):
        if isinstance(outcome, Question):
            ask(outcome.gate, renewal, plan, outcome.text, matter=outcome.matter, form=outcome.form)
        else:
            wait_for_window(renewal, plan)
        outcome = step(renewal, plan, *rest)
    return outcome


def accept(renewal: Renewal, plan: Plan, leaf: Certificate, findings: Sequence[Finding]) -> None:
    """Where the certificate lacks something that a person may accept (FN74345), have it accepted or denied."""
    lacking = acceptable(findings)
    if lacking and not record_of(renewal).leaf_is_in:
        ask(Gate.ACCEPT, renewal, plan, accept_question(plan, leaf, lacking), matter=fingerprint(leaf))


def activate(
    renewal: Renewal, plan: Plan, leaf: Certificate, chain: Sequence[Certificate], noticed: Sequence[Finding]
) -> None:
    """The question before the first upload: for this certificate, and with a word on each neighbour."""
    if record_of(renewal).leaf_is_in:
        return  # answered, and done
    text = activate_question(plan, leaf, chain, noticed)
    # Bound to the issuers too: what is uploaded beside the leaf was agreed to with it.
    matter = "-".join((fingerprint(leaf)[:32], *(fingerprint(issuer)[:16] for issuer in chain)))
    ask(Gate.ACTIVATE, renewal, plan, text, matter=matter, neighbours=plan.neighbours)


def hear_answers(cluster: str, purpose: Purpose) -> None:
    """Before anything else in a life: write down what was answered to this run's questions; a no ends it here.

    Whoever brought the run to life may have put a refused password right: from here on it may be presented once more.
    """
    renewal = renewals_of(cluster, purpose).current()
    if renewal is not None and renewal.run == flow_run.id:
        _hear(record_of(renewal), renewal)
    may_log_in_again(cluster, str(flow_run.id))


def _hear(record: Record, renewal: Renewal) -> None:
    collect_answers(record, renewal)
    _end_on_a_no(record, renewal)


def take_over(renewal: Renewal, plan: Plan, dead: Holder | None) -> Renewal:
    """Go on with a renewal that another run left open, when a person says so; a no abandons it.

    ``dead`` is the run that died holding the cluster, whose place the same answer gives to this one.
    """
    left_by = dead.run if dead else renewal.run
    if left_by == flow_run.id:
        return renewal
    record, matter = record_of(renewal), str(flow_run.id)
    collect_answers(record, renewal)
    if dead and _is_answered(record, Gate.TAKE_OVER, matter):
        seize_lock(renewal.cluster, flow_run.id, of=dead.run)  # a no lets the cluster go, a yes keeps it
    ask(Gate.TAKE_OVER, renewal, plan, take_over_question(renewal.key, left_by, plan), matter=matter)
    return renewals_of(renewal.cluster, renewal.purpose).take_over(renewal, str(flow_run.id))


def collect_answers(record: Record, renewal: Renewal) -> None:
    """Write down every answer that was given to a question of this renewal, in whichever run it was asked."""
    answered = {fact.about for kind in (Kind.ANSWER, Kind.NOT_COUNTED) for fact in record.facts(kind)}
    for asked in record.facts(Kind.ASKED):
        if asked.about in answered:
            continue
        key = keyset_from_base_key(f"suspended-{asked.about}")["response"]
        given = read_flow_run_input(key, flow_run_id=UUID(asked.value["run"]))
        if given is not None and (answer := valid_answer(given)) is not None:
            _note_answer(record, renewal, asked, answer)
            if "certificate" in answer:
                delete_flow_run_input(key, flow_run_id=UUID(asked.value["run"]))  # it may hold what we did not keep


def _note_answer(record: Record, renewal: Renewal, asked: Fact, answer: Mapping[str, Any]) -> None:
    """Note it as an answer to what was asked, whatever else was sent with it; or why it does not count."""
    value = {**{name: said for name, said in answer.items() if name != SIGNED}, **asked.value}
    try:
        signer = signer_of_answer(renewal, asked.about, value)
    except Untrusted as refused:
        get_run_logger().warning(
            "the answer of %s at gate '%s' does not count: %s", value["name"], value["gate"], refused
        )
        record.note_once(Kind.NOT_COUNTED, {"name": value["name"], "why": str(refused)}, about=asked.about)
    else:
        who = {SIGNED: {"principal": signer.principal, "key": signer.key}} if signer else {}
        record.note_once(Kind.ANSWER, {**value, **who}, about=asked.about)


def _end_on_a_no(record: Record, renewal: Renewal) -> None:
    for fact in record.facts(Kind.ANSWER):
        if record.leaf_is_in and fact.value.get("run") != flow_run.id:
            continue  # that no ended its run; what it left half-way is gone on with
        if fact.value["decision"] != Decision.APPROVE and not Gate(fact.value["gate"]).is_afterwards:
            remark = f": {fact.value['remark']}" if fact.value["remark"] else ""
            deny(renewal, f"{fact.value['name']} said no at gate '{fact.value['gate']}'{remark}")


def _is_passed(record: Record, renewal: Renewal, gate: Gate, plan: Plan, matter: str) -> bool:
    """Signatures are looked at again: whoever can write to the server can write a fact, but no signature."""
    return any(
        (fact.value["gate"], fact.value["digest"], fact.value["matter"]) == (gate, plan.digest, matter)
        and is_yes(fact.value)
        and not why_not(renewal, fact.about, fact.value)
        for fact in record.facts(Kind.ANSWER)
    )


def _is_answered(record: Record, gate: Gate, matter: str) -> bool:
    return any((fact.value["gate"], fact.value["matter"]) == (gate, matter) for fact in record.facts(Kind.ANSWER))


def _note_policy(record: Record, gate: Gate, plan: Plan, matter: str) -> None:
    value = {
        "gate": gate,
        "digest": plan.digest,
        "matter": matter,
        "decision": Decision.APPROVE,
        "name": "the profile's policy",
        "ticket": "",
        "remark": "gate set to auto",
    }
    record.note(Kind.ANSWER, value, about=f"auto-{gate}-{plan.digest[:12]}-{matter[:12]}")


def _note_asked(record: Record, gate: Gate, plan: Plan, matter: str) -> str:
    """Note that a question is being asked, and return the key that no question had before."""
    key = f"{gate}-{plan.digest[:12]}-{_run_count()}-{len(record.facts(Kind.ASKED)) + 1}"
    value = {"gate": gate, "digest": plan.digest, "matter": matter, "run": flow_run.id}
    record.note(Kind.ASKED, value, about=key)
    return key


def _put(question: Question, record: Record, renewal: Renewal, plan: Plan, neighbours: Sequence[str] = ()) -> NoReturn:
    how = _HOW.format(flow_run.id) if demands_signature(renewal.cluster, question.gate) else ""
    text = "\n\n".join(filter(None, (_why_again(record, renewal, question.gate), question.text, how)))
    key = _note_asked(record, question.gate, plan, question.matter)
    form = form_of(question.form, neighbours, signed=may_be_signed(renewal.cluster))
    _suspend(renewal, key, form.with_initial_data(description=text))


_HOW = (
    "**A yes counts here only when it is signed**: `python -m deployments.answer {} --decision approve --name YOU`"
    " (as the allowed signers name you). A no needs no signature."
)


def _why_again(record: Record, renewal: Renewal, gate: Gate) -> str:
    """What was wrong with the answer to the last question of this gate, if it did not count."""
    for about in [fact.about for fact in record.facts(Kind.ASKED) if fact.value["gate"] == gate][-1:]:
        refused, given = record.value(Kind.NOT_COUNTED, about=about), record.value(Kind.ANSWER, about=about)
        why = refused["why"] if refused else given and is_yes(given) and why_not(renewal, about, given)
        if why and (answer := refused or given):
            return f"**Asked again**: the answer of {' '.join(answer['name'].split())} did not count: {why}."
    return ""


def _suspend(renewal: Renewal, key: str, form: type[Answer]) -> NoReturn:
    before_waiting(renewal, run=flow_run.id)
    suspend_flow_run(wait_for_input=form, key=key)
    raise NeedsPerson(f"Prefect did not suspend the run under {key}, so nothing was decided")


def _run_count() -> int:
    context = FlowRunContext.get()
    return context.flow_run.run_count if context and context.flow_run else 0
