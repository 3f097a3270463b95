"""Single sign-on that a renewal switched off and nobody has put back: said for as long as it is off (S3)."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from prefect.logging import get_run_logger

from tasks.sites import PROFILES, now, profile_of, record_of, renewals_of, site_of
from tasks.stepping import step
from ucrenew.errors import Trouble
from ucrenew.record import Kind, Record, Renewal
from ucrenew.steps.sso import still_off

LOOK_AGAIN = timedelta(minutes=10)  # between two looks at the nodes: every one is a login


@step(name="look for single sign-on left off", retries=0)
def sso_left_off() -> list[str]:
    """A sentence for every cluster whose last renewal switched it off, unless it is seen on again now."""
    clusters = sorted(path.stem for path in Path(os.environ.get(PROFILES, "")).glob("*.toml"))
    return [sentence for cluster in clusters if (sentence := _of_cluster(cluster))]


def _of_cluster(cluster: str) -> str:
    try:
        renewals = [renewals_of(cluster, purpose).last() for purpose in profile_of(cluster).certificate.purposes]
        off = [(renewal, nodes) for renewal in renewals if renewal and (nodes := _nodes_off(renewal))]
    except Trouble as trouble:
        get_run_logger().warning("%s: %s", cluster, trouble)
        return ""
    return "; ".join(
        f"{cluster}: single sign-on was switched off by {renewal.key} and is off on {', '.join(nodes)}: switch it on"
        " again on the pages of the publisher"
        for renewal, nodes in off
    )


def _nodes_off(renewal: Renewal) -> list[str]:
    record = record_of(renewal)
    switched = [fact.about for fact in record.facts(Kind.SSO_INTENT)]
    if not switched or record.fact(Kind.SSO_ON) is not None:
        return []
    seen = record.facts(Kind.SSO_SEEN)
    if seen and now() - seen[-1].at < LOOK_AGAIN:
        return list(seen[-1].value["off"])
    return _look(renewal, record, switched)


def _look(renewal: Renewal, record: Record, switched: list[str]) -> list[str]:
    try:
        off = still_off(site_of(renewal), switched)
    except Trouble as trouble:
        get_run_logger().warning("whether single sign-on is on again could not be seen: %s", trouble)
        return switched
    record.note(Kind.SSO_SEEN, {"off": off})
    return off
