"""Opening what a step needs: the profile from the worker's folder, the record from the Prefect server."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prefect.blocks.system import Secret
from prefect.logging import get_run_logger

from tasks.lock import require_lock
from tasks.logins import refusal_of
from tasks.store import PrefectStore
from ucrenew.domain.baseline import Baseline, NodeBaseline
from ucrenew.domain.purpose import Purpose
from ucrenew.errors import BadInput
from ucrenew.profile import ClusterNode, Profile, load_profile
from ucrenew.record import Kind, Record, Renewal, Renewals
from ucrenew.site import Site

PROFILES = "UCRENEW_PROFILES"
_LEAVES_SERVED_AT_ONCE = 2


def profile_of(cluster: str) -> Profile:
    """The cluster's profile, from the folder that the worker's environment names. Raises BadInput."""
    folder = os.environ.get(PROFILES)
    if not folder:
        raise BadInput(f"the worker's environment does not say where the profiles are: set {PROFILES}")
    if Path(cluster).name != cluster:
        raise BadInput(f"{cluster!r} is no name of a cluster: it is the name of a profile without .toml")
    return load_profile(Path(folder) / f"{cluster}.toml")


def read_block(name: str) -> str:
    """The value of a Prefect Secret block. Raises BadInput naming the block."""
    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr] # the synchronous form
    except ValueError as error:
        raise BadInput(f"the Prefect server has no Secret block {name!r}") from error


def now() -> datetime:
    """The clock of every flow and task."""
    return datetime.now(UTC)


def record_of(renewal: Renewal) -> Record:
    """The facts of a renewal."""
    return Record(PrefectStore(), renewal.key, now)


def renewals_of(cluster: str, purpose: Purpose) -> Renewals:
    """The ledger of a purpose's renewals."""
    return Renewals(PrefectStore(), cluster, purpose, now)


def site_before(cluster: str) -> Site:
    """The cluster before a renewal is open."""
    return Site(
        profile=profile_of(cluster),
        read_block=read_block,
        say=get_run_logger().info,
        wait=threading.Event().wait,
        clock=now,
        installed_leaves=_installed_leaves(cluster),
        refused=refusal_of(cluster),
    )


def site_of(renewal: Renewal) -> Site:
    """The cluster within a renewal: with the nodes that were discovered."""
    site = site_before(renewal.cluster)
    site.fence = partial(require_lock, renewal.cluster, renewal.run)
    listed = {entry.name for entry in site.profile.nodes}
    site.discovered = tuple(
        ClusterNode(name=seen.name, product=seen.product, role=seen.role)
        for seen in baseline_of_record(record_of(renewal)).nodes
        if seen.name not in listed
    )
    return site


def _installed_leaves(cluster: str) -> frozenset[str]:
    """The Tomcat leaves that our last two renewals put on their way: a node serves the older one until its restart.

    They are Tomcat's whatever the purpose that is renewed: Tomcat answers the API.
    """
    found: list[str] = []
    for renewal in renewals_of(cluster, Purpose.TOMCAT).latest_first():
        if intended := record_of(renewal).last(Kind.LEAF_INTENT):
            found.append(str(intended["fingerprint"]))
        if len(found) == _LEAVES_SERVED_AT_ONCE:
            break
    return frozenset(found)


def left_off(cluster: str, purpose: Purpose) -> dict[Renewal, list[str]]:
    """The renewals that switched single sign-on off since it was last seen on, with the nodes; the last one first.

    A renewal's plan carries what earlier ones left off (``tasks/preparing.py``): one that saw it on settles them too.
    """
    found: dict[Renewal, list[str]] = {}
    for renewal in renewals_of(cluster, purpose).latest_first():
        record = record_of(renewal)
        if record.fact(Kind.SSO_ON) is not None:
            break
        if nodes := [fact.about for fact in record.facts(Kind.SSO_INTENT)]:
            found[renewal] = nodes
    return found


def baseline_of_record(record: Record) -> Baseline:
    """The cluster as it was before the first change; a node that joined since, as it was when it was first seen."""
    baseline = Baseline.model_validate(record.value(Kind.BASELINE))
    joined = {fact.about: record.value(Kind.BASELINE, about=fact.about) for fact in record.facts(Kind.BASELINE)}
    nodes = [NodeBaseline.model_validate(value) for about, value in joined.items() if about]
    return baseline.model_copy(update={"nodes": (*baseline.nodes, *nodes)})


def note_baseline(record: Record, seen: Baseline) -> None:
    """Note what is seen as the state before, unless that is known: of the cluster, and of nodes that joined since."""
    record.note_once(Kind.BASELINE, seen.model_dump(mode="json"))
    known = {node.name for node in baseline_of_record(record).nodes}
    for node in seen.nodes:
        if node.name not in known:
            record.note_once(Kind.BASELINE, node.model_dump(mode="json"), about=node.name)
