"""The questions that people are asked: the facts in words, and the plan itself for whoever compares it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta

from cryptography import x509 as crypto

from ucrenew.domain.acting import Step
from ucrenew.domain.finding import Finding
from ucrenew.domain.plan import Plan
from ucrenew.domain.windows import MARGIN, in_words
from ucrenew.domain.x509 import fingerprint, names


def start_question(plan: Plan) -> str:
    """What is shown before the first change: names, restarts in order, what users notice, and the plan's JSON."""
    return "\n".join(
        (
            f"### Renew {plan.purpose} on {plan.cluster}?",
            "",
            f"One request for {len(plan.nodes)} nodes is generated on **{plan.publisher}** and submitted to the CA.",
            f"CA: {plan.authority}. Nothing is restarted before you are asked again.",
            "",
            *listed("Names", plan.names),
            *listed("Restarts, in this order, after the second question", map(str, plan.restarts)),
            *listed("Not restarted", plan.not_restarted),
            *listed("What users will notice then", plan.notices),
            *_conditions(plan),
            *listed("To know before", plan.findings),
            *shown(plan),
        )
    )


def activate_question(
    plan: Plan, leaf: crypto.Certificate, chain: Sequence[crypto.Certificate], noticed: Iterable[Finding] = ()
) -> str:
    """What is shown before the certificate is uploaded: from here on users notice."""
    return "\n".join(
        (
            f"### Put the new {plan.purpose} certificate into service on {plan.cluster}?",
            "",
            f"From here on people notice: {len(plan.restarts)} services restart on {len(plan.nodes)} nodes.",
            "",
            f"- certificate `{fingerprint(leaf)}`",
            f"- names {', '.join(sorted(names(leaf)))}",
            f"- valid {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}",
            f"- issued by {leaf.issuer.rfc4514_string()}",
            f"- CA certificates, root first: {', '.join(ca.subject.rfc4514_string() for ca in chain)}",
            "",
            *listed("Restarts, in this order", map(str, plan.restarts)),
            *listed("What users notice", plan.notices),
            *_conditions(plan),
            *listed("What the checks noticed", map(str, noticed)),
            *shown(plan),
        )
    )


def take_over_question(renewal: str, run: str, plan: Plan) -> str:
    """What is shown when another run left a renewal open: go on with it, or abandon it."""
    return "\n".join(
        (
            f"### Go on with {renewal}?",
            "",
            f"Run {run} left it open. **approve** goes on where it stopped, with its request and its answers.",
            "**deny** abandons it: nothing is undone on the cluster, and the next run begins anew with a new request.",
            "",
            *shown(plan),
        )
    )


def submission_question(plan: Plan, authority: str, csr: str, wrong: str = "") -> str:
    """What is shown when the CA may have our request and its number was never noted; ``csr`` is its fingerprint."""
    return "\n".join(
        (
            f"### Which number did the CA give to the {plan.purpose} request of {plan.cluster}?",
            "",
            *((f"**{wrong}**", "") if wrong else ()),
            f"It was submitted to {authority}, or about to be, and no number was noted. The CA cannot be asked for it.",
            f"Have the CA's officer look for a request with common name **{plan.common_name}** made just then",
            f"(SHA-256 of the request: `{csr}`), and enter its number as *request_id*.",
            "",
            "Only when the CA surely has none: enter **0**, and it is submitted once more.",
            "**deny** ends this renewal.",
            "",
            *shown(plan),
        )
    )


def accept_question(plan: Plan, leaf: crypto.Certificate, findings: Iterable[Finding]) -> str:
    """What is shown when the certificate lacks something that a person may accept (FN74345)."""
    return "\n".join(
        (
            f"### Accept the {plan.purpose} certificate of {plan.cluster} as it is?",
            "",
            f"Certificate `{fingerprint(leaf)}`, issued by {leaf.issuer.rfc4514_string()}.",
            "",
            *listed("What it lacks", map(str, findings)),
            "Nothing was uploaded. **deny** ends this renewal; have the CA issue another one with a new run.",
            "",
            *shown(plan),
        )
    )


def sso_off_question(plan: Plan) -> str:
    """What is shown before single sign-on is switched off (S3, cucm.md §2.5, §4.5)."""
    return "\n".join(
        (
            f"### Switch single sign-on off on {plan.cluster} now?",
            "",
            f"It is on on {', '.join(plan.sso_nodes)} and has to be off before the certificate is uploaded.",
            "From then on users log in with their passwords, until it is switched on again on the pages: that is asked",
            "for after the restarts, and needs somebody who administers the identity provider.",
            "",
            "**approve** only when a local administrator has just logged in through the recovery URL of each node:",
            "should single sign-on not come back, it is the only way in.",
            "",
            *shown(plan),
        )
    )


def backup_question(plan: Plan) -> str:
    """What is shown when no backup holds the new keys (cucm.md §4.1 point 11)."""
    return "\n".join(
        (
            f"### Make a backup of {plan.cluster} now",
            "",
            "Everything is renewed and proven. The last backup holds the old keys: restoring it would bring them back,",
            "and phones may then have to be reset by hand. Disaster Recovery System > Backup > Manual Backup.",
            "",
            "**approve** when it has ended; it is looked up. **deny** leaves it; the evidence says so.",
            "",
            *shown(plan),
        )
    )


def _conditions(plan: Plan) -> tuple[str, ...]:
    """When, by whom and beside whom; only what this plan has."""
    length = in_words(timedelta(minutes=plan.minutes))
    parts = (
        f"single sign-on off and on, the certificate to every node, the restarts, {in_words(MARGIN)} for a late start"
    )
    time = (f"By our estimate a window of {length} is needed: {parts}.", "")
    return (
        *(time if plan.minutes else ()),
        *listed("Only in a maintenance window", plan.windows),
        *listed("Single sign-on is on there: off before the certificate, on again after the restarts", plan.sso_nodes),
        *listed("Done by a person, not by us", map(_step, plan.by_hand)),
        *listed("Neighbours that have to be ready before the certificate is in service", plan.neighbours),
    )


def _step(name: str) -> str:
    return f"{name}: {Step(name).words}"


def shown(plan: Plan) -> tuple[str, ...]:
    """The digest, and the plan itself for whoever compares it."""
    document = json.dumps(plan.document(), sort_keys=True, ensure_ascii=False)
    return (f"Plan digest: `{plan.digest}`", "", "```json", document, "```")


def listed(title: str, lines: Iterable[str]) -> tuple[str, ...]:
    """A numbered list under its title; nothing of nothing."""
    found = [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
    return (f"**{title}**", "", *found, "") if found else ()
