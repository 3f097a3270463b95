"""What is kept of a renewal for those who ask later: decisions, fingerprints, restarts and their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from cryptography import x509 as crypto

from ucrenew.domain.plan import Plan
from ucrenew.domain.questions_phones import NAMED
from ucrenew.domain.x509 import fingerprint
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps.phones_noted import ALL_BACK, phones_before
from ucrenew.steps.proof import Served

_MOMENTS = (Kind.BASELINE, Kind.CSR, Kind.REQUEST_ID, Kind.ISSUED, Kind.LEAF_INTENT)


def evidence_of(  # noqa: PLR0913 - each by its name
    renewal: Renewal, record: Record, plan: Plan, leaf: crypto.Certificate, served: Sequence[Served], *, at: datetime
) -> dict[str, Any]:
    """All of it as plain JSON values; times are ISO 8601 UTC, durations seconds."""
    on_again = record.fact(Kind.SSO_ON)
    return {
        "renewal": renewal.key,
        "cluster": plan.cluster,
        "purpose": plan.purpose.value,
        "plan_digest": plan.digest,
        "request_id": (record.value(Kind.REQUEST_ID) or {}).get("number"),
        "leaf": fingerprint(leaf),
        "not_after": leaf.not_valid_after_utc.isoformat(),
        "answers": [
            {
                **{name: fact.value[name] for name in ("gate", "digest", "decision", "name", "ticket", "remark")},
                "at": fact.at.isoformat(),
                "signed": fact.value.get("signed"),
                "signature": fact.value.get("signature", "") if fact.value.get("signed") else "",
            }
            for fact in record.facts(Kind.ANSWER)
        ],
        "restarts": [
            {
                "what": fact.about,
                "at": fact.at.isoformat(),
                "seconds": _seconds(record, fact.about, fact.at),
                "by": _by(fact.value),
            }
            for fact in record.facts(Kind.RESTART_DONE)
        ],
        "single_sign_on": {
            "switched_off_on": [fact.about for fact in record.facts(Kind.SSO_INTENT)],
            "seen_on_again": on_again.at.isoformat() if on_again else None,
        },
        "left_over": list((record.last(Kind.LEFT_OVER) or {}).get("findings", ())),
        "backup": dict(record.last(Kind.BACKUP) or {}),
        "started": [
            {"what": fact.about, "at": fact.at.isoformat(), "was": fact.value["was"]}
            for fact in record.facts(Kind.SERVICE_STARTED)
        ],
        "nodes": [asdict(row) for row in served],
        **_phones(record),
        "timings": {kind.value: fact.at.isoformat() for kind in _MOMENTS for fact in record.facts(kind)[:1]}
        | {"proven": at.isoformat()},
    }


def _phones(record: Record) -> dict[str, Any]:
    """Registered phones by node, and lists, where the renewal looked after phones (S26, S30)."""
    after = record.value(Kind.PHONES_BACK, about=ALL_BACK)
    if after is None:
        return {}
    return {
        "phones": {"before": dict(phones_before(record).by_node()), "after": dict(after["registered"])},
        "phones_missing": sorted(after["missing"]),
        "phones_noticed": list((record.value(Kind.PHONES_WATCHED) or {}).get("findings", ())),
        "ctl": dict(record.value(Kind.CTL_HOLDS) or {}),
    }


def _seconds(record: Record, about: str, done: datetime) -> float | None:
    intended = record.fact(Kind.RESTART_INTENT, about=about)
    return round((done - intended.at).total_seconds(), 1) if intended else None


def _backup(found: Mapping[str, Any]) -> str:
    if found.get("holds_new_keys"):
        return f"yes, of {found['last']}"
    if found.get("holds_new_keys", False) is None:
        return f"cannot be told, the last one is of {found['last']} in a time zone that is not known: make one"
    return f"none yet, the last one is of {found.get('last') or 'an unknown day'}: make one"


def _listed(title: str, lines: Sequence[str]) -> tuple[str, ...]:
    return (f"{title}:", "", *(f"- {line}" for line in lines), "") if lines else ()


def in_words(number: int | None) -> str:
    """The CA's number for the request; a CA by hand has given us none."""
    return "Signed by hand" if number is None else f"Request {number}"


def _by(done: Mapping[str, Any]) -> str:
    """Us, or the person who said that it was done, and what of it only that person knows."""
    who = str(done.get("name") or done.get("by", "ucrenew"))
    return f"{who} ({done['remark']})" if done.get("remark") else who


def _who(answer: Mapping[str, Any]) -> str:
    """The name that was typed, or who signed."""
    signed = answer.get("signed")
    return f"signed by {signed['principal']}, key {signed['key']}" if signed else str(answer["name"])


def in_markdown(evidence: Mapping[str, Any]) -> str:
    """The same for people."""
    answers = [
        f"| {answer['gate']} | {answer['decision']} | {_who(answer)} | {answer['ticket']} | {answer['at']} |"
        for answer in evidence["answers"]
    ]
    restarts = [f"| {row['what']} | {row['at']} | {row['seconds']} | {row['by']} |" for row in evidence["restarts"]]
    started = [f"{row['what']} was {row['was']} and is started again, {row['at']}." for row in evidence["started"]]
    ports = [
        f"| {row['node']} | {row['port']} | `{row['before'][:16]}` | `{row['after'][:16]}` |"
        for row in evidence["nodes"]
    ]
    return "\n".join([
        f"# {evidence['purpose']} on {evidence['cluster']}: renewed",
        "",
        f"{in_words(evidence['request_id'])}, certificate `{evidence['leaf']}`, valid until {evidence['not_after']}.",
        "",
        f"Plan digest `{evidence['plan_digest']}`. Names without a signature are stated, not authenticated.",
        "",
        *("| gate | decision | who | ticket | when |", "|---|---|---|---|---|", *answers, ""),
        *_listed("Left over", evidence.get("left_over", ())),
        f"Backup with the new keys: {_backup(evidence.get('backup') or {})}.",
        "",
        *("| restarted | done at | seconds | by |", "|---|---|---|---|", *restarts, "", *started, ""),
        *_phones_in_markdown(evidence.get("phones")),
        *_listed("Phones that were registered before and are not", _named(evidence.get("phones_missing", ()))),
        *_listed("Noticed while the phones were watched", evidence.get("phones_noticed", ())),
        *("| node | port | served before | serves now |", "|---|---|---|---|", *ports, ""),
    ])  # fmt: skip


def _named(phones: Sequence[str]) -> Sequence[str]:
    """So many that somebody may read them; all of them are in the evidence itself."""
    more = len(phones) - NAMED
    return (*phones[:NAMED], f"and {more} more, named in the evidence's JSON") if more > 0 else phones


def _phones_in_markdown(phones: Mapping[str, Mapping[str, int]] | None) -> tuple[str, ...]:
    if phones is None:
        return ()
    before, after = phones["before"], phones["after"]
    rows = (f"| {node} | {before.get(node, 0)} | {after.get(node, 0)} |" for node in sorted({*before, *after}))
    return ("| node | phones before | phones after |", "|---|---|---|", *rows, "")
