"""Single sign-on that renewals switched off and nobody has put back: said for as long as it is off (S3)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from prefect.logging import get_run_logger

from tasks.sites import PROFILES, left_off, now, profile_of, record_of, renewals_of, site_of
from tasks.stepping import step
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import LoginRefused, Trouble
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps.sso import still_off

LOOK_AGAIN = timedelta(minutes=10)  # between two looks at the nodes: every one is a login


@step(name="look for single sign-on left off", retries=0)
def sso_left_off() -> list[str]:
    """A sentence for every cluster whose renewals switched it off, unless it is seen on again now."""
    clusters = sorted(path.stem for path in Path(os.environ.get(PROFILES, "")).glob("*.toml"))
    return [sentence for cluster in clusters if (sentence := _of_cluster(cluster))]


def _of_cluster(cluster: str) -> str:
    try:
        sentences = [_of_purpose(cluster, purpose) for purpose in profile_of(cluster).certificate.purposes]
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", cluster, trouble)
        return ""
    return "; ".join(filter(None, sentences))


def _of_purpose(cluster: str, purpose: Purpose) -> str:
    switched = left_off(cluster, purpose)
    if not switched:
        return ""
    off, unseen = _nodes_off(switched)
    if not off:
        _settle(cluster, purpose, switched)
        return ""
    return (
        f"{cluster}: single sign-on was switched off by {', '.join(renewal.key for renewal in switched)} and is off on"
        f" {', '.join(off)}: switch it on again on the pages of the publisher{unseen}"
    )


def _nodes_off(switched: Mapping[Renewal, list[str]]) -> tuple[list[str], str]:
    """The nodes on which it is off, and why that is only what the records say; looks are noted in the last record."""
    nodes = list(dict.fromkeys(node for renewal in switched for node in switched[renewal]))
    last = next(iter(switched))
    record, user = record_of(last), profile_of(last.cluster).accounts.platform.user
    if refused := record.value(Kind.LOGIN_REFUSED, about=user):
        return nodes, f" (by the record; not looked at again in this renewal: {refused['why']})"
    seen = record.facts(Kind.SSO_SEEN)
    if seen and now() - seen[-1].at < LOOK_AGAIN:
        return list(seen[-1].value["off"]), ""
    return _look(last, record, nodes, user)


def _look(renewal: Renewal, record: Record, nodes: list[str], user: str) -> tuple[list[str], str]:
    try:
        off = still_off(site_of(renewal), nodes)
    except LoginRefused as refused:  # never once more: every look of attend would be a login, and accounts lock
        record.note(Kind.LOGIN_REFUSED, {"why": str(refused)}, about=user)
        return nodes, f" (by the record: {refused})"
    except Trouble as trouble:
        return nodes, f" (by the record: {trouble})"
    record.note(Kind.SSO_SEEN, {"off": off})
    return off, ""


def _settle(cluster: str, purpose: Purpose, switched: Iterable[Renewal]) -> None:
    """Seen on everywhere: an ended renewal is not asked for again; one that is open may be about to switch it off."""
    renewals = renewals_of(cluster, purpose)
    if all(renewals.outcome(renewal.number) is not None for renewal in switched):
        for renewal in switched:
            record_of(renewal).note_once(Kind.SSO_ON)
