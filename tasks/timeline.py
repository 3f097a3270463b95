"""A renewal's record as one page for people: every fact in order, beside the artifacts that the program reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact

from tasks.lock import require_not_stale
from tasks.sites import record_of
from ucrenew.record import Fact, Kind, Renewal

_LONG = {
    Kind.PLAN,
    Kind.BASELINE,
    Kind.EVIDENCE,
    Kind.PHONES_BEFORE,
    Kind.PHONES_MISSING,
    Kind.PHONES_SEEN,
}  # documents of their own, each readable under the same key
_LONG_VALUES = {"pem", "handed_out", "digest", "certificate"}


def before_waiting(renewal: Renewal, *, run: str) -> None:
    """Show how far the renewal is, before its process ends for days; a life that was replaced goes no further."""
    require_not_stale(renewal.cluster, run)
    show_record(renewal)


def show_record(renewal: Renewal) -> None:
    """Write the page anew; Prefect shows the newest under the key, and keeps the older ones."""
    facts = record_of(renewal).all_facts()
    head = (f"# {renewal.key}, so far", "", "| when (UTC) | what | of what | said |", "|---|---|---|---|")
    page = "\n".join((*head, *_rows(facts)))
    create_markdown_artifact(page, key=f"{renewal.key}-timeline", description="every fact of the renewal, in order")


def _rows(facts: Iterable[Fact]) -> Iterable[str]:
    for fact in facts:
        said = "" if fact.kind in _LONG else _in_words(fact.value)
        yield f"| {fact.at:%Y-%m-%d %H:%M:%S} | {fact.kind} | {fact.about} | {said} |"


def _in_words(value: Mapping[str, Any]) -> str:
    shown = (f"{name} {text}" for name, text in value.items() if name not in _LONG_VALUES and text not in ("", None))
    return "; ".join(shown).replace("|", "/").replace("\n", " ")
