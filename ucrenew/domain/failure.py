"""What a failed renewal leaves for people: what was done, what was not, each node's state, the next step, the logs.

It is written from plain values: the record tells what was done, a last look tells the state of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ucrenew.domain.logs import log_commands, redacted
from ucrenew.domain.plan import Plan, Restart
from ucrenew.errors import LoginRefused, Transient, Trouble

_RETRY = "retry this run: it looks at what is there first, and goes on from it"


@dataclass(frozen=True)
class Progress:
    """How far a renewal came, as its record has it."""

    csr: str | None = None  # fingerprint of our request
    csr_begun: bool = False  # it may have been generated; only the next look can tell
    submitted: bool = False  # or perhaps so: the intent is noted
    request_id: int | None = None
    issued: str | None = None  # fingerprint of the certificate
    leaf_begun: bool = False  # the certificate was about to be uploaded, or was
    restarts_begun: tuple[Restart, ...] = ()
    restarts_done: tuple[Restart, ...] = ()
    sso_off: tuple[str, ...] = ()  # nodes on which this renewal switched single sign-on off and nobody on again

    def unsure(self, plan: Plan) -> tuple[Restart, ...]:
        """Restarts that were begun and whose end nobody saw."""
        return tuple(one for one in plan.restarts if one in self.restarts_begun and one not in self.restarts_done)

    def open(self, plan: Plan) -> tuple[Restart, ...]:
        """Restarts that were not begun."""
        return tuple(one for one in plan.restarts if one not in (*self.restarts_begun, *self.restarts_done))


def last_sentence(trouble: Trouble) -> str:
    """What a run that stops says last: where the trouble does not tell what to do, that is said too."""
    match trouble:
        case Transient():
            return f"{trouble}. When that is put right, {_RETRY}"
        case LoginRefused():
            return f"{trouble}. Put the account or its password right, then {_RETRY}"
    return str(trouble)


def failure_report(
    plan: Plan, progress: Progress, *, why: str, nodes: Mapping[str, Sequence[str]], since: timedelta
) -> str:
    """The whole report in markdown; ``nodes`` gives each node's state in lines, ``since`` how long ago it all began."""
    states = (f"{node}: {redacted(line)}" for node in plan.nodes for line in nodes.get(node) or ("was not looked at",))
    return "\n".join((
        f"# {plan.purpose} on {plan.cluster}: the renewal failed",
        "",
        redacted(why),
        "",
        *_section("Next step", (next_step(plan, progress),)),
        *_section("Done", _done(progress) or ("nothing: the cluster is as it was",)),
        *_section("Not done", _not_done(plan, progress)),
        *_section("The nodes now", states),
        "## Logs for TAC",
        "",
        log_commands(plan.nodes, since),
    ))  # fmt: skip


def next_step(plan: Plan, progress: Progress) -> str:
    """What a person does now; the renewal looks before it acts, so that a retry does nothing twice."""
    said = _with_leaf(plan, progress) if progress.leaf_begun else _without_leaf(plan, progress)
    if not progress.sso_off:
        return said
    nodes = ", ".join(progress.sso_off)
    return (
        f"{said}. Single sign-on was, or was about to be, switched off on {nodes}: where it is off users need passwords"
        " until somebody switches it on again"
    )


def _with_leaf(plan: Plan, progress: Progress) -> str:
    if unsure := progress.unsure(plan):
        node, service = unsure[0].node, unsure[0].service
        return (
            f"look at 'utils service list' on {node}; where {service} is not STARTED, 'utils service start {service}'."
            " Then retry this run: it goes on there"
        )
    if remaining := progress.open(plan):
        served = (
            "nodes with the old and with the new certificate serve side by side"
            if progress.restarts_done
            else "the old certificate is served"
        )
        return (
            f"mend what is said above, then retry this run: it goes on with {remaining[0]}. Until then {served};"
            " restart nothing else"
        )
    return "retry this run: everything is restarted, and what every node serves has to be proven"


def _without_leaf(plan: Plan, progress: Progress) -> str:
    if progress.issued:
        return (
            "mend what is said above, then retry this run: nothing that users notice was changed, and nothing is lost"
        )
    if progress.submitted and progress.request_id is None:
        return (
            "look into the CA's list whether our request is there, and under which number; a second submission would"
            " make a second request"
        )
    if progress.csr:
        return (
            f"mend what is said above, then retry this run. Let nobody generate another {plan.purpose} request on the"
            " cluster meanwhile: it would void ours (S7)"
        )
    if progress.csr_begun:
        return (
            f"mend what is said above, then retry this run: a {plan.purpose} request may have been generated, and it"
            " looks for it first. Let nobody generate another one meanwhile (S7)"
        )
    return "mend what is said above, then retry this run or start a new one: nothing was changed"


def _done(progress: Progress) -> tuple[str, ...]:
    lines = [f"request generated, `{progress.csr}`"] if progress.csr else []
    lines += ["request: perhaps generated, no answer came"] if progress.csr_begun and not progress.csr else []
    lines += [f"submitted, the CA's number is {progress.request_id}"] if progress.request_id is not None else []
    lines += [f"certificate issued, `{progress.issued}`"] if progress.issued else []
    lines += ["CA certificates uploaded; the upload of the certificate begun"] if progress.leaf_begun else []
    return (*lines, *(f"{restart} restarted" for restart in progress.restarts_done))


def _not_done(plan: Plan, progress: Progress) -> tuple[str, ...]:
    lines = [] if progress.csr or progress.csr_begun else ["request"]
    if progress.request_id is None:
        unclear = progress.submitted and not progress.issued
        lines += ["submission: perhaps done, no number was noted"] if unclear else []
        lines += ["submission"] if not progress.submitted and not progress.issued else []
    lines += [] if progress.issued else ["certificate"]
    lines += [] if progress.leaf_begun else ["upload of the certificate"]
    lines += [f"{restart}: begun, its end was not seen" for restart in progress.unsure(plan)]
    lines += [f"restart of {restart}" for restart in progress.open(plan)]
    lines += [f"single sign-on on again on {node}" for node in progress.sso_off]
    return (*lines, "proof of what every node serves")


def _section(title: str, lines: Iterable[str]) -> tuple[str, ...]:
    return (f"## {title}", "", *(f"- {line}" for line in lines), "")
