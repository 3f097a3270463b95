"""The restarts (S19) done by a person, node by node: asked for, looked at, and what is not so yet explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ucrenew.domain.acting import Step
from ucrenew.domain.checks import TOMCAT
from ucrenew.domain.gate import Question
from ucrenew.domain.handwork import restart_by_hand
from ucrenew.domain.plan import Plan, Restart
from ucrenew.domain.x509 import fingerprint
from ucrenew.record import Kind
from ucrenew.steps.by_hand import ask_person, first_asked, last_answer
from ucrenew.steps.services import comes_up
from ucrenew.steps.witness import Witness

_WORD_ONLY = "STARTED in the list; that it was restarted only the person's word tells"


class _Look(NamedTuple):
    """What speaks against a service being restarted, empty when it is; and what is to be known of a yes."""

    against: str = ""
    remark: str = ""


_UNSAID = _Look("nobody has said that it is done")


def ask_for_restarts(witness: Witness, plan: Plan) -> Question | None:
    """Ask for the first node on which something is not restarted yet; None when all is so, noted service by service.

    Nothing is asked about a node before the one before it is done (S19).
    """
    record = witness.record
    for node in dict.fromkeys(restart.node for restart in plan.restarts):
        answer = last_answer(record, Step.RESTART, node)
        left = {}
        for restart in plan.restarts:
            if restart.node == node and record.fact(Kind.RESTART_DONE, about=restart.about) is None:
                look = _look(witness, restart, answer)
                if look.against:
                    left[restart.service] = look.against
                else:
                    _note(witness, restart, answer, look.remark)
        if left:
            explained = _explained(left.values()) if answer else ""
            return ask_person(record, Step.RESTART, node, explained, restart_by_hand(plan, node, tuple(left)))
    return None


def _look(witness: Witness, restart: Restart, answer: Mapping[str, Any] | None) -> _Look:
    """Tomcat by what is served on every port; others by Control Center, else by their state and the person's word."""
    is_tomcat, node = restart.service == TOMCAT, restart.node
    intent = witness.record.fact(Kind.RESTART_INTENT, about=restart.about)  # an earlier life may have acted itself
    since = intent.at if intent else first_asked(witness.record, Step.RESTART, node)
    if since is None or (answer is None and intent is None):
        return _Look() if is_tomcat and witness.serves(node) else _UNSAID
    seen = comes_up(witness.site, restart)
    if not seen.up:
        return _Look(f"{seen} on {node}")
    if is_tomcat:
        return _Look(_not_served(witness, node))
    match witness.was_restarted(restart, since, seen):
        case True:
            return _Look()
        case False:
            return _Look(f"{restart} runs since before {since:%Y-%m-%d %H:%M} UTC: it was not restarted")
        case None:
            return _Look(remark=_WORD_ONLY) if answer else _UNSAID


def _not_served(witness: Witness, node: str) -> str:
    """Each port that does not serve the new certificate, and what it does."""
    return " and ".join(
        f"port {port} of {node} still serves {fingerprint(shown)[:16]}" if shown else f"port {port} of {node} is silent"
        for port, shown in witness.ports_settled(node).items()
        if shown != witness.leaf
    )


def _note(witness: Witness, restart: Restart, answer: Mapping[str, Any] | None, remark: str) -> None:
    name = str(answer["name"]) if answer else ""
    value = {"by": "person", "name": name, "remark": remark}
    witness.site.say(f"{restart.node}: {restart.service} was restarted by {name or 'hand'}{remark and f', {remark}'}")
    witness.record.note(Kind.RESTART_DONE, value, about=restart.about)


def _explained(wrong: Iterable[str]) -> str:
    """What is not so after the person said that it was done."""
    return "\n".join(("**Not everything is restarted yet:**", "", *(f"- {line}" for line in wrong)))
