"""What was watched, for people (a table), for programs (JSON) and for Prometheus (its text format)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from ucrenew.domain.watch import CertificateRow, Watched, urgency_of

_HEADS = ("CLUSTER", "CERTIFICATE", "PLACE", "NODES", "ENDS", "DAYS", "DUE")
_PRINT = 16  # digits of a fingerprint that tell it from its neighbours


def table(found: Sequence[Watched]) -> str:
    """Own certificates and what ports serve, one line each with its nodes; then all findings, one a line."""
    lines = [_HEADS, *(line for one in found for line in _lines(one))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    said = [
        _printable(f"{one.cluster}: {urgency_of(each).name.lower()}: {each}") for one in found for each in one.findings
    ]
    return "\n".join([*rows, "", *(said or ["nothing to do"])])


def _lines(one: Watched) -> Iterator[tuple[str, ...]]:
    for (_, places), rows in _alike(one.rows).items():
        row, nodes = rows[0], list(dict.fromkeys(each.node for each in rows))
        shown = nodes if len(nodes) == 1 else [node.partition(".")[0] for node in nodes]
        name = f"{row.name} ({row.fingerprint[:_PRINT]}{', self-signed' if row.self_signed else ''})"
        days = (_day(row.ends), str(row.days_left), _day(row.due))
        yield one.cluster, _printable(name), ", ".join(places), ", ".join(shown), *days
    if not one.rows:
        yield one.cluster, "not seen", "-", "-", "-", "-", "-"


def _alike(rows: Iterable[CertificateRow]) -> dict[tuple[str, tuple[str, ...]], list[CertificateRow]]:
    """One line for what several nodes have in the same places; CA certificates are left to the findings."""
    held: dict[tuple[str, str], list[CertificateRow]] = {}
    for row in rows:
        if row.due is not None:
            held.setdefault((row.node, row.fingerprint), []).append(row)
    found: dict[tuple[str, tuple[str, ...]], list[CertificateRow]] = {}
    for (_, fingerprint), same in held.items():
        found.setdefault((fingerprint, tuple(row.place for row in same)), []).extend(same)
    return found


def _printable(text: str) -> str:
    """Names come from certificates of anybody: nothing in them may move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


def as_json(found: Iterable[Watched]) -> str:
    """Everything, trust stores too; times in ISO 8601, reasons and urgencies by their stable names."""
    return json.dumps([_document(one) for one in found], indent=2, default=lambda moment: moment.isoformat())


def _document(one: Watched) -> dict[str, object]:
    findings = [
        {
            "reason": each.reason.value,
            "urgency": urgency_of(each).name.lower(),
            "node": each.node,
            "sentence": each.sentence,
            "row": each.row,
        }
        for each in one.findings
    ]
    return {
        "cluster": one.cluster,
        "at": one.at,
        "urgency": one.urgency.name.lower(),
        "certificates": [asdict(row) for row in one.rows],
        "findings": findings,
    }


def prometheus(found: Sequence[Watched]) -> str:
    """The text exposition format: when every certificate ends and is due, how urgent a cluster is, which reasons."""
    own = [(one, row) for one in found for row in one.rows]
    return "".join(
        (
            *_metric(
                "certificate_not_after_seconds",
                "When a certificate ends, in Unix time.",
                [(_labels(one, row), row.ends.timestamp()) for one, row in own],
            ),
            *_metric(
                "certificate_due_seconds",
                "When the renewal of a certificate is due, in Unix time.",
                [(_labels(one, row), row.due.timestamp()) for one, row in own if row.due],
            ),
            *_metric(
                "urgency",
                "The worst finding: 0 none, 1 notice, 2 warning, 3 unknown, 4 critical.",
                [({"cluster": one.cluster}, float(one.urgency)) for one in found],
            ),
            *_metric("findings", "Findings of one reason.", _counted(found)),
            *_metric(
                "looked_at_seconds",
                "When it was looked at.",
                [({"cluster": one.cluster}, one.at.timestamp()) for one in found],
            ),
        )
    )


def _labels(one: Watched, row: CertificateRow) -> dict[str, str]:
    return {"cluster": one.cluster, "node": row.node, "place": row.place, "name": row.name, "sha256": row.fingerprint}


def _counted(found: Iterable[Watched]) -> list[tuple[dict[str, str], float]]:
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        for each in one.findings:
            key = (one.cluster, each.reason.value)
            counts[key] = counts.get(key, 0) + 1
    return [({"cluster": cluster, "reason": reason}, float(count)) for (cluster, reason), count in counts.items()]


def _metric(name: str, said: str, samples: Iterable[tuple[dict[str, str], float]]) -> Iterator[str]:
    yield f"# HELP ucrenew_{name} {said}\n# TYPE ucrenew_{name} gauge\n"
    # A series stands once: the same certificate twice in one place is the same fact.
    for labels, value in {tuple(labels.items()): value for labels, value in samples}.items():
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        yield f"ucrenew_{name}{{{inside}}} {value:.0f}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
