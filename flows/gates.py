"""Gates: questions to people, asked durably and answered explicitly (design.md §4, prefect.md §10).

1. Every life first collects the answers to questions that were asked before, and writes them down.
2. Any "no" ends the renewal, whatever the plan is by now.
3. A gate is passed only by a recorded "yes" for this gate, this plan's digest and this matter.
4. That a question was asked is noted before the run is suspended. Keys are never used twice.
5. Nothing passes by default values, by a state set from outside, or by a timeout: there is none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput, keyset_from_base_key, read_flow_run_input
from prefect.runtime import flow_run
from pydantic import Field, ValidationError

from flows.endings import deny
from tasks.sites import profile_of, record_of, renewals_of
from ucrenew.domain.plan import Plan
from ucrenew.domain.purpose import Purpose
from ucrenew.domain.questions import take_over_question
from ucrenew.errors import NeedsPerson
from ucrenew.profile import GatePolicy
from ucrenew.record import Kind, Record, Renewal


class Gate(StrEnum):
    """The kinds of questions; the profile says for each whether a person is asked."""

    TAKE_OVER = "take-over"
    START = "start"
    ACTIVATE = "activate"


class Decision(StrEnum):
    """What a person can say."""

    APPROVE = "approve"
    DENY = "deny"


class Answer(RunInput):
    """The form that a person fills in. The decision has no default: nothing passes by an empty form."""

    decision: Decision = Field(description="approve goes on; deny ends this renewal in order")
    name: Annotated[str, Field(min_length=2, description="your name, kept for ever with the decision")]
    ticket: str = Field(default="", description="change ticket, if there is one")
    remark: str = Field(default="", description="anything that should be kept with the decision")


def ask(gate: Gate, renewal: Renewal, plan: Plan, question: str, *, matter: str = "") -> None:
    """Go on only with a recorded yes to this question; suspend the run until it is answered.

    ``matter`` is what beside the plan the answer is about (the fingerprint of a certificate): an answer counts for
    this matter only. A no ends the run as ``Completed(name="Denied")``.
    """
    record = record_of(renewal)
    _hear(record, renewal)
    if _is_passed(record, gate, plan, matter):
        return
    match getattr(profile_of(renewal.cluster).gates, gate.value, GatePolicy.ASK):
        case GatePolicy.AUTO if not plan.findings:
            _note_policy(record, gate, plan, matter)
        case GatePolicy.FORBID:
            deny(renewal, f"the profile forbids '{gate}'")
        case _:
            _suspend(record, gate, plan, question, matter)


def hear_answers(cluster: str, purpose: Purpose) -> None:
    """Before anything else in a life: write down what was answered to this run's questions; a no ends it here."""
    renewal = renewals_of(cluster, purpose).current()
    if renewal is not None and renewal.run == flow_run.id:
        _hear(record_of(renewal), renewal)


def _hear(record: Record, renewal: Renewal) -> None:
    collect_answers(record)
    _end_on_a_no(record, renewal)


def take_over(renewal: Renewal, plan: Plan) -> Renewal:
    """Go on with a renewal that another run left open, when a person says so; a no abandons it."""
    if renewal.run == flow_run.id:
        return renewal
    ask(Gate.TAKE_OVER, renewal, plan, take_over_question(renewal.key, renewal.run, plan), matter=str(flow_run.id))
    return renewals_of(renewal.cluster, renewal.purpose).take_over(renewal, str(flow_run.id))


def collect_answers(record: Record) -> None:
    """Write down every answer that was given to a question of this renewal, in whichever run it was asked."""
    answered = {fact.about for fact in record.facts(Kind.ANSWER)}
    for asked in record.facts(Kind.ASKED):
        if asked.about in answered:
            continue
        key = keyset_from_base_key(f"suspended-{asked.about}")["response"]
        given = read_flow_run_input(key, flow_run_id=UUID(asked.value["run"]))
        if given is not None and (answer := _valid(given)) is not None:
            record.note_once(Kind.ANSWER, {**asked.value, **answer.model_dump(mode="json")}, about=asked.about)


def _valid(given: Any) -> Answer | None:  # noqa: ANN401 - what somebody sent
    try:
        return Answer.model_validate(given)
    except ValidationError:
        return None  # pushed past its form from outside: asked again under the next key


def _end_on_a_no(record: Record, renewal: Renewal) -> None:
    for fact in record.facts(Kind.ANSWER):
        if fact.value["decision"] != Decision.APPROVE:
            remark = f": {fact.value['remark']}" if fact.value["remark"] else ""
            deny(renewal, f"{fact.value['name']} said no at gate '{fact.value['gate']}'{remark}")


def _is_passed(record: Record, gate: Gate, plan: Plan, matter: str) -> bool:
    return any(
        (fact.value["gate"], fact.value["digest"], fact.value["matter"]) == (gate, plan.digest, matter)
        and fact.value["decision"] == Decision.APPROVE
        for fact in record.facts(Kind.ANSWER)
    )


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


def _suspend(record: Record, gate: Gate, plan: Plan, question: str, matter: str) -> None:
    key = f"{gate}-{plan.digest[:12]}-{_run_count()}-{len(record.facts(Kind.ASKED)) + 1}"
    value = {"gate": gate, "digest": plan.digest, "matter": matter, "run": flow_run.id}
    record.note(Kind.ASKED, value, about=key)
    suspend_flow_run(wait_for_input=Answer.with_initial_data(description=question), key=key)
    raise NeedsPerson(f"gate '{gate}': Prefect did not suspend the run under {key}, so nothing was decided")


def _run_count() -> int:
    context = FlowRunContext.get()
    return context.flow_run.run_count if context and context.flow_run else 0
