"""Single sign-on: off before the leaf on every node where it was on, on again after the restarts (S3).

Off is driven by the CLI, node by node; on again is the pages' (cucm.md §2.5), so a person does it and we look.
That it was on is a remembered fact, never a ``finally``: a process that is killed runs none (design.md §3).
"""

from __future__ import annotations

from collections.abc import Iterable

from ucrenew.domain.acting import Step
from ucrenew.domain.gate import Gate, Question
from ucrenew.domain.handwork import sso_off_by_hand, sso_on_by_hand
from ucrenew.domain.plan import Plan
from ucrenew.domain.questions import sso_off_question
from ucrenew.errors import NeedsPerson, Refused
from ucrenew.record import Kind, Record
from ucrenew.site import Site
from ucrenew.steps.by_hand import ask_person

ALL = "all"  # the subject of the questions: they are asked for all nodes at once
_BY_HAND = "nothing was uploaded: switch it off there by hand, then retry this run, which looks first"


def ensure_off(site: Site, record: Record, plan: Plan) -> Question | None:
    """Switch it off wherever the plan says that it was on; confirmed by a second look at each node's status.

    It is asked before, and asked again when somebody has put it on meanwhile or the plan has another node: an old yes
    is none for that. Once the leaf is on a node this looks at nothing any more: from then on a person may switch it on
    again.
    Raises NeedsPerson when a node does not say whether it is off.
    """
    if record.leaf_is_in:
        return None
    still_on = [node for node in plan.sso_nodes if _is_on(site, node)]
    if still_on and site.profile.is_by_hand(Step.SSO):
        # Noted before it is asked: off counts as ours from now on, so that it is put back whatever happens.
        for node in still_on:
            record.note_once(Kind.SSO_INTENT, about=node)
        return ask_person(record, Step.SSO, ALL, _still(still_on, "on") + sso_off_by_hand(plan))
    if still_on and not _is_agreed(record, plan, matter := _matter(record, still_on)):
        return Question(Gate.SSO_OFF, _still(still_on, "on") + sso_off_question(plan), matter)
    for node in plan.sso_nodes:
        if node in still_on and _is_on(site, node):  # the one before may have switched this one too
            _switch_off(site, record, node)
        else:
            record.note(Kind.SSO_OFF, about=node)
    return None


def _is_agreed(record: Record, plan: Plan, matter: str) -> bool:
    """Whether it was said of this plan and this round; which answer is a yes, the gate judges."""
    said = record.answers(Gate.SSO_OFF, matter)
    return any((answer["digest"], answer["matter"]) == (plan.digest, matter) for answer in said)


def _matter(record: Record, still_on: list[str]) -> str:
    """How often it had to be switched off: a node that was seen off and is on again begins a new round."""
    facts = record.all_facts()
    last = max((n for n, fact in enumerate(facts) if fact.kind is Kind.SSO_BACK_ON), default=-1)
    seen_off = {fact.about for n, fact in enumerate(facts) if n > last and fact.kind is Kind.SSO_OFF}
    if seen_off & set(still_on):
        record.note(Kind.SSO_BACK_ON, {"nodes": still_on})
    return f"round-{len(record.facts(Kind.SSO_BACK_ON)) + 1}"


def ensure_on(site: Site, record: Record, plan: Plan) -> Question | None:
    """See it on again everywhere; where it is not, a person is asked, and asked again with what was seen."""
    if not plan.sso_nodes:
        return None
    if off := still_off(site, plan.sso_nodes):
        return ask_person(record, Step.SSO, ALL, _still(off, "off") + sso_on_by_hand(plan), gate=Gate.SSO_ON)
    record.note_once(Kind.SSO_ON)
    site.say(f"{plan.cluster}: single sign-on is on again on {', '.join(plan.sso_nodes)}")
    return None


def still_off(site: Site, nodes: Iterable[str]) -> list[str]:
    """Those of the nodes on which it is off now. Raises NeedsPerson when one does not say."""
    return [node for node in nodes if not _is_on(site, node)]


def _switch_off(site: Site, record: Record, node: str) -> None:
    with site.cli(site.entry(node)) as cli:
        record.note_once(Kind.SSO_INTENT, about=node)
        site.say(f"{node}: switching single sign-on off")
        site.fence()
        try:
            cli.disable_sso()
        except Refused as refused:
            raise NeedsPerson(f"{refused}; {_BY_HAND}") from refused
    if _is_on(site, node):
        raise NeedsPerson(f"{node}: single sign-on is still enabled after 'utils sso disable'; {_BY_HAND}")
    record.note(Kind.SSO_OFF, about=node)
    site.say(f"{node}: single sign-on is off; users log in with their passwords")


def _is_on(site: Site, node: str) -> bool:
    with site.cli(site.entry(node)) as cli:
        reply = cli.sso_reply()
    if reply.enabled is None:
        raise NeedsPerson(f"{node}: its answer to 'utils sso status' is in no form that we know: {reply.text!r}")
    return reply.enabled


def _still(nodes: list[str], state: str) -> str:
    return f"**Single sign-on is {state} on {', '.join(nodes)}.**\n\n"
