"""What renewals left for people to do, said until it is done: single sign-on on again, a backup (S3, S28)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from prefect.logging import get_run_logger

from tasks.aftercare import note_backup
from tasks.logins import note_refusal
from tasks.sites import PROFILES, left_off, now, profile_of, record_of, renewals_of, site_of
from tasks.stepping import step
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import Trouble
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps.aftercare import last_backup
from ucrenew.steps.sso import still_off

# Between two looks at the nodes: every one is a login. None is made while a refused one stands (tasks/logins.py).
LOOK_AGAIN = timedelta(minutes=10)
LOOK_FOR_BACKUP_AGAIN = timedelta(hours=12)


@step(name="look for single sign-on left off", retries=0)
def sso_left_off() -> list[str]:
    """A sentence for every cluster whose renewals switched it off, unless it is seen on again now."""
    return _of_every_cluster(_sso_off)


@step(name="look for backups that are missing", retries=0)
def backups_missing() -> list[str]:
    """A sentence for every cluster whose last renewal is done and whose new keys no backup holds (cucm.md §4.1)."""
    return _of_every_cluster(_no_backup)


def _of_every_cluster(look: Callable[[str, Purpose], str]) -> list[str]:
    clusters = sorted(path.stem for path in Path(os.environ.get(PROFILES, "")).glob("*.toml"))
    return [sentence for cluster in clusters if (sentence := _of_cluster(cluster, look))]


def _of_cluster(cluster: str, look: Callable[[str, Purpose], str]) -> str:
    try:
        sentences = [look(cluster, purpose) for purpose in profile_of(cluster).certificate.purposes]
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", cluster, trouble)
        return ""
    return "; ".join(filter(None, sentences))


def _no_backup(cluster: str, purpose: Purpose) -> str:
    last = renewals_of(cluster, purpose).last()
    if last is None or (record := record_of(last)).fact(Kind.EVIDENCE) is None:
        return ""
    looks, unseen = record.facts(Kind.BACKUP), ""
    if not looks or (_is_missing(record) and now() - looks[-1].at > LOOK_FOR_BACKUP_AGAIN):
        unseen = _look_for_backup(last, record)
    if record.facts(Kind.BACKUP) and not _is_missing(record):
        return ""
    return f"{cluster}: no backup is known that holds the keys of {last.key}: make one{unseen}"


def _is_missing(record: Record) -> bool:
    """Not where nobody can tell: the run has said that, and nothing that is done would end the reminder."""
    return (record.last(Kind.BACKUP) or {}).get("holds_new_keys") is False


def _look_for_backup(renewal: Renewal, record: Record) -> str:
    """Note what the publisher says now; why it could not be asked, or nothing."""
    try:
        note_backup(record, last_backup(site_of(renewal)))
    except Trouble as trouble:
        note_refusal(renewal.cluster, trouble)
        return f" (not looked at: {trouble})"
    return ""


def _sso_off(cluster: str, purpose: Purpose) -> str:
    switched = left_off(cluster, purpose)
    if not switched:
        return ""
    ended = _have_ended(cluster, purpose, switched)
    off, unseen = _nodes_off(switched, ended=ended)
    if off:
        return (
            f"{cluster}: single sign-on was switched off by {', '.join(renewal.key for renewal in switched)} and is off"
            f" on {', '.join(off)}: switch it on again on the pages of the publisher{unseen}"
        )
    if ended:  # else one that is open may be about to have it switched off
        for renewal in switched:
            record_of(renewal).note_once(Kind.SSO_ON)
    return ""


def _have_ended(cluster: str, purpose: Purpose, switched: Iterable[Renewal]) -> bool:
    renewals = renewals_of(cluster, purpose)
    return all(renewals.outcome(renewal.number) is not None for renewal in switched)


def _nodes_off(switched: Mapping[Renewal, list[str]], *, ended: bool) -> tuple[list[str], str]:
    """The nodes on which it is off, and why that is only what the records say; looks are noted in the last record.

    A look from before the renewals had ended tells nothing of after: somebody may have switched it off since.
    """
    nodes = list(dict.fromkeys(node for renewal in switched for node in switched[renewal]))
    last = next(iter(switched))
    record = record_of(last)
    seen = record.facts(Kind.SSO_SEEN)
    if seen and now() - seen[-1].at < LOOK_AGAIN and seen[-1].value.get("ended") == ended:
        return list(seen[-1].value["off"]), ""
    try:
        off = still_off(site_of(last), nodes)
    except Trouble as trouble:
        note_refusal(last.cluster, trouble)
        return nodes, f" (by the record: {trouble})"
    record.note(Kind.SSO_SEEN, {"off": off, "ended": ended})
    return off, ""
