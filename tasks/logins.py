"""Refused logins of a cluster: a password that was refused is presented no more until a person acts (design.md §5).

1. What was refused is on a ledger of the cluster's own: its accounts are the same for every purpose, renewal and look.
2. While a refusal stands every site of the cluster raises it again before anything is sent (``ucrenew/site.py``).
3. Whatever begins a life of a run was done by a person (a new run, a retry, an answer), and takes the refusal away:
   `attend`, which is no person, wakes no run while one stands.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tasks.store import PrefectStore
from ucrenew.errors import LoginRefused, Trouble
from ucrenew.record import Kind, Record


def refusal_of(cluster: str) -> str:
    """What was said when a login was refused, while nothing may log in there; empty when it may."""
    last = next(reversed(_ledger(cluster).all_facts()), None)
    return str(last.value["why"]) if last and last.kind is Kind.LOGIN_REFUSED else ""


def note_refusal(cluster: str, trouble: Trouble) -> None:
    """Where the error ends, and it is a refused login: nothing logs in to this cluster or its CA from now on."""
    if isinstance(trouble, LoginRefused) and not refusal_of(cluster):
        _ledger(cluster).note(Kind.LOGIN_REFUSED, {"why": str(trouble)})


def may_log_in_again(cluster: str, run: str) -> None:
    """A person brought a run to life: what was refused before may have been put right."""
    if refusal_of(cluster):
        _ledger(cluster).note(Kind.LOGIN_AGAIN, {"run": run})


def _ledger(cluster: str) -> Record:
    return Record(PrefectStore(), f"ucrenew-{cluster}-logins", lambda: datetime.now(UTC))
